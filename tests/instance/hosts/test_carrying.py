"""What was fetched reaches a host whole: the scripts that run there, run here on a folder of the test's."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.instance.hosts import carrying, ssh
from metapipe.instance.offline import contents
from metapipe.instance.offline.contents import Contents, Wanted
from metapipe.instance.request import Hosts

HOSTS = Hosts(head="h1", user="op", offline=True)
#: A client of SSH that runs words here, without the sudo before them.
SSH = """#!/bin/sh
for words do :; done
case $words in "sudo -S "*) rest=${words#*--} ;; "sudo -n "*) rest=${words#*--} ;; *) rest=$words ;; esac
exec sh -c "$rest"
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the host has, and beside it the file that says whose it is."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(SSH)
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(carrying, "THERE", str(tmp_path / "srv" / "cache"))
    monkeypatch.setattr(carrying, "MARK", str(tmp_path / "etc" / "metapipe" / "instance"))
    return tmp_path / "srv" / "cache"


@pytest.fixture
def fetched(tmp_path: Path) -> tuple[Path, Contents]:
    folder = tmp_path / "offline"
    for name, text in (
        ("apt/a_1%3a2_all.deb", "deb"),
        ("wheels/one.whl", "wheel " * 1000),
        ("build/two words.whl", ""),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    return folder, contents.write(folder, Wanted((), {}, ()))


def carry(fetched: tuple[Path, Contents], hosts: Hosts = HOSTS) -> int:
    return carrying.carry(hosts, "h1", "lab", *fetched, lambda _line: None)


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_host_gets_all_of_it_once_and_bears_the_name(host: Path, fetched: tuple[Path, Contents]) -> None:
    folder, what = fetched
    assert not carrying.is_there(HOSTS, "h1", what)
    assert carry(fetched) == what.bytes
    assert carrying.is_there(HOSTS, "h1", what)
    found = files(host)
    assert {name: found[name] for name in what.files} == {name: files(folder)[name] for name in what.files}
    assert found.keys() - what.files.keys() == {".complete", ".sha256"}
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in host.rglob("*"))
    assert (host.parents[1] / "etc" / "metapipe" / "instance").read_text() == "lab\n"
    assert carry(fetched) == 0


def test_only_what_is_missing_is_sent_and_what_is_old_goes(host: Path, fetched: tuple[Path, Contents]) -> None:
    _, what = fetched
    carry(fetched)
    (host / "wheels" / "one.whl").write_text("cut sh")
    (host / "wheels" / "zero.whl").write_text("of an older lock")
    assert carry(fetched) == what.files["wheels/one.whl"][0]
    assert files(host).keys() - what.files.keys() == {".complete", ".sha256"}


def test_other_bytes_of_the_same_size_are_found_and_sent_again(host: Path, fetched: tuple[Path, Contents]) -> None:
    _, what = fetched
    carry(fetched)
    (host / "wheels" / "one.whl").write_text("WHEEL " * 1000)
    words = r"^METAPIPE-E207 h1: wheels/one\.whl arrived with other bytes; `up` again sends it again$"
    with pytest.raises(MetapipeError, match=words):
        carry(fetched)
    assert not carrying.is_there(HOSTS, "h1", what)
    assert carry(fetched) == what.files["wheels/one.whl"][0]
    assert carrying.is_there(HOSTS, "h1", what)


def test_a_password_that_sudo_did_not_want_does_not_end_up_in_the_files(
    host: Path, fetched: tuple[Path, Contents], tmp_path: Path
) -> None:
    word = tmp_path / "word"
    word.write_text("open sesame\n")
    carry(fetched, HOSTS.model_copy(update={"sudo_password": str(word)}))
    assert (host / "wheels" / "one.whl").read_text() == "wheel " * 1000
    assert not any(b"sesame" in content for content in files(host).values())


def test_a_host_that_refuses_is_one_line_with_its_name(
    host: Path, fetched: tuple[Path, Contents], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ssh.command

    def without_tar(hosts: Hosts, address: str, words: Sequence[str]) -> list[str]:
        line = real(hosts, address, words)
        return [*line[:-1], "echo tar: no space left >&2; exit 2"] if "exec tar" in line[-1] else line

    monkeypatch.setattr(ssh, "command", without_tar)
    with pytest.raises(MetapipeError) as failed:
        carry(fetched)
    assert str(failed.value) == f"METAPIPE-E332 h1: {host}: tar: no space left"


def test_what_is_packed_belongs_to_root_and_may_be_read(fetched: tuple[Path, Contents]) -> None:
    folder, what = fetched
    packed = io.BytesIO()
    told: list[int] = []
    carrying.pack(packed, folder, sorted(what.files), what.sums, told.append)
    listed = subprocess.run(
        ["tar", "--numeric-owner", "-tvf", "-"], input=packed.getvalue(), capture_output=True, check=True
    ).stdout.decode()
    assert all(line.startswith("-rw-r--r-- 0/0") for line in listed.splitlines())
    assert told[-1] == what.bytes
