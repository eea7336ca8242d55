"""README's commands in README's order on one Galaxy, with the databases that README's commands install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import FinishedRun, ShellCommand

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1800)]

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("METAPIPE_BUILD") or ROOT / ".build")
README = (ROOT / "README.md").read_text()
#: What is typed at ``scripts/run``, in the order of the page.
COMMANDS = list(
    dict.fromkeys(
        block or inline
        for block, inline in re.findall(r"(?m)^(scripts/run\b[^#\n]*?) *(?:#.*)?$|`(scripts/run\b[^`]*)`", README)
    )
)


@contextmanager
def built_once(refdb: Path, *names: str) -> Iterator[None]:
    """Databases take minutes to build: those of an earlier test are installed by hand, those of this one kept.

    In a new clone nothing is there, and the command builds them as it does for everybody.
    """
    for name in names:
        kept = BUILD / "refdb" / name.replace(":", "/")
        if (kept / "manifest.json").is_file():
            argv = [sys.executable, "-m", "metapipe.cli", "refdb", "install", str(kept)]
            subprocess.run(argv, env={**os.environ, "METAPIPE_REFDB": str(refdb)}, capture_output=True, check=True)
    yield
    for name in names:
        kept, installed = (folder / name.replace(":", "/") for folder in (BUILD / "refdb", refdb))
        if not kept.exists():
            shutil.copytree(installed, kept)


@pytest.fixture
def reads(tmp_path: Path) -> Path:
    folder = tmp_path / "my reads"
    folder.mkdir()
    for mate in "12":
        shutil.copy(ROOT / f"test-data/reads_{mate}.fastq.gz", folder / f"sea_R{mate}.fastq.gz")
    return folder


def test_the_page_shows_the_commands_that_are_walked_here() -> None:
    assert COMMANDS == ["scripts/run", "scripts/run --input DIR", "scripts/run taxonomy", "scripts/run biomas"]


def test_readmes_commands_work_in_its_order_on_one_galaxy(
    finished_run: FinishedRun, in_the_checkout: ShellCommand, refdb: Path, reads: Path, tmp_path: Path
) -> None:
    """Each installs a database that the Galaxy, running since the first, has never seen."""
    first, own, taxonomy, biomas = COMMANDS
    assert first == "scripts/run"
    assert "Done in" in finished_run.printed
    for name in ("ec-proteins:1", "marine-reads:1", "marine-markers:1", "ssu-prokaryotes:2026-09"):
        shutil.rmtree(refdb / name.replace(":", "/"), ignore_errors=True)

    with built_once(refdb, "ec-proteins:1", "marine-reads:1"):
        done = in_the_checkout(f"{own.replace('DIR', repr(str(reads)))} --results {tmp_path}/own")
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "own/my-reads/annotation.gff3").read_text().count("\tCDS\t") > 50

    with built_once(refdb, "marine-reads:1", "marine-markers:1", "ssu-prokaryotes:2026-09"):
        done = in_the_checkout(f"{taxonomy} --again --results {tmp_path}/who")
        assert done.returncode == 0, done.stdout + done.stderr
    results = tmp_path / "who/demo"
    # Of the pieces of genomes that the demo's reads come from, only that of T. indicus has a 16S.
    for table, taxon in (("taxa", "Rhodobacterales"), ("rrna-taxa", "Thermodesulfatator indicus")):
        assert taxon in (results / f"{table}-of-all-samples.tsv").read_text()
    assert (results / "chart-of-all-samples.html").is_file()

    with built_once(refdb, "ssu-prokaryotes:2026-09"):
        done = in_the_checkout(f"{biomas} --again --results {tmp_path}/taxa")
        assert done.returncode == 0, done.stdout + done.stderr
    results = tmp_path / "taxa/amplicon"
    assert (results / "reports/mock.html").is_file()
    assert "Alphaproteobacteria" in (results / "taxa-of-all-samples.tsv").read_text()
