"""What the genes do, by EC number: a tree of four levels in the form of all tables of taxa, so that charts show it.

A gene with several numbers counts for each of them, one with a number whose last levels are unknown for the levels
known, one without any as unclassified.
"""

from __future__ import annotations

import json
from collections import Counter

from metapipe.proteins.enzyme_classes import EC_CLASSES
from metapipe.stages.annotation.annotation import AnnotatedGene
from metapipe.taxa.taxon_counts import block_counts

RANKS = ("EC class", "EC subclass", "EC sub-subclass", "EC number")
ROOT = "1:no rank:Functions"

# Rooms for the numbers of the lower levels in a node's own number, and where preliminary ones (n12) begin in the last.
_ROOMS, _PRELIMINARY = (10**12, 10**9, 10**6, 1), 500_000


def ec_lineage(number: str) -> str:
    """Return the lineage of an EC number, ``number:rank:name`` joined by ``;``, the root first.

    >>> ec_lineage("3.5.-.-")
    '1:no rank:Functions;3000000000000:EC class:3 Hydrolases;3005000000000:EC subclass:3.5'
    """
    steps, node, said = [ROOT], 0, ""
    for level, rank, room in zip(number.split("."), RANKS, _ROOMS, strict=False):
        if level == "-":
            break
        node += room * (_PRELIMINARY + int(level[1:]) if level.startswith("n") else int(level))
        said = f"{said}.{level}" if said else level
        name = said if rank != RANKS[0] else f"{said} {EC_CLASSES[int(said)][0]}"
        steps.append(f"{node}:{rank}:{name}")
    return ";".join(steps)


class FunctionCounts:
    """Genes by EC number over contigs, weighted by their reads where these were counted."""

    def __init__(self) -> None:
        self._lineages, self._without = Counter[str](), 0

    def add(self, gene: AnnotatedGene) -> None:
        """Count one gene: its reads, or itself once."""
        weight = 1 if gene.abundance is None else gene.abundance.reads
        if not gene.all_ec:
            self._without += weight
        elif weight:
            self._lineages.update({ec_lineage(number): weight for number in gene.all_ec})

    def part(self) -> bytes:
        """What a block adds to the table, for :func:`~metapipe.taxa.taxon_counts.taxa_table`."""
        return json.dumps(block_counts(self._lineages, self._without, 1), sort_keys=True).encode()
