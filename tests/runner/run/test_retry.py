"""Any failures, simulated: what is done, what is set aside, in which order, and at what cost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import Attempt
from metapipe.runner.blocks.block import Block
from metapipe.runner.run.retry import LOST_TRIES, Outcome, run_all


def split(block: Block) -> list[Block]:
    """As the real one, for records of one letter each."""
    if block.records < 2:
        return [block]
    half = block.records // 2
    first = Block((*block.key, 0), block.first_record, half, half, ())
    return [first, Block((*block.key, 1), block.first_record + half, block.records - half, block.records - half, ())]


@dataclass
class Simulated:
    """A session in which blocks fail that hold a poison record, and workers are lost now and then.

    :param lost: how often the worker of each block (by key) is lost before the block is run.
    :param shuffle: order in which rows come back.
    """

    poison: frozenset[int] = frozenset()
    code: str = "E401"
    lost: dict[tuple[int, ...], int] = field(default_factory=dict)
    shuffle: random.Random = field(default_factory=lambda: random.Random(0))
    work: int = 0
    attempts: Counter[tuple[int, ...]] = field(default_factory=Counter)

    def run(self, blocks: Sequence[Block]) -> Iterator[Attempt]:
        for block in self.shuffle.sample(list(blocks), len(blocks)):
            self.attempts[block.key] += 1
            if self.attempts[block.key] <= self.lost.get(block.key, 0):
                yield Attempt(block.key, "error", "E601", "the worker was lost")
                continue
            self.work += block.residues
            bad = self.poison & set(range(block.first_record, block.first_record + block.records))
            yield Attempt(block.key, "error", self.code, f"bad at {min(bad)}") if bad else Attempt(block.key, "ok")


def cut(sizes: Sequence[int]) -> list[Block]:
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    return [Block((index,), starts[index], size, size, ()) for index, size in enumerate(sizes)]


@st.composite
def failures(draw: Callable[..., object]) -> tuple[list[int], frozenset[int], int]:
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=8))
    poison = draw(st.frozensets(st.integers(0, sum(sizes) - 1), max_size=6))  # type: ignore[call-overload]
    assume(len(poison) < sum(sizes))  # when every record fails, nothing is done: see test_engine
    return sizes, poison, draw(st.integers(0, 99))  # type: ignore[return-value]


@settings(max_examples=300)
@given(failures(), st.sampled_from(["E401", "E403", "E801"]))
def test_all_but_the_poison_records_are_done_at_a_bounded_cost(
    case: tuple[list[int], frozenset[int], int], code: str
) -> None:
    sizes, poison, seed = case
    blocks, outcome = cut(sizes), Outcome()
    session = Simulated(poison, code, shuffle=random.Random(seed))
    run_all(blocks, session.run, split, outcome, max_quarantined=len(poison), may_split=True)
    done = sorted(
        record
        for block in outcome.done.values()
        for record in range(block.first_record, block.first_record + block.records)
    )
    assert done == [record for record in range(sum(sizes)) if record not in poison]
    assert sorted(block.first_record for block in outcome.quarantined) == sorted(poison)
    # Each poison record costs at most two of its blocks, and a few records for blocks that cannot be halved evenly; one
    # that did not prove its end was tried as a whole once more, and once more alone.
    holders = [
        next(block for block in blocks if block.first_record <= at < block.first_record + block.records)
        for at in poison
    ]
    again = sum(block.residues + 1 for block in holders) if code == "E403" else 0
    assert session.work <= sum(sizes) + sum(2 * block.residues + 8 for block in holders) + again
    assert outcome.retries == len(outcome.rows) - len(blocks)


@settings(max_examples=60)
@given(failures(), st.integers(0, 99))
def test_what_is_set_aside_and_in_which_order_depends_on_no_order_of_completion(
    case: tuple[list[int], frozenset[int], int], other: int
) -> None:
    sizes, poison, seed = case
    seen = []
    for number in (seed, other):
        outcome = Outcome()
        session = Simulated(poison, shuffle=random.Random(number))
        run_all(cut(sizes), session.run, split, outcome, max_quarantined=len(poison), may_split=True)
        seen.append(([block.key for block in outcome.quarantined], sorted(outcome.done)))
    assert seen[0] == seen[1]


@settings(max_examples=60)
@given(failures(), st.integers(0, 3))
def test_more_poison_than_allowed_ends_the_run_with_the_first_in_input_order(
    case: tuple[list[int], frozenset[int], int], allowed: int
) -> None:
    sizes, poison, seed = case
    outcome, session = Outcome(), Simulated(poison, shuffle=random.Random(seed))
    if len(poison) <= allowed:
        return
    with pytest.raises(MetapipeError) as caught:
        run_all(cut(sizes), session.run, split, outcome, max_quarantined=allowed, may_split=True)
    assert caught.value.code == ("E402" if allowed else "E401")
    assert session.work <= sum(sizes) + (allowed + 1) * (2 * max(sizes) + 8)


def test_a_block_whose_worker_is_lost_is_run_again_and_nothing_is_set_aside() -> None:
    outcome, session = Outcome(), Simulated(lost={(0,): LOST_TRIES - 1, (2,): 1})
    run_all(cut([4, 4, 4]), session.run, split, outcome, max_quarantined=0, may_split=True)
    assert sorted(outcome.done) == [(0,), (1,), (2,)]
    assert (outcome.quarantined, outcome.retries) == ([], LOST_TRIES)


@pytest.mark.parametrize("may_split", [True, False])
def test_a_block_whose_worker_is_lost_every_time_ends_the_run_as_temporary(may_split: bool) -> None:
    outcome, session = Outcome(), Simulated(lost={(1,): 99})
    with pytest.raises(MetapipeError, match="METAPIPE-E601 the worker was lost") as caught:
        run_all(cut([4, 4]), session.run, split, outcome, max_quarantined=10, may_split=may_split)
    assert caught.value.exit_code == 75
    assert session.attempts[(1,)] == LOST_TRIES
    assert outcome.quarantined == []


def test_a_stop_whose_reason_was_lost_is_temporary_too() -> None:
    def skipped(blocks: Sequence[Block]) -> Iterator[Attempt]:
        yield from (Attempt(block.key, "skipped") for block in blocks)

    with pytest.raises(MetapipeError, match="METAPIPE-E601 a worker was lost with the reason"):
        run_all(cut([4, 4]), skipped, split, Outcome(), max_quarantined=10, may_split=True)


def test_a_flaky_end_that_does_not_come_again_costs_one_block_and_no_record() -> None:
    outcome, session = Outcome(), Simulated(frozenset({5}), "E403")

    def once(blocks: Sequence[Block]) -> Iterator[Attempt]:
        yield from session.run(blocks)
        session.poison = frozenset()

    run_all(cut([8, 8]), once, split, outcome, max_quarantined=0, may_split=True)
    assert (sorted(outcome.done), outcome.quarantined, session.work) == ([(0,), (1,)], [], 24)


def test_memory_is_never_a_reason_to_set_a_record_aside() -> None:
    """Smaller blocks first; a record that needs more than there is goes to Galaxy's resubmission (exit code 137)."""
    outcome, session = Outcome(), Simulated(frozenset({5}), "E802")
    with pytest.raises(MetapipeError, match="METAPIPE-E802") as caught:
        run_all(cut([8]), session.run, split, outcome, max_quarantined=10, may_split=True)
    assert caught.value.exit_code == 137
    assert len(outcome.done) == 3
