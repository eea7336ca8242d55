"""Genes have true coordinates, on both strands and at both ends of a contig; sequences agree with Biopython."""

from __future__ import annotations

import random

import pytest
from Bio.Seq import Seq

from metapipe.formats.genes import Gene
from metapipe.stages.genes.gene_calls import cut_gene, find_genes, gene_finder
from metapipe.stages.genes.translation import translate

STOPS = {"TAA", "TAG", "TGA"}


def artificial_gene(seed: int, codons: int = 300, start: str = "ATG") -> str:
    """A coding sequence with the codon usage of a GC-rich marine bacterium (third bases mostly G or C)."""
    choice = random.Random(seed)
    codon_list = []
    while len(codon_list) < codons:
        codon = "".join(choice.choice("ACGT") for _ in range(2)) + choice.choice("GCGCGCGCAT")
        if codon not in STOPS:
            codon_list.append(codon)
    return start + "".join(codon_list) + "TAA"


def contig(start: str = "ATG") -> str:
    """Two genes head to tail on opposite strands, with a ribosome binding site before each."""
    spacer = "TTAATTAACTTAACTAATTAATTAAATTAATTA"
    forward = f"AGGAGGTAACAC{artificial_gene(1, start=start)}"
    backward = str(Seq(f"AGGAGGTAACAC{artificial_gene(2, start=start)}").reverse_complement())
    return spacer + forward + spacer + backward + spacer


@pytest.fixture(scope="module")
def finder() -> object:
    return gene_finder(90)


@pytest.mark.parametrize("start", ["ATG", "GTG", "TTG"])
def test_both_genes_are_found_where_they_were_put(finder: object, start: str) -> None:
    text = contig(start)
    forward, backward = find_genes(finder, "c", text.encode())
    assert (forward.id, forward.strand, forward.partial) == ("c_1", 1, "00")
    assert (backward.id, backward.strand, backward.partial) == ("c_2", -1, "00")
    for gene, seed in ((forward, 1), (backward, 2)):
        bases = cut_gene(gene, text.encode()).decode()
        assert bases.endswith(artificial_gene(seed, start=start)[-300:])
        assert bases[:3] == gene.start_type
        assert bases[-3:] in STOPS
    assert forward.end == text.index(artificial_gene(1, start=start)) + 906


def test_cutting_is_an_exact_slice_and_the_other_strand_is_complemented() -> None:
    assert cut_gene(Gene("c_1", "c", 2, 4, 1), b"AACGTT") == b"ACG"
    assert cut_gene(Gene("c_1", "c", 2, 4, -1), b"AacRTT") == b"Ygt"


def test_every_gene_agrees_with_biopython_and_with_pyrodigal(finder: object) -> None:
    text = contig() * 2
    found = find_genes(finder, "c", text.encode())
    theirs = finder.find_genes(text.encode())  # type: ignore[attr-defined]
    assert len(found) == len(theirs) >= 4
    for gene, their in zip(found, theirs, strict=True):
        bases = cut_gene(gene, text.encode())
        protein = translate(bases, gene.translation_table, has_start=gene.has_start, has_stop=gene.has_stop).decode()
        whole = str(Seq(text)[gene.start - 1 : gene.end])
        assert bases.decode() == (whole if gene.strand == 1 else str(Seq(whole).reverse_complement()))
        assert protein[1:] == str(Seq(bases.decode()).translate(11)).removesuffix("*")[1:]
        assert bases.decode() == their.sequence()
        assert protein == their.translate(include_stop=False)


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("strand", [1, -1])
def test_a_gene_cut_off_on_either_side_keeps_its_frame(finder: object, cut: int, strand: int) -> None:
    inside = artificial_gene(3, codons=400)[150 + cut : -150 - cut]
    text = inside if strand == 1 else str(Seq(inside).reverse_complement())
    (gene,) = find_genes(finder, "c", text.encode())
    assert (gene.strand, gene.partial, gene.start_type, gene.phase) == (strand, "11", "Edge", 0)
    assert gene.start <= 3
    assert len(text) - gene.end <= 2
    assert gene.length % 3 == 0
    protein = translate(cut_gene(gene, text.encode()), 11, has_start=False, has_stop=False).decode()
    assert protein in str(Seq(artificial_gene(3, codons=400)).translate(11))


def test_case_and_ambiguous_letters_change_neither_place_nor_output_letters(finder: object) -> None:
    text = contig()
    mixed = text[:200].lower() + "R" + text[201:].replace("T", "U")
    plain, other = find_genes(finder, "c", text.encode()), find_genes(finder, "c", mixed.encode())
    assert [(gene.start, gene.end, gene.strand) for gene in plain] == [
        (gene.start, gene.end, gene.strand) for gene in other
    ]
    assert cut_gene(other[0], mixed.encode()) == mixed[other[0].start - 1 : other[0].end].encode()


@pytest.mark.parametrize("sequence", [b"", b"A", b"ATGAAATAA", b"ACGTACGTACGTACGTACG", b"N" * 500])
def test_a_contig_too_short_or_empty_of_information_has_no_genes(finder: object, sequence: bytes) -> None:
    assert find_genes(finder, "c", sequence) == []


def test_no_gene_runs_across_a_gap(finder: object) -> None:
    text = artificial_gene(3)[:300] + "N" * 60 + artificial_gene(3)[360:]
    assert [
        (gene.start, gene.end) for gene in find_genes(finder, "c", text.encode()) if gene.start < 361 <= gene.end
    ] == []
    assert find_genes(finder, "c", text.encode())


@pytest.mark.parametrize("length", [30, 45, 60, 90, 300])
def test_no_gene_is_shorter_than_asked_for(length: int) -> None:
    found = find_genes(gene_finder(length), "c", (contig() + artificial_gene(5, codons=60)[:100]).encode())
    assert found
    assert all(gene.length >= (length if gene.complete else length * 2 // 3) for gene in found)
