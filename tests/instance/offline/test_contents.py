"""Whether the folder for hosts without a network has what a request needs is known before any host is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.instance.offline import contents
from metapipe.instance.offline.contents import Wanted

CHECKOUT = Path(__file__).resolve().parents[3]
ASKED = Wanted(("nginx", "zstd"), {"galaxy": "1" * 64}, ("pfam-gecco:35.0",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("apt/zstd.deb", "wheels/a.whl", "downloads/files/pfam/a.gz", ".apt/lists/here", "apt.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    contents.write(tmp_path, ASKED)
    return tmp_path


def refusal(folder: Path, asked: Wanted) -> str:
    with pytest.raises(MetapipeError) as refused:
        contents.demand(folder, asked, "lab.yml")
    return str(refused.value)


def test_what_is_noted_is_what_hosts_get_and_can_be_read_again(folder: Path) -> None:
    found = contents.demand(folder, ASKED, "lab.yml")
    assert sorted(found.files) == ["apt/zstd.deb", "downloads/files/pfam/a.gz", "wheels/a.whl"]
    assert found.bytes == sum(map(len, found.files))
    assert found.sums.splitlines()[0].endswith("  apt/zstd.deb")
    assert contents.read(folder) == found


def test_a_folder_that_lacks_something_is_refused_with_the_command_that_brings_it(folder: Path) -> None:
    more = replace(ASKED, packages=(*ASKED.packages, "perl"), databases=("ec-proteins:1",), locks={"galaxy": "2" * 64})
    expected = "the package perl, locks/galaxy.txt, the database ec-proteins:1"
    command = "run: metapipe instance fetch lab.yml"
    assert refusal(folder, more) == f"METAPIPE-E207 {folder} lacks, for hosts without a network, {expected}; {command}"
    (folder / "wheels" / "a.whl").write_text("cut")
    (folder / "apt" / "zstd.deb").unlink()
    assert "apt/zstd.deb, wheels/a.whl; run" in refusal(folder, ASKED)


def test_a_folder_that_is_being_filled_counts_for_nothing(folder: Path, tmp_path: Path) -> None:
    contents.forget(folder)
    assert "all of it; run" in refusal(folder, ASKED)
    (folder / "contents.json").write_text('{"wanted": [')
    assert "all of it; run" in refusal(folder, ASKED)
    assert "all of it; run" in refusal(tmp_path / "nowhere", ASKED)


def test_what_a_checkout_installs_is_known_without_asking_anybody() -> None:
    found = contents.wanted(CHECKOUT, ["b:1", "a:1", "b:1"])
    assert found.databases == ("a:1", "b:1")
    assert found.locks.keys() == {"metapipe", "galaxy", "viewers"}
    assert {"nginx", "postgresql", "megahit", "redis-server"} <= set(found.packages)
    assert found.lacks(found) == []
