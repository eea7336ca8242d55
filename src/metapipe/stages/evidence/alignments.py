"""Alignments of a protein aligner, made into hits by META-pipe 1.0's rules (see docs/annotation-rules.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metapipe.formats.plain_text import one_line
from metapipe.formats.table_rows import Place, decimal, signed, split_row, whole
from metapipe.proteins.protein_hits import ProteinHit, best_first, is_significant
from metapipe.proteins.subject_titles import parse_title

#: Columns asked of the aligner (DIAMOND's and BLAST's names). The title comes last: it may hold tabs.
RAW_COLUMNS = (
    "qseqid", "sseqid", "nident", "positive", "length", "qstart", "qend", "sstart", "send", "evalue", "bitscore",
    "qlen", "slen", "stitle",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alignment:
    """One alignment (HSP) as the aligner reports it. Positions are 1-based and closed; lengths in residues."""

    query: str
    subject: str
    identical: int
    similar: int
    length: int
    query_start: int
    query_end: int
    subject_start: int
    subject_end: int
    evalue: float
    bitscore: float
    query_length: int
    title: str


def parse_alignment(line: bytes, place: Place) -> Alignment:
    """Read one line of the aligner with :data:`RAW_COLUMNS`; raise E111."""
    cells = line.rstrip(b"\r\n").split(b"\t", len(RAW_COLUMNS) - 1)
    named = dict(zip(RAW_COLUMNS, split_row(b"\t".join(cells[:-1]), RAW_COLUMNS[:-1], place), strict=False))

    def count(column: str) -> int:
        return whole(named[column], column, place)

    return Alignment(
        query=named["qseqid"],
        subject=named["sseqid"],
        identical=count("nident"),
        similar=count("positive"),
        length=count("length"),
        query_start=count("qstart"),
        query_end=count("qend"),
        subject_start=count("sstart"),
        subject_end=count("send"),
        evalue=decimal(named["evalue"], "evalue", place),
        bitscore=signed(named["bitscore"], "bitscore", place),
        query_length=count("qlen"),
        title=cells[-1].decode("utf-8", "replace"),
    )


def combine(alignments: Sequence[Alignment], database: str) -> ProteinHit:
    """Make one hit of the alignments of one query with one subject (at least one).

    An alignment that covers, for the most part, query residues of a better one is left out: no residue counts twice.
    (It comes from a repeat, or from a database in which one accession stands twice.)

    :param database: ``name:version``.
    """
    alignments = _without_repeats(alignments)
    first, length = alignments[0], max(alignments[0].query_length, 1)
    evalue = rounded_evalue(sum(part.evalue for part in alignments) / len(alignments))
    identity = _percent(sum(part.identical for part in alignments), length)
    similarity = _percent(sum(part.similar for part in alignments), length)
    # DIAMOND's title is the whole header; the accession in front of it is already known.
    accession, _, rest = one_line(first.title).partition(" ")
    title = parse_title(rest if accession == first.subject else first.title)
    return ProteinHit(
        query=first.query,
        subject=first.subject,
        database=database,
        identity=identity,
        similarity=similarity,
        cover=_percent(_covered(alignments), length),
        alignment_length=sum(part.length for part in alignments),
        query_start=min(part.query_start for part in alignments),
        query_end=max(part.query_end for part in alignments),
        subject_start=min(part.subject_start for part in alignments),
        subject_end=max(part.subject_end for part in alignments),
        evalue=evalue,
        bitscore=round(sum(part.bitscore for part in alignments) / len(alignments), 1),
        product=title.product,
        gene=title.gene,
        ec=title.ec,
        go=title.go,
        taxid=title.taxid,
        organism=title.organism,
        significant=is_significant(evalue, identity, similarity),
    )


def _without_repeats(alignments: Sequence[Alignment]) -> list[Alignment]:
    kept: list[Alignment] = []
    for one in sorted(alignments, key=lambda part: (part.evalue, -part.bitscore, part.query_start, part.subject_start)):
        own = one.query_end - one.query_start + 1
        shared = (
            min(one.query_end, better.query_end) - max(one.query_start, better.query_start) + 1 for better in kept
        )
        if all(2 * count <= own for count in shared):
            kept.append(one)
    return kept


def rounded_evalue(value: float) -> float:
    """Return the E-value with the three digits that are printed."""
    return float(f"{value:.2e}")


def _percent(count: int, length: int) -> float:
    # Overlapping alignments may count a residue twice; more than all of the query cannot be identical.
    return round(min(100.0 * count / length, 100.0), 2)


def _covered(alignments: Iterable[Alignment]) -> int:
    """Return how many query residues lie in at least one alignment."""
    covered = end = 0
    for start, stop in sorted((part.query_start, part.query_end) for part in alignments):
        covered += max(0, stop - max(start, end + 1) + 1)
        end = max(end, stop)
    return covered


def hits_by_query(alignments: Iterable[Alignment], database: str) -> dict[str, list[ProteinHit]]:
    """Group alignments by query and subject; each query's hits best first."""
    grouped: dict[str, dict[str, list[Alignment]]] = {}
    for alignment in alignments:
        grouped.setdefault(alignment.query, {}).setdefault(alignment.subject, []).append(alignment)
    return {
        query: sorted((combine(parts, database) for parts in subjects.values()), key=best_first)
        for query, subjects in grouped.items()
    }
