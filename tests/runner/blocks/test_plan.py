"""Plans: every record in exactly one block, in order, and no block much heavier than another."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.runner.blocks.plan import BLOCKS_PER_SLOT, cut_evenly, launch_order, make_plan

RESIDUES = st.lists(st.integers(0, 10_000), max_size=60).map(lambda values: np.array(values, dtype=np.int64))


@settings(deadline=None)
@given(RESIDUES, st.integers(1, 80))
def test_blocks_cover_every_atom_once_and_in_order(residues: np.ndarray, wanted: int) -> None:
    borders = cut_evenly(residues, wanted)
    assert borders[0] == 0
    assert borders[-1] == len(residues)
    assert 1 <= len(borders) - 1 <= wanted
    if len(residues):
        assert all(first < last for first, last in itertools.pairwise(borders))


@settings(deadline=None)
@given(RESIDUES.filter(len), st.integers(1, 40))
def test_no_block_exceeds_its_share_by_more_than_one_atom(residues: np.ndarray, wanted: int) -> None:
    borders = cut_evenly(residues, wanted)
    share, largest = residues.sum() / wanted, residues.max()
    for first, last in itertools.pairwise(borders):
        assert residues[first:last].sum() <= share + largest + 1


@given(st.lists(st.integers(0, 9)))
def test_the_heaviest_block_is_launched_first(weights: list[int]) -> None:
    order = launch_order(weights)
    assert sorted(order) == list(range(len(weights)))
    assert [weights[position] for position in order] == sorted(weights, reverse=True)


def plan(seconds: float, **keywords: object) -> tuple[int, str]:
    atoms = np.full(4096, 1000, dtype=np.int64)
    defaults = {"rate": atoms.sum() / seconds, "fixed_cost": 0.0, "slots": 4, "whole": False, "per_node": False}
    made = make_plan(atoms, **{**defaults, **keywords})  # type: ignore[arg-type]
    return len(made.borders) - 1, made.session


@pytest.mark.parametrize(
    ("seconds", "keywords", "expected"),
    [
        (0.1, {}, (1, "inline")),
        (9.0, {}, (2, "inline")),
        (100.0, {}, (25, "local")),
        (1000.0, {}, (4 * BLOCKS_PER_SLOT, "local")),
        (10_000.0, {}, (166, "local")),
        (1000.0, {"whole": True}, (1, "inline")),
        (1000.0, {"slots": 1}, (16, "inline")),
        (1000.0, {"java": False}, (32, "inline")),
        (19.0, {"fixed_cost": 1.5, "slots": 2}, (2, "local")),
        (1000.0, {"cluster": True}, (32, "cluster")),
        (1000.0, {"per_node": True, "fixed_cost": 20.0}, (5, "local")),
        (1000.0, {"fixed_cost": 20.0}, (5, "local")),
        (0.1, {"session": "local"}, (1, "local")),
        (1.5, {"warm": ""}, (1, "inline")),
        (3.0, {"warm": ""}, (3, "warm")),
        (3.0, {"warm": "", "slots": 1}, (1, "inline")),
        (3.0, {"warm": "no server"}, (1, "inline")),
        (100.0, {"warm": ""}, (25, "warm")),
        (100.0, {"warm": "no server"}, (25, "local")),
        (100.0, {"warm": "", "whole": True}, (1, "inline")),
        (100.0, {"warm": "", "cluster": True}, (25, "cluster")),
        (100.0, {"warm": "", "session": "local"}, (25, "local")),
        (0.1, {"blocks": 7}, (7, "inline")),
    ],
)
def test_the_number_of_blocks_and_the_session_follow_from_the_work(
    seconds: float, keywords: dict[str, object], expected: tuple[int, str]
) -> None:
    assert plan(seconds, **keywords) == expected


def test_a_plan_says_why_there_is_no_warm_session() -> None:
    atoms = np.full(4096, 1000, dtype=np.int64)
    made = make_plan(
        atoms, rate=1e5, fixed_cost=0.0, slots=2, whole=False, per_node=False, warm="the server is stopping"
    )
    assert made.reason.endswith("(not warm: the server is stopping)")


def test_no_records_make_one_empty_block() -> None:
    made = make_plan(np.zeros(0, np.int64), rate=1.0, fixed_cost=0.0, slots=4, whole=False, per_node=False)
    assert made.borders == (0, 0)
