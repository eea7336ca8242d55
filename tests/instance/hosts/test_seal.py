"""When an ``up`` has nothing to do: all is as it was left, and whatever is not is seen."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.instance.folder import InstanceFolder
from metapipe.instance.hosts import seal
from metapipe.instance.hosts.inventory import Told
from metapipe.instance.hosts.seal import Seal

THINGS = {"settings", "packages", "rules", "units", "programs", "galaxy", "databases"}
AS_LEFT = Seal("asked", {"h1": {"settings": "a", "units": "b"}, "h2": {"settings": "c"}})


@pytest.fixture
def folder(tmp_path: Path) -> InstanceFolder:
    (tmp_path / "ansible").mkdir()
    return InstanceFolder(tmp_path)


def told(folder: InstanceFolder) -> Told:
    place = folder.path / "ansible"
    files = Told(place / "inventory.json", place / "variables.json", place / "secrets.json")
    for file in vars(files).values():
        file.write_text("{}")
    return files


def looked(root: Path, shared: Path) -> dict[str, str]:
    words = ["sh", "-c", seal.SCRIPT, "look", str(root), str(shared), "mtab", "resolv.conf", "adjtime"]
    return seal.read(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def test_what_is_noted_is_read_again_and_forgotten_while_things_change(folder: InstanceFolder) -> None:
    assert seal.kept(folder) is None
    seal.keep(folder, AS_LEFT)
    assert seal.kept(folder) == AS_LEFT
    assert (folder.path / "ansible" / "sealed.json").stat().st_mode & 0o777 == 0o600
    seal.forget(folder)
    seal.forget(folder)
    assert seal.kept(folder) is None


@pytest.mark.parametrize("damaged", ["", "[]", '{"asked": "a"}', '{"asked": "a", "hosts": 1}', '{"hosts": {"h1": 1}}'])
def test_a_note_that_cannot_be_read_counts_as_none(damaged: str, folder: InstanceFolder) -> None:
    (folder.path / "ansible" / "sealed.json").write_text(damaged)
    assert seal.kept(folder) is None


def test_whatever_differs_is_named_with_its_host() -> None:
    assert AS_LEFT.differences(AS_LEFT) == []
    edited = Seal("asked", {"h1": {"settings": "x", "units": "b"}, "h2": {"settings": "c"}})
    assert AS_LEFT.differences(edited) == ["settings of h1"]
    assert AS_LEFT.differences(Seal("other", AS_LEFT.hosts)) == ["what the request or this checkout says"]
    joined = Seal("asked", {**AS_LEFT.hosts, "h3": {"settings": "c"}})
    assert AS_LEFT.differences(joined) == ["settings of h3"]


def test_a_secret_or_a_renewed_certificate_makes_another_request_and_a_new_sealing_of_the_secrets_none(
    folder: InstanceFolder, tmp_path: Path
) -> None:
    files, certificate = told(folder), tmp_path / "server.crt"
    certificate.write_text("old")
    first = seal.asked(files, {"secret_a": "1"}, [certificate])
    files.secrets.write_text("$ANSIBLE_VAULT;1.1;AES256\nother salt")
    assert seal.asked(files, {"secret_a": "1"}, [certificate]) == first
    assert seal.asked(files, {"secret_a": "2"}, [certificate]) != first
    certificate.write_text("new")
    assert seal.asked(files, {"secret_a": "1"}, [certificate]) != first
    certificate.unlink()
    with pytest.raises(MetapipeError, match="E201"):
        seal.asked(files, {"secret_a": "1"}, [certificate])


def test_a_host_says_the_same_twice_and_another_thing_for_each_thing_that_is_touched(tmp_path: Path) -> None:
    root, shared = tmp_path / "a root", tmp_path / "shared"
    for file in ("releases/abc/src/one.py", "releases/abc/src/__pycache__/one.pyc", "build/envs/metapipe/bin/metapipe"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("1")
    for file in ("galaxy/config/galaxy.yml", "refdb/ec/1/manifest.json"):
        (shared / file).parent.mkdir(parents=True, exist_ok=True)
        (shared / file).write_text("1")
    (root / "current").symlink_to(root / "releases" / "abc")
    first = looked(root, shared)
    assert set(first) == THINGS
    assert all(len(digest) == 64 for digest in first.values()), first

    def touched() -> set[str]:
        now = looked(root, shared)
        # Units and packages are this machine's own: whatever else runs on it may change them.
        return {thing for thing in ("programs", "galaxy", "databases") if now[thing] != first[thing]}

    (root / "releases/abc/src/__pycache__/one.pyc").write_text("compiled anew")
    assert touched() == set()
    (root / "current").unlink()
    assert touched() == {"programs"}
    (root / "current").symlink_to(root / "releases" / "abc")
    (shared / "galaxy/config/galaxy.yml").write_text("2")
    assert touched() == {"galaxy"}
    (shared / "refdb/ec/1/manifest.json").unlink()
    assert touched() == {"galaxy", "databases"}


def test_what_is_noted_is_plain_json(folder: InstanceFolder) -> None:
    seal.keep(folder, AS_LEFT)
    assert json.loads((folder.path / "ansible" / "sealed.json").read_text())["hosts"]["h2"] == {"settings": "c"}
