"""Who is there, seen in several ways: the taxa that each found, side by side by name, and where they disagree.

Databases number and order taxa in ways of their own; what two views share is the name of a taxon at a main rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from metapipe.taxa.domains import domains_of_life
from metapipe.taxa.main_ranks import MAIN_RANKS, main_ranks
from metapipe.taxa.rank_counts import present_ranks, rank_counts
from metapipe.taxa.taxon_tree import Taxon, TaxonTree

READS, RRNA, CONTIGS, MARKERS = "reads", "rrna", "contigs", "markers"

#: A taxon that makes up so much of one view, and of another nothing, is a disagreement worth a line.
MUCH = 0.05


@dataclass(frozen=True)
class Found:
    """A taxon in a view. :param name: as the view's database has it. :param domain: of life, as
    :mod:`metapipe.taxa.domains` calls it; empty where it is none or not known. :param count: of what the view counts.
    """

    name: str
    domain: str
    count: int


@dataclass(frozen=True, eq=False)
class View:
    """One way of seeing who is there.

    :param key: ``reads``, ``rrna``, ``contigs`` or ``markers``. :param unit: what it counts, in the plural.
    :param tree: its taxa, of one sample. :param domains: of life that its database has; empty where not known.
    """

    key: str
    name: str
    unit: str
    tree: TaxonTree
    domains: tuple[str, ...] = ()

    @property
    def classified(self) -> int:
        """What has any taxon."""
        return self.tree.classified_reads

    @property
    def looked_at(self) -> int:
        """All that the view counted, with a taxon or without."""
        return self.tree.classified_reads + self.tree.unclassified_reads

    @cached_property
    def at(self) -> dict[str, dict[str, Found]]:
        """Main rank → key of the name (:func:`key_of`) → the taxon; ranks without any are left out."""
        return {rank: _found(self.tree, rank) for rank in present_ranks(self.tree)}

    def named(self, rank: str) -> int:
        """What has a taxon of this rank."""
        return sum(one.count for one in self.at.get(rank, {}).values())


@dataclass(frozen=True)
class Beside:
    """A taxon in all views. :param shares: of what each view named at the rank, 0–1; None where it named nothing."""

    key: str
    name: str
    domain: str
    counts: tuple[int, ...]
    shares: tuple[float | None, ...]

    @property
    def mean(self) -> float:
        """Its share on average over the views that named anything."""
        known = [share for share in self.shares if share is not None]
        return sum(known) / len(known)


@dataclass(frozen=True)
class Disagreement:
    """A taxon that is much of one view and nothing of another."""

    taxon: Beside
    much: View
    share: float
    missing: View
    expected: float  # how many the other view would have of it, had it the same share there


def key_of(name: str) -> str:
    """What makes two names one: Greengenes' rank letters, case and brackets do not."""
    plain = name.strip().lower()
    if len(plain) > 3 and plain[1:3] == "__":
        plain = plain[3:]
    return plain.replace("[", "").replace("]", "").replace("_", " ").removeprefix("candidatus ")


def shared_ranks(views: Sequence[View]) -> list[str]:
    """The main ranks at which any view has named anything."""
    return [rank for rank in MAIN_RANKS if any(view.named(rank) for view in views)]


def side_by_side(views: Sequence[View], rank: str) -> list[Beside]:
    """The taxa of a rank, most abundant (on average over the views) first."""
    totals = [view.named(rank) for view in views]
    named = [view.at.get(rank, {}) for view in views]
    found = []
    for key in sorted({key for taxa in named for key in taxa}):
        first = next(taxa[key] for taxa in named if key in taxa)
        domain = next((taxa[key].domain for taxa in named if key in taxa and taxa[key].domain), "")
        counts = tuple(taxa[key].count if key in taxa else 0 for taxa in named)
        shares = tuple(count / total if total else None for count, total in zip(counts, totals, strict=True))
        found.append(Beside(key, first.name, domain, counts, shares))
    return sorted(found, key=lambda one: (-one.mean, one.key))


def disagreements(views: Sequence[View], rank: str, taxa: Sequence[Beside]) -> list[Disagreement]:
    """Taxa with more than :data:`MUCH` in one view that another one, which named something, does not have at all.

    :param taxa: of the rank, :func:`side_by_side`.
    """
    found = []
    for taxon in taxa:
        share, much = max(
            ((share, -at) for at, share in enumerate(taxon.shares) if share is not None), default=(0.0, 0)
        )
        if share <= MUCH:
            continue
        for at, other in enumerate(taxon.shares):
            if other == 0:
                missing = views[at]
                found.append(Disagreement(taxon, views[-much], share, missing, share * missing.named(rank)))
    return found


def _found(tree: TaxonTree, rank: str) -> dict[str, Found]:
    taxa = rank_counts(tree, rank)
    main = main_ranks(taxon.rank for taxon in tree)
    found: dict[str, Found] = {}
    for taxon, count in zip(taxa.taxa, taxa.counts[:, 0].tolist(), strict=True):
        key = key_of(taxon.name)
        before = found[key].count if key in found else 0
        shown = found[key].name if key in found else taxon.name
        found[key] = Found(shown, _domain(taxon, main), before + count)
    return found


def _domain(taxon: Taxon, main: dict[str, str]) -> str:
    names = [one.name for one in taxon.ancestors() if main.get(one.rank) == "domain"]
    known = domains_of_life(names, ["domain"] * len(names))
    return known[0] if known else ""
