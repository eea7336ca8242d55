"""The numbers of the page, found in the stages' summaries and in the annotation table.

Every number may be missing: the page is made from whichever stages were run. This is the only file that knows
under which keys the stages note their results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from metapipe.reporting.histogram import Distribution, distribution
from metapipe.reporting.result_values import count_at, first_names, object_at, tally_at
from metapipe.reporting.summaries import Summary
from metapipe.runner.declare.merge import add_counts
from metapipe.stages.report.gene_table import GeneTally
from metapipe.stages.report.tiers import Sources


@dataclass
class Facts:
    """What is known of one analysis; ``None`` is *not known*, 0 is *none found*.

    Reads are counted in pairs, contigs and genes in pieces, lengths in base pairs. A curve is the mean Phred score at
    the first, second … position of the reads. ``distant`` counts what rests on protein hits with less than 30 %
    identity (:class:`metapipe.proteins.distant_hits.DistantCounts`), ``judged_by`` the significant domains
    by the rule of their family (``GA``, ``TC``, ``E-value``).
    """

    ran: set[str] = field(default_factory=set)
    sample: str = ""
    input_names: tuple[str, ...] = ()

    pairs_in: int | None = None
    pairs_kept: int | None = None
    singles: int | None = None
    bases_in: int | None = None
    bases_kept: int | None = None
    reads_in: int | None = None
    reads_with_adapter: int | None = None
    read_length_before: Distribution | None = None
    read_length_after: Distribution | None = None
    quality_before: Distribution | None = None
    quality_after: Distribution | None = None
    read_gc_before: Distribution | None = None
    read_gc_after: Distribution | None = None
    curve_before: tuple[float, ...] = ()
    curve_after: tuple[float, ...] = ()

    pairs_assembled: int | None = None
    contigs: int | None = None
    contig_bases: int | None = None
    contigs_dropped: int | None = None
    circular: int | None = None
    n50: int | None = None
    longest: int | None = None
    min_contig: int | None = None
    contig_lengths: Distribution | None = None
    gc_shares: Distribution | None = None
    gc_mean: float | None = None

    genes: int | None = None
    partial_genes: int | None = None
    complete_only: bool = False
    genes_left_out: int | None = None
    coding_share: float | None = None

    searched: int | None = None
    protein_hits: int | None = None
    domain_hits: int | None = None
    databases: list[Mapping[str, str]] = field(default_factory=list)

    annotated: int | None = None
    tiers: dict[int, int] = field(default_factory=dict)
    with_ec: int | None = None
    with_supported_ec: int | None = None
    products: dict[str, int] = field(default_factory=dict)
    ec_classes: dict[int, int] = field(default_factory=dict)
    domains: dict[str, int] = field(default_factory=dict)
    taxa: dict[str, int] = field(default_factory=dict)

    protein_search: bool = False
    domain_search: bool = False
    distant: dict[str, int] = field(default_factory=dict)
    judged_by: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)

    @property
    def sources(self) -> Sources:
        """Which searches the tiers rest on."""
        if self.protein_search and self.domain_search:
            return Sources.BOTH
        return Sources.PROTEINS if self.protein_search else Sources.DOMAINS if self.domain_search else Sources.NONE

    @property
    def supported(self) -> int:
        """Genes with any significant evidence; where one search was run alone, tier 2 is below significance."""
        return self.tiers.get(1, 0) + (self.tiers.get(2, 0) if self.sources is Sources.BOTH else 0)

    @property
    def gene_count(self) -> int | None:
        """Genes annotated; where no annotation was given, genes predicted; None where neither was."""
        return self.annotated if self.annotated is not None else self.genes


def gather(summaries: Mapping[str, Sequence[Summary]], table: GeneTally | None) -> Facts:
    """Collect the numbers.

    :param summaries: as :func:`metapipe.reporting.summaries.read_all` gives them.
    :param table: the annotation table's tally; where both know a number, the table wins.
    """
    facts = Facts(ran=set(summaries))
    facts.protein_search, facts.domain_search = "search_proteins" in facts.ran, "search_domains" in facts.ran
    for stage, runs in summaries.items():
        lost = sum(run.quarantined for run in runs)
        if lost:
            facts.quarantined[stage] = lost
        facts.databases += [database for run in runs for _, database in sorted(run.databases.items())]
    facts.input_names = first_names(summaries)
    for run in summaries.get("trim_reads", ()):
        _reads(facts, run)
    for stage in ("assemble", "filter_contigs"):
        for run in summaries.get(stage, ()):
            _contigs(facts, run)
    for run in summaries.get("assemble", ()):
        facts.pairs_assembled = _records(run, "reads-1")
    for run in summaries.get("predict_genes", ()):
        _genes(facts, run)
    facts.protein_hits = _searched(facts, summaries.get("search_proteins", ()))
    facts.domain_hits = _searched(facts, summaries.get("search_domains", ()))
    for run in summaries.get("search_domains", ()):
        facts.domains |= tally_at(run.results, "families")
        for rule, count in tally_at(run.results, "judged_by").items():
            facts.judged_by[rule] = facts.judged_by.get(rule, 0) + count
    for run in summaries.get("annotate", ()):
        _annotation(facts, run)
    if table is not None:
        _table(facts, table)
    return facts


# ------------------------------------------------------------------------------------------------ per stage


def _reads(facts: Facts, run: Summary) -> None:
    results = run.results
    mates = [object_at(results, name) for name in ("reads-1", "reads-2", "single")]
    before = _together([object_at(one, "before") for one in mates])
    after = _together([object_at(one, "after") for one in mates])
    pairs = object_at(results, "pairs")
    facts.pairs_in = _either(count_at(pairs, "before"), _records(run, "reads-1"))
    facts.pairs_kept = count_at(pairs, "after")
    facts.singles = count_at(object_at(mates[2], "after"), "reads")
    facts.bases_in = _either(count_at(before, "bases"), _residues(run))
    facts.bases_kept = count_at(after, "bases")
    facts.reads_with_adapter = count_at(object_at(results, "adapters_removed"), "reads")
    facts.reads_in = count_at(before, "reads")
    facts.read_length_before, facts.read_length_after = _spread(before, "lengths"), _spread(after, "lengths")
    facts.quality_before, facts.quality_after = _spread(before, "mean_qualities"), _spread(after, "mean_qualities")
    facts.read_gc_before, facts.read_gc_after = _spread(before, "gc"), _spread(after, "gc")
    facts.curve_before = _mean_curve(before, facts.read_length_before)
    facts.curve_after = _mean_curve(after, facts.read_length_after)


def _contigs(facts: Facts, run: Summary) -> None:
    """Filtering comes after assembly: where it ran, its numbers replace the assembly's."""
    results = run.results
    before = object_at(results, "before")
    after = object_at(results, "after") or object_at(results, "contigs") or results
    lengths = _spread(after, "lengths")
    contigs = _either(count_at(after, "contigs"), lengths.total if lengths else None)
    facts.contigs = _either(contigs, facts.contigs)
    facts.circular = _either(count_at(results, "circular"), facts.circular)
    facts.contig_bases = _either(count_at(after, "bases"), facts.contig_bases)
    if before and contigs is not None:
        facts.contigs_dropped = max((count_at(before, "contigs") or contigs) - contigs, 0)
    facts.contig_lengths = lengths if lengths or contigs == 0 else facts.contig_lengths
    if lengths:
        facts.n50, facts.longest = int(lengths.n50()), int(lengths.high)
    facts.gc_shares = _spread(after, "gc") or facts.gc_shares
    gc, certain = count_at(after, "gc_bases"), count_at(after, "acgt_bases")
    if gc is not None and certain:
        facts.gc_mean = 100 * gc / certain
    cut_off = run.options.get("min_length")
    if isinstance(cut_off, int) and not isinstance(cut_off, bool):
        facts.min_contig = cut_off


def _genes(facts: Facts, run: Summary) -> None:
    results = run.results
    facts.genes = count_at(results, "genes")
    complete = count_at(results, "complete_genes")
    if complete is not None and facts.genes is not None:
        facts.partial_genes = max(facts.genes - complete, 0)
    facts.genes_left_out = count_at(results, "left_out_incomplete")
    coding, bases = count_at(results, "coding_bases"), count_at(results, "bases")
    if coding is not None and bases:
        facts.coding_share = min(coding / bases, 1.0)
    facts.complete_only = run.options.get("complete_only") is True


def _searched(facts: Facts, runs: Sequence[Summary]) -> int | None:
    """Return proteins with a significant hit; with several databases the best one counts, not their sum."""
    hits = []
    for run in runs:
        facts.searched = _either(count_at(run.results, "proteins"), facts.searched)
        found = count_at(run.results, "queries_significant", "queries_with_hits")
        if found is not None:
            hits.append(found)
    return max(hits) if hits else None


def _annotation(facts: Facts, run: Summary) -> None:
    results = run.results
    facts.annotated = count_at(results, "genes")
    facts.tiers = {int(tier): count for tier, count in tally_at(results, "tiers").items() if tier in ("1", "2", "3")}
    complete, partial = count_at(results, "with_ec"), count_at(results, "with_partial_ec_only")
    facts.with_ec = None if complete is None else complete + (partial or 0)
    facts.with_supported_ec = count_at(results, "with_supported_ec")
    facts.products = tally_at(results, "products")
    facts.domains = tally_at(results, "families") or facts.domains
    facts.taxa = tally_at(results, "organisms")
    facts.ec_classes = {int(key): count for key, count in tally_at(results, "ec_classes").items() if key.isdigit()}
    facts.distant = tally_at(results, "below_30_identity")
    if facts.annotated:
        # A level is counted for every gene when its search took part, for none otherwise.
        facts.protein_search = bool(tally_at(results, "transferred_levels"))
        facts.domain_search = bool(tally_at(results, "functional_levels"))
    sample = run.options.get("sample")
    if isinstance(sample, str) and sample != "sample":
        facts.sample = sample


def _table(facts: Facts, table: GeneTally) -> None:
    facts.ran.add("annotate")
    facts.annotated = table.genes
    if table.tiers or not table.genes:
        facts.tiers = {tier: table.tiers[tier] for tier in sorted(table.tiers)}
    facts.with_ec = table.with_ec
    if facts.partial_genes is None:
        facts.partial_genes = table.partial
    if table.genes:
        facts.protein_search, facts.domain_search = table.protein_search, table.domain_search
    facts.distant = asdict(table.distant)
    facts.products = dict(table.products) or facts.products
    facts.ec_classes = dict(table.ec_classes) or facts.ec_classes
    facts.domains = dict(table.domains) or facts.domains
    facts.taxa = dict(table.taxa) or facts.taxa


# -------------------------------------------------------------------------------------------- reading values


def _either(first: int | None, second: int | None) -> int | None:
    return first if first is not None else second


def _spread(results: Mapping[str, Any], key: str) -> Distribution | None:
    return distribution(results.get(key))


def _together(counts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Add up the counts of several files of reads; a file whose counts have another shape is left out."""
    total: Any = {}
    for one in counts:
        try:
            total = add_counts(total, dict(one))
        except ValueError:
            continue
    return total if isinstance(total, Mapping) else {}


def _mean_curve(counts: Mapping[str, Any], lengths: Distribution | None) -> tuple[float, ...]:
    """Return the mean score at each position from the sums over the reads that reach it."""
    sums = tally_at(counts, "quality_sums")
    if not sums or lengths is None or not all(key.isdigit() for key in sums):
        return ()
    curve, reach = [], lengths.total
    shorter = dict(lengths.counts)
    for position in range(1, int(lengths.high) + 1):
        reach -= shorter.get(position - 1, 0)
        curve.append(sums.get(str(position), 0) / reach)
    return tuple(curve)


def _records(run: Summary, name: str) -> int | None:
    return count_at(run.inputs.get(name, {}), "records")


def _residues(run: Summary) -> int | None:
    known = [count for one in run.inputs.values() if (count := count_at(one, "residues")) is not None]
    return sum(known) if known else None
