"""One form for every contig, whichever strand, order or opening the assembler chose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.formats.fasta_text import reverse_complement
from metapipe.stages.assembly.assembled_contigs import AssembledContig, canonical, least_rotation, named, parse_megahit

dna = st.text("ACGT", min_size=1, max_size=40).map(str.encode)


@given(st.text("AC", max_size=30).map(str.encode))
def test_the_least_rotation_is_the_least_of_all_rotations(text: bytes) -> None:
    assert least_rotation(text) == min([text[start:] + text[:start] for start in range(len(text))], default=b"")


@given(dna, st.integers(0, 40), st.booleans())
def test_a_circle_has_one_form_wherever_it_is_opened_and_on_either_strand(
    circle: bytes, start: int, flip: bool
) -> None:
    turned = circle[start:] + circle[:start]
    turned = reverse_complement(turned) if flip else turned
    assert canonical(AssembledContig(turned, 1.0, True)) == canonical(AssembledContig(circle, 1.0, True))


@given(dna, st.booleans())
def test_a_linear_contig_has_one_form_on_either_strand_and_is_never_turned(sequence: bytes, flip: bool) -> None:
    form = canonical(AssembledContig(reverse_complement(sequence) if flip else sequence, 1.0)).sequence
    assert form == min(sequence, reverse_complement(sequence))


@given(st.lists(dna, max_size=8), st.randoms())
def test_names_follow_length_then_alphabet_in_any_order_given(sequences: list[bytes], chance: object) -> None:
    contigs = [AssembledContig(sequence, 2.0) for sequence in sequences]
    expected = list(named(contigs, 3))
    chance.shuffle(contigs)  # type: ignore[attr-defined]
    assert list(named(contigs, 3)) == expected
    lengths = [len(contig.sequence) for _, _, contig in expected]
    assert lengths == sorted(lengths, reverse=True)
    assert all(length >= 3 for length in lengths)
    assert [name for name, _, _ in expected] == [f"contig_{number:06d}" for number in range(1, len(lengths) + 1)]


def test_megahits_file_is_read_and_a_circle_loses_its_repeated_end() -> None:
    text = b">k5_0 flag=1 multi=12.3456 len=6\nACG\nTTT\n>k5_1 flag=3 multi=2.0000 len=13\nAAACCGTGAAACC\n"
    assert list(parse_megahit(text.splitlines(keepends=True))) == [
        AssembledContig(b"ACGTTT", 12.3456),
        AssembledContig(b"AAACCGTG", 2.0, True),
    ]
    assert [description for _, description, _ in named(parse_megahit(text.splitlines()), 1)] == [
        "length=8 coverage=2.00 circular=yes",
        "length=6 coverage=12.35",
    ]


def test_no_contigs_are_no_contigs() -> None:
    assert list(parse_megahit([])) == []


@pytest.mark.parametrize("header", [b">k5_0", b">k5_0 flag=1 multi=1.0 len=7", b">k5_0 flag=1 len=6"])
def test_a_file_cut_short_or_of_another_program_is_not_taken_for_success(header: bytes) -> None:
    with pytest.raises(MetapipeError) as refused:
        list(parse_megahit([header + b"\n", b"ACGTTT\n"]))
    assert refused.value.code == "E403"
