"""Plans: every record in exactly one block, in order, and no block much heavier than another."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.runner.blocks.plan import BLOCKS_PER_SLOT, Warm, Within, Work, cut_evenly, launch_order, make_plan
from metapipe.runner.blocks.resources import Resources, SessionKind

RESIDUES = st.lists(st.integers(0, 10_000), max_size=60).map(lambda values: np.array(values, dtype=np.int64))


@given(RESIDUES, st.integers(1, 80))
def test_blocks_cover_every_atom_once_and_in_order(residues: np.ndarray, wanted: int) -> None:
    borders = cut_evenly(residues, wanted)
    assert borders[0] == 0
    assert borders[-1] == len(residues)
    assert 1 <= len(borders) - 1 <= wanted
    if len(residues):
        assert all(first < last for first, last in itertools.pairwise(borders))


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


ATOMS = np.full(4096, 1000, dtype=np.int64)
AT_HAND, NO_SERVER = Warm(at_hand=True), Warm(why_not="no server")


def plan(seconds: float, **keywords: Any) -> tuple[int, str]:
    """Plan work of so many seconds on one core; what goes to which group is told apart by its name."""
    of = {name: group for group in (Work, Resources, Within) for name in group.__dataclass_fields__}
    asked: dict[type, dict[str, Any]] = {Work: {"rate": ATOMS.sum() / seconds}, Resources: {"slots": 4}, Within: {}}
    for name, value in keywords.items():
        asked[of[name]][name] = value
    made = make_plan(ATOMS, Work(**asked[Work]), Resources(**asked[Resources]), Within(**asked[Within]))
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
        (0.1, {"session": SessionKind.LOCAL}, (1, "local")),
        (1.5, {"warm": AT_HAND}, (1, "inline")),
        (3.0, {"warm": AT_HAND}, (3, "warm")),
        (3.0, {"warm": AT_HAND, "slots": 1}, (1, "inline")),
        (3.0, {"warm": NO_SERVER}, (1, "inline")),
        (100.0, {"warm": AT_HAND}, (25, "warm")),
        (100.0, {"warm": NO_SERVER}, (25, "local")),
        (100.0, {"warm": AT_HAND, "whole": True}, (1, "inline")),
        (100.0, {"warm": AT_HAND, "cluster": True}, (25, "cluster")),
        (100.0, {"warm": AT_HAND, "session": SessionKind.LOCAL}, (25, "local")),
        (0.1, {"blocks": 7}, (7, "inline")),
    ],
)
def test_the_number_of_blocks_and_the_session_follow_from_the_work(
    seconds: float, keywords: dict[str, object], expected: tuple[int, str]
) -> None:
    assert plan(seconds, **keywords) == expected


def test_a_plan_says_why_there_is_no_warm_session() -> None:
    within = Within(warm=Warm(why_not="the server is stopping"))
    made = make_plan(ATOMS, Work(rate=1e5), Resources(slots=2), within)
    assert made.reason.endswith("(not warm: the server is stopping)")


def test_no_records_make_one_empty_block() -> None:
    made = make_plan(np.zeros(0, np.int64), Work(rate=1.0), Resources(slots=4))
    assert made.borders == (0, 0)
