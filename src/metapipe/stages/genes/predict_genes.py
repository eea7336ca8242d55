"""Predict protein-coding genes on contigs (META-pipe ran MetaGeneAnnotator; here Prodigal's meta mode, in-process)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from metapipe.formats import gff3
from metapipe.formats.contig_statistics import histogram
from metapipe.formats.fasta_text import format_fasta
from metapipe.formats.genes import Gene, format_gene
from metapipe.runner.declare.elements import Exact, Fasta, Output, option
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.genes.gene_calls import cut_gene, find_genes, gene_finder
from metapipe.stages.genes.translation import translate


@dataclass(frozen=True)
class PredictGenesOptions:
    """Options of :class:`PredictGenes`."""

    complete_only: bool = option(False, "Leave out genes that are cut off by an end of their contig")
    min_gene_length: int = option(90, "Shortest gene, in bases (cut-off genes: two thirds of it)", minimum=30)


class PredictGenes(Stage):
    """Genes get the id ``<contig>_<n>``.

    ``n`` counts all genes of the contig from the left, also those that ``complete_only`` leaves out: a gene keeps its
    id whether or not incomplete ones are wanted. Each contig has its own ``##sequence-region`` line right before its
    genes, so blocks can be joined without moving lines.
    """

    name = "predict_genes"
    summary = "Predict protein-coding genes on contigs"
    example = "metapipe predict_genes --contigs contigs.fasta --out-genes genes.gff3 --out-proteins proteins.fasta"
    records = Fasta("contigs")
    outputs = {
        "genes": Output("gff3", "Genes with position, strand and which ends are missing", HeaderOnce(lines=1)),
        "nucleotides": Output(
            "fasta", "Sequence of each gene in its own direction, stop codon included", label="Gene sequences"
        ),
        "proteins": Output("fasta", "Protein of each gene"),
    }
    options = PredictGenesOptions
    invariance = Exact()
    rate = 4e5
    empty_ok = True

    def setup(self, task: Task) -> Any:
        """Make the gene finder, with its training sets, once a worker."""
        return gene_finder(task.options.min_gene_length)

    def run(self, task: Task, state: Any) -> None:
        """Write the genes of each contig: their places (GFF3), bases and proteins. Count whole and partial ones.

        :param state: what :meth:`setup` has made.
        """
        counts = GeneCounts()
        genes, nucleotides, proteins = (task.output(name) for name in self.outputs)
        genes.write(gff3.VERSION_LINE.encode())
        for contig in task.records():
            found = find_genes(state, contig.name, contig.sequence)
            kept = [gene for gene in found if gene.complete or not task.options.complete_only]
            counts.add(len(contig.sequence), len(found), kept)
            genes.write(gff3.sequence_region(contig.name, len(contig.sequence)).encode())
            for gene in kept:
                bases = cut_gene(gene, contig.sequence)
                protein = translate(bases, gene.translation_table, has_start=gene.has_start, has_stop=gene.has_stop)
                genes.write(format_gene(gene).encode())
                nucleotides.write(format_fasta(gene.id, describe(gene), bases))
                proteins.write(format_fasta(gene.id, describe(gene), protein))
        for key, value in counts.as_notes().items():
            task.note(key, value)

    def tool_versions(self) -> dict[str, str]:
        """The version of Pyrodigal, which has Prodigal built in."""
        return {"pyrodigal": version("pyrodigal")}


def describe(gene: Gene) -> str:
    """Return the text after the id in a gene's FASTA header."""
    strand = "+" if gene.strand == 1 else "-"
    return f"location={gene.start}..{gene.end} strand={strand} partial={gene.partial} start_type={gene.start_type}"


class GeneCounts:
    """Running counts over contigs and their genes; they add up over blocks."""

    def __init__(self) -> None:
        self.contigs = self.bases = self.contigs_with_genes = self.found = self.genes = self.coding_bases = 0
        self.partial = Counter[str]({"00": 0, "01": 0, "10": 0, "11": 0})
        self.strands = Counter[str]({"+": 0, "-": 0})
        self.start_types: Counter[str] = Counter()
        self.tables: Counter[int] = Counter()
        self.lengths: Counter[int] = Counter()

    def add(self, contig_length: int, found: int, kept: list[Gene]) -> None:
        """Count one contig: all genes found on it, and those kept."""
        self.contigs += 1
        self.bases += contig_length
        self.contigs_with_genes += bool(kept)
        self.found += found
        self.genes += len(kept)
        for gene in kept:
            self.coding_bases += gene.length
            self.partial[gene.partial] += 1
            self.strands["+" if gene.strand == 1 else "-"] += 1
            self.start_types[gene.start_type] += 1
            self.tables[gene.translation_table] += 1
            self.lengths[gene.length] += 1

    def as_notes(self) -> dict[str, Any]:
        """Return the counts as JSON values. ``lengths`` is gene length in bases → genes; ``partial`` as in the GFF3."""
        return {
            "contigs": self.contigs,
            "bases": self.bases,
            "contigs_with_genes": self.contigs_with_genes,
            "genes": self.genes,
            "complete_genes": self.partial["00"],
            "left_out_incomplete": self.found - self.genes,
            "coding_bases": self.coding_bases,
            "partial": dict(self.partial),
            "strands": dict(self.strands),
            "start_types": dict(sorted(self.start_types.items())),
            "translation_tables": histogram(self.tables),
            "lengths": histogram(self.lengths),
        }
