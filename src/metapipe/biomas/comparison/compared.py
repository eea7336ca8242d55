"""The numbers of the page, found in a tree of taxa of many samples: at every rank, shares, diversity and distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metapipe.taxa.dissimilarity import Floats, Ordination, bray_curtis, clustered_order, principal_coordinates
from metapipe.taxa.diversity import Diversity, curve_depths, diversity, rarefied
from metapipe.taxa.rank_counts import RankCounts, first_rank, present_ranks, rank_counts, shares_of
from metapipe.taxa.taxon_tree import TaxonTree

# Points of a curve, on a linear and on a logarithmic axis: fewer where there are so many curves that none is alone.
_POINTS, _FEW_POINTS, _MANY = 14, 9, 50


@dataclass(frozen=True)
class Curve:
    """Kinds to expect (``kinds``) in so many reads (``depths``) of a sample; both empty for one without any."""

    depths: tuple[int, ...]
    kinds: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class RankView:
    """What is known at one rank of S samples.

    :param found: the reads. :param named: numbers of the samples with a read named at this rank; the others have
        neither diversity nor distance. :param depth: reads of the smallest of them, 0 without any.
    :param diversity: of each of ``named``. :param curves: likewise.
    :param distances: Bray–Curtis of the shares, ``named`` × ``named``. :param order: all samples, neighbours together;
        those that are not in ``named`` last. :param map: where there are three of ``named`` or more.
    """

    found: RankCounts
    named: tuple[int, ...]
    depth: int
    diversity: tuple[Diversity, ...]
    curves: tuple[Curve, ...]
    distances: Floats
    order: tuple[int, ...]
    map: Ordination | None

    @property
    def rank(self) -> str:
        """Domain, phylum … species: at which of them the reads are counted."""
        return self.found.rank

    @property
    def places(self) -> tuple[int, ...]:
        """Of each sample, its place in ``order``."""
        return tuple(int(place) for place in np.argsort(self.order, kind="stable"))


@dataclass(frozen=True)
class Comparison:
    """All that the page says.

    :param samples: those that are compared, in the order given. :param left_out: the others, each with the reason.
    :param reads: of each sample. :param classified: those with a taxon. :param views: at each rank that any read has
        a taxon of, the widest first.
    """

    samples: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    reads: tuple[int, ...]
    classified: tuple[int, ...]
    views: tuple[RankView, ...]

    @property
    def first(self) -> str:
        """The rank that the page shows first; nothing where no read has a taxon."""
        return first_rank([view.rank for view in self.views])


def compare(tree: TaxonTree, samples: Sequence[str], left_out: Sequence[tuple[str, str]] = ()) -> Comparison:
    """Return the numbers. :param tree: the taxa of the samples, after ``add_up``, a column a sample."""
    classified = tuple(tree.root.total) if tree.root else (0,) * len(samples)
    reads = tuple(one + none for one, none in zip(classified, tree.unclassified, strict=True))
    views = tuple(_view(rank_counts(tree, rank)) for rank in present_ranks(tree))
    return Comparison(tuple(samples), tuple(left_out), reads, classified, views)


def _view(found: RankCounts) -> RankView:
    totals = found.named
    named = [sample for sample, reads in enumerate(totals) if reads]
    depth = int(totals[named].min()) if named else 0
    columns = [found.counts[:, sample] for sample in named]
    distances = bray_curtis(shares_of(found.counts, totals)[:, named])
    order = [named[at] for at in clustered_order(distances)]
    order += [sample for sample in range(len(totals)) if sample not in order]
    curves = []
    points = _POINTS if len(named) <= _MANY else _FEW_POINTS
    for column in columns:
        depths = sorted({*curve_depths(int(column.sum()), points), depth})
        curves.append(Curve(tuple(depths), tuple(float(kinds) for kinds in rarefied(column, depths))))
    return RankView(
        found,
        tuple(named),
        depth,
        tuple(diversity(column, depth) for column in columns),
        tuple(curves),
        distances,
        tuple(order),
        principal_coordinates(distances) if len(named) > 2 else None,
    )
