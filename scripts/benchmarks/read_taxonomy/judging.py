"""What the calls of an engine are worth: scores at each rank, and how far the shares of taxa are from the true ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metapipe.demo.taxa_scores import RANKS, Lineage, score

#: Ranks at which shares are compared.
SHARED = ("genus", "species")
#: The class of reads without a taxon at a rank.
NOWHERE = 0


@dataclass(frozen=True)
class Truth:
    """Where the reads of a draw come from.

    :param lineages: read → lineage. :param foreign: reads of what no database holds.
    :param taxa: taxid → lineage, of all taxa. :param in_database: taxids that the database has genomes under.
    """

    lineages: Mapping[str, Lineage]
    foreign: frozenset[str]
    taxa: Mapping[int, Lineage]
    in_database: frozenset[int]


def judge(calls: Mapping[str, int], truth: Truth) -> dict[str, Any]:
    """Scores and errors of shares. :param calls: read → taxid; a read without an entry is unclassified."""
    given = {read: truth.taxa[taxid] for read, taxid in calls.items()}
    scores = score(truth.lineages, given, truth.in_database)
    return {
        "classified": len(calls),
        "foreign_classified": len(truth.foreign & calls.keys()),
        "scores": {rank: [one.reads, one.known, one.called, one.right] for rank, one in scores.items()},
        "l1": {rank: _l1(*_classes(given, truth, rank)) for rank in SHARED},
        "l1_placed": {rank: _l1(*map(_placed, _classes(given, truth, rank))) for rank in SHARED},
    }


def _classes(given: Mapping[str, Lineage], truth: Truth, rank: str) -> tuple[Counter[int], Counter[int]]:
    """The true and the found number of reads of each taxon of a rank, and of those that have none there.

    What the database lacks cannot be named: it belongs to those without a taxon.
    """
    true, found = Counter[int](), Counter[int]()
    for read, lineage in truth.lineages.items():
        taxid = lineage.get(rank, NOWHERE)
        true[taxid if taxid in truth.in_database else NOWHERE] += 1
        found[given.get(read, {}).get(rank, NOWHERE)] += 1
    return true, found


def _placed(classes: Counter[int]) -> Counter[int]:
    return Counter({taxid: reads for taxid, reads in classes.items() if taxid != NOWHERE})


def _l1(true: Counter[int], found: Counter[int]) -> float:
    """Sum of the differences between true and found shares: 0 where they are the same, at most 2."""
    taxa = true.keys() | found.keys()
    return round(sum(abs(true[t] / max(true.total(), 1) - found[t] / max(found.total(), 1)) for t in taxa), 4)


def ranks_of(taxid: int, parents: Mapping[int, tuple[int, str]]) -> Lineage:
    """The main ranks of a taxon. :param parents: taxid → (that of the taxon above, its own rank)."""
    found: dict[str, int] = {}
    while taxid != 1:
        above, rank = parents[taxid]
        if rank in RANKS:
            found[rank] = taxid
        taxid = above
    return found
