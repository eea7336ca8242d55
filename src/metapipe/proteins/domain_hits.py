"""Domains found in proteins: the model of a hit, which of several overlapping ones stays, and the table's rows."""

from __future__ import annotations

from dataclasses import dataclass

from metapipe.formats.table_rows import Place, decimal, format_row, listed, signed, split_row, whole, yes_no

#: META-pipe 1.0's limit for models that have neither a gathering nor a trusted cut-off.
MAX_DOMAIN_EVALUE = 1e-4

COLUMNS = (
    "query", "family", "name", "database", "description", "score", "evalue", "domain_evalue", "envelope_start",
    "envelope_end", "hmm_start", "hmm_end", "interpro", "interpro_name", "go", "significant", "ec",
)  # fmt: skip


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
    score: float
    evalue: float
    domain_evalue: float
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


def best_domain_first(hit: DomainHit) -> tuple[bool, float, float, str, int, int, int]:
    """Sort key: significant, highest score, lowest E-value; then family and place."""
    place = (hit.envelope_start, hit.envelope_end, hit.hmm_start)
    return (not hit.significant, -hit.score, hit.domain_evalue, hit.family, *place)


def along_protein(hit: DomainHit) -> tuple[int, str, int, float]:
    """Sort key of a protein's rows: start, family, end, highest score."""
    return (hit.envelope_start, hit.family, hit.envelope_end, -hit.score)


def format_domain(hit: DomainHit) -> bytes:
    """Return the domain as one row under :data:`COLUMNS`."""
    return format_row(
        (
            hit.query,
            hit.family,
            hit.name,
            hit.database,
            hit.description,
            f"{hit.score:.1f}",
            f"{hit.evalue:.2e}",
            f"{hit.domain_evalue:.2e}",
            str(hit.envelope_start),
            str(hit.envelope_end),
            str(hit.hmm_start),
            str(hit.hmm_end),
            hit.interpro,
            hit.interpro_name,
            ";".join(hit.go),
            "yes" if hit.significant else "no",
            ";".join(hit.ec),
        )
    )


def parse_domain(line: bytes, place: Place) -> DomainHit:
    """Read one row under :data:`COLUMNS`; raise E111."""
    cells = dict(zip(COLUMNS, split_row(line, COLUMNS, place), strict=True))
    return DomainHit(
        query=cells["query"],
        family=cells["family"],
        name=cells["name"],
        database=cells["database"],
        description=cells["description"],
        score=signed(cells["score"], "score", place),
        evalue=decimal(cells["evalue"], "evalue", place),
        domain_evalue=decimal(cells["domain_evalue"], "domain_evalue", place),
        envelope_start=whole(cells["envelope_start"], "envelope_start", place),
        envelope_end=whole(cells["envelope_end"], "envelope_end", place),
        hmm_start=whole(cells["hmm_start"], "hmm_start", place),
        hmm_end=whole(cells["hmm_end"], "hmm_end", place),
        interpro=cells["interpro"],
        interpro_name=cells["interpro_name"],
        go=listed(cells["go"]),
        significant=yes_no(cells["significant"], "significant", place),
        ec=listed(cells["ec"]),
    )
