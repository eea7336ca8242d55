"""The demo's way through a real Galaxy: every file of the result says the same, and the second run repeats nothing."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from Bio import SeqIO
from Bio.SeqFeature import ExactPosition, SeqFeature
from Bio.SeqRecord import SeqRecord

if TYPE_CHECKING:
    from conftest import FinishedRun, RunCommand

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1500)]

FILES = {
    "report.html",
    "figures.png",
    "annotation.gff3",
    "annotation.gbk",
    "annotation.embl",
    "annotation-table.tsv",
    "annotated-proteins.fasta",
    "gene-sequences.fasta",
    "contigs.fasta",
    "protein-hits.tsv",
    "domains.tsv",
    "taxa-of-contigs.tsv",
    "contig-abundance.tsv",
    "gene-abundance.tsv",
    "taxon-abundance.tsv",
    "functions.tsv",
    "chart-of-taxa.html",
    "chart-of-functions.html",
}


@dataclass(frozen=True)
class Statement:
    """What every format has to say of a gene. Coordinates as in GFF3: 1-based, both ends included."""

    gene: str
    locus_tag: str
    contig: str
    start: int
    end: int
    strand: str
    product: str
    name: str
    ec: tuple[str, ...]


def from_table(path: Path) -> list[Statement]:
    with path.open() as lines:
        header = next(lines).lstrip("#").rstrip("\n").split("\t")
        rows = list(csv.DictReader(lines, header, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Statement(
            row["gene"],
            row["locus_tag"],
            row["contig"],
            int(row["start"]),
            int(row["end"]),
            row["strand"],
            row["product"],
            row["gene_name"],
            tuple(number for column in ("ec", "ec_partial") for number in row[column].split(";") if number),
        )
        for row in rows
    ]


def from_gff3(path: Path) -> list[Statement]:
    genes = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            continue
        contig, _, kind, start, end, _, strand, _, attributes = line.split("\t")
        assert kind in {"CDS", "region"}
        if kind == "region":  # the contig itself
            continue
        values = {
            tag: [unquote(value) for value in text.split(",")]
            for tag, text in (pair.split("=", 1) for pair in attributes.split(";"))
        }
        genes.append(
            Statement(
                values["ID"][0],
                values["locus_tag"][0],
                unquote(contig),
                int(start),
                int(end),
                strand,
                values["product"][0],
                values.get("gene", [""])[0],
                tuple(values.get("ec_number", [])),
            )
        )
    return genes


def records(path: Path, layout: str) -> list[SeqRecord]:
    with path.open() as file:
        return list(SeqIO.parse(file, layout))


def coding(record: SeqRecord) -> list[SeqFeature]:
    return [feature for feature in record.features if feature.type == "CDS"]


def from_flat_file(path: Path, layout: str) -> list[Statement]:
    genes = []
    for record in records(path, layout):
        for feature in coding(record):
            location, qualifiers = feature.location, feature.qualifiers
            assert location is not None
            ids = [note.removeprefix("gene id ") for note in qualifiers["note"] if note.startswith("gene id ")]
            genes.append(
                Statement(
                    *ids,
                    qualifiers["locus_tag"][0],
                    str(record.id).removesuffix(".1") if layout == "embl" else str(record.id),
                    int(location.start) + 1,
                    int(location.end),
                    "+" if location.strand == 1 else "-",
                    qualifiers["product"][0],
                    qualifiers.get("gene", [""])[0],
                    tuple(qualifiers.get("EC_number", [])),
                )
            )
    return genes


@pytest.fixture(scope="module")
def table(finished_run: FinishedRun) -> list[Statement]:
    return from_table(finished_run.results / "annotation-table.tsv")


def test_every_output_of_the_workflow_is_downloaded_and_none_is_left_half_written(finished_run: FinishedRun) -> None:
    names = {path.name for path in finished_run.results.iterdir()}
    assert names >= FILES
    assert len(names) == len(finished_run.invocation["outputs"])
    assert all(path.stat().st_size for path in finished_run.results.iterdir())


def test_gff3_genbank_and_embl_say_of_every_gene_what_the_table_says(
    finished_run: FinishedRun, table: list[Statement]
) -> None:
    assert len(table) > 1000
    assert from_gff3(finished_run.results / "annotation.gff3") == table
    assert from_flat_file(finished_run.results / "annotation.gbk", "genbank") == table
    assert from_flat_file(finished_run.results / "annotation.embl", "embl") == table


def test_the_contigs_in_the_flat_files_are_the_contigs(finished_run: FinishedRun) -> None:
    contigs = [(record.id, str(record.seq)) for record in records(finished_run.results / "contigs.fasta", "fasta")]
    assert contigs
    for name, layout in (("annotation.gbk", "genbank"), ("annotation.embl", "embl")):
        written = records(finished_run.results / name, layout)
        assert [str(record.seq) for record in written] == [sequence for _, sequence in contigs]
        assert [str(record.id).removesuffix(".1") for record in written] == [contig for contig, _ in contigs]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as lines:
        header = next(lines).lstrip("#").rstrip("\n").split("\t")
        return list(csv.DictReader(lines, header, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_taxa_and_abundance_in_the_annotation_are_those_of_their_tables(finished_run: FinishedRun) -> None:
    results = finished_run.results
    taxa = {row["contig"]: row for row in rows(results / "taxa-of-contigs.tsv")}
    contigs = {row["contig"]: row for row in rows(results / "contig-abundance.tsv")}
    genes = {row["gene"]: row for row in rows(results / "gene-abundance.tsv")}
    assert list(taxa) == list(contigs) == [record.id for record in records(results / "contigs.fasta", "fasta")]
    annotated = rows(results / "annotation-table.tsv")
    assert [row["gene"] for row in annotated] == list(genes)
    for row in annotated:
        assert row["contig_lineage"] == taxa[row["contig"]]["lineage"]
        assert row["contig_mean_depth"] == contigs[row["contig"]]["mean_depth"]
        assert (row["reads"], row["mean_depth"]) == (genes[row["gene"]]["reads"], genes[row["gene"]]["mean_depth"])
    regions = [
        line.split("\t") for line in (results / "annotation.gff3").read_text().splitlines() if "\tregion\t" in line
    ]
    assert {cells[0]: cells[8].rpartition("mean_depth=")[2].partition(";")[0] for cells in regions} == {
        contig: row["mean_depth"] for contig, row in contigs.items()
    }
    # All but the reads of the rRNA, which is taken out before the assembly, lie on the contigs.
    assert sum(int(row["reads"]) for row in contigs.values()) > 0.98 * 2 * 62984
    assert sum(int(row["reads"]) for row in rows(results / "taxon-abundance.tsv")) == sum(
        int(row["reads"]) for row in contigs.values()
    )


def translated(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (locus tag, translation as stated, translation of the bases the location points at)."""
    for record in records(path, "genbank"):
        for feature in coding(record):
            bases = feature.extract(record.seq)[int(feature.qualifiers["codon_start"][0]) - 1 :]
            whole = bases[: len(bases) // 3 * 3]
            protein = str(whole.translate(table=feature.qualifiers["transl_table"][0])).removesuffix("*")
            assert feature.location is not None
            left, right = feature.location.start, feature.location.end
            first = left if feature.location.strand == 1 else right
            if isinstance(first, ExactPosition):  # any start codon stands for methionine
                protein = "M" + protein[1:]
            yield feature.qualifiers["locus_tag"][0], feature.qualifiers["translation"][0], protein


def test_every_location_translates_to_the_protein_that_stands_with_it(finished_run: FinishedRun) -> None:
    genes = list(translated(finished_run.results / "annotation.gbk"))
    assert [tag for tag, stated, protein in genes if stated != protein] == []
    proteins = [str(one.seq) for one in records(finished_run.results / "annotated-proteins.fasta", "fasta")]
    assert proteins == [stated for _, stated, _ in genes]


def test_the_page_counts_what_the_table_holds(finished_run: FinishedRun, table: list[Statement]) -> None:
    page = (finished_run.results / "report.html").read_text()
    shown = {
        name: int(value.replace(",", ""))
        for value, name in re.findall(r'<span class="value">([\d,]+)</span>\s*<span class="name">([^<]+)</span>', page)
    }
    contigs = len(records(finished_run.results / "contigs.fasta", "fasta"))
    with (finished_run.results / "annotation-table.tsv").open() as lines:
        columns = next(lines).lstrip("#").rstrip("\n").split("\t")
        tiers = Counter(line.split("\t")[columns.index("tier")] for line in lines)
    assert shown["genes"] == len(table)
    assert shown["contigs"] == contigs
    assert shown["read pairs in"] == 62984
    assert shown["genes with a supported function"] == tiers["1"] + tiers["2"]
    for tier, count in tiers.items():
        assert re.search(
            rf'class="swatch tier-{tier}"[^<]*</span>{tier} · [^<]+</th><td class="number">{count:,}<', page
        )


def test_what_is_printed_says_where_everything_is(finished_run: FinishedRun) -> None:
    for name in FILES:
        assert name in finished_run.printed
    assert finished_run.history_id in finished_run.printed
    assert finished_run.dataset_id("Report") in finished_run.printed


def test_the_second_run_finds_the_first_and_gives_the_same_files(
    finished_run: FinishedRun, run_command: RunCommand, tmp_path: Path
) -> None:
    done = run_command("--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "in Galaxy already" in done.stdout
    assert "same reads, same settings" in done.stdout
    assert finished_run.history_id in done.stdout
    for name in FILES:
        assert (tmp_path / "demo" / name).read_bytes() == (finished_run.results / name).read_bytes()
