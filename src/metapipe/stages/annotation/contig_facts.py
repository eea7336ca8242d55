"""What is known of a contig as a whole: its taxon and how much of it there is, in the words of each format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metapipe.formats import gff3
from metapipe.formats.plain_text import one_line, plain
from metapipe.taxa.abundance_rows import ContigAbundance, GeneAbundance
from metapipe.taxa.rows import ContigRow

#: Columns that the annotation table has where the file is given, behind its own, in this order.
TAXON_COLUMNS = ("contig_taxid", "contig_taxon", "contig_rank", "contig_support_pct", "contig_lineage")
CONTIG_COLUMNS = ("contig_reads", "contig_mean_depth", "contig_tpm")
GENE_COLUMNS = ("reads", "mean_depth", "tpm")
COLUMNS_OF = {
    "contig-taxonomy": TAXON_COLUMNS,
    "contig-abundance": CONTIG_COLUMNS,
    "gene-abundance": GENE_COLUMNS,
}


@dataclass(frozen=True, slots=True)
class ContigFacts:
    """A contig's row of either file; None where the file was not given."""

    taxon: ContigRow | None = None
    abundance: ContigAbundance | None = None

    def notes(self) -> Iterator[str]:
        """Sentences for the source feature of flat files: it stays a metagenome's, whoever the contig may be of."""
        if self.taxon is not None and self.taxon.taxid:
            row = self.taxon
            yield (
                f"contig placed in {plain(row.taxon)} ({plain(row.rank)}, taxon {row.taxid}) "
                f"by {row.support} % of the votes of {row.genes} {'gene' if row.genes == 1 else 'genes'}"
            )
            yield f"lineage: {'; '.join(_names(row.lineage))}"
        if self.abundance is not None:
            yield amount(self.abundance)

    def features(self, contig: str, length: int) -> Iterator[gff3.Feature]:
        """The contig as a feature of GFF3 of its own; none where nothing is known of it, or it has no base."""
        attributes: dict[str, tuple[str, ...]] = {}
        if self.taxon is not None and self.taxon.taxid:
            row = self.taxon
            attributes |= {
                "Dbxref": (f"taxon:{row.taxid}",),
                "taxon": (plain(row.taxon),),
                "taxon_rank": (plain(row.rank),),
                "taxon_support": (row.support,),
                "lineage": ("; ".join(_names(row.lineage)),),
            }
        if self.abundance is not None:
            attributes |= amounts(self.abundance)
        if attributes and length:
            yield gff3.Feature(contig, "metapipe", "region", 1, length, attributes=attributes)

    def cells(self) -> Iterator[str]:
        """The cells under :data:`TAXON_COLUMNS` and :data:`CONTIG_COLUMNS` for each gene of the contig."""
        if self.taxon is not None:
            row = self.taxon
            yield from map(one_line, (row.taxid, row.taxon, row.rank, row.support, row.lineage))
        if self.abundance is not None:
            yield from amount_cells(self.abundance)


def amount(row: ContigAbundance | GeneAbundance) -> str:
    """How much there is, as one sentence."""
    return f"{row.reads} reads; mean depth {row.mean_depth:.2f}; {row.tpm:.2f} TPM"


def amounts(row: ContigAbundance | GeneAbundance) -> dict[str, tuple[str, ...]]:
    """How much there is, as attributes of GFF3."""
    return dict(zip(GENE_COLUMNS, ((cell,) for cell in amount_cells(row)), strict=True))


def amount_cells(row: ContigAbundance | GeneAbundance) -> tuple[str, str, str]:
    """Reads, mean depth and TPM, as the tables have them."""
    return str(row.reads), f"{row.mean_depth:.4f}", f"{row.tpm:.4f}"


def _names(lineage: str) -> list[str]:
    """The names of a lineage's taxa below the root."""
    steps = (step.split(":", 2) for step in lineage.split(";"))
    return [plain(step[2]) for step in steps if len(step) == 3 and step[2] != "root"]
