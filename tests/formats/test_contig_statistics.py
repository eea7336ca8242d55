"""N50 and its relatives from counts of lengths, and GC content of letters."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.formats.contig_statistics import ContigCounts, gc_counts, gc_per_cent, lx, nx
from metapipe.runner.declare.merge import add_counts

dna = st.text("ACGTNRSWacgtn", max_size=60).map(str.encode)


@pytest.mark.parametrize(
    ("lengths", "n50", "l50"),
    [
        ([], 0, 0),
        ([7], 7, 1),
        ([2, 2, 2, 3, 3, 4, 8, 8], 8, 2),  # the worked example of Miller et al. 2010
        ([80, 70, 50, 40, 30, 20], 70, 2),
        ([10, 10], 10, 1),
    ],
)
def test_n50_and_l50_of_worked_examples(lengths: list[int], n50: int, l50: int) -> None:
    assert (nx(Counter(lengths)), lx(Counter(lengths))) == (n50, l50)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30))
def test_contigs_of_n50_or_longer_hold_half_of_the_bases_and_longer_ones_do_not(lengths: list[int]) -> None:
    n50 = nx(Counter(lengths))
    assert 2 * sum(length for length in lengths if length >= n50) >= sum(lengths)
    assert 2 * sum(length for length in lengths if length > n50) < sum(lengths)


@pytest.mark.parametrize(
    ("sequence", "counts", "per_cent"),
    [
        (b"", (0, 0), None),
        (b"NNN", (0, 0), None),
        (b"GCAT", (2, 4), 50),
        (b"gcSNwRau", (3, 6), 50),
        (b"GAA", (1, 3), 33),
    ],
)
def test_gc_leaves_out_uncertain_bases(sequence: bytes, counts: tuple[int, int], per_cent: int | None) -> None:
    assert gc_counts(sequence) == counts
    assert gc_per_cent(sequence) == per_cent


@given(st.lists(dna, max_size=10), st.integers(0, 10))
def test_counts_of_two_blocks_add_up_to_the_counts_of_the_whole(contigs: list[bytes], cut: int) -> None:
    whole, first, second = ContigCounts(), ContigCounts(), ContigCounts()
    for index, contig in enumerate(contigs):
        whole.add(contig)
        (first if index < cut else second).add(contig)
    assert add_counts(first.as_note(), second.as_note()) == whole.as_note()
