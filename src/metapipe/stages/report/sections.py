"""Which figures the page shows, with the words above and the numbers behind each; without numbers, no figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from metapipe.proteins.enzyme_classes import EC_CLASSES
from metapipe.reporting.axis import bases, percent, whole_number
from metapipe.reporting.figures import Mark, Series, curves, histogram
from metapipe.reporting.histogram import Distribution, binned, even_edges, log_edges
from metapipe.reporting.page_parts import Bar, BarList, Figure
from metapipe.stages.report.facts import Facts
from metapipe.stages.report.tiers import Sources

#: Bars in a list.
TOP = 12
#: Below so many contigs the bins are wider: bars of one contig each show no shape.
FEW = 50


#: Where the products come from.
PRODUCTS_OF = {
    Sources.BOTH: "Products of the best protein hits, else of the best domains, by genes.",
    Sources.PROTEINS: "Products of the best protein hits, by genes.",
    Sources.DOMAINS: "Products of the best domains, by genes.",
    Sources.NONE: "Products, by genes.",
}


@dataclass
class Section:
    """A part of the page; left out when it has neither figures nor bars."""

    anchor: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    bars: list[BarList] = field(default_factory=list)


def sections(facts: Facts) -> list[Section]:
    """Return the sections that have something to show."""
    reads = Section(
        "reads",
        "The reads",
        _present(_read_length(facts), _read_quality(facts), _quality_curve(facts), _read_gc(facts)),
    )
    contigs = Section("contigs", "The contigs", _present(_contig_lengths(facts), _gc(facts)))
    functions = Section("functions", "What the genes do", bars=_functions(facts))
    return [section for section in (reads, contigs, functions) if section.figures or section.bars]


def _present(*figures: Figure | None) -> list[Figure]:
    return [figure for figure in figures if figure is not None]


# -------------------------------------------------------------------------------------------------- figures


def _read_length(facts: Facts) -> Figure | None:
    before, after = facts.read_length_before, facts.read_length_after
    known = [spread for spread in (before, after) if spread]
    if not known:
        return None
    low, high = min(spread.low for spread in known), max(spread.high for spread in known)
    edges = even_edges(min(low, high - 20), high, 40, smallest=1)
    words = [
        f"{name} {spread.quantile(0.5):.0f} bp"
        for name, spread in (("before trimming", before), ("after", after))
        if spread
    ]
    return _figure(
        "Read length",
        f"Half of the reads are at least this long: {', '.join(words)}.",
        edges,
        before,
        after,
        x_name="length (bp)",
        y_name="reads",
        row=lambda left, right: f"{left:.0f} – {right - 1:.0f}" if right - left > 1 else f"{left:.0f}",
        header="length (bp)",
    )


def _read_quality(facts: Facts) -> Figure | None:
    before, after = facts.quality_before, facts.quality_after
    known = [spread for spread in (before, after) if spread]
    if not known:
        return None
    high = max(max(spread.high for spread in known), 38)
    words = [f"{name} {spread.mean:.1f}" for name, spread in (("before trimming", before), ("after", after)) if spread]
    return _figure(
        "Read quality",
        f"Average over all reads: {', '.join(words)}. Quality 20 means one wrong base in 100, 30 one in 1,000.",
        even_edges(min(0, *(spread.low for spread in known)), high, 45, smallest=1),
        before,
        after,
        x_name="mean quality of the read (Phred)",
        y_name="reads",
        row=lambda left, _: f"{left:.0f}",
        header="mean quality",
    )


def _quality_curve(facts: Facts) -> Figure | None:
    known = [(look, curve) for look, curve in (("before", facts.curve_before), ("after", facts.curve_after)) if curve]
    if not known:
        return None
    title = "Quality along the reads"
    caption = "Mean quality at each position. A slow fall towards the end is usual; a sudden drop is not."
    names = {"before": "before trimming", "after": "after trimming"}
    longest = max(len(curve) for _, curve in known)
    positions = sorted({1, *range(10, longest + 1, 10), longest})
    return Figure(
        title=title,
        caption=caption,
        drawing=curves(
            known,
            title=f"{title}. {caption}",
            x_name="position in the read (bp)",
            y_name="mean quality (Phred)",
            top=max(40.0, *(max(curve) for _, curve in known)),
        ),
        legend=tuple((look, names[look]) for look, _ in known) if len(known) > 1 else (),
        header=("position", *(names[look] for look, _ in known)),
        rows=tuple(
            (str(at), *(f"{curve[at - 1]:.1f}" if at <= len(curve) else "" for _, curve in known)) for at in positions
        ),
    )


def _read_gc(facts: Facts) -> Figure | None:
    before, after = facts.read_gc_before, facts.read_gc_after
    known = [spread for spread in (before, after) if spread]
    if not known:
        return None
    return _figure(
        "GC content of the reads",
        f"On average {known[-1].mean:.1f} %. Several peaks are a sign of several organisms.",
        tuple(float(edge) for edge in range(0, 103, 2)),
        before,
        after,
        x_name="GC content of the read (%)",
        y_name="reads",
        row=lambda left, right: f"{left:.0f} – {right - 1:.0f}",
        header="GC (%)",
    )


def _contig_lengths(facts: Facts) -> Figure | None:
    lengths = facts.contig_lengths
    if lengths is None or lengths.low <= 0:
        return None
    n50 = facts.n50 or int(lengths.n50())
    circular = f"Whole circles among the assembled contigs: {whole_number(facts.circular)}. " if facts.circular else ""
    return _figure(
        "Contig length",
        f"Half of the assembled bases lie in contigs of {bases(n50)} or longer (N50). "
        f"The longest contig has {bases(lengths.high)}. {circular}The axis is logarithmic.",
        log_edges(lengths.low, max(lengths.high, lengths.low * 4), 10 if lengths.total >= FEW else 5),
        None,
        lengths,
        x_name="contig length (bp)",
        y_name="contigs",
        row=lambda left, right: f"{left:,.0f} – {right:,.0f}",
        header="length (bp)",
        log=True,
        mark=Mark(n50, f"N50 {bases(n50)}"),
    )


def _gc(facts: Facts) -> Figure | None:
    shares = facts.gc_shares
    if shares is None:
        return None
    mean = facts.gc_mean if facts.gc_mean is not None else shares.mean
    return _figure(
        "GC content of the contigs",
        f"{mean:.1f} % of the assembled bases are G or C. Several peaks are a sign of several genomes.",
        even_edges(max(0, shares.low - 5), min(100, shares.high + 5), 30 if shares.total >= FEW else 12, smallest=1),
        None,
        shares,
        x_name="GC content (%)",
        y_name="contigs",
        row=lambda left, right: f"{left:.0f} – {right:.0f}" if right - left > 1 else f"{left:.0f}",
        header="GC (%)",
    )


def _figure(
    title: str,
    caption: str,
    edges: Sequence[float],
    before: Distribution | None,
    after: Distribution | None,
    *,
    x_name: str,
    y_name: str,
    row: Callable[[float, float], str],
    header: str,
    log: bool = False,
    mark: Mark | None = None,
) -> Figure:
    series = [
        Series(name, look, binned(spread, edges))
        for name, look, spread in (("after trimming", "after", after), ("before trimming", "before", before))
        if spread is not None
    ]
    several = len(series) > 1
    rows = [
        (row(left, right), *(whole_number(one.counts[index]) for one in reversed(series)))
        for index, (left, right) in enumerate(pairwise(edges))
        if any(one.counts[index] for one in series)
    ]
    return Figure(
        title=title,
        caption=caption,
        drawing=histogram(edges, series, title=f"{title}. {caption}", x_name=x_name, y_name=y_name, log=log, mark=mark),
        legend=tuple((one.look, one.name) for one in reversed(series)) if several else (),
        header=(header, *(one.name for one in reversed(series))) if several else (header, y_name),
        rows=tuple(rows),
    )


# ---------------------------------------------------------------------------------------------------- bars


def _functions(facts: Facts) -> list[BarList]:
    lists = []
    if facts.products:
        lists.append(_top("Most frequent functions", facts.products, "genes", PRODUCTS_OF[facts.sources]))
    if facts.ec_classes:
        with_ec = ""
        if facts.with_ec is not None and facts.gene_count:
            with_ec = (
                f"{whole_number(facts.with_ec)} genes ({percent(facts.with_ec, facts.gene_count)}) "
                "have an enzyme number. "
            )
        if facts.with_ec and facts.with_supported_ec:
            with_ec += f"For {whole_number(facts.with_supported_ec)} of them a domain says the same. "
        highest = max(facts.ec_classes.values())
        lists.append(
            BarList(
                "Kinds of enzymes",
                with_ec + "The first figure of an EC number says what kind of reaction an enzyme speeds up.",
                "genes",
                tuple(
                    Bar(f"EC {key} {name}", note, whole_number(count), 100 * count / highest)
                    for key, (name, note) in EC_CLASSES.items()
                    if (count := facts.ec_classes.get(key, 0))
                ),
            )
        )
    if facts.domains:
        lists.append(
            _top("Most frequent domains", facts.domains, "genes", "Building blocks of proteins found in most genes.")
        )
    if facts.taxa:
        lists.append(
            _top(
                "Where the nearest known proteins come from",
                facts.taxa,
                "genes",
                "The organism of each gene's best hit: a hint at who is in the sample, not a classification.",
            )
        )
    return lists


def _top(title: str, counts: Mapping[str, int], unit: str, caption: str) -> BarList:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown, hidden = ranked[:TOP], ranked[TOP:]
    highest = shown[0][1]
    rest = ""
    if hidden:
        fewer = " or fewer" if hidden[0][1] > hidden[-1][1] else ""
        rest = f"and {whole_number(len(hidden))} more, with {whole_number(hidden[0][1])}{fewer} each"
    return BarList(
        title,
        caption,
        unit,
        tuple(Bar(name, "", whole_number(count), 100 * count / highest) for name, count in shown),
        rest,
    )
