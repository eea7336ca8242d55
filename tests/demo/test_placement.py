from __future__ import annotations

import random

import pytest

from metapipe.demo.placement import GenomeIndex, Place, PlacedContig, kmers, reverse_complement

_dice = random.Random(1)
ONE, TWO = ("".join(_dice.choices("ACGT", k=3000)) for _ in range(2))
INDEX = GenomeIndex({"one": ONE, "two": TWO})


@pytest.mark.parametrize("position", [0, 1, 500, 998, 999])
def test_every_position_of_a_piece_is_placed_to_the_base(position: int) -> None:
    assert PlacedContig(TWO[700:1700], INDEX).locate(position) == Place("two", 700 + position, "+")


@pytest.mark.parametrize("position", [0, 1, 500, 998, 999])
def test_the_other_strand_is_placed_to_the_base(position: int) -> None:
    contig = PlacedContig(reverse_complement(ONE[700:1700]), INDEX)
    assert contig.locate(position) == Place("one", 1699 - position, "-")


def test_positions_beside_a_wrong_base_keep_their_place() -> None:
    sequence = ONE[:500] + ("A" if ONE[500] != "A" else "C") + ONE[501:1000]
    contig = PlacedContig(sequence, INDEX)
    assert [contig.locate(position) for position in (499, 500, 501)] == [
        Place("one", position, "+") for position in (499, 500, 501)
    ]


def test_positions_behind_a_deletion_are_shifted() -> None:
    contig = PlacedContig(ONE[:500] + ONE[510:1000], INDEX)
    assert contig.locate(499) == Place("one", 499, "+")
    assert contig.locate(500) == Place("one", 510, "+")


def test_a_chimera_lies_on_both_genomes() -> None:
    contig = PlacedContig(ONE[:600] + reverse_complement(TWO[:400]), INDEX)
    assert contig.locate(100) == Place("one", 100, "+")
    assert contig.locate(999) == Place("two", 0, "-")
    assert contig.origin() == "one"


def test_foreign_sequence_has_no_place() -> None:
    foreign = "".join(random.Random(2).choices("ACGT", k=1000))
    contig = PlacedContig(foreign, INDEX)
    assert contig.origin() is None
    assert contig.locate(500) is None
    assert PlacedContig(foreign * 3 + ONE[:200], INDEX).locate(100) is None


@pytest.mark.parametrize("sequence", ["", "ACGT", "N" * 100, "A" * 31])
def test_nothing_to_compare_is_no_error(sequence: str) -> None:
    contig = PlacedContig(sequence, INDEX)
    assert contig.origin() is None
    assert not any(mask.any() for mask in INDEX.covered([sequence]).values())


def test_repeats_are_no_anchors() -> None:
    repeat = ONE[:200]
    index = GenomeIndex({"a": ONE, "b": TWO + reverse_complement(repeat)})
    assert PlacedContig(repeat, index).origin() is None
    assert index.covered([repeat])["a"].sum() == index.covered([repeat])["b"].sum() == 200


def test_covered_bases_are_those_of_the_piece() -> None:
    mask = INDEX.covered([ONE[100:400]])["one"]
    assert (mask.sum(), mask[100], mask[99], mask[399], mask[400]) == (300, True, False, True, False)


def test_words_with_ambiguity_codes_are_left_out() -> None:
    codes, where = kmers("ACGTN" + "acgt" * 8)
    assert len(codes) == 2
    assert list(where) == [5, 6]
