"""The quality rules are Trimmomatic's: against its own output, and against a plain loop over one read."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.formats.read_counts import ReadBatch, ReadCounts
from metapipe.runner.declare.merge import add_counts
from metapipe.stages.reads.quality_window import QualityRules

# Made with: TrimmomaticSE -phred33 reads.fastq kept.fastq AVGQUAL:20 SLIDINGWINDOW:4:15 MINLEN:75 (version 0.39),
# reads.fastq being `damaged_reads()`. Two columns: number of the read, bases kept; a dropped read has no line.
TRIMMOMATIC = Path(__file__).parent / "data" / "trimmomatic-0.39-kept-lengths.tsv"


def damaged_reads(count: int = 600) -> list[tuple[bytes, bytes]]:
    """Reads of 60 to 150 bases with bad ends, bad middles, low levels and N."""
    choice = random.Random(11)
    reads = []
    for _ in range(count):
        length = choice.choice([150, 150, 150, choice.randint(60, 150)])
        bases = [choice.choice("ACGT") for _ in range(length)]
        scores = [choice.randint(28, 40) for _ in range(length)]
        kind = choice.random()
        if kind < 0.4:
            for position in range(choice.randrange(length), length):
                if choice.random() < 0.7:
                    scores[position] = choice.randint(2, 22)
        elif kind < 0.7:
            level = choice.randint(12, 28)
            scores = [min(40, max(2, round(choice.gauss(level, 6)))) for _ in range(length)]
        elif kind < 0.85:
            bases = [base if choice.random() < 0.9 else "N" for base in bases]
        reads.append(("".join(bases).encode(), bytes(33 + score for score in scores)))
    return reads


def test_600_damaged_reads_are_cut_and_dropped_as_trimmomatic_does() -> None:
    expected = dict(map(int, line.split("\t")) for line in TRIMMOMATIC.read_text().splitlines())
    kept, _ = QualityRules().kept_lengths(ReadBatch.of(damaged_reads()))
    assert {number: int(length) for number, length in enumerate(kept) if length} == expected
    assert 100 < len(expected) < 500


def window_cut_by_hand(scores: list[int], size: int, threshold: int) -> int:
    reach = 0
    for start in range(len(scores) - size + 1):
        if sum(scores[start : start + size]) < size * threshold:
            break
        reach = start + size
    while reach and scores[reach - 1] < threshold:
        reach -= 1
    return reach


@given(
    st.lists(st.lists(st.integers(0, 41) | st.integers(0, 93), max_size=20), min_size=1, max_size=5),
    st.integers(1, 9),
    st.integers(0, 30) | st.integers(0, 300),
)
def test_the_window_on_many_reads_at_once_is_the_window_on_each(
    reads: list[list[int]], size: int, threshold: int
) -> None:
    batch = ReadBatch.of([(b"A" * len(scores), bytes(33 + score for score in scores)) for scores in reads])
    cut = QualityRules(window_size=size, window_quality=threshold).window_cut(batch)
    assert cut.tolist() == [window_cut_by_hand(scores, size, threshold) for scores in reads]


@pytest.mark.parametrize(
    ("bases", "scores", "good"),
    [("ACGT", [20, 20, 20, 20], True), ("ACGT", [20, 20, 20, 19], False), ("ACGN", [20, 20, 20, 40], False)],
)
def test_the_mean_is_not_rounded_up_and_an_n_counts_as_zero(bases: str, scores: list[int], good: bool) -> None:
    batch = ReadBatch.of([(bases.encode(), bytes(33 + score for score in scores))])
    assert QualityRules(mean_quality=20).good_on_average(batch).tolist() == [good]


def test_the_mean_is_taken_before_the_cut() -> None:
    scores = [40] * 80 + [2] * 120
    read = (b"A" * 200, bytes(33 + score for score in scores))
    kept, low_mean = QualityRules().kept_lengths(ReadBatch.of([read]))
    assert (kept.tolist(), low_mean.tolist()) == ([0], [True])


@given(st.lists(st.text("ACGTN", max_size=12), max_size=8), st.integers(0, 8))
def test_counts_of_two_batches_add_up_to_the_counts_of_the_whole(reads: list[str], cut: int) -> None:
    pairs = [(bases.encode(), bytes(33 + (7 * index) % 41 for index in range(len(bases)))) for bases in reads]
    whole, first, second = ReadCounts(), ReadCounts(), ReadCounts()
    whole.add(ReadBatch.of(pairs))
    first.add(ReadBatch.of(pairs[:cut]))
    second.add(ReadBatch.of(pairs[cut:]))
    assert add_counts(first.as_note(), second.as_note()) == whole.as_note()


def test_counts_say_length_quality_and_gc() -> None:
    counts = ReadCounts()
    counts.add(ReadBatch.of([(b"GCAT", b"IIII"), (b"NN", b"##"), (b"GGG", b"5I5")]))
    assert counts.as_note() == {
        "reads": 3,
        "bases": 9,
        "lengths": {"2": 1, "3": 1, "4": 1},
        "mean_qualities": {"2": 1, "26": 1, "40": 1},
        "gc": {"50": 1, "100": 1},
        "quality_sums": {"1": 62, "2": 82, "3": 60, "4": 40},
    }
    assert np.all(counts.gc >= 0)
