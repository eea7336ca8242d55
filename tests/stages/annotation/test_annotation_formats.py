"""Any text in any format: what is written reads back as it was."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from Bio import SeqIO
from hypothesis import example, given
from hypothesis import strategies as st

from metapipe.formats import gff3
from metapipe.formats.genes import Gene
from metapipe.formats.table_rows import Place, split_row
from metapipe.proteins.protein_hits import ProteinHit
from metapipe.stages.annotation.annotation import AnnotatedGene, annotate_gene
from metapipe.stages.annotation.annotation_gff3 import annotation_feature
from metapipe.stages.annotation.annotation_table import COLUMNS, format_annotation
from metapipe.stages.annotation.embl import embl_record
from metapipe.stages.annotation.flat_features import location
from metapipe.stages.annotation.flat_names import accession, flat_text, locus_name
from metapipe.stages.annotation.genbank import genbank_record

HIT = ProteinHit("g", "P1", "db:1", 70, 80, 95, 95, 1, 95, 1, 95, 1e-40, 150, "alcohol dehydrogenase", significant=True)

contig_names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=60)


@st.composite
def annotated_genes(draw: st.DrawFn) -> AnnotatedGene:
    contig, start = draw(contig_names), draw(st.integers(1, 100))
    gene = Gene(
        id=f"{contig}_1",
        contig=contig,
        start=start,
        end=start + draw(st.integers(2, 90)),
        strand=draw(st.sampled_from([1, -1])),
        phase=draw(st.integers(0, 2)),
        partial_left=draw(st.booleans()),
        partial_right=draw(st.booleans()),
        translation_table=draw(st.sampled_from([4, 11])),
        source=draw(st.sampled_from([".", "Pyrodigal_v3.7.1", "some program"])),
    )
    hit = dataclasses.replace(
        HIT, query=gene.id, product=draw(st.text(max_size=200)), organism=draw(st.text()), subject=draw(contig_names)
    )
    return annotate_gene(gene, draw(st.binary(max_size=200)).hex().upper().encode(), "S_C1G1", [hit], [])


@given(annotated_genes())
def test_gff3_reads_back_with_every_attribute(annotated: AnnotatedGene) -> None:
    feature = annotation_feature(annotated)
    line = gff3.format_feature(feature)
    assert line.count("\n") == 1
    read = gff3.parse_feature(line.rstrip("\n"))
    written = {tag: values for tag, values in feature.attributes.items() if values}
    assert read == dataclasses.replace(feature, attributes=written)


@given(annotated_genes())
def test_a_table_row_has_a_cell_for_each_column(annotated: AnnotatedGene) -> None:
    cells = dict(zip(COLUMNS, split_row(format_annotation(annotated), COLUMNS, Place("t", 1)), strict=True))
    assert (cells["gene"], cells["product"]) == (annotated.gene.id, annotated.product)


@given(annotated_genes(), st.integers(0, 10**6))
def test_flat_files_read_back_without_a_warning(annotated: AnnotatedGene, index: int) -> None:
    contig, sequence = annotated.gene.contig, b"ACGTN" * 40
    texts: dict[str, Any] = {
        "genbank": genbank_record(contig, index, sequence, [annotated], {contig}),
        "embl": embl_record(contig, index, sequence, [annotated], {contig}),
    }
    for form, parts in texts.items():
        record = SeqIO.read(io.StringIO("".join(parts)), form)
        source, coding = record.features
        assert str(record.seq).encode() == sequence
        assert coding.qualifiers["product"] == [annotated.product]
        assert coding.qualifiers["translation"] == [annotated.protein.decode()]
        assert coding.qualifiers["codon_start"] == [str(annotated.gene.phase + 1)]
        assert (int(coding.location.start) + 1, int(coding.location.end)) == (annotated.gene.start, annotated.gene.end)
        assert source.qualifiers["mol_type"] == ["genomic DNA"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "5..94"),
        ({"strand": -1}, "complement(5..94)"),
        ({"partial_left": True}, "<5..94"),
        ({"strand": -1, "partial_left": True, "partial_right": True}, "complement(<5..>94)"),
    ],
)
def test_locations_say_which_end_is_missing(changes: dict[str, Any], expected: str) -> None:
    assert location(dataclasses.replace(Gene("c_1", "c", 5, 94, 1), **changes)) == expected


@given(contig_names, st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_locus_name_leaves_room_for_the_length(contig: str, index: int, length: int) -> None:
    name = locus_name(contig, index, length, {contig})
    assert name
    assert len(name) + 1 + len(str(length)) <= 28
    assert not set(" \t;,\"'") & set(name)


ALIKE = ["bin(1)", "bin[1]", "bin_1_", "bin_1__1", "bin_1__1x", "é1", "e1", "e1_6", "x" * 40, "x" * 41, "x" * 20 + "_9"]


@given(st.lists(contig_names | st.sampled_from(ALIKE), unique=True, max_size=12), st.integers(1, 10**6))
@example(ALIKE, 1000)
def test_accessions_and_locus_names_stand_once_in_a_file_and_good_names_stay(names: list[str], length: int) -> None:
    contigs = set(names)
    accessions = [accession(name, number, contigs) for number, name in enumerate(names, 1)]
    loci = [locus_name(name, number, length, contigs) for number, name in enumerate(names, 1)]
    assert len(set(accessions)) == len(set(loci)) == len(names)
    for name, made, locus in zip(names, accessions, loci, strict=True):
        if name == flat_text(name):
            assert made == name
            assert locus == name or len(name) + len(str(length)) > 27
