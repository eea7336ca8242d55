"""What a database of domain models says of its families: ``families.tsv``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.formats.plain_text import one_line
from metapipe.formats.table_rows import listed

#: By what a family's domains are judged: its gathering cut-off, else its trusted one, else a domain E-value.
GATHERING, TRUSTED, EVALUE = "GA", "TC", "E-value"

_REQUIRED = ("accession", "name", "description", "interpro", "interpro_name", "go", "ec")


@dataclass(frozen=True, slots=True)
class Family:
    """One family.

    :param interpro: accession of its InterPro entry, empty when it has none.
    :param ec: EC numbers that its GO terms stand for: support for an EC number, not one by itself.
    :param cutoff: by what its hits are judged: ``GA``, ``TC`` or ``E-value``. A table without that column is of a
        database in which every family has its gathering cut-off.
    """

    accession: str
    name: str = ""
    description: str = ""
    interpro: str = ""
    interpro_name: str = ""
    go: tuple[str, ...] = ()
    ec: tuple[str, ...] = ()
    cutoff: str = GATHERING


def rule_of(cutoffs: Any) -> str:
    """Return by what a model's domains are judged: META-pipe 1.0's order (``Hit/Pfam.pm``).

    :param cutoffs: pyhmmer's cut-offs of the model.
    """
    return GATHERING if cutoffs.gathering_available() else TRUSTED if cutoffs.trusted_available() else EVALUE


def read_families(path: Path) -> dict[str, Family]:
    """Return the families by accession (as in the table).

    :raises MetapipeError: E203 when the table lacks a column or a row is cut.
    """
    families: dict[str, Family] = {}
    columns: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line:
            continue
        cells = [one_line(cell) for cell in line.rstrip("\r").split("\t")]
        if not columns:
            columns = [cell.lstrip("#") for cell in cells]
            if missing := [name for name in _REQUIRED if name not in columns]:
                raise MetapipeError("E203", file=path, line=number, expected=f"column {missing[0]}", found=line)
            continue
        if len(cells) != len(columns):
            raise MetapipeError("E203", file=path, line=number, expected=f"{len(columns)} columns", found=line)
        row = dict(zip(columns, cells, strict=True))
        families[row["accession"]] = Family(
            accession=row["accession"],
            name=row["name"],
            description=row["description"],
            interpro=row["interpro"],
            interpro_name=row["interpro_name"],
            go=listed(row["go"]),
            ec=listed(row["ec"]),
            cutoff=row.get("cutoff") or GATHERING,
        )
    return families


def family_of(families: Mapping[str, Family], accession: str, name: str, description: str) -> Family:
    """Look up a model by accession, then without its version; a model the table lacks describes itself."""
    accession = accession or name
    known = families.get(accession) or families.get(accession.partition(".")[0])
    return known or Family(accession=accession, name=name, description=one_line(description))
