from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb import store
from metapipe.refdb.builders import install as module
from metapipe.refdb.builders.build import build_from_file, whole_folder
from metapipe.refdb.builders.install import install

TINY = "metapipe-tiny-proteins:1"


@pytest.fixture
def tiny_folder(test_data: Path, tmp_path: Path) -> Path:
    target = tmp_path / "delivered"
    shutil.copytree(test_data / "refdb" / "metapipe-tiny-proteins" / "1", target, ignore=shutil.ignore_patterns(".*"))
    return target


def pack(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname="metapipe-tiny-proteins-1")
    return archive


def test_a_folder_is_installed_under_its_own_name(store_root: Path, tiny_folder: Path) -> None:
    install(str(tiny_folder))
    assert store.resolve(TINY, kind="diamond").path == store_root / "metapipe-tiny-proteins" / "1"


def test_an_archive_is_installed(store_root: Path, tiny_folder: Path, tmp_path: Path) -> None:
    install(str(pack(tiny_folder, tmp_path / "tiny.tar.gz")))
    assert store.resolve(TINY, kind="diamond").version == "1"


def test_installing_twice_does_nothing(store_root: Path, tiny_folder: Path) -> None:
    install(str(tiny_folder))
    before = (store_root / "metapipe-tiny-proteins" / "1").stat().st_ino
    lines: list[str] = []
    install(str(tiny_folder), say=lines.append)
    assert lines[-1] == f"{TINY} is installed"
    assert (store_root / "metapipe-tiny-proteins" / "1").stat().st_ino == before


def test_a_damaged_copy_is_replaced_and_said_so(store_root: Path, tiny_folder: Path) -> None:
    install(str(tiny_folder))
    (store_root / "metapipe-tiny-proteins" / "1" / "proteins.dmnd").write_bytes(b"short")
    lines: list[str] = []
    install(str(tiny_folder), say=lines.append)
    assert "METAPIPE-E203" in lines[1]
    assert store.resolve(TINY, kind="diamond")


def test_a_damaged_delivery_is_refused_and_leaves_nothing(store_root: Path, tiny_folder: Path) -> None:
    (tiny_folder / "proteins.dmnd").write_bytes(b"short")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E203 proteins.dmnd"):
        install(str(tiny_folder))
    assert list(store_root.iterdir()) == []


def test_another_database_of_the_same_version_needs_force(
    store_root: Path, tiny_folder: Path, test_data: Path, tmp_path: Path
) -> None:
    install(str(tiny_folder))
    other = tmp_path / "other"
    build_from_file("diamond", test_data / "proteins.fasta", other, name="metapipe-tiny-proteins", version="1")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E112 another metapipe-tiny-proteins:1 is installed"):
        install(str(other))
    installed = install(str(other), force=True)
    assert store.find(TINY).manifest.digest == installed.manifest.digest


def test_an_archive_that_writes_outside_is_refused(store_root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as tar:
        entry = tarfile.TarInfo("../../escaped")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"evil"))
    with pytest.raises(MetapipeError, match=r"METAPIPE-E105 evil.tar"):
        install(str(archive))
    assert not (tmp_path.parent / "escaped").exists()


def test_a_file_that_is_no_archive_is_refused(store_root: Path, test_data: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E105 contigs.fasta"):
        install(str(test_data / "contigs.fasta"))


def test_an_archive_without_a_database_is_refused(store_root: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    with pytest.raises(MetapipeError, match=r"METAPIPE-E202 empty.tar: expected one manifest.json, found '0'"):
        install(str(tmp_path / "empty.tar"))


def test_an_unknown_name_lists_the_recipes(store_root: Path) -> None:
    with pytest.raises(
        MetapipeError, match=r"METAPIPE-E202 there is no recipe of that name, expected one of .*, ec-proteins:1, "
    ):
        install("marref")


def test_a_missing_folder_is_named(store_root: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E201 nowhere"):
        install("/some/folder/nowhere")


def test_a_recipe_is_built_only_when_it_is_not_installed(tiny_proteins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_args: object) -> None:
        raise AssertionError("it was built")

    monkeypatch.setattr(module, "build_from_recipe", build)
    lines: list[str] = []
    install(TINY, say=lines.append)
    assert lines == [f"{TINY} is installed"]
    with pytest.raises(AssertionError, match="it was built"):
        install(TINY, force=True)


def test_a_build_that_fails_leaves_the_old_database(tmp_path: Path) -> None:
    target = tmp_path / "db"
    with whole_folder(target) as scratch:
        (scratch / "a").write_text("old")
    with pytest.raises(ZeroDivisionError), whole_folder(target) as scratch:
        (scratch / "a").write_text(str(1 / 0))
    assert (target / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["db"]


def test_a_new_build_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "db"
    for content in ("old", "new"):
        with whole_folder(target) as scratch:
            (scratch / "a").write_text(content)
    assert (target / "a").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["db"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E501 db"), whole_folder(tmp_path / "file" / "db"):
        pass
