"""Domains found in proteins: the model of a hit, which of several overlapping ones stays, and the table's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from metapipe.formats.row_type import Column, RowType

#: META-pipe 1.0's limit for models that have neither a gathering nor a trusted cut-off.
MAX_DOMAIN_EVALUE = 1e-4


@dataclass(frozen=True, slots=True)
class DomainHit:
    """One domain in one protein.

    :param family: accession of the family (``PF00005.30``).
    :param database: ``name:version``.
    :param score: the domain's bit score; ``domain_evalue`` its independent E-value, ``evalue`` the whole protein's.
    :param envelope_start: 1-based, closed, in residues of the protein; ``hmm_*`` in positions of the model.
    :param ec: EC numbers that the family's GO terms stand for.
    """

    query: str
    family: str
    name: str
    database: str
    description: str
    score: Annotated[float, Column(format=".1f", signed=True)]
    evalue: Annotated[float, Column(format=".2e")]
    domain_evalue: Annotated[float, Column(format=".2e")]
    envelope_start: int
    envelope_end: int
    hmm_start: int
    hmm_end: int
    interpro: str = ""
    interpro_name: str = ""
    go: tuple[str, ...] = ()
    significant: bool = True
    ec: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Residues of the protein that the envelope covers."""
        return self.envelope_end - self.envelope_start + 1


DOMAIN_TABLE = RowType(DomainHit)


def best_domain_first(hit: DomainHit) -> tuple[bool, float, float, str, int, int, int]:
    """Sort key: significant, highest score, lowest E-value; then family and place."""
    place = (hit.envelope_start, hit.envelope_end, hit.hmm_start)
    return (not hit.significant, -hit.score, hit.domain_evalue, hit.family, *place)


def along_protein(hit: DomainHit) -> tuple[int, str, int, float]:
    """Sort key of a protein's rows: start, family, end, highest score."""
    return (hit.envelope_start, hit.family, hit.envelope_end, -hit.score)
