"""Reading a result for its evaluation: predicted genes from GFF3, their EC numbers and tiers from the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from metapipe.demo.community import read_true_genes
from metapipe.demo.evaluate import EcCounts, Evaluation, GeneCounts, PredictedGene, evaluate
from metapipe.errors import MetapipeError
from metapipe.refdb.readers.proteins import read_fasta
from metapipe.refdb.readers.text_files import open_text


def evaluate_files(truth: Path, gff: Path, contigs: Path, table: Path | None = None) -> Evaluation:
    """Compare result files with a folder of truth (``genes.tsv``, ``genomes.fasta``).

    :param table: the annotation table; without it no EC number is judged.
    :raises MetapipeError: E201 for a missing file, E111 for a malformed one.
    """
    for path in (truth / "genes.tsv", truth / "genomes.fasta", gff, contigs, *([table] if table else [])):
        if not path.is_file():
            raise MetapipeError("E201", file=path)
    genes = read_gff(gff)
    if table is not None:
        genes = add_annotation(genes, table)
    return evaluate(
        _sequences(truth / "genomes.fasta"), read_true_genes(truth / "genes.tsv"), _sequences(contigs), genes
    )


def read_gff(path: Path) -> list[PredictedGene]:
    """Read the CDS features of a GFF3 file; the sequences behind ``##FASTA`` are not looked at."""
    genes = []
    with open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("##FASTA"):
                break
            if line.startswith("#") or not line.strip():
                continue
            cells = line.rstrip("\n").split("\t")
            if len(cells) != 9 or not (cells[3] + cells[4]).isdigit():
                raise MetapipeError("E111", file=path, line=number, expected="nine columns of GFF3", found=line.strip())
            if cells[2] == "CDS":
                attributes = dict(pair.partition("=")[::2] for pair in cells[8].split(";"))
                gene_id = unquote(attributes.get("ID", f"line_{number}"))
                genes.append(PredictedGene(gene_id, unquote(cells[0]), int(cells[3]), int(cells[4]), cells[6]))
    return genes


def add_annotation(genes: list[PredictedGene], table: Path) -> list[PredictedGene]:
    """Add EC numbers and tier to genes, by their id, from the columns ``gene``, ``ec`` and ``tier``."""
    rows: dict[str, dict[str, str]] = {}
    with open_text(table) as lines:
        columns = lines.readline().rstrip("\n").lstrip("#").split("\t")
        missing = {"gene", "ec", "tier"} - set(columns)
        if missing:
            raise MetapipeError("E111", file=table, line=1, expected=f"column {sorted(missing)[0]}", found=str(columns))
        for line in lines:
            row = dict(zip(columns, line.rstrip("\n").split("\t"), strict=False))
            rows[row["gene"]] = row
    return [
        replace(gene, ec=tuple(filter(None, rows[gene.id]["ec"].split(";"))), tier=rows[gene.id]["tier"])
        if gene.id in rows
        else gene
        for gene in genes
    ]


def figures(result: Evaluation) -> dict[str, Any]:
    """The evaluation as plain values for JSON."""
    return {
        "contigs": result.contigs,
        "contigs_placed": result.placed,
        "genome_fraction": result.genome_fraction,
        "genes": {"all": _genes(result.all_genes), **{name: _genes(counts) for name, counts in result.genes.items()}},
        "ec": {"assembled_genes_with_ec": result.assembled_with_ec, **_ec(result.ec)},
        "ec_by_tier": {tier: _ec(counts) for tier, counts in result.ec_by_tier.items()},
    }


def table_lines(result: Evaluation) -> list[str]:
    """The evaluation for people."""
    lines = [f"contigs: {result.contigs}, {result.placed} of them placed on the genomes", "genome covered by contigs:"]
    lines += [f"  {name:<32} {fraction:7.1%}" for name, fraction in result.genome_fraction.items()]
    lines.append("genes by their 3' end:           assembled  found  recall  predicted  precision")
    for name, counts in [*result.genes.items(), ("all", result.all_genes)]:
        lines.append(
            f"  {name:<32} {counts.assembled:7d} {counts.found:6d} {percent(counts.recall)} "
            f"{counts.predicted:9d} {percent(counts.precision)}"
        )
    lines.append("EC numbers (four fields):           in truth  named  right  recall  precision  first three fields")
    tiers = [(f"tier {tier}", counts) for tier, counts in result.ec_by_tier.items()]
    for name, ec in [("all genes found", result.ec), *tiers]:
        lines.append(
            f"  {name:<32} {ec.true:7d} {ec.named:6d} {ec.right:6d} {percent(ec.recall)} {percent(ec.precision)} "
            f"{percent(ec.precision_3)}"
        )
    lines.append(f"EC numbers on genes without one in the truth (not judged): {result.ec.unjudged}")
    return lines


def percent(share: float | None) -> str:
    """Right-aligned percentage, or a dash."""
    return "      –" if share is None else f"{share:7.1%}"


def _genes(counts: GeneCounts) -> dict[str, Any]:
    return {**vars(counts), "recall": counts.recall, "precision": counts.precision}


def _ec(counts: EcCounts) -> dict[str, Any]:
    derived = {"recall": counts.recall, "precision": counts.precision, "precision_3": counts.precision_3}
    return {**vars(counts), **derived}


def _sequences(path: Path) -> dict[str, str]:
    return {header.split()[0]: sequence.upper() for header, sequence in read_fasta(path)}
