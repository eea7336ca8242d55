"""Hits of proteins in a protein database: from the aligner's lines to META-pipe's hits.

Rules: META-pipe 1.0 (``Hit/Blast.pm``, see docs/annotation-rules.md): percentages are over the query's length and
summed over the alignments (HSPs) of one subject; E-value and score are their means; a hit is significant if
E ≤ 1e-5 and (identity ≥ 30 % or similarity ≥ 40 %). Rules are applied to the numbers as printed, so that nobody who
checks the table finds a row that contradicts itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from metapipe.formats.row_type import Column, RowType

MAX_EVALUE = 1e-5
MIN_IDENTITY = 30.0
MIN_SIMILARITY = 40.0


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
    identity: Annotated[float, Column("identity_pct", ".2f")]
    similarity: Annotated[float, Column("similarity_pct", ".2f")]
    cover: Annotated[float, Column("query_cover_pct", ".2f")]
    alignment_length: int
    query_start: int
    query_end: int
    subject_start: int
    subject_end: int
    evalue: Annotated[float, Column(format=".2e")]
    bitscore: Annotated[float, Column(format=".1f", signed=True)]
    product: str = ""
    gene: str = ""
    ec: tuple[str, ...] = ()
    go: tuple[str, ...] = ()
    taxid: str = ""
    organism: str = ""
    significant: bool = False


HIT_TABLE = RowType(ProteinHit)


def is_significant(evalue: float, identity: float, similarity: float) -> bool:
    """META-pipe 1.0's rule; percentages over the query's length."""
    return evalue <= MAX_EVALUE and (identity >= MIN_IDENTITY or similarity >= MIN_SIMILARITY)


def best_first(hit: ProteinHit) -> tuple[float, float, float, float, str]:
    """Sort key of a query's rows: lowest E-value, highest score, identity, similarity; then the accession."""
    return (hit.evalue, -hit.bitscore, -hit.identity, -hit.similarity, hit.subject)
