"""The names of proteins in our databases of taxa: ``NAME_TAXID``, so that a hit says whose protein it is."""

from __future__ import annotations


def taxid_of(name: str) -> int | None:
    """The taxid that a protein's name ends with; None where it ends with none.

    >>> taxid_of("b1203_x_562"), taxid_of("b1203"), taxid_of("562")
    (562, None, 562)
    """
    taxid = name.rpartition("_")[2]
    return int(taxid) if taxid.isascii() and taxid.isdigit() else None
