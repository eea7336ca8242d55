"""Adapters go where fastp 0.23.2 removes them, and where the rules say base by base."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_trimming import Pair, Rules, without_adapters
from read_pairs import random_pairs

from metapipe.formats.called_bases import called_bases
from metapipe.formats.fasta_text import reverse_complement
from metapipe.formats.read_counts import ReadBatch
from metapipe.stages.reads.adapter_removal import Adapters, Cut

# Made with: fastp --in1 … --in2 … --out1 … --out2 … --unpaired1 … --unpaired2 … --adapter_sequence FIRST
# --adapter_sequence_r2 SECOND --disable_trim_poly_g --disable_quality_filtering --disable_length_filtering
# --dont_eval_duplication --thread 1 (version 0.23.2), given the pairs of `pairs_for_fastp()` with their called bases.
# Columns: number of the set, number of the pair, bases that remain of the first and of the second mate.
FASTP = Path(__file__).parent / "data" / "fastp-0.23.2-kept-lengths.tsv"
TRUSEQ = (Rules().adapter_1, Rules().adapter_2)
#: Adapters that may lose four, three and two bases before a read, and one that is longer than most reads.
SETS = [
    TRUSEQ,
    ("CTGTCTCTTATACACATCT", "ACGTTGCAAGCTTGAC"),
    ("GGCATTAGCATTC", "TTGACCATG"),
    ("ACGGTCAT" * 9, "TGCATTGC"),
]


def pairs_for_fastp(number: int) -> list[Pair]:
    return random_pairs(100 + number, 500, SETS[number], longest=(150, 120, 60, 100)[number])


def batch(reads: list[str]) -> ReadBatch:
    return ReadBatch.of([(bases.encode(), b"I" * len(bases)) for bases in reads])


def cut(pairs: list[tuple[str, str]], adapters: tuple[str, str] = TRUSEQ) -> Cut:
    return Adapters(*adapters).remove(batch([first for first, _ in pairs]), batch([second for _, second in pairs]))


def remaining(pairs: list[tuple[str, str]], adapters: tuple[str, str] = TRUSEQ) -> list[tuple[int, int]]:
    first, second = cut(pairs, adapters).lengths
    return list(zip(first.tolist(), second.tolist(), strict=True))


def dna(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


@pytest.mark.parametrize("number", range(len(SETS)))
def test_500_pairs_are_cut_where_fastp_cuts_them(number: int) -> None:
    rows = [tuple(map(int, line.split("\t"))) for line in FASTP.read_text().splitlines()]
    expected = [row[2:] for row in rows if row[0] == number]
    pairs = [(first[1], second[1]) for first, second in pairs_for_fastp(number)]
    assert remaining(pairs, SETS[number]) == expected
    whole = sum(kept == tuple(map(len, pair)) for kept, pair in zip(expected, pairs, strict=True))
    assert 25 < whole < 450


@pytest.mark.parametrize("number", range(len(SETS)))
def test_the_rules_base_by_base_are_those_of_fastp(number: int) -> None:
    rules = Rules(*SETS[number])
    rows = [tuple(map(int, line.split("\t"))) for line in FASTP.read_text().splitlines()]
    expected = [row[2:] for row in rows if row[0] == number]
    assert [without_adapters(first[1], second[1], rules) for first, second in pairs_for_fastp(number)] == expected


adapter_letters = st.text("ACGT", min_size=8, max_size=40)


@given(st.integers(0, 2**32), st.integers(1, 12), st.tuples(adapter_letters, adapter_letters), st.integers(1, 130))
def test_many_pairs_at_once_are_cut_as_each_is_base_by_base(
    seed: int, count: int, adapters: tuple[str, str], longest: int
) -> None:
    pairs = [(first[1], second[1]) for first, second in random_pairs(seed, count, adapters, longest)]
    rules = Rules(*adapters)
    assert remaining(pairs, adapters) == [without_adapters(first, second, rules) for first, second in pairs]


@given(st.lists(st.tuples(st.text("AN", max_size=60), st.text("TN", max_size=60)), min_size=1, max_size=4))
def test_so_do_reads_of_one_letter_of_which_every_place_looks_alike(pairs: list[tuple[str, str]]) -> None:
    adapters = ("AAAAAAAAA", "TTTTTTTTTTTTTTTTT")
    expected = [without_adapters(first, second, Rules(*adapters)) for first, second in pairs]
    assert remaining(pairs, adapters) == expected


def test_mates_of_a_short_insert_are_cut_to_it_without_looking_at_the_adapters() -> None:
    insert = dna(1, 80)
    other = reverse_complement(insert.encode()).decode()
    found = cut([(insert + dna(2, 70), other + dna(3, 70))])
    assert [lengths.tolist() for lengths in found.lengths] == [[80], [80]]
    assert (found.reads, found.bases) == (2, 140)


def test_mates_that_overlap_the_other_way_are_searched_for_the_adapters() -> None:
    insert = dna(4, 200)
    other = reverse_complement(insert.encode()).decode()
    assert remaining([(insert[:150], other[:150])]) == [(150, 150)]
    assert remaining([(insert[:145] + "AGATC", other[:150])]) == [(145, 150)]


def test_an_adapter_that_began_before_the_read_leaves_nothing() -> None:
    found = cut([(TRUSEQ[0][2:] + dna(5, 100), dna(6, 130))])
    assert [lengths.tolist() for lengths in found.lengths] == [[0], [130]]
    assert (found.reads, found.bases) == (1, 131)


def test_no_pair_gives_no_lengths() -> None:
    found = cut([])
    assert [len(lengths) for lengths in found.lengths] == [0, 0]
    assert (found.reads, found.bases) == (0, 0)


def test_letters_for_the_same_bases_are_cut_alike() -> None:
    pairs = [(first[1], second[1]) for first, second in pairs_for_fastp(0)]
    called = [tuple(called_bases(bases.encode()).decode() for bases in pair) for pair in pairs]
    assert remaining(pairs) == remaining([(first, second) for first, second in called])


def test_a_batch_is_cut_as_its_halves_are() -> None:
    pairs = [(first[1], second[1]) for first, second in pairs_for_fastp(1)]
    whole = remaining(pairs, SETS[1])
    assert remaining(pairs[:123], SETS[1]) + remaining(pairs[123:], SETS[1]) == whole
    assert np.sum(whole) > 0
