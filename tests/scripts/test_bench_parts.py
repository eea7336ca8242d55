"""The benchmarks can be extended by one file: the one that the package's own words show."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import benchmarks
import pytest
from benchmarks.parts import known

HOME = Path(__file__).parents[2]
Bench = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """``scripts/bench`` of a copy to which a stage's author has added the file of the example."""
    copy = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HOME / "scripts/benchmarks", copy / "scripts/benchmarks", ignore=ignored)
    (copy / "test-data").symlink_to(HOME / "test-data")
    words = inspect.cleandoc(benchmarks.__doc__ or "")
    example = words.partition("::\n\n")[2].partition("\n:class:")[0]
    (copy / "scripts/benchmarks/parts/short_contigs.py").write_text(textwrap.dedent(example))
    sources = os.pathsep.join([str(copy / "scripts"), str(HOME / "src")])

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": sources})

    return run


def test_a_part_is_added_by_one_file(bench: Bench, tmp_path: Path) -> None:
    assert "  short-contigs leaving out short contigs\n" in bench("--help").stdout
    places = ["--quick", "--repeats", "1", "--data", tmp_path / "data", "--results", tmp_path / "benchmarks"]
    ran = bench("short-contigs", *places)
    assert ran.returncode == 0, ran.stderr
    kept = json.loads((tmp_path / "benchmarks/short-contigs.json").read_bytes())["sections"]["short-contigs"]
    assert kept["finished"]
    assert kept["command"].startswith("scripts/bench short-contigs --repeats 1")
    drawn = bench("render", "--results", tmp_path / "benchmarks")
    assert drawn.returncode == 0, drawn.stderr
    page = (tmp_path / "benchmarks.md").read_text()
    assert "\n## Leaving out short contigs\n" in page
    assert "\n| the command | " in page


def test_parts_stand_in_the_order_they_are_measured_in() -> None:
    names = list(known())
    assert names[:2] == ["session", "scan"]
    assert names.index("compare") < names.index("skew")  # which draws from its block times
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", known())
def test_a_part_is_called_after_its_module_and_can_be_shown(name: str) -> None:
    part = known()[name]
    assert part.measure.__module__.startswith("benchmarks.parts.")
    assert part.measure.__module__.rpartition(".")[2] == name.replace("-", "_")
    assert part.summary
    assert part.page is not None or part.titles or not part.has_place
    assert set(part.titles) <= set(part.sections or part.titles)
