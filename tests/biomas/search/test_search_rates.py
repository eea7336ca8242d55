"""What the planner is told of the search: on more references each read takes longer, and so does looking through."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from metapipe.biomas.search.amplicon_mapping import BOWTIE2, EXACT, MappingOptions
from metapipe.biomas.search.map_amplicons import MapAmplicons
from metapipe.runner.blocks.plan import Resources, Work, make_plan
from metapipe.runner.declare.elements import Database

MB = 1_000_000


@pytest.fixture
def sized(tmp_path: Path) -> Path:
    """A database whose references are as long as asked, without a byte on the disk."""
    (tmp_path / "references.fasta").touch()
    return tmp_path


def told(folder: Path, size: int, engine: str = EXACT) -> tuple[float, float]:
    os.truncate(folder / "references.fasta", size)
    databases: dict[str, Database] = {"amplicon": Database("own", "1", "amplicon", folder, "")}
    options, stage = MappingOptions(engine=engine), MapAmplicons()
    return stage.rate_for(databases, options), stage.fixed_cost_for(databases, options)


def test_the_search_is_told_as_fast_as_it_was_measured(sized: Path) -> None:
    """Of merged V4 reads, 292 bases: 0.74 core-ms each against 40 MB of references, 4.0 against 770 MB."""
    for size, milliseconds in ((40 * MB, 0.74), (770 * MB, 4.0)):
        assert 292 / told(sized, size)[0] * 1000 == pytest.approx(milliseconds, rel=0.05)


def test_bowtie2_is_as_fast_whatever_the_references(sized: Path) -> None:
    assert told(sized, 40 * MB, BOWTIE2) == told(sized, 770 * MB, BOWTIE2)


def test_many_reads_on_many_references_are_work_for_every_core(sized: Path) -> None:
    rate, fixed_cost = told(sized, 770 * MB)
    reads = np.full(100_000, 292, dtype=np.int64)
    plan = make_plan(reads, Work(rate, fixed_cost), Resources(slots=2))
    assert len(plan.borders) - 1 == 2
