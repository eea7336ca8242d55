"""SILVA's own tables: ``tax_slv_*.txt`` (taxa and their ranks) and ``taxmap_slv_*.txt`` (references and their taxa)."""

from __future__ import annotations

from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.taxon_names import plain_name
from metapipe.refdb.readers.text_files import text_lines

_TAXMAP = "primaryAccession"


def is_rank_table(path: Path) -> bool:
    """Whether a file is ``tax_slv_*.txt``: way ending in ``;``, number, rank (a word), in columns parted by tabs."""
    for _, line in text_lines(path, "E111"):
        fields = [field.strip() for field in line.split("\t")]
        return len(fields) >= 3 and fields[0].endswith(";") and fields[1].isdecimal() and fields[2][:1].isalpha()
    return False


def read_ranks(path: Path) -> dict[tuple[str, ...], str]:
    """Way from the domain to a taxon, by the names → its rank.

    :raises MetapipeError: E111 for a row of another form.
    """
    ranks: dict[tuple[str, ...], str] = {}
    for number, line in text_lines(path, "E111"):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) < 3 or not fields[0].endswith(";") or not fields[2]:
            expected = "a way that ends in ';', a tab, a number, a tab, a rank"
            raise MetapipeError("E111", file=path, line=number, expected=expected, found=line)
        way = tuple(name.strip() for name in fields[0].removesuffix(";").split(";"))
        ranks[way] = plain_name(fields[2].replace("_", " "))  # major_clade
    return ranks


def taxmap_row(fields: list[str]) -> tuple[str, str] | None:
    """Name and lineage of a row of ``taxmap_slv_*.txt``: accession, start, stop, way, organism; None for its header.

    >>> taxmap_row(["AB1", "1", "1400", "Bacteria;Bacillota;", "Bacillus subtilis", "7"])
    ('AB1.1.1400', 'Bacteria;Bacillota;Bacillus subtilis')
    """
    if fields[0] == _TAXMAP:
        return None
    return ".".join(fields[:3]), f"{fields[3].removesuffix(';')};{fields[4]}"


def is_taxmap_row(fields: list[str]) -> bool:
    """Whether a row is of ``taxmap_slv_*.txt``, its header included."""
    if fields[0] == _TAXMAP:
        return True
    return len(fields) >= 5 and fields[1].isdecimal() and fields[2].isdecimal() and fields[3].endswith(";")
