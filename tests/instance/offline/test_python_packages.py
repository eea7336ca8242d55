"""The files of locks for hosts without a network, fetched by a pip of the test's own."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.instance.offline import python

CHECKOUT = Path(__file__).resolve().parents[3]
#: Copies what stands in the requirements from a shelf, as pip does; fails at a package that the shelf lacks.
PIP = """
import pathlib, shutil, sys
shelf, words = pathlib.Path(sys.argv[1]), sys.argv[2:]
with (shelf / "calls").open("a") as calls:
    calls.write(" ".join(words) + "\\n")
target = pathlib.Path(words[words.index("--dest") + 1])
asked = words[words.index("--dest") + 2 :]
if "--requirement" in asked:
    lines = pathlib.Path(asked[asked.index("--requirement") + 1]).read_text().splitlines()
    asked = [line.split()[0] for line in lines if "==" in line and "python_version < '3'" not in line]
else:
    asked = [word for word in asked if not word.startswith((":", "-"))]
for each in asked:
    name = each.replace("==", "-") + ".whl"
    if not (shelf / name).exists():
        sys.exit(f"WARNING: a word\\nERROR: No matching distribution found for {each}\\nand more")
    shutil.copy(shelf / name, target / name)
"""


class Shelf:
    def __init__(self, folder: Path) -> None:
        self.folder, self.lock = folder / "shelf", folder / "lock.txt"
        self.folder.mkdir()
        self.lock.write_text("# a comment\n")
        self.pip = [sys.executable, "-c", PIP, str(self.folder)]

    def add(self, name: str, marker: str = "", shelved: bool = True) -> None:
        content = f"wheel of {name}".encode()
        if shelved:
            (self.folder / f"{name}-1.whl").write_bytes(content)
        digests = [hashlib.sha256(words).hexdigest() for words in (b"a wheel for another system", content)]
        lines = " \\\n".join([f"{name}==1{marker}", *(f"    --hash=sha256:{digest}" for digest in digests)])
        with self.lock.open("a") as lock:
            lock.write(lines + "\n")

    @property
    def calls(self) -> int:
        return len((self.folder / "calls").read_text().splitlines())


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path)
    for number in range(25):
        made.add(f"part{number}")
    made.add("old", marker=" ; python_version < '3'")
    return made


def nothing(_line: str) -> None:
    """Nobody listens."""


def test_the_packages_of_the_real_locks_are_read_with_all_their_files() -> None:
    for name in ("metapipe", "galaxy"):
        text = (CHECKOUT / "locks" / f"{name}.txt").read_text()
        found = python.pins(text)
        assert len(found) == text.count("==") - text.count(" == '") - text.count("!=='")
        assert sum(len(pin.digests) for pin in found) == text.count("--hash=sha256:")
        assert all(pin.digests for pin in found)


def test_the_files_of_a_lock_are_fetched_once_and_strangers_go(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    assert python.fetch(shelf.pip, [shelf.lock], folder, nothing) == 25
    calls = shelf.calls
    (folder / "part3-1.whl").write_bytes(b"cut sh")
    (folder / "part0-0.9.whl").write_bytes(b"of an older lock")
    assert python.fetch(shelf.pip, [shelf.lock], folder, nothing) == 25
    assert (folder / "part3-1.whl").read_bytes() == b"wheel of part3"
    assert shelf.calls == calls + 1, "only for what is missing, and for what pip alone knows not to be meant"


def test_what_came_before_a_failure_is_kept(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    shelf.add("away", shelved=False)
    with pytest.raises(MetapipeError) as failed:
        python.fetch(shelf.pip, [shelf.lock], folder, nothing)
    assert str(failed.value) == "METAPIPE-E207 packages of Python: No matching distribution found for away==1"
    assert len(list(folder.iterdir())) >= 20


def test_what_builds_a_package_stands_in_its_own_words() -> None:
    assert python.needs('[build-system]\nrequires = ["hatchling>=1"]\nbuild-backend = "hatchling.build"') == (
        "hatchling>=1",
    )
    assert python.needs((CHECKOUT / "pyproject.toml").read_text()) == ("setuptools>=77", "wheel")
    for nothing_said in (None, "", "[project]\nname = 'x'\n", "no TOML ["):
        assert python.needs(nothing_said) == ("setuptools", "wheel")


def test_builders_of_source_archives_are_fetched_each_set_by_itself(shelf: Shelf, tmp_path: Path) -> None:
    wheels, builders = tmp_path / "wheels", tmp_path / "build"
    wheels.mkdir()
    with tarfile.open(wheels / "odd-1.tar.gz", "w:gz") as tar:
        text = b'[build-system]\nrequires = ["oddbuild"]\nbuild-backend = "oddbuild"\n'
        member = tarfile.TarInfo("odd-1/pyproject.toml")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    for name in (python.INSTALLER, "setuptools>=77", "wheel", "oddbuild"):
        (shelf.folder / f"{name}.whl").write_bytes(b"builder")
    python.fetch_builders(shelf.pip, wheels, CHECKOUT, builders, nothing)
    assert sorted(path.name for path in builders.iterdir()) == sorted(
        f"{name}.whl" for name in (python.INSTALLER, "setuptools>=77", "wheel", "oddbuild")
    )
    assert shelf.calls == 3


def test_another_python_than_that_of_the_hosts_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "python"
    with pytest.raises(MetapipeError, match=r"E301 .*expected 3\.11, found 'none'; run: scripts/install metapipe"):
        python.demand_series(program)
    program.write_text("#!/bin/sh\necho 3.13\n")
    program.chmod(0o755)
    with pytest.raises(MetapipeError, match=r"expected 3\.11, found '3\.13'; set METAPIPE_PYTHON"):
        python.demand_series(program)
    program.write_text("#!/bin/sh\necho 3.11\n")
    python.demand_series(program)
