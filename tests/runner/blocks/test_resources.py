"""How many slots a run has: those asked for, as far as the memory goes."""

from __future__ import annotations

import pytest

from metapipe.runner.blocks.resources import Resources, Slots


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Resources(slots=4), Slots(4, 8000)),
        (Resources(slots=16), Slots(8, 8000)),
        (Resources(slots=4, memory_mb=2500), Slots(2, 2500)),
        (Resources(slots=4, memory_mb=10), Slots(1, 10)),
    ],
)
def test_there_are_as_many_slots_as_blocks_have_room(asked: Resources, expected: Slots) -> None:
    assert asked.on(machine_mb=8000, block_mb=1000) == expected
