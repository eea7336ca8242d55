"""The tutorial's own lines, run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs/tutorial.md").read_text()

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(600)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the checkout and holds small reads."""
    (tmp_path / ".build").symlink_to(ROOT / ".build")
    (tmp_path / "workflows").symlink_to(ROOT / "workflows")
    (tmp_path / "my-reads").mkdir()
    for mate in "12":
        shutil.copy(ROOT / f"test-data/reads_{mate}.fastq.gz", tmp_path)
        shutil.copy(ROOT / f"test-data/reads_{mate}.fastq.gz", tmp_path / f"my-reads/sea_R{mate}.fastq.gz")
    return tmp_path


def block(language: str, holds: str) -> str:
    """Return the one code block of the tutorial that holds some words."""
    blocks = [found for found in re.findall(rf"```{language}\n(.*?)```", TUTORIAL, re.DOTALL) if holds in found]
    assert len(blocks) == 1
    return str(blocks[0])


def test_the_lines_of_python_take_reads_through_galaxy(folder: Path, state: Path) -> None:
    code = block("python", "start_run").replace('".build/galaxy"', repr(str(state)))
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Report results/sea/report.html" in done.stdout
    assert (folder / "results/sea/annotation.gff3").read_text().count("\tCDS\t") > 50


def test_the_lines_without_galaxy_annotate_the_reads(folder: Path) -> None:
    environment = {**os.environ, "PATH": os.defpath}
    argv = ["bash", "-euo", "pipefail", "-c", block("bash", "metapipe annotate")]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert (folder / "annotation/annotation.gff3").read_text().count("\tCDS\t") > 50


def test_every_picture_and_page_the_tutorial_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TUTORIAL):
        assert (ROOT / "docs" / target).is_file(), target
