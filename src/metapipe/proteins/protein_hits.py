"""Hits of proteins in a protein database: from the aligner's lines to META-pipe's hits.

Rules: META-pipe 1.0 (``Hit/Blast.pm``, see docs/annotation-rules.md): percentages are over the query's length and
summed over the alignments (HSPs) of one subject; E-value and score are their means; a hit is significant if
E ≤ 1e-5 and (identity ≥ 30 % or similarity ≥ 40 %). Rules are applied to the numbers as printed, so that nobody who
checks the table finds a row that contradicts itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from metapipe.formats.table_rows import Place, decimal, format_row, listed, signed, split_row, whole, yes_no

MAX_EVALUE = 1e-5
MIN_IDENTITY = 30.0
MIN_SIMILARITY = 40.0


COLUMNS = (
    "query", "subject", "database", "identity_pct", "similarity_pct", "query_cover_pct", "alignment_length",
    "query_start", "query_end", "subject_start", "subject_end", "evalue", "bitscore", "product", "gene", "ec", "go",
    "taxid", "organism", "significant",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProteinHit:
    """One subject of one query.

    :param identity: identical residues in per cent of the query's length; so are ``similarity`` and ``cover``.
    :param alignment_length: columns of all alignments, gaps included.
    :param query_start: first aligned residue over all alignments; ``query_end``, ``subject_*`` accordingly.
    """

    query: str
    subject: str
    database: str
    identity: float
    similarity: float
    cover: float
    alignment_length: int
    query_start: int
    query_end: int
    subject_start: int
    subject_end: int
    evalue: float
    bitscore: float
    product: str = ""
    gene: str = ""
    ec: tuple[str, ...] = ()
    go: tuple[str, ...] = ()
    taxid: str = ""
    organism: str = ""
    significant: bool = False


def is_significant(evalue: float, identity: float, similarity: float) -> bool:
    """META-pipe 1.0's rule; percentages over the query's length."""
    return evalue <= MAX_EVALUE and (identity >= MIN_IDENTITY or similarity >= MIN_SIMILARITY)


def best_first(hit: ProteinHit) -> tuple[float, float, float, float, str]:
    """Sort key of a query's rows: lowest E-value, highest score, identity, similarity; then the accession."""
    return (hit.evalue, -hit.bitscore, -hit.identity, -hit.similarity, hit.subject)


def format_hit(hit: ProteinHit) -> bytes:
    """Return the hit as one row under :data:`COLUMNS`."""
    return format_row(
        (
            hit.query,
            hit.subject,
            hit.database,
            f"{hit.identity:.2f}",
            f"{hit.similarity:.2f}",
            f"{hit.cover:.2f}",
            str(hit.alignment_length),
            str(hit.query_start),
            str(hit.query_end),
            str(hit.subject_start),
            str(hit.subject_end),
            f"{hit.evalue:.2e}",
            f"{hit.bitscore:.1f}",
            hit.product,
            hit.gene,
            ";".join(hit.ec),
            ";".join(hit.go),
            hit.taxid,
            hit.organism,
            "yes" if hit.significant else "no",
        )
    )


def parse_hit(line: bytes, place: Place) -> ProteinHit:
    """Read one row under :data:`COLUMNS`; raise E111."""
    cells = dict(zip(COLUMNS, split_row(line, COLUMNS, place), strict=True))

    def number(column: str) -> float:
        return decimal(cells[column], column, place)

    def count(column: str) -> int:
        return whole(cells[column], column, place)

    return ProteinHit(
        query=cells["query"],
        subject=cells["subject"],
        database=cells["database"],
        identity=number("identity_pct"),
        similarity=number("similarity_pct"),
        cover=number("query_cover_pct"),
        alignment_length=count("alignment_length"),
        query_start=count("query_start"),
        query_end=count("query_end"),
        subject_start=count("subject_start"),
        subject_end=count("subject_end"),
        evalue=number("evalue"),
        bitscore=signed(cells["bitscore"], "bitscore", place),
        product=cells["product"],
        gene=cells["gene"],
        ec=listed(cells["ec"]),
        go=listed(cells["go"]),
        taxid=cells["taxid"],
        organism=cells["organism"],
        significant=yes_no(cells["significant"], "significant", place),
    )
