"""FASTA text and reverse complements."""

from __future__ import annotations

from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from metapipe.formats.fasta_text import format_fasta, reverse_complement


def test_lines_have_the_width_asked_for_and_an_empty_sequence_has_none() -> None:
    assert format_fasta("a", "two words", b"ACGTA", width=2) == b">a two words\nAC\nGT\nA\n"
    assert format_fasta("a", "", b"ACGT", width=4) == b">a\nACGT\n"
    assert format_fasta("a", "", b"") == b">a\n"


@given(st.text("ACGTRYSWKMBDHVNacgtryswkmbdhvn"))
def test_the_reverse_complement_is_biopythons(sequence: str) -> None:
    assert reverse_complement(sequence.encode()) == str(Seq(sequence).reverse_complement()).encode()
