"""Stages that another installed package declares are commands too; META-pipe's own start as quickly as before."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from metapipe.stages.other_packages import outside_stages

STAGE = """
from metapipe.runner.declare.binary_stage import BinaryStage
from metapipe.runner.declare.elements import Exact, Fasta, Output

class Copied(BinaryStage):
    name, summary = "copied", "Copy 100 % of the contigs"
    records = Fasta("contigs", help="50 % or more")
    outputs = {"copy": Output("fasta", "the copy")}
    invariance = Exact()
    programs = {"cat": "coreutils"}
    cmd = ["cat"]
    stdin, stdout = "contigs", "copy"
    count = ["copy"]
"""
ENTRIES = """[console_scripts]
sea = sea.cli:main

[metapipe.stages]
copied = sea_stages:Copied
warm = sea_stages:Copied
filter_contigs = sea_stages:Copied
crooked = no reference
missing = sea_stages:Missing
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages, one of which has a stage."""
    folder = tmp_path / "site"
    (folder / "sea_stages-1.2.dist-info").mkdir(parents=True)
    (folder / "sea_stages-1.2.dist-info" / "entry_points.txt").write_text(ENTRIES)
    (folder / "broken-1.dist-info").mkdir()
    (folder / "broken-1.dist-info" / "entry_points.txt").write_bytes(b"[metapipe.stages]\n\xff = x:Y")
    (folder / "odd-1.dist-info").mkdir()
    (folder / "odd-1.dist-info" / "entry_points.txt").write_text("nonsense\n[metapipe.stages]\na")
    (folder / "sea_stages.py").write_text(STAGE)
    return folder


def metapipe(site: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "metapipe.cli", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_declarations_are_found_where_packages_are_installed_and_the_first_counts(site: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "copies-3.egg-info"
    other.mkdir(parents=True)
    (other / "entry_points.txt").write_text("[metapipe.stages]\ncopied=copies.stage:Copied\nmore = copies.stage:More")
    found = outside_stages([str(site), str(tmp_path / "nowhere"), str(other.parent)])
    assert found["copied"] == ("sea_stages:Copied", "sea-stages 1.2")
    assert found["more"] == ("copies.stage:More", "copies 3")
    assert "crooked" not in found


def test_a_stage_of_another_package_is_a_command_with_help_and_runs_inline_and_on_spark(
    site: Path, tmp_path: Path
) -> None:
    assert re.search(r"^ +copied +a stage of sea-stages 1.2$", metapipe(site, "--help").stdout, re.MULTILINE)
    said = metapipe(site, "copied", "--help").stdout
    assert "Copy 100 % of the contigs" in said
    assert "50 % or more" in said
    contigs = tmp_path / "contigs.fasta"
    contigs.write_text(">a\nACGT\n>b\nAC\n>c\nGG\n")
    for session in ("inline", "local"):
        folder = tmp_path / session
        ran = metapipe(site, "copied", "--contigs", contigs, "--session", session, "--blocks", "3", "--outdir", folder)
        assert ran.returncode == 0, ran.stderr
        assert (folder / "copy.fasta").read_bytes() == contigs.read_bytes()


def test_a_name_that_metapipe_has_itself_stays_its_own(site: Path) -> None:
    assert "a minimum length" in metapipe(site, "filter_contigs", "--help").stdout
    assert "a stage of" not in metapipe(site, "warm", "--help").stdout


def test_a_stage_that_is_not_there_fails_with_one_line_first(site: Path) -> None:
    ran = metapipe(site, "missing")
    assert ran.returncode == 70
    assert ran.stderr.startswith("METAPIPE-E901 AttributeError: module 'sea_stages' has no attribute 'Missing'\n")


def test_an_option_that_every_stage_has_is_refused_with_one_line_first(site: Path) -> None:
    text = STAGE.replace('Fasta("contigs"', 'Fasta("slots"').replace('"contigs", "copy"', '"slots", "copy"')
    (site / "sea_stages.py").write_text(text)
    ran = metapipe(site, "copied", "--help")
    assert ran.returncode == 70
    first = "METAPIPE-E901 TypeError: stage sea_stages.Copied: argument --slots: conflicting option string: --slots"
    assert ran.stderr.splitlines()[0] == f"{first}, which every stage has"
