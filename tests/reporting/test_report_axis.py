"""Axes and bins of the report's figures: round, covering, and losing nothing."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.reporting.axis import Axis, bases, linear_ticks, log_ticks, percent, short_number, tick_step
from metapipe.reporting.histogram import Distribution, binned, distribution, even_edges, log_edges

numbers = st.floats(0, 1e9, allow_nan=False)


@given(st.floats(1e-9, 1e12), st.integers(1, 20))
def test_a_step_is_one_two_or_five_times_a_power_of_ten_and_cuts_into_at_most_the_wanted_pieces(
    span: float, wanted: int
) -> None:
    step = tick_step(span, wanted)
    assert any(math.isclose(step, f * 10.0 ** math.floor(math.log10(step) + 1e-9), rel_tol=1e-6) for f in (1, 2, 5))
    assert span / step <= wanted * (1 + 1e-6)


@given(numbers, numbers, st.integers(1, 8), st.booleans())
def test_linear_ticks_rise_evenly_and_cover_the_values(one: float, other: float, wanted: int, whole: bool) -> None:
    low, high = min(one, other), max(one, other)
    ticks = linear_ticks(low, high, wanted, whole=whole)
    assert 2 <= len(ticks) <= wanted + 2
    slack = 1e-6 * max(1, high)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    assert all(left < right for left, right in pairwise(ticks))
    if whole:
        assert all(tick == int(tick) for tick in ticks)


@given(st.floats(1e-3, 1e6), st.floats(1, 1e6))
def test_log_ticks_lie_inside_the_axis_and_are_few(low: float, factor: float) -> None:
    ticks = log_ticks(low, low * factor)
    assert all(low <= tick <= low * factor for tick in ticks)
    assert len(ticks) <= 13
    assert ticks == sorted(set(ticks))


@given(st.floats(-1e6, 1e6), st.booleans())
def test_a_position_never_leaves_its_axis(value: float, log: bool) -> None:
    assert 44 - 1e-9 <= Axis(1, 1000, 44, 426, log).position(value) <= 426 + 1e-9


def test_an_axis_runs_from_its_start_to_its_end_in_either_direction() -> None:
    assert [Axis(0, 10, 190, 26).position(value) for value in (0, 5, 10)] == [190, 108, 26]
    assert Axis(1, 100, 0, 100, log=True).position(10) == pytest.approx(50)


def test_an_axis_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no axis"):
        Axis(1, 1, 0, 10)
    with pytest.raises(ValueError, match="no axis"):
        Axis(0, 1, 0, 10, log=True)


counted = st.dictionaries(st.integers(1, 10**6), st.integers(1, 1000), min_size=1, max_size=60)


@given(counted, st.integers(1, 60))
def test_bins_hold_every_value_once(counts: dict[int, int], wanted: int) -> None:
    values = distribution({str(key): count for key, count in counts.items()})
    assert values is not None
    for edges in (
        even_edges(values.low, values.high, wanted, smallest=1),
        log_edges(values.low, values.high),
    ):
        assert edges[0] <= values.low * (1 + 1e-9)
        assert edges[-1] > values.high * (1 - 1e-9)
        assert all(left < right for left, right in pairwise(edges))
        assert sum(binned(values, edges)) == values.total


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=50))
def test_n50_is_the_textbook_value_on_lists_as_well_as_on_counts(lengths: list[int]) -> None:
    held, expected = 0, 0
    for length in sorted(lengths, reverse=True):
        held += length
        if 2 * held >= sum(lengths):
            expected = length
            break
    values = distribution(lengths)
    assert values is not None
    assert values.n50() == expected


def test_a_value_on_an_edge_belongs_to_the_bin_that_starts_there() -> None:
    values = Distribution(((0.3, 1), (0.6, 1)))
    assert binned(values, (0.0, 0.1 + 0.2, 0.6, 0.9)) == (0, 1, 1)


@pytest.mark.parametrize(
    "noted", [None, {}, [], "150", 7, {"x": 1}, {"150": "many"}, {"150": -1}, {"150": True}, [True], ["150"], {"1": 0}]
)
def test_what_is_no_distribution_is_not_drawn(noted: object) -> None:
    assert distribution(noted) is None


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0 %"),
        (1, 100_000, "less than 0.1 %"),
        (99_999, 100_000, "99.999 %"),
        (7_997, 8_000, "99.96 %"),
        (7_990, 8_000, "99.9 %"),
        (10**9 - 1, 10**9, "more than 99.9999 %"),
        (10, 10, "100 %"),
        (1, 0, "–"),
        (1, 30, "3.3 %"),
        (61, 100, "61 %"),
    ],
)
def test_a_share_never_rounds_something_to_nothing_nor_a_part_to_all(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


def test_numbers_are_short_on_axes_and_lengths_have_units() -> None:
    assert [short_number(value) for value in (0, 250, 1500, 20_000, 3e6)] == ["0", "250", "1.5k", "20k", "3M"]
    assert [bases(value) for value in (850, 4510, 1_200_000)] == ["850 bp", "4.51 kb", "1.20 Mb"]
