"""α-diversity and rarefaction: the numbers of scikit-bio 0.7.4, exact probabilities, and what must always hold."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.taxa.diversity import (
    chao1,
    curve_depths,
    diversity,
    log_factorial,
    observed,
    rarefied,
    shannon,
    simpson,
)

#: Five samples of twelve kinds; what skbio.diversity.alpha says of each: sobs, chao1, shannon (base e), simpson.
SAMPLES = np.array(
    [
        [120, 80, 3, 0, 1],
        [44, 90, 0, 0, 2],
        [10, 0, 55, 0, 9],
        [6, 1, 7, 400, 0],
        [3, 2, 31, 0, 1],
        [1, 1, 0, 20, 2],
        [1, 0, 1, 3, 0],
        [0, 1, 2, 1, 1],
        [1, 1, 1, 2, 1],
        [0, 2, 1, 1, 0],
        [0, 0, 0, 7, 1],
        [1, 0, 0, 0, 0],
    ]
)
SCIKIT_BIO = [
    (9, 15.0, 1.070276543926447, 0.5285824587491779),
    (8, 10.0, 0.9215723714950392, 0.5419770231031436),
    (8, 9.5, 1.1976905089468353, 0.6028820703852564),
    (7, 7.5, 0.3707312470386904, 0.1480812928709465),
    (8, 11.333333333333334, 1.637726762436956, 0.7098765432098766),
]

counts_of_kinds = st.lists(st.integers(0, 60), min_size=1, max_size=12).filter(any).map(np.array)


@pytest.mark.parametrize(("sample", "expected"), list(enumerate(SCIKIT_BIO)))
def test_measures_are_those_of_scikit_bio(sample: int, expected: tuple[float, ...]) -> None:
    counts = SAMPLES[:, sample]
    found = (observed(counts), chao1(counts), shannon(counts), simpson(counts))
    assert found == pytest.approx(expected, rel=1e-12)


def test_even_kinds_have_the_most_diversity_and_one_kind_has_none() -> None:
    even = np.array([7] * 5)
    assert shannon(even) == pytest.approx(math.log(5))
    assert simpson(even) == pytest.approx(0.8)
    one = np.array([0, 9, 0])
    assert (shannon(one), simpson(one), observed(one), chao1(one)) == (0, 0, 1, 1)


@given(counts_of_kinds, st.data())
def test_a_rarefied_number_of_kinds_is_the_exact_expectation(counts: np.ndarray, data: st.DataObject) -> None:
    """Hurlbert's sum in whole numbers and fractions, which have no rounding."""
    total = int(counts.sum())
    depth = data.draw(st.integers(0, total))
    missed = [Fraction(math.comb(total - int(one), depth), math.comb(total, depth)) for one in counts if one]
    assert float(rarefied(counts, [depth])[0]) == pytest.approx(float(sum(1 - one for one in missed)), abs=1e-9)


@given(counts_of_kinds)
def test_a_rarefaction_curve_climbs_from_one_kind_to_those_observed(counts: np.ndarray) -> None:
    depths = curve_depths(int(counts.sum()))
    curve = rarefied(counts, depths)
    assert depths[0] == 1
    assert depths[-1] == counts.sum()
    assert curve[0] == pytest.approx(1)
    assert curve[-1] == observed(counts)
    assert (np.diff(curve) > -1e-9).all()


def test_a_curve_of_a_hundred_million_reads_is_still_exact_enough() -> None:
    counts = np.array([99_000_000, 999_990, 9, 1])
    half = rarefied(counts, [50_000_000])[0]
    assert half == pytest.approx(2 + (1 - 0.5**9) + 0.5, abs=1e-6)
    assert rarefied(counts, [100_000_000])[0] == 4


def test_more_reads_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="depths of 0 to 3 reads"):
        rarefied(np.array([1, 2]), [4])


def test_a_sample_of_one_read_has_one_kind_at_one_depth() -> None:
    one = diversity(np.array([0, 1]), 1)
    assert (one.reads, one.observed, one.chao1, one.expected, one.shannon, one.simpson) == (1, 1, 1, 1, 0, 0)
    assert curve_depths(1) == [1]
    assert curve_depths(0) == []


def test_logarithms_of_factorials_agree_with_those_of_the_library_on_both_sides_of_the_seam() -> None:
    numbers = np.array([0, 1, 2, 10, 170, 254, 255, 256, 257, 1000, 10**6, 10**9])
    expected = [math.lgamma(int(one) + 1) for one in numbers]
    assert log_factorial(numbers) == pytest.approx(expected, rel=1e-14)
