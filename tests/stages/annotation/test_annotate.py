"""The annotation in five formats: read back, they agree with each other and with the evidence."""

from __future__ import annotations

import dataclasses
import io
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from Bio import SeqIO
from Bio.SeqFeature import AfterPosition, BeforePosition
from Bio.SeqRecord import SeqRecord

from metapipe.errors import MetapipeError
from metapipe.formats import gff3
from metapipe.formats.genes import Gene, feature_gene, format_gene
from metapipe.formats.plain_text import plain
from metapipe.formats.table_rows import header_line
from metapipe.proteins import domain_hits, protein_hits
from metapipe.runner.declare.elements import Totals
from metapipe.runner.declare.merge import add_counts
from metapipe.stages.annotation.annotate import Annotate
from metapipe.stages.annotation.annotation_table import COLUMNS, columns
from metapipe.stages.annotation.functions import ec_lineage
from metapipe.taxa.abundance_rows import CONTIG_ABUNDANCE, GENE_ABUNDANCE, ContigAbundance, GeneAbundance
from metapipe.taxa.rows import CONTIG_TAXA, ContigRow
from metapipe.taxa.taxon_counts import taxa_table
from metapipe.taxa.taxon_table import read_taxa

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


def table_rows(table: bytes, given: Sequence[str] = ()) -> list[dict[str, str]]:
    header, *lines = table.decode().splitlines()
    assert header == header_line(columns(given)).decode().rstrip("\n")
    return [dict(zip(columns(given), line.split("\t"), strict=True)) for line in lines]


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
    tallies = [json.loads(part.pop("functions")) for part, _ in parts]
    assert reduce(add_counts, tallies) == json.loads(whole.pop("functions"))
    for name, content in whole.items():
        rest = [part[name].split(b"\n", 1)[1] if name in headers else part[name] for part, _ in parts[1:]]
        assert parts[0][0][name] + b"".join(rest) == content
    assert sum(part["genes"] for _, part in parts) == notes["genes"]


TAXON = "Vibrio 'β' <odd>"
LINEAGE = f"1:no rank:root;2:superkingdom:Bacteria;10:species:{TAXON}"
MORE = ("contig-taxonomy", "contig-abundance", "gene-abundance")


@pytest.fixture
def weighted(side: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    """The side files with taxa and abundance: the first contig is placed, the others are not."""
    lengths = {name: len(letters) for name, letters in CONTIGS.items()}
    taxa = [ContigRow(name, length, 0, "", "", "", "", "") for name, length in lengths.items()]
    taxa[0] = ContigRow(FIRST, 1000, 3, "10", TAXON, "species", "71.20", LINEAGE)
    contents = {
        "contig-taxonomy": CONTIG_TAXA.header + b"".join(map(CONTIG_TAXA.format, taxa)),
        "contig-abundance": CONTIG_ABUNDANCE.header
        + b"".join(
            CONTIG_ABUNDANCE.format(ContigAbundance(name, length, 40, 300, 0.3, 1.5, 1234.5))
            for name, length in lengths.items()
        ),
        "gene-abundance": GENE_ABUNDANCE.header
        + b"".join(
            GENE_ABUNDANCE.format(
                GeneAbundance(gene.id, gene.contig, gene.start, gene.end, "+", 300, at, 0.5 * at, 9.0)
            )
            for at, gene in enumerate(GENES, 4)
        ),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return side | {name: tmp_path / name for name in contents}


def test_lineage_and_abundance_stand_in_every_format(annotate: Callable[..., Any], weighted: dict[str, Path]) -> None:
    outputs, _ = annotate(weighted)
    rows = table_rows(outputs["table"], MORE)
    assert [(row["reads"], row["mean_depth"]) for row in rows[:2]] == [("4", "2.0000"), ("5", "2.5000")]
    assert (rows[0]["contig_taxid"], rows[0]["contig_rank"], rows[0]["contig_support_pct"]) == (
        "10",
        "species",
        "71.20",
    )
    assert rows[0]["contig_lineage"] == LINEAGE
    assert {(row["contig_taxid"], row["contig_lineage"]) for row in rows[3:]} == {("", "")}
    assert {(row["contig_reads"], row["contig_mean_depth"], row["contig_tpm"]) for row in rows} == {
        ("40", "1.5000", "1234.5000")
    }

    features = [gff3.parse_feature(line) for line in outputs["gff"].decode().splitlines() if not line.startswith("#")]
    regions = [feature for feature in features if feature.type == "region"]
    assert [(one.seqid, one.start, one.end) for one in regions] == [(name, 1, len(CONTIGS[name])) for name in CONTIGS]
    assert regions[0].attributes["Dbxref"] == ("taxon:10",)
    assert regions[0].attributes["lineage"] == (f"Bacteria; {plain(TAXON)}",)
    assert (regions[0].attributes["taxon_rank"], regions[0].attributes["taxon_support"]) == (("species",), ("71.20",))
    assert "taxon" not in regions[1].attributes
    assert regions[1].attributes["mean_depth"] == ("1.5000",)
    genes = [feature for feature in features if feature.type == "CDS"]
    assert [feature.attributes["reads"] for feature in genes] == [("4",), ("5",), ("6",), ("7",), ("8",)]

    for form in ("genbank", "embl"):
        records = flat_records(outputs[form], form)
        for record in records:
            source = record.features[0].qualifiers
            assert (source["organism"], source["db_xref"]) == (["metagenome"], ["taxon:256318"])
            assert source["note"][-1] == "40 reads; mean depth 1.50; 1234.50 TPM"
        said = records[0].features[0].qualifiers["note"]
        assert said[1].endswith("(species, taxon 10) by 71.20 % of the votes of 3 genes")
        assert said[2].startswith("lineage: Bacteria; Vibrio")
        assert len(records[1].features[0].qualifiers["note"]) == 2
        notes = [feature.qualifiers["note"][-1] for _, feature in coding(records)]
        assert notes[0] == "4 reads; mean depth 2.00; 9.00 TPM"


def test_functions_are_counted_in_four_levels_by_gene_or_by_read(
    annotate: Callable[..., Any], side: dict[str, Path], weighted: dict[str, Path]
) -> None:
    def counted(files: dict[str, Path]) -> dict[str, tuple[str, str]]:
        tally = json.loads(annotate(files)[0]["functions"])
        table = taxa_table(tally).decode().splitlines()[1:]
        # As combine_samples reads it for the chart.
        assert read_taxa([([b"%b\n" % line for line in taxa_table(tally).splitlines()], "functions")]).root
        return {row.split("\t")[0]: tuple(row.split("\t")[3:5]) for row in table}

    # One gene has 3.5.2.6 and 3.5.2.-: it counts for both.
    plain_counts = dict.fromkeys(("Functions", "3 Hydrolases", "3.5"), ("0", "2"))
    assert counted(side) == plain_counts | {"3.5.2": ("1", "2"), "3.5.2.6": ("1", "1"), "Unclassified": ("4", "4")}
    assert counted(weighted)["3.5.2.6"] == ("4", "4")
    assert counted(weighted)["Unclassified"] == ("26", "26")


def test_no_two_ec_numbers_are_one_node() -> None:
    numbers = ["1.1.1.1", "1.1.1.n1", "1.1.11.1", "1.11.1.1", "1.1.1.-", "1.1.-.-", "1.-.-.-", "7.6.2.16", "1.1.1.11"]
    last = [ec_lineage(number).split(";")[-1] for number in numbers]
    assert len({step.split(":")[0] for step in last}) == len(numbers)
    assert last[1].endswith(":EC number:1.1.1.n1")


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
        ("gene-abundance", b"contig_000001_2\t", b"gene_2\t", "E112 gene-abundance line 3: expected contig_000001_2"),
        ("gene-abundance", b"\t2.5000\t", b"\tmuch\t", "E111 gene-abundance line 3: expected a number in column mean"),
        ("contig-abundance", b"contig_000002\t", b"x\t", "E112 contig-abundance line 3: expected each contig of genes"),
        (
            "contig-taxonomy",
            b"contig_000002\t",
            b"contig_000001\t",
            "E112 contig-taxonomy line 3: expected each contig",
        ),
        (
            "contig-taxonomy",
            b"#contig\tlength",
            b"#contig\tsize",
            "E111 contig-taxonomy line 1: expected a header line",
        ),
    ],
)
def test_files_that_are_wrong_or_of_another_run_are_refused(
    annotate: Callable[..., Any],
    side: dict[str, Path],
    weighted: dict[str, Path],
    name: str,
    old: bytes,
    new: bytes,
    message: str,
) -> None:
    weighted[name].write_bytes(weighted[name].read_bytes().replace(old, new))
    with pytest.raises(MetapipeError, match=f"METAPIPE-{message}"):
        annotate(side if name in side else weighted)


@pytest.mark.parametrize("name", ["contig-taxonomy", "contig-abundance"])
def test_a_contig_without_a_row_is_named(annotate: Callable[..., Any], weighted: dict[str, Path], name: str) -> None:
    lines = weighted[name].read_bytes().splitlines(keepends=True)
    weighted[name].write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(MetapipeError, match=f"METAPIPE-E112 {name}: expected each contig of genes once.*{BARE}"):
        annotate(weighted)


def test_the_same_input_gives_the_same_bytes(annotate: Callable[..., Any], side: dict[str, Path]) -> None:
    assert annotate(side) == annotate(side)
