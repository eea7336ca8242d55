"""The annotation in five formats: read back, they agree with each other and with the evidence."""

from __future__ import annotations

import dataclasses
import io
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from Bio import SeqIO
from Bio.SeqFeature import AfterPosition, BeforePosition
from Bio.SeqRecord import SeqRecord

from metapipe.errors import MetapipeError
from metapipe.formats import gff3
from metapipe.formats.genes import Gene, feature_gene, format_gene
from metapipe.formats.table_rows import header_line
from metapipe.proteins import domain_hits, protein_hits
from metapipe.runner.declare.elements import Totals
from metapipe.stages.annotation.annotate import Annotate
from metapipe.stages.annotation.annotation_table import COLUMNS

CHANCE = random.Random(3)
CONTIGS = {
    "contig_000001": "".join(CHANCE.choices("ACGT", k=1000)),
    "contig_000002": "".join(CHANCE.choices("acgtN", k=333)),
    "odd'\";=,name|" + "x" * 40: "".join(CHANCE.choices("ACGTRY", k=600)),
}
FIRST, BARE, ODD = CONTIGS
GENES = [
    Gene(f"{FIRST}_1", FIRST, 2, 301, 1, phase=2, partial_left=True, score=11.5, source="Pyrodigal_v3.7.1"),
    Gene(f"{FIRST}_2", FIRST, 400, 699, -1, source="Pyrodigal_v3.7.1"),
    Gene(f"{FIRST}_3", FIRST, 701, 1000, 1, partial_right=True, translation_table=4, source="Pyrodigal_v3.7.1"),
    Gene(f"{ODD}_1", ODD, 1, 300, -1, partial_left=True, source="Pyrodigal_v3.7.1"),
    Gene(f"{ODD}_2", ODD, 301, 600, 1),
]
PROTEINS = {gene.id: "M" + "".join(CHANCE.choices("ACDEFGHIKLMNPQRSTVWY", k=98)) + "*" for gene in GENES}
HIT = protein_hits.ProteinHit(
    f"{FIRST}_1", "P;1", "ec-proteins:1", 70, 80, 95, 95, 1, 95, 1, 95, 1e-40, 150,
    'β-lactamase "TEM-1"; a name so long = that it must be wrapped, 100 % of the time, over more than one single line~',
    "bla", ("3.5.2.6", "3.5.2.-"), ("GO:0008800",), "562", "Escherichia coli K-12 'MG,1655'; x", True,
)  # fmt: skip
HITS = [
    HIT,
    dataclasses.replace(HIT, query=f"{FIRST}_2", identity=20, similarity=30, significant=False),
    dataclasses.replace(HIT, query=f"{ODD}_2", product="hypothetical protein", gene="", ec=(), go=()),
]
DOMAIN = domain_hits.DomainHit(
    f"{FIRST}_1", "PF00144.27", "Beta-lactamase", "pfam:35.0", "Beta-lactamase", 60.0, 1e-20, 1e-19, 5, 90, 1, 80,
    "IPR001466", "Beta-lactam-related", ("GO:0000001",), True, ("3.5.2.6",),
)  # fmt: skip
DOMAINS = [DOMAIN, dataclasses.replace(DOMAIN, query=f"{ODD}_1")]


def fasta(records: dict[str, str]) -> bytes:
    return "".join(f">{name} text\n{letters}\n" for name, letters in records.items()).encode()


@pytest.fixture
def side(tmp_path: Path) -> dict[str, Path]:
    text = gff3.VERSION_LINE
    for contig, letters in CONTIGS.items():
        text += gff3.sequence_region(contig, len(letters))
        text += "".join(format_gene(gene) for gene in GENES if gene.contig == contig)
    contents = {
        "genes": text.encode(),
        "proteins": fasta(PROTEINS),
        "hits": protein_hits.HIT_TABLE.header + b"".join(map(protein_hits.HIT_TABLE.format, HITS)),
        "domains": domain_hits.DOMAIN_TABLE.header + b"".join(map(domain_hits.DOMAIN_TABLE.format, DOMAINS)),
    }
    paths = {name: tmp_path / name for name in contents}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    return paths


@pytest.fixture
def annotate(fake_task: Callable[..., Any]) -> Callable[..., Any]:
    def run(side: dict[str, Path], contigs: dict[str, str] = CONTIGS, **keywords: Any) -> Any:
        task = fake_task(Annotate(), {"contigs": fasta(contigs)}, side=side, **keywords)
        try:
            return task.run(), task.notes
        finally:
            for stream in task._open.values():
                stream.close()

    return run


def table_rows(table: bytes) -> list[dict[str, str]]:
    header, *lines = table.decode().splitlines()
    assert header == header_line(COLUMNS).decode().rstrip("\n")
    return [dict(zip(COLUMNS, line.split("\t"), strict=True)) for line in lines]


def flat_records(text: bytes, form: str) -> list[SeqRecord]:
    return list(SeqIO.parse(io.StringIO(text.decode("ascii")), form))


def coding(records: list[SeqRecord]) -> Iterator[tuple[str, Any]]:
    for record in records:
        for feature in record.features:
            if feature.type == "CDS":
                yield record.id, feature


def test_gff3_genbank_embl_table_and_proteins_agree(annotate: Callable[..., Any], side: dict[str, Path]) -> None:
    outputs, _ = annotate(side)
    rows = table_rows(outputs["table"])
    assert [row["gene"] for row in rows] == [gene.id for gene in GENES]

    lines = [line for line in outputs["gff"].decode().splitlines() if not line.startswith("#")]
    for row, line in zip(rows, lines, strict=True):
        feature = gff3.parse_feature(line)
        gene = feature_gene(feature)
        seen = (gene.id, gene.contig, str(gene.start), str(gene.end), "+-"[gene.strand < 0], gene.partial)
        assert seen == tuple(row[name] for name in ("gene", "contig", "start", "end", "strand", "partial"))
        tags = {tag: ";".join(values) for tag, values in feature.attributes.items()}
        assert tags["product"] == row["product"]
        assert tags.get("ec_number", "") == ";".join(filter(None, (row["ec"], row["ec_partial"])))
        assert tags.get("Ontology_term", "") == row["go"]
        assert (tags["locus_tag"], tags["confidence_tier"]) == (row["locus_tag"], row["tier"])
        assert tags.get("gene", "") == row["gene_name"]

    proteins = {record.id: record for record in SeqIO.parse(io.StringIO(outputs["proteins"].decode()), "fasta")}
    for form in ("genbank", "embl"):
        records = flat_records(outputs[form], form)
        assert [len(record) for record in records] == [len(letters) for letters in CONTIGS.values()]
        assert [str(record.seq).upper() for record in records] == [letters.upper() for letters in CONTIGS.values()]
        for row, (_, feature) in zip(rows, coding(records), strict=True):
            tags = feature.qualifiers
            assert (int(feature.location.start) + 1, int(feature.location.end)) == (int(row["start"]), int(row["end"]))
            assert feature.location.strand == (1 if row["strand"] == "+" else -1)
            assert isinstance(feature.location.start, BeforePosition) is (row["partial"][0] == "1")
            assert isinstance(feature.location.end, AfterPosition) is (row["partial"][1] == "1")
            assert tags["product"] == [row["product"]]
            assert tags["locus_tag"] == [row["locus_tag"]]
            assert ";".join(tags.get("EC_number", [])) == ";".join(filter(None, (row["ec"], row["ec_partial"])))
            assert ";".join(tags.get("gene", [])) == row["gene_name"]
            assert f"confidence tier {row['tier']}" in tags["note"]
            assert f"gene id {row['gene']}".replace('"', "''") in tags["note"]
            references = tags.get("db_xref", [])
            assert [name for name in references if name.startswith("GO:")] == list(filter(None, row["go"].split(";")))
            assert [f"InterPro:{name}" for name in row["interpro"].split(";") if name] == [
                name for name in references if name.startswith("InterPro")
            ]
            protein = proteins[row["gene"]]
            assert tags["translation"] == [str(protein.seq)]
            assert len(protein) == int(row["length_aa"])
            assert protein.description.startswith(f"{row['gene']} {row['product']} ")


def test_statements_come_with_their_evidence(annotate: Callable[..., Any], side: dict[str, Path]) -> None:
    outputs, notes = annotate(side, sample="DEMO1")
    first, second, third, fourth, fifth = table_rows(outputs["table"])
    assert first["product"].startswith("beta-lactamase ''TEM-1''; a name so long")
    assert (first["tier"], first["ec"], first["ec_partial"], first["ec_supported"]) == (
        "1", "3.5.2.6", "3.5.2.-", "3.5.2.6;3.5.2.-",
    )  # fmt: skip
    assert (first["taxid"], first["hit"], first["hit_database"]) == ("562", "P;1", "ec-proteins:1")
    assert first["locus_tag"] == "DEMO1_C000001G00001"
    assert (second["tier"], second["product"], second["hit_significant"]) == ("3", "hypothetical protein", "no")
    assert (third["tier"], third["transferred_level"], third["functional_level"]) == ("3", "4", "3")
    assert (fourth["tier"], fourth["product"]) == ("2", "Beta-lactamase domain-containing protein")
    assert (fifth["tier"], fifth["product"], fifth["taxid"]) == ("2", "hypothetical protein", "562")
    feature = next(feature for _, feature in coding(flat_records(outputs["genbank"], "genbank")))
    assert feature.qualifiers["inference"] == [
        "ab initio prediction:Pyrodigal:3.7.1",
        "similar to AA sequence:ec-proteins:1:P;1",
        "protein motif:pfam:35.0:PF00144.27",
    ]
    assert feature.qualifiers["codon_start"] == ["3"]
    assert notes["tiers"] == {"1": 1, "2": 2, "3": 2}
    assert notes["transferred_levels"] == {"1": 2, "2": 0, "3": 1, "4": 2}
    assert notes["functional_levels"] == {"1": 2, "2": 0, "3": 3}
    assert (notes["contigs"], notes["contigs_with_genes"], notes["genes"], notes["with_ec"]) == (3, 2, 5, 1)
    assert notes["databases"] == {"ec-proteins:1": 2, "pfam:35.0": 2}


def test_a_long_odd_contig_name_breaks_no_format(annotate: Callable[..., Any], side: dict[str, Path]) -> None:
    outputs, _ = annotate(side)
    genbank, embl = (flat_records(outputs[form], form) for form in ("genbank", "embl"))
    assert genbank[0].id == genbank[0].name == FIRST
    assert embl[0].name == FIRST
    assert genbank[2].name.endswith("_3")
    assert re.fullmatch(r"odd_+=_name\|x+_3", genbank[2].id)
    for records in (genbank, embl):
        source = records[2].features[0]
        assert source.qualifiers["note"] == ["contig " + ODD.replace('"', "''")]
    assert all(len(line) <= 80 for line in outputs["genbank"].decode().splitlines() if "x" * 40 not in line)


def test_the_annotation_is_the_same_for_one_block_and_many(annotate: Callable[..., Any], side: dict[str, Path]) -> None:
    whole, notes = annotate(side)
    parts = [
        annotate(side, {name: letters}, first_index=index, totals=Totals(3, 1933))
        for index, (name, letters) in enumerate(CONTIGS.items())
    ]
    headers = {"gff": 1, "table": 1}
    for name, content in whole.items():
        rest = [part[name].split(b"\n", 1)[1] if name in headers else part[name] for part, _ in parts[1:]]
        assert parts[0][0][name] + b"".join(rest) == content
    assert sum(part["genes"] for _, part in parts) == notes["genes"]


def test_without_searches_every_gene_is_hypothetical(annotate: Callable[..., Any], side: dict[str, Path]) -> None:
    outputs, notes = annotate({name: side[name] for name in ("genes", "proteins")})
    assert notes["tiers"] == {"1": 0, "2": 0, "3": 5}
    assert {row["product"] for row in table_rows(outputs["table"])} == {"hypothetical protein"}
    assert {row["transferred_level"] for row in table_rows(outputs["table"])} == {""}


def test_no_contig_and_no_gene_are_results(annotate: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "proteins").write_bytes(b"")
    for contigs in ({}, {"a": "ACGT"}):
        regions = "".join(gff3.sequence_region(name, len(letters)) for name, letters in contigs.items())
        (tmp_path / "genes").write_text(gff3.VERSION_LINE + regions)
        outputs, notes = annotate({name: tmp_path / name for name in ("genes", "proteins")}, contigs)
        assert outputs["table"] == header_line(COLUMNS)
        assert outputs["gff"].decode() == gff3.VERSION_LINE + regions
        assert outputs["proteins"] == b""
        assert len(flat_records(outputs["genbank"], "genbank")) == len(contigs) == notes["contigs"]
        assert notes["genes"] == 0


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "genes",
            b" 1 1000\n",
            b" 1 999\n",
            "E112 genes: expected a line '##sequence-region' for each contig of contigs",
        ),
        ("genes", b"##sequence-region contig_000002 1 333\n", b"", "E112 genes: expected the contigs of contigs .3."),
        ("genes", b"\t701\t1000\t", b"\t701\t1001\t", "E112 genes line 5: expected a gene on 1000 bases"),
        ("genes", b"\t400\t", b"\tfour\t", "E111 genes line 4"),
        ("hits", b"\t20.00\t", b"\ttwenty\t", "E111 hits line 3: expected a number in column identity_pct"),
        ("hits", b"_2\t", b"_9\t", "E112 hits line 3"),
        ("domains", b"\tyes", b"", "E111 domains line 2: expected 17 columns"),
        ("proteins", b">contig_000001_2", b">gene_2", "E112 proteins line 3: expected contig_000001_2"),
    ],
)
def test_files_that_are_wrong_or_of_another_run_are_refused(
    annotate: Callable[..., Any], side: dict[str, Path], name: str, old: bytes, new: bytes, message: str
) -> None:
    side[name].write_bytes(side[name].read_bytes().replace(old, new))
    with pytest.raises(MetapipeError, match=f"METAPIPE-{message}"):
        annotate(side)


def test_the_same_input_gives_the_same_bytes(annotate: Callable[..., Any], side: dict[str, Path]) -> None:
    assert annotate(side) == annotate(side)
