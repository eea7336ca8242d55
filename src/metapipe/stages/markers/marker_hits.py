"""Reads searched in marker proteins: which gene a read is of, how much of it, and which taxa have it.

The search is that of ``classify_reads``, in the proteins of a database of kind ``markers``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place, decimal, split_row, whole
from metapipe.stages.taxonomy.read_verdicts import tenths
from metapipe.stages.taxonomy.translated_search import TaxonHit
from metapipe.taxa.protein_names import taxid_of

COLUMNS = ("qseqid", "sseqid", "pident", "bitscore", "length", "slen")
#: Copies of a gene are counted in whole parts of this many, so that sums do not depend on their order.
PARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class MarkerRead:
    """A read of a marker gene.

    :param marker: the gene of its best hit. :param copies: how much of that gene's protein it covers, in :data:`PARTS`.
    :param hits: the best hit of each taxid, in ascending order of the taxids.
    """

    marker: str
    copies: int
    hits: list[TaxonHit]


@dataclass(frozen=True, slots=True)
class _Hit:
    subject: str
    identity: float
    score: float
    length: int
    whole: int


def marker_reads(table: Path, shortest: int) -> dict[int, MarkerRead]:
    """Read DIAMOND's table: number of the read → what it is of. Reads without a hit are not in it.

    :param shortest: hits of fewer amino acids are left out.
    :raises MetapipeError: E403 for a line that is none of DIAMOND's, E206 for a protein that is no marker's.
    """
    found: dict[int, list[_Hit]] = {}
    for read, hit in _rows(table):
        if hit.length >= shortest:
            found.setdefault(read, []).append(hit)
    return {read: _of(hits) for read, hits in found.items()}


def marker_of(name: str) -> tuple[str, int]:
    """Gene and taxid of a protein of the database.

    :raises MetapipeError: E206 for a name that says neither.

    >>> marker_of("COG0012.b1203_562")
    ('COG0012', 562)
    """
    marker, dot, rest = name.partition(".")
    taxid = taxid_of(rest)
    if not (marker and dot) or taxid is None:
        raise MetapipeError("E206", file="proteins.fasta", expected="a protein named MARKER.NAME_TAXID", found=name)
    return marker, taxid


def _of(hits: list[_Hit]) -> MarkerRead:
    # Names last: of hits that are equal in all that counts, the same one is the best in every order.
    best = max(hits, key=lambda hit: (tenths(hit.score), hit.identity, hit.length, hit.subject))
    taxa: dict[int, tuple[float, float]] = {}
    for hit in hits:
        taxid = marker_of(hit.subject)[1]
        taxa[taxid] = max(taxa.get(taxid, (0.0, 0.0)), (hit.score, hit.identity))
    return MarkerRead(
        marker=marker_of(best.subject)[0],
        copies=round(PARTS * best.length / best.whole),
        hits=[TaxonHit(taxid, score, identity) for taxid, (score, identity) in sorted(taxa.items())],
    )


def _rows(table: Path) -> Iterator[tuple[int, _Hit]]:
    with table.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = Place(table.name, number)
            try:
                query, subject, identity, score, length, size = split_row(line.rstrip(b"\n"), COLUMNS, place)
                hit = _Hit(
                    subject,
                    decimal(identity, "pident", place),
                    decimal(score, "bitscore", place),
                    whole(length, "length", place),
                    max(1, whole(size, "slen", place)),
                )
                read = whole(query, "qseqid", place)
            except MetapipeError as error:
                raise MetapipeError("E403", f"DIAMOND wrote a line that is none of its own: {error}") from error
            yield read, hit
