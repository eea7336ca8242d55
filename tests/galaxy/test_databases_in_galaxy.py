"""Databases that come and go while Galaxy runs, by the command of another process: nobody tells Galaxy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bioblend.galaxy import GalaxyInstance
from pasted import pasted

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
TOOL, NEW = "metapipe_search_proteins", "metapipe-tiny-proteins:7"


@pytest.fixture
def databases(refdb: Path) -> Iterator[Path]:
    """The folder of databases of the running Galaxy, as it was before when the test is over."""
    yield refdb
    shutil.rmtree(refdb / NEW.replace(":", "/"), ignore_errors=True)


@pytest.fixture
def history(gi: GalaxyInstance) -> Iterator[str]:
    history_id = gi.histories.create_history("databases")["id"]
    yield history_id
    gi.histories.delete_history(history_id, purge=False)


def install(refdb: Path, folder: Path) -> None:
    environment = {**os.environ, "METAPIPE_REFDB": str(refdb)}
    argv = [sys.executable, "-m", "metapipe.cli", "refdb", "install", str(folder)]
    subprocess.run(argv, env=environment, check=True, capture_output=True)


def offered(gi: GalaxyInstance, history: str) -> set[str]:
    """The values of *Installed database* in the tool's form."""

    def options(item: Any) -> Iterator[str]:
        if isinstance(item, dict):
            if item.get("name") == "installed":
                yield from (value for _, value, _ in item["options"])
            item = list(item.values())
        if isinstance(item, list):
            for child in item:
                yield from options(child)

    form = gi.make_get_request(f"{gi.url}/tools/{TOOL}/build", params={"history_id": history}).json()
    return set(options(form["inputs"]))


def test_a_database_that_another_process_installs_is_offered_and_used_at_once_and_gone_when_removed(
    gi: GalaxyInstance, databases: Path, history: str, tmp_path: Path
) -> None:
    """The form is the web server's, the job that of a job handler: both must know."""
    before = offered(gi, history)
    assert before
    assert NEW not in before
    shutil.copytree(ROOT / "test-data/refdb/metapipe-tiny-proteins/1", tmp_path / "new")
    manifest = tmp_path / "new/manifest.json"
    manifest.write_text(manifest.read_text().replace('"version": "1"', '"version": "7"'))
    install(databases, tmp_path / "new")
    assert offered(gi, history) == before | {NEW}

    proteins = pasted(gi, history, (ROOT / "test-data/proteins.fasta").read_text(), "fasta", "proteins.fasta")
    inputs = {
        "proteins": {"src": "hda", "id": proteins},
        "database|source": "cached",
        "database|installed": NEW,
    }
    outputs = gi.tools.run_tool(history, TOOL, inputs)["outputs"]
    ended = gi.datasets.wait_for_dataset(outputs[0]["id"], maxwait=300, check=False)
    assert ended["state"] == "ok", ended["misc_info"]

    shutil.rmtree(databases / NEW.replace(":", "/"))
    assert offered(gi, history) == before
