"""The figures of one rank: each with the words above it, its drawing, its legend and its numbers as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from metapipe.biomas.comparison import heat_map as shades
from metapipe.biomas.comparison.compared import Comparison, RankView
from metapipe.biomas.comparison.growth import growth, is_wide
from metapipe.biomas.comparison.measures import TOP as MEASURES_TOP
from metapipe.biomas.comparison.measures import measures
from metapipe.biomas.comparison.scatter import MOST_NAMES, scatter
from metapipe.reporting import palette, stacked_bars
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.sample_rows import Rows
from metapipe.reporting.stacked_bars import Part
from metapipe.taxa.main_ranks import PLURALS
from metapipe.taxa.rank_counts import shares_of

#: Up to so many samples the page has the distance of every pair.
MOST_PAIRED = 100


@dataclass(frozen=True)
class Shown:
    """One figure.

    :param kind: short name, of files, too. :param caption: what it shows, also for who cannot see the drawing.
    :param drawing: empty for a table alone. :param legend: colour, mark, name, note. :param header: of the numbers;
        the first column is the sample. :param rows: the numbers.
    """

    kind: str
    title: str
    caption: str
    drawing: Markup
    legend: tuple[tuple[str, str, str, str], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def table(self) -> str:
        """The numbers as tab-separated text."""
        return "\n".join("\t".join(cells) for cells in (self.header, *self.rows)) + "\n"


@dataclass(frozen=True)
class RankFigures:
    """All figures of a rank. :param alike: what the distances say, in a sentence or two."""

    rank: str
    plural: str
    bars: Shown
    map: Shown
    measures: Shown | None
    growth: Shown | None
    alike: str
    scatter: Shown | None
    distances: Shown | None


def rank_figures(comparison: Comparison, view: RankView) -> RankFigures:
    """Draw all that there is to draw of a rank."""
    some = bool(view.named)
    return RankFigures(
        view.rank,
        PLURALS[view.rank],
        _bars(comparison, view),
        _map(comparison, view),
        _measures(comparison, view) if some else None,
        _growth(comparison, view) if some else None,
        _alike(comparison, view),
        _scatter(comparison, view),
        _distances(comparison, view),
    )


def bars_without_ranks(comparison: Comparison) -> Shown:
    """The bars of samples of which no read has a name at a main rank: what is classified at all, and what is not."""
    parts = (Part("named, but at no main rank", palette.WIDER), Part("unclassified", palette.NOWHERE))
    both = [(named, reads - named) for reads, named in zip(comparison.reads, comparison.classified, strict=True)]
    shares = [[count / max(sum(counts), 1) for count in counts] for counts in both]
    rows = Rows(comparison.samples, stacked_bars.TOP)
    title = "No read of any sample has a name at a main rank, domain to species."
    drawing = stacked_bars.stacked_bars(rows, shares, parts, title=title)
    numbers = _table(comparison.samples, [[str(sum(counts)), *map(str, counts)] for counts in both])
    header = ("sample", "reads", *(part.name for part in parts))
    return Shown("shares", "Nothing to compare", title, drawing, _legend(parts, ["", ""]), header, numbers)


def _bars(comparison: Comparison, view: RankView) -> Shown:
    found, plural = view.found, PLURALS[view.rank]
    colours = palette.KINDS
    top = found.names[: len(colours)]
    counts = [*found.counts[: len(top)], found.counts[len(top) :].sum(axis=0), found.wider, found.unclassified]
    parts = [Part(name, colour, str(at)) for at, (name, colour) in enumerate(zip(top, colours, strict=False), 1)]
    parts += [
        Part(f"other {plural}", palette.OTHER),
        Part(f"named, but not at the rank {view.rank}", palette.WIDER),
        Part("unclassified", palette.NOWHERE),
    ]
    totals = found.reads
    shares = [[float(of_part[at]) / max(int(totals[at]), 1) for of_part in counts] for at in range(len(totals))]
    # The mean of shares, so that each sample has the same say.
    means = [percent(sum(row[at] for row in shares), len(shares)) for at in range(len(parts))]
    shown = [at for at, of_part in enumerate(counts) if of_part.any()]
    most = f"The {len(top)} most abundant {plural} have a colour and a number. " if len(top) > 1 else ""
    caption = (
        f"All reads of a sample are 100 %, however many it has. {most}The legend says the share of an average sample."
    )
    said = ", ".join(f"{parts[at].name} {means[at]}" for at in shown)
    rows = Rows(comparison.samples, stacked_bars.TOP, view.places)
    numbers = [
        [str(int(totals[at])), *(str(int(of_part[at])) for of_part in counts)] for at in range(len(comparison.samples))
    ]
    return Shown(
        "shares",
        f"Shares of {plural}",
        caption,
        stacked_bars.stacked_bars(rows, shares, parts, title=f"Shares of {plural}, on average: {said}."),
        tuple(one for at, one in enumerate(_legend(parts, means)) if at in shown),
        ("sample", "reads", *(part.name for part in parts)),
        _table(comparison.samples, numbers),
    )


def _map(comparison: Comparison, view: RankView) -> Shown:
    found, plural = view.found, PLURALS[view.rank]
    names = found.names[: shades.MOST]
    shares = shares_of(found.counts, found.named)[: shades.MOST].T.tolist()
    more = len(found.names) - len(names)
    caption = (
        f"Share of each of the {len(names)} most abundant {plural} among the reads named at this rank"
        f"{f'; {whole_number(more)} rarer ones are in the table of taxa' if more else ''}. White: no read."
    )
    drawing = shades.heat_map(
        Rows(comparison.samples, shades.top(names), view.places),
        names,
        shares,
        title=f"{plural.capitalize()} by sample. {caption}",
    )
    return Shown(
        "map",
        f"{plural.capitalize()} by sample",
        caption,
        drawing,
        tuple((colour, "", name, "") for colour, name in zip(palette.STEPS, shades.LIMIT_NAMES, strict=True)),
        ("sample", *(f"{name} (%)" for name in names)),
        _table(comparison.samples, [[f"{100 * share:.4g}" for share in row] for row in shares]),
    )


def _measures(comparison: Comparison, view: RankView) -> Shown:
    plural = PLURALS[view.rank]
    known = dict(zip(view.named, view.diversity, strict=True))
    found = [known.get(sample) for sample in range(len(comparison.samples))]
    caption = (
        f"From the reads named at this rank. The number of {plural} seen grows with the reads: compare samples of "
        f"different size by the column Rarefied, which says how many {plural} to expect when {_reads(view.depth)} of "
        "each sample are looked at, as many as the smallest has."
    )
    numbers = [
        [
            str(one.reads),
            str(one.observed),
            f"{one.chao1:.2f}",
            f"{one.expected:.2f}",
            f"{one.shannon:.4f}",
            f"{one.simpson:.4f}",
        ]
        if one
        else ["0", "", "", "", "", ""]
        for one in found
    ]
    return Shown(
        "diversity",
        f"How many {plural}, and how even (α-diversity)",
        caption,
        measures(Rows(comparison.samples, MEASURES_TOP, view.places), found, view.depth, title=caption),
        (),
        ("sample", "reads named", "observed", "Chao1", f"rarefied to {view.depth}", "Shannon", "Simpson"),
        _table(comparison.samples, numbers),
    )


def _growth(comparison: Comparison, view: RankView) -> Shown:
    plural = PLURALS[view.rank]
    names = [comparison.samples[sample] for sample in view.named]
    wide = is_wide([curve.depths[-1] for curve in view.curves])
    caption = (
        f"How many {plural} to expect in a random part of a sample's reads. A curve that flattens has seen nearly all; "
        "one that still climbs would find more with more reads. At the dashed line all samples can be compared."
        f"{' Sizes differ widely: the axis is logarithmic.' if wide else ''}"
    )
    drawing = growth(names, view.named, view.curves, view.depth, title=caption, kinds=f"{plural} to expect")
    rows = tuple(
        (name, str(depth), f"{kinds:.2f}")
        for name, curve in zip(names, view.curves, strict=True)
        for depth, kinds in zip(curve.depths, curve.kinds, strict=True)
    )
    return Shown("rarefaction", "Rarefaction", caption, drawing, (), ("sample", "reads", f"{plural} to expect"), rows)


def _alike(comparison: Comparison, view: RankView) -> str:
    names = [comparison.samples[sample] for sample in view.named]
    without = len(comparison.samples) - len(names)
    note = f" {without} sample{' has' if without == 1 else 's have'} no read named at this rank." if without else ""
    if len(names) < 2:
        return f"Distances need two samples with reads named at this rank.{note}"
    pairs = [(float(view.distances[b, a]), a, b) for b in range(len(names)) for a in range(b)]
    near, far = min(pairs), max(pairs, key=lambda pair: (pair[0], -pair[1], -pair[2]))
    if len(names) == 2:
        return f"The distance of {names[0]} and {names[1]} is {near[0]:.3f}. A map needs three samples.{note}"
    return (
        f"Most alike are {names[near[1]]} and {names[near[2]]} ({near[0]:.3f}), least alike {names[far[1]]} and "
        f"{names[far[2]]} ({far[0]:.3f}).{note}"
    )


def _scatter(comparison: Comparison, view: RankView) -> Shown | None:
    if view.map is None:
        return None
    names = [comparison.samples[sample] for sample in view.named]
    caption = (
        "Samples near each other have alike communities. Principal coordinates of the Bray–Curtis distances; the axes "
        "have no meaning of their own."
        f"{' Point at a sample to see its name.' if len(names) > MOST_NAMES else ''}"
    )
    rows = tuple(
        (name, *(f"{place:.4f}".replace("-0.0000", "0.0000") for place in places))
        for name, places in zip(names, view.map.places.tolist(), strict=True)
    )
    header = ("sample", *(f"axis {axis} ({percent(share, 1)})" for axis, share in enumerate(view.map.explained, 1)))
    drawing = scatter(names, view.named, view.map, title=f"Map of the samples. {caption}")
    return Shown(
        "samples-map", f"Map of the samples by their {PLURALS[view.rank]} (PCoA)", caption, drawing, (), header, rows
    )


def _distances(comparison: Comparison, view: RankView) -> Shown | None:
    if not 2 <= len(view.named) <= MOST_PAIRED:
        return None
    names = [comparison.samples[sample] for sample in view.named]
    rows = tuple(
        (name, *(f"{view.distances[at, other]:.3f}" if other <= at else "" for other in range(len(names))))
        for at, name in enumerate(names)
    )
    caption = "Each pair once: 0 is the same community, 1 is nothing in common."
    return Shown("distances", "Bray–Curtis distances", caption, Markup(""), (), ("sample", *names), rows)


def _legend(parts: Sequence[Part], notes: Sequence[str]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((part.colour, part.mark, part.name, note) for part, note in zip(parts, notes, strict=True))


def _table(samples: Sequence[str], numbers: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple((sample, *cells) for sample, cells in zip(samples, numbers, strict=True))


def _reads(count: int) -> str:
    return f"{whole_number(count)} read{'' if count == 1 else 's'}"
