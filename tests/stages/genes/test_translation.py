"""Proteins are Biopython's translations, with META-pipe's faults not repeated."""

from __future__ import annotations

import pytest
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from metapipe.stages.genes.translation import translate

codons = st.lists(st.text("ACGTRYNacgtn", min_size=3, max_size=3), max_size=30).map("".join)


@given(codons, st.sampled_from([1, 4, 11]))
def test_a_gene_without_ends_is_translated_as_biopython_does_and_the_uncertain_reads_x(dna: str, table: int) -> None:
    expected = str(Seq(dna).translate(table)).translate(str.maketrans("*BZJ", "XXXX"))
    assert translate(dna.encode(), table, has_start=False, has_stop=False).decode() == expected


@pytest.mark.parametrize(
    ("dna", "options", "protein"),
    [
        (b"ATGAAATAA", {}, b"MK"),
        (b"GTGAAATAA", {}, b"MK"),
        (b"ttgaaatag", {}, b"MK"),
        (b"GTGAAATAA", {"has_start": False}, b"VK"),
        (b"ATGAAAGTG", {"has_stop": False}, b"MKV"),
        (b"ATGTGATGA", {"table": 4}, b"MW"),
        (b"ATGTGATGA", {}, b"MX"),
        (b"AUGGCNNNNUAA", {}, b"MAX"),
        (b"ATGAAATA", {"has_stop": False}, b"MK"),
        (b"", {}, b""),
        (b"TAA", {}, b""),
    ],
)
def test_start_and_stop_codons(dna: bytes, options: dict[str, int], protein: bytes) -> None:
    assert translate(dna, **options) == protein
