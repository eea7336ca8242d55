"""The ranks that drawings, BIOM tables and the report speak of, out of the forty-odd that NCBI's taxonomy has."""

from __future__ import annotations

from collections.abc import Iterable

#: From the widest to the narrowest, with the letter QIIME and Greengenes write before a name of the rank.
MAIN_RANKS: dict[str, str] = {
    "domain": "k",
    "phylum": "p",
    "class": "c",
    "order": "o",
    "family": "f",
    "genus": "g",
    "species": "s",
}

#: NCBI said "superkingdom" until 2025, then "domain"; viruses and other cell-less life have a rank of their own.
_DOMAINS = {"domain": "domain", "superkingdom": "domain", "acellular root": "domain"}

#: How a heading names several taxa of a rank.
PLURALS: dict[str, str] = {
    "domain": "domains",
    "phylum": "phyla",
    "class": "classes",
    "order": "orders",
    "family": "families",
    "genus": "genera",
    "species": "species",
}


def main_ranks(ranks: Iterable[str]) -> dict[str, str]:
    """Return rank as written → main rank, for the ranks of one tree.

    Taxonomies of Greengenes' kind begin with the kingdom and have no domain: their kingdom then counts as domain. PR2
    has no phylum: its subdivision (Dinoflagellata, Gyrista), before version 5 its division, counts as one.
    """
    present = set(ranks)
    known = {rank: rank for rank in MAIN_RANKS if rank != "domain"} | _DOMAINS
    if not present & set(_DOMAINS):
        known["kingdom"] = "domain"
    if "phylum" not in present:
        known["subdivision" if "subdivision" in present else "division"] = "phylum"
    return {rank: known[rank] for rank in present if rank in known}
