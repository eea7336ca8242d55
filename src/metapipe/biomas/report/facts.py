"""The numbers of the page, found in the stages' summaries and in the table of taxa.

Every number may be missing: the page is made from whichever stages were run. This is the only file that knows
under which keys the stages note their results. A merged read and an unmerged pair both count as one read: each comes
from one molecule. All counts are weighted, identical reads counted as often as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from metapipe.biomas.report.steps import STEPS
from metapipe.reporting.result_values import count_at, first_names, object_at, tally_at
from metapipe.reporting.summaries import Summary
from metapipe.taxa.main_ranks import MAIN_RANKS, main_ranks
from metapipe.taxa.taxon_tree import Taxon, TaxonTree


@dataclass
class Facts:
    """What is known of one sample; ``None`` is *not known*, 0 is *none found*.

    :ivar tiers: reads by tier of identity, 1 upper, 2 lower, 3 none. :ivar limits: lowest identities of tiers 1 and 2,
        in per cent. :ivar tree: the taxa with their reads.
    """

    ran: set[str] = field(default_factory=set)
    sample: str = ""
    input_names: tuple[str, ...] = ()
    databases: list[Mapping[str, str]] = field(default_factory=list)
    quarantined: dict[str, int] = field(default_factory=dict)

    pairs: int | None = None
    merged: int | None = None
    unmerged: int | None = None

    counted: int | None = None
    too_short: int | None = None
    unique: int | None = None
    min_length: int | None = None
    rare: int | None = None
    chimeras: int | None = None
    chimera_check: bool | None = None
    kept_reads: int | None = None
    trimmed_in: int | None = None
    trimmed_kept: int | None = None

    to_map: int | None = None
    matched: int | None = None
    tiers: dict[int, int] = field(default_factory=dict)
    limits: tuple[float, float] = (97.0, 90.0)
    min_coverage: float = 70.0
    classified: int | None = None
    unclassified: int | None = None
    tree: TaxonTree | None = None

    @property
    def reads(self) -> int | None:
        """Reads that were to be classified."""
        if self.classified is not None and self.unclassified is not None:
            return self.classified + self.unclassified
        if self.tiers:
            return sum(self.tiers.values())
        if self.to_map is not None:
            return self.to_map
        kept = [count for count in (self.kept_reads, self.trimmed_kept) if count is not None]
        return sum(kept) if kept else None

    @property
    def in_a_tier(self) -> int:
        """Reads with a match in one of the two tiers."""
        return self.tiers.get(1, 0) + self.tiers.get(2, 0)

    def at_rank(self, rank: str) -> list[Taxon]:
        """The taxa of a main rank that have reads, most reads first."""
        return self._by_rank.get(rank, [])

    @property
    def ranks(self) -> list[str]:
        """The main ranks that occur, from the widest."""
        return [rank for rank in MAIN_RANKS if self.at_rank(rank)]

    @cached_property
    def _by_rank(self) -> dict[str, list[Taxon]]:
        if self.tree is None:
            return {}
        main = main_ranks(taxon.rank for taxon in self.tree)
        found: dict[str, list[Taxon]] = {}
        for taxon in self.tree:
            if taxon.rank in main and taxon.total_reads:
                found.setdefault(main[taxon.rank], []).append(taxon)
        for taxa in found.values():
            taxa.sort(key=lambda taxon: (-taxon.total_reads, taxon.name, taxon.taxid))
        return found

    def named_at(self, rank: str) -> int:
        """Reads that have a taxon of this main rank."""
        return sum(taxon.total_reads for taxon in self.at_rank(rank))


def gather(summaries: Mapping[str, Sequence[Summary]], tree: TaxonTree | None) -> Facts:
    """Collect the numbers.

    :param summaries: as :func:`metapipe.reporting.summaries.read_all` gives them for :data:`STEPS`.
    :param tree: the table of taxa; where both know a number, the table wins.
    """
    facts = Facts(ran=set(summaries), tree=tree, input_names=first_names(summaries))
    for stage, runs in summaries.items():
        lost = sum(run.quarantined for run in runs)
        if lost:
            facts.quarantined[stage] = lost
        facts.databases += [database for run in runs for _, database in sorted(run.databases.items())]
    readers = {
        "quality_report": _quality,
        "merge_pairs": _merging,
        "dereplicate": _dereplication,
        "trim_unmerged": _trimming,
        "map_amplicons": _mapping,
        "map_pairs": _mapping,
        "filter_matches": _filtering,
        "assign_taxa": _classification,
        "summarise_taxa": _summary,
    }
    for stage in STEPS:
        for run in summaries.get(stage, ()):
            readers[stage](facts, run)
    if tree is not None:
        facts.classified, facts.unclassified = tree.classified_reads, tree.unclassified_reads
    return facts


def _quality(facts: Facts, run: Summary) -> None:
    facts.pairs = count_at(run.results, "pairs")


def _merging(facts: Facts, run: Summary) -> None:
    pairs = count_at(run.results, "pairs")
    facts.pairs = facts.pairs if pairs is None else pairs
    facts.merged = count_at(run.results, "merged")
    facts.unmerged = count_at(run.results, "unmerged")


def _dereplication(facts: Facts, run: Summary) -> None:
    results = run.results
    facts.counted = count_at(results, "reads")
    facts.too_short = count_at(results, "too_short")
    facts.unique = count_at(results, "unique")
    facts.min_length = count_at(run.options, "min_length")
    facts.rare = count_at(object_at(results, "rare"), "reads")
    facts.chimeras = count_at(object_at(results, "chimeras"), "reads")
    checked = run.options.get("chimera_check")
    facts.chimera_check = checked if isinstance(checked, bool) else None
    facts.kept_reads = count_at(results, "kept_reads")


def _trimming(facts: Facts, run: Summary) -> None:
    pairs = object_at(run.results, "pairs")
    facts.trimmed_in, facts.trimmed_kept = count_at(pairs, "before"), count_at(pairs, "after")


def _mapping(facts: Facts, run: Summary) -> None:
    facts.to_map = _more(facts.to_map, count_at(run.results, "reads"))
    facts.matched = _more(facts.matched, count_at(run.results, "matched_reads"))


def _filtering(facts: Facts, run: Summary) -> None:
    reads = tally_at(run.results, "reads")
    for number, tier in enumerate(("upper", "lower", "none"), start=1):
        facts.tiers[number] = facts.tiers.get(number, 0) + reads.get(tier, 0)
    upper, lower = run.options.get("upper_identity"), run.options.get("lower_identity")
    if isinstance(upper, int | float) and isinstance(lower, int | float):
        facts.limits = float(upper), float(lower)
    coverage = run.options.get("min_coverage")
    if isinstance(coverage, int | float):
        facts.min_coverage = float(coverage)


def _classification(facts: Facts, run: Summary) -> None:
    reads = tally_at(run.results, "reads")
    facts.classified = _more(facts.classified, reads.get("classified", 0))
    facts.unclassified = _more(facts.unclassified, reads.get("unclassified", 0))


def _summary(facts: Facts, run: Summary) -> None:
    """It has counted everything, so it wins over the assignments."""
    facts.sample = str(run.results.get("sample") or "")
    reads, classified = count_at(run.results, "reads"), count_at(run.results, "classified")
    if reads is not None and classified is not None:
        facts.classified, facts.unclassified = classified, max(reads - classified, 0)


def _more(known: int | None, found: int | None) -> int | None:
    return known if found is None else (known or 0) + found
