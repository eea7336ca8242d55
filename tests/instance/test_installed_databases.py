"""The table of databases says what is in the folder now: nobody has to tell Galaxy."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from metapipe.instance.local import configuration
from metapipe.instance.local.settings import Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Galaxy's template engine still imports cgi
    import installed_databases  # noqa: F401 - as Galaxy's start programs do
    from galaxy.tool_util.data import TabularToolDataTable, ToolDataTableManager

TABLE = "metapipe_databases"


def put(refdb: Path, name: str, version: str, **more: str) -> Path:
    folder = refdb / name / version
    folder.mkdir(parents=True)
    text = json.dumps({"name": name, "version": version, "kind": "hmm", "title": f"The {name}", **more})
    (folder / "manifest.json").write_text(text)
    return folder


@pytest.fixture
def instance(instance: Settings, tmp_path: Path) -> Settings:
    """With databases of its own."""
    return replace(instance, refdb=tmp_path / "refdb")


@pytest.fixture
def table(instance: Settings) -> TabularToolDataTable:
    """The table as a process of Galaxy has it that started before any database was there."""
    configuration.render(instance)
    return ToolDataTableManager(str(instance.config), str(instance.config / "tool_data_table_conf.xml"))[TABLE]


def offered(table: TabularToolDataTable) -> dict[str, str]:
    return {entry["value"]: entry["name"] for entry in table.get_named_fields_list()}


def test_a_database_installed_replaced_or_removed_later_is_seen_at_once(
    instance: Settings, table: TabularToolDataTable
) -> None:
    assert offered(table) == {}
    put(instance.refdb, "b", "1")
    first = put(instance.refdb, "a", "2", title="An\tA")
    assert offered(table) == {"a:2": "An A (version 2)", "b:1": "The b (version 1)"}
    row = table.get_entry("value", "a:2", "path"), table.get_entry("value", "a:2", "digest")
    assert row[0] == str(first)
    assert len(row[1]) == 64

    other = put(instance.refdb, "a", ".2-new", title="Another")
    assert offered(table) == {"a:2": "An A (version 2)", "b:1": "The b (version 1)"}, "one in the making is none"
    shutil.rmtree(first)
    os.rename(other, first)
    (first / "manifest.json").write_text((first / "manifest.json").read_text().replace(".2-new", "2"))
    assert offered(table) == {"a:2": "Another (version 2)", "b:1": "The b (version 1)"}
    assert table.get_entry("value", "a:2", "digest") != row[1]

    shutil.rmtree(instance.refdb / "b")
    assert offered(table) == {"a:2": "Another (version 2)"}
    shutil.rmtree(instance.refdb)
    assert offered(table) == {}


@pytest.mark.parametrize("damaged", ["{", "[]", '"text"', '{"name": "b"}', "\udcff"])
def test_a_database_whose_manifest_cannot_be_read_is_left_out(
    instance: Settings, table: TabularToolDataTable, damaged: str
) -> None:
    put(instance.refdb, "a", "1")
    (put(instance.refdb, "b", "1") / "manifest.json").write_bytes(damaged.encode(errors="surrogateescape"))
    (instance.refdb / "a file").touch()
    assert offered(table) == {"a:1": "The a (version 1)"}


def test_manifests_are_read_again_only_after_a_change(
    instance: Settings, table: TabularToolDataTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(instance.refdb, "a", "1")
    assert len(offered(table)) == 1
    version = table._loaded_content_version
    monkeypatch.setattr(Path, "read_bytes", None)
    assert len(offered(table)) == 1
    assert table.is_current_version(version)


def test_a_reload_that_an_administrator_asks_for_changes_nothing(
    instance: Settings, table: TabularToolDataTable
) -> None:
    put(instance.refdb, "a", "1")
    table.reload_from_files()
    assert offered(table) == {"a:1": "The a (version 1)"}
