"""Stretches of a sequence that are rRNA: which of several that overlap stays, its row in the table, its bases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from metapipe.formats.fasta_text import format_fasta, reverse_complement
from metapipe.formats.row_type import Column, RowType

#: Two regions with more than this share of the shorter in common are one gene seen by two models.
_SAME = 0.5


@dataclass(frozen=True, slots=True)
class Region:
    """The envelope of one model in one sequence.

    :param start: 1-based, closed, on the sequence as given; ``start <= end`` on both strands.
    :param strand: ``+`` or ``-``. :param score: in bits. :param model_start: of the alignment, 1-based, closed.
    """

    start: int
    end: int
    strand: str
    gene: str
    domain: str
    score: float
    evalue: float
    model_start: int
    model_end: int
    model_length: int

    @property
    def length(self) -> int:
        """Bases of the envelope."""
        return self.end - self.start + 1


@dataclass(frozen=True, slots=True)
class RrnaRow:
    """A row of the table.

    :param sequence: the read or contig; of mates, their pair. :param mate: 1 or 2, 0 of single reads and contigs.
    :param rrna: name of what was cut out, in the FASTA files.
    """

    rrna: str
    sequence: str
    mate: int
    start: int
    end: int
    strand: str
    gene: str
    domain: str
    score: Annotated[float, Column(format=".1f", signed=True)]
    evalue: Annotated[float, Column(format=".2e")]
    model_start: int
    model_end: int
    model_length: int


RRNA_TABLE = RowType(RrnaRow)


def best_regions(found: Iterable[Region]) -> list[Region]:
    """Return the regions that stay, from left to right: of those that share more than half of the shorter, the best.

    :param found: of one sequence; of equal scores the one that comes first is the best.
    """
    kept: list[Region] = []
    for region in sorted(found, key=lambda one: -one.score):
        if not any(_shared(region, other) > _SAME * min(region.length, other.length) for other in kept):
            kept.append(region)
    return sorted(kept, key=lambda one: (one.start, one.end))


def _shared(one: Region, other: Region) -> int:
    return min(one.end, other.end) - max(one.start, other.start) + 1


def table_row(region: Region, sequence: str, mate: int = 0) -> RrnaRow:
    """Return a region's row. :param sequence: the read's, pair's or contig's name."""
    whose = f"{sequence}/{mate}" if mate else sequence
    return RrnaRow(
        f"{whose}:{region.start}-{region.end}",
        sequence,
        mate,
        region.start,
        region.end,
        region.strand,
        region.gene,
        region.domain,
        region.score,
        region.evalue,
        region.model_start,
        region.model_end,
        region.model_length,
    )


def cut_out(row: RrnaRow, sequence: bytes) -> bytes:
    """Return a region as a FASTA record in the direction of the RNA, letters as given. :param sequence: all of it."""
    bases = sequence[row.start - 1 : row.end]
    description = f"{row.gene} {row.domain} strand={row.strand} score={row.score:.1f} evalue={row.evalue:.2e}"
    return format_fasta(row.rrna, description, bases if row.strand == "+" else reverse_complement(bases))
