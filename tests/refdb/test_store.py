from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb import store
from metapipe.refdb.manifest import MANIFEST


def add_version(database: Path, version: str) -> Path:
    target = database.parent / version
    shutil.copytree(database, target)
    content = json.loads((target / MANIFEST).read_text())
    (target / MANIFEST).write_text(json.dumps({**content, "version": version}))
    return target


def test_a_database_is_found_by_name_and_version(tiny_proteins: Path) -> None:
    database = store.resolve("metapipe-tiny-proteins:1", kind="diamond")
    assert (database.name, database.version, database.kind) == ("metapipe-tiny-proteins", "1", "diamond")
    assert database.path == tiny_proteins
    assert database.digest == store.read_manifest(tiny_proteins).digest


def test_a_name_alone_is_its_newest_version(tiny_proteins: Path) -> None:
    for version in ("9", "10", "2"):
        add_version(tiny_proteins, version)
    assert store.find("metapipe-tiny-proteins").manifest.version == "10"


def test_a_folder_anywhere_is_found_by_its_path(
    tiny_proteins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "a folder of mine"
    shutil.move(tiny_proteins, moved)
    assert store.resolve(str(moved), kind="diamond").path == moved
    monkeypatch.chdir(moved)
    assert store.resolve(".", kind="diamond").path == moved
    monkeypatch.chdir(tmp_path)
    assert store.resolve("./a folder of mine", kind="diamond").path == moved


def test_an_unknown_name_lists_what_is_installed(tiny_proteins: Path, tiny_domains: Path) -> None:
    with pytest.raises(MetapipeError) as raised:
        store.resolve("marref:6", kind="diamond")
    assert str(raised.value) == (
        "METAPIPE-E202 database not installed, expected one of metapipe-tiny-domains:1, metapipe-tiny-proteins:1, "
        "found 'marref:6'"
    )


def test_an_unknown_version_is_not_another_one(tiny_proteins: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E202"):
        store.find("metapipe-tiny-proteins:2")


def test_an_empty_store_says_so(store_root: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E202 .*none is installed"):
        store.find("ec-proteins")
    assert store.installed() == []


@pytest.mark.parametrize("name", ["*", "metapipe*", "[a-z]*", "..", "../refdb/metapipe-tiny-proteins", "", ":1"])
def test_a_name_is_neither_a_pattern_nor_a_way_out(tiny_proteins: Path, name: str) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E202"):
        store.find(name)


def test_a_database_of_another_kind_is_refused(tiny_domains: Path) -> None:
    with pytest.raises(
        MetapipeError, match=r"METAPIPE-E204 database metapipe-tiny-domains:1, expected kind diamond, found 'hmm'"
    ):
        store.resolve("metapipe-tiny-domains", kind="diamond")


def test_a_damaged_database_is_refused(tiny_domains: Path) -> None:
    (tiny_domains / "profiles.h3m").unlink()
    with pytest.raises(MetapipeError, match=r"METAPIPE-E203 profiles.h3m"):
        store.resolve("metapipe-tiny-domains", kind="hmm")


def test_half_built_databases_are_not_listed(tiny_proteins: Path) -> None:
    shutil.copytree(tiny_proteins, tiny_proteins.parent / ".1-abc")
    assert [entry.manifest.label for entry in store.installed()] == ["metapipe-tiny-proteins:1"]
