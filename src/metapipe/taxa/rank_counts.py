"""Reads of many samples by the taxa of one main rank: the numbers that charts, diversity and distances are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
import numpy.typing as npt

from metapipe.taxa.main_ranks import MAIN_RANKS, main_ranks
from metapipe.taxa.taxon_tree import Taxon, TaxonTree

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]
#: Species are named by few reads, phyla tell little.
FIRST_RANK = "genus"


@dataclass(frozen=True, eq=False)
class RankCounts:
    """Reads of T taxa of one rank in S samples.

    :param rank: a main rank. :param taxa: the most abundant first: by the sum of their shares over the samples, so
        that a sample a hundred times larger than the others has no more say than each of them.
    :param names: of the taxa; where two have one name, with the taxon above.
    :param counts: T × S, reads at the taxon and below it. :param wider: S, reads that have a taxon, but none of this
        rank. :param unclassified: S, reads without any taxon.
    """

    rank: str
    taxa: tuple[Taxon, ...]
    names: tuple[str, ...]
    counts: Counts
    wider: Counts
    unclassified: Counts

    @property
    def named(self) -> Counts:
        """S, reads with a taxon of this rank."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def reads(self) -> Counts:
        """S, all reads."""
        return self.named + self.wider + self.unclassified

    def shares(self) -> Shares:
        """T × S, of all reads of the sample; 0 in a sample without reads."""
        return shares_of(self.counts, self.reads)


def shares_of(counts: Counts, totals: Counts) -> Shares:
    """Counts (T × S) divided by the total of their sample (S); 0 where that is 0."""
    return np.asarray(np.where(totals > 0, counts / np.maximum(totals, 1), 0.0))


def first_rank(ranks: Sequence[str]) -> str:
    """Which of main ranks, the widest first, a page shows first: the genus, or the narrowest; "" of none."""
    return FIRST_RANK if FIRST_RANK in ranks else ranks[-1] if ranks else ""


def present_ranks(tree: TaxonTree) -> list[str]:
    """The main ranks at which any read has a taxon, from the widest to the narrowest."""
    main = main_ranks(taxon.rank for taxon in tree)
    found = {main[taxon.rank] for taxon in tree if taxon.rank in main and any(taxon.total)}
    return [rank for rank in MAIN_RANKS if rank in found]


def rank_counts(tree: TaxonTree, rank: str) -> RankCounts:
    """Return what a tree (after :meth:`~metapipe.taxa.taxon_tree.TaxonTree.add_up`) has at a main rank.

    Where a taxon of the rank is below another one, as in some taxonomies of viruses, the upper one counts.
    """
    unclassified = np.array(tree.unclassified, dtype=np.int64)
    classified = np.array(tree.root.total if tree.root else [0] * tree.samples, dtype=np.int64)
    found = [taxon for taxon in _topmost(tree, rank) if any(taxon.total)]
    counts = np.array([taxon.total for taxon in found], dtype=np.int64).reshape(len(found), tree.samples)
    shares = shares_of(counts, classified + unclassified)
    # Sums that are rounded once (fsum): the order of the taxa does not hang on that of the samples.
    weight = [fsum(row) for row in shares.tolist()]
    order = sorted(range(len(found)), key=lambda at: (-weight[at], found[at].name, found[at].taxid))
    taxa = tuple(found[at] for at in order)
    counts = counts[order]
    return RankCounts(rank, taxa, _names(taxa), counts, classified - counts.sum(axis=0), unclassified)


def _topmost(tree: TaxonTree, rank: str) -> Iterator[Taxon]:
    main = main_ranks(taxon.rank for taxon in tree)
    inside: set[int] = set()
    for taxon in tree:  # every taxon before those below it
        if taxon.parent is not None and taxon.parent.taxid in inside:
            inside.add(taxon.taxid)
        elif main.get(taxon.rank) == rank:
            inside.add(taxon.taxid)
            yield taxon


def _names(taxa: tuple[Taxon, ...]) -> tuple[str, ...]:
    often = Counter(taxon.name for taxon in taxa)
    return tuple(
        f"{taxon.name} ({taxon.parent.name})" if often[taxon.name] > 1 and taxon.parent else taxon.name
        for taxon in taxa
    )
