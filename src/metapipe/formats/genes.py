"""The genes of this pipeline: CDS features of GFF3, read and written."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NoReturn

from metapipe.errors import MetapipeError
from metapipe.formats.gff3 import Feature, format_feature, read_features
from metapipe.formats.table_rows import is_count


@dataclass(frozen=True, slots=True)
class Gene:
    """One protein-coding gene on a contig.

    :param id: ``<contig>_<n>``, n counted from 1 along the contig.
    :param start: first base on the contig, 1-based, forward strand; ``start <= end`` on both strands.
    :param end: last base, 1-based, inside the gene; the stop codon belongs to the gene.
    :param strand: 1 or -1.
    :param phase: bases to skip from the gene's 5' end to its first whole codon (0, 1 or 2).
    :param partial_left: the gene runs over the contig's first base (its start if ``strand`` is 1, else its stop).
    :param partial_right: the gene runs over the contig's last base.
    :param start_type: start codon, ``Edge`` when it lies beyond the contig, empty when unknown.
    :param translation_table: NCBI genetic code.
    :param confidence: per cent, after Prodigal.
    """

    id: str
    contig: str
    start: int
    end: int
    strand: int
    phase: int = 0
    partial_left: bool = False
    partial_right: bool = False
    start_type: str = ""
    translation_table: int = 11
    score: float | None = None
    confidence: float | None = None
    rbs_motif: str = ""
    rbs_spacer: str = ""
    source: str = "."

    @property
    def length(self) -> int:
        """Bases from first to last."""
        return self.end - self.start + 1

    @property
    def has_start(self) -> bool:
        """Whether the gene's 5' end lies on the contig."""
        return not (self.partial_left if self.strand == 1 else self.partial_right)

    @property
    def has_stop(self) -> bool:
        """Whether the gene's 3' end lies on the contig."""
        return not (self.partial_right if self.strand == 1 else self.partial_left)

    @property
    def complete(self) -> bool:
        """Whether the gene has both ends; else it runs off the contig on one side or both."""
        return not (self.partial_left or self.partial_right)

    @property
    def partial(self) -> str:
        """Prodigal's two digits: left and right end, 1 where the gene runs over the contig's end."""
        return f"{self.partial_left:d}{self.partial_right:d}"


def gene_feature(gene: Gene) -> Feature:
    """Return the gene as a CDS feature with Prodigal's attribute names."""
    attributes = {
        "ID": gene.id,
        "partial": gene.partial,
        "start_type": gene.start_type,
        "rbs_motif": gene.rbs_motif,
        "rbs_spacer": gene.rbs_spacer,
        "transl_table": str(gene.translation_table),
        "conf": "" if gene.confidence is None else repr(gene.confidence),
    }
    return Feature(
        seqid=gene.contig,
        source=gene.source,
        type="CDS",
        start=gene.start,
        end=gene.end,
        score=gene.score,
        strand="+" if gene.strand == 1 else "-",
        phase=gene.phase,
        attributes={tag: (value,) for tag, value in attributes.items() if value},
    )


def format_gene(gene: Gene) -> str:
    """Return the gene as one line of GFF3."""
    return format_feature(gene_feature(gene))


def feature_gene(feature: Feature, *, file: str | PathLike[str] | None = None, line: int | None = None) -> Gene:
    """Read a CDS feature as a gene. Attributes another program did not write take their defaults.

    :raises MetapipeError: E111 when it has no ID, strand or phase, or when an attribute is not what it should be.
    """

    def refuse(expected: str, found: str) -> NoReturn:
        raise MetapipeError("E111", file=file, line=line, expected=expected, found=found)

    def value(tag: str, default: str = "") -> str:
        return feature.attributes.get(tag, (default,))[0]

    if not value("ID"):
        refuse("an attribute ID for every CDS", feature.seqid)
    if feature.strand not in ("+", "-"):
        refuse("strand '+' or '-' for every CDS", feature.strand)
    if feature.phase is None:
        refuse("a phase (0, 1 or 2) for every CDS", ".")
    partial, table, confidence = value("partial", "00"), value("transl_table", "11"), value("conf")
    if partial not in ("00", "01", "10", "11"):
        refuse("partial=00, 01, 10 or 11", partial)
    if not is_count(table):
        refuse("transl_table= the number of a genetic code", table)
    try:
        per_cent = float(confidence) if confidence else None
    except ValueError:
        refuse("conf= a number", confidence)
    return Gene(
        id=value("ID"),
        contig=feature.seqid,
        start=feature.start,
        end=feature.end,
        strand=1 if feature.strand == "+" else -1,
        phase=feature.phase,
        partial_left=partial[0] == "1",
        partial_right=partial[1] == "1",
        start_type=value("start_type"),
        translation_table=int(table),
        score=feature.score,
        confidence=per_cent,
        rbs_motif=value("rbs_motif"),
        rbs_spacer=value("rbs_spacer"),
        source=feature.source,
    )


def read_genes(path: Path, *, label: str | None = None) -> dict[str, list[Gene]]:
    """Return the CDS features of a GFF3 file as genes by contig, both in file order.

    :param label: file name as the user knows it, for messages.
    :raises MetapipeError: E111 for a malformed line, E107 for an ID that occurs twice (a CDS cut in pieces, as
        eukaryotic genes have, is not what this pipeline annotates).
    """
    genes: dict[str, list[Gene]] = {}
    seen: set[str] = set()
    for line, feature in read_features(path, label=label):
        if feature.type != "CDS":
            continue
        gene = feature_gene(feature, file=label or path.name, line=line)
        if gene.id in seen:
            raise MetapipeError("E107", "each CDS on one line", file=label or path.name, line=line, found=gene.id)
        seen.add(gene.id)
        genes.setdefault(gene.contig, []).append(gene)
    return genes
