"""Cutting an input into files along the very blocks our planner makes, so that every variant works on the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError
from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.blocks.plan import Work, make_plan
from metapipe.runner.blocks.resources import Resources, SessionKind
from metapipe.runner.declare.elements import Totals
from metapipe.runner.run.inputs import read_inputs


def cut(stage: str, source: Path, folder: Path, slots: int) -> tuple[list[Path], Totals]:
    """Write one file a block, named by its ordinal, in input order.

    :param stage: ``module:Class``; its rate and fixed cost decide how many blocks there are.
    """
    declared = load_stage(stage)
    assert declared.records is not None
    name = declared.records.files[0]
    folder.mkdir(parents=True)
    scanned = read_inputs(declared, {name: source}, {name: source.name}, folder)
    work, resources = Work(declared.rate, declared.fixed_cost), Resources(slots=slots, session=SessionKind.LOCAL)
    plan = make_plan(scanned.weights, work, resources)
    paths = []
    for block in scanned.blocks(plan.borders):
        path = folder / f"{block.name}.{scanned.form}"
        with path.open("wb") as file:
            file.writelines(block.ranges[0].chunks())
        paths.append(path)
    return paths, scanned.totals


def check_same_blocks(report: Mapping[str, Any], blocks: list[Path]) -> None:
    """Compare the blocks of a run report of ours with the files the competitors were given.

    :raises BenchmarkError: when they differ, for then times cannot be compared.
    """
    ours = [row["bytes_in"] for row in sorted(report["attempts"], key=lambda row: row["key"]) if row["outcome"] == "ok"]
    theirs = [path.stat().st_size for path in blocks]
    if ours != theirs:
        raise BenchmarkError(f"our run had {len(ours)} blocks of other sizes than the {len(theirs)} block files")
