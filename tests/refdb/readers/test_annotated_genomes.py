from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.annotated_genomes import read_genome
from metapipe.refdb.sources import SourceFile

_RECORD = """LOCUS       NC_1                      90 bp    DNA     circular BCT 01-JAN-2004
DEFINITION  Test.
ACCESSION   NC_1
VERSION     NC_1.2
FEATURES             Location/Qualifiers
     source          1..90
                     /organism="Testium"
                     /db_xref="taxon:1"
     CDS             10..30
                     /gene="thrA"
                     /locus_tag="T 1;"
                     /EC_number="2.7.2.4"
                     /EC_number="1.1.1"
                     /note="go_process: x [goid 0009088]; y [goid 9086]"
                     /protein_id="NP_1.1"
                     /product="aspartokinase"
                     /translation="-KVLAA"
     CDS             complement(40..60)
                     /locus_tag="T2"
                     /db_xref="GO:0005737"
                     /product="stop inside"
                     /translation="MKV*LA"
     CDS             join(70..75,80..85)
                     /locus_tag="T3"
                     /translation="MKVL"
     CDS             <1..6
                     /locus_tag="T4"
                     /translation="MK"
     CDS             86..90
                     /locus_tag="T5"
                     /pseudo
                     /translation="M"
     CDS             86..90
                     /locus_tag="T6"
ORIGIN
        1 acgtacgtac acgtacgtac acgtacgtac acgtacgtac acgtacgtac acgtacgtac
       61 acgtacgtac acgtacgtac acgtacgtac
//
"""


def source(accession: str) -> SourceFile:
    return SourceFile(path="x", sha256="0" * 64, organism="Testium vulgare", taxid=7, accession=accession)


@pytest.fixture
def genbank(tmp_path: Path) -> Path:
    path = tmp_path / "genome.gbk"
    path.write_text(_RECORD)
    return path


def test_genes_have_gff3_coordinates_and_clean_proteins(genbank: Path) -> None:
    genome = read_genome(genbank, source("NC_1.2"))
    assert (genome.accession, genome.organism, genome.taxid, len(genome.sequence)) == (
        "NC_1.2",
        "Testium vulgare",
        "7",
        90,
    )
    first, second = genome.genes[:2]
    assert (first.start, first.end, first.strand, first.locus, first.spliced) == (10, 30, "+", "T_1_", False)
    assert (second.start, second.end, second.strand) == (40, 60, "-")
    protein = first.protein
    assert (protein.accession, protein.gene, protein.product) == ("NP_1.1", "thrA", "aspartokinase")
    assert protein.ec == ("1.1.1.-", "2.7.2.4")
    assert protein.go == ("GO:0009086", "GO:0009088")
    assert protein.sequence == "MKVLAA"
    assert (protein.taxid, protein.organism) == ("7", "Testium vulgare")
    assert (second.protein.accession, second.protein.sequence) == ("T2", "MKVXLA")
    assert second.protein.go == ("GO:0005737",)


def test_genes_in_pieces_or_without_sure_ends_are_marked(genbank: Path) -> None:
    genes = {gene.locus: gene for gene in read_genome(genbank, source("NC_1.2")).genes}
    assert genes["T3"].spliced
    assert genes["T4"].spliced


def test_pseudogenes_and_genes_without_translation_are_left_out(genbank: Path) -> None:
    assert {gene.locus for gene in read_genome(genbank, source("NC_1.2")).genes} == {"T_1_", "T2", "T3", "T4"}


def test_a_fasta_genome_has_no_genes_and_a_short_accession(tmp_path: Path) -> None:
    path = tmp_path / "genome.fasta"
    path.write_text(">gi|1|gb|AE1.1| one\nacgt\n>gi|2|gb|AE2.1| two\nGGGG\n")
    genome = read_genome(path, source("gi|2|gb|AE2.1|"))
    assert (genome.accession, genome.sequence, genome.genes) == ("AE2.1", "GGGG", ())


def test_a_record_that_is_not_there_is_named(genbank: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E205 genome.gbk: expected record NC_9"):
        read_genome(genbank, source("NC_9"))
