"""Which species a list says are there, and with which share, against the truth."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.taxa.taxon_counts import block_counts, taxa_table

#: Species → its share.
Shares = dict[int, float]


@dataclass(frozen=True)
class Truth:
    """The species of a community. :param shares: of its cells. :param known: those that the database has."""

    shares: Shares
    known: frozenset[int]

    def judged(self, found: Mapping[int, float]) -> dict[str, Any]:
        """Right and wrong species of a list, and how far its shares are from the truth's.

        :param found: species → anything that is in proportion to its share.
        """
        right = self.shares.keys() & found.keys()
        total = sum(found.values()) or 1.0
        distance = sum(abs(self.shares.get(one, 0.0) - found.get(one, 0.0) / total) for one in self.shares | found)
        return {"called": len(found), "right": len(right), "known": len(self.known), "l1": round(distance, 4)}


def species_of_profile(table: Path) -> Shares:
    """The species of a profile by marker genes, with their cells."""
    return {int(row["taxid"]): float(row["cells"]) for row in _rows(table.read_text()) if row["rank"] == "species"}


def species_of_reads(assignments: Path, min_support: int) -> Shares:
    """The species in the table of taxa of classified reads, with their reads.

    :param min_support: that of ``classify_reads``; the table is made by its own code.
    """
    lineages = Counter(row["lineage"] for row in _rows(assignments.read_text()))
    nowhere = lineages.pop("", 0)
    table = taxa_table(block_counts(lineages, nowhere, min_support)).decode()
    return {int(row["taxid"]): float(row["total"]) for row in _rows(table) if row["rank"] == "species"}


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.removeprefix("#").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
