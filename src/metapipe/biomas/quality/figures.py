"""The figures of the quality report: bands of quality and lines of bases along the reads. Numbers to SVG."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from metapipe.biomas.quality.mate import Mate, Position
from metapipe.biomas.quality.profile import ADAPTERS, LETTERS
from metapipe.reporting.axis import Axis, linear_ticks
from metapipe.reporting.figures import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Series, frame, histogram
from metapipe.reporting.histogram import Distribution, binned, even_edges
from metapipe.reporting.svg import drawing, element, number

#: FastQC's zones of quality: below 20 poor, up to 28 middling, above good.
ZONES = ((0, 20, "poor"), (20, 28, "middling"), (28, 200, "good"))
_ZONE_FALLBACK = {"poor": "#fdecea", "middling": "#fdf3e0", "good": "#e7f5f2"}
#: Okabe & Ito's colours, told apart by nearly everybody.
LETTER_COLOURS = {"A": "#009e73", "C": "#0072b2", "G": "#e69f00", "T": "#d55e00", "N": "#6b7280"}
_SEA = "#0f766e"

#: R1 filled, R2 outlined, where both are in one figure.
LOOKS = {"R1": "after", "R2": "before"}


def quality_bands(mate: Mate, *, title: str, top: float) -> Markup:
    """Return the quality along the reads: median, the middle half and the middle four fifths of the reads.

    :param top: highest Phred score of the axis (the same for both mates).
    """
    x_axis = _along(mate.positions)
    y_ticks = linear_ticks(0, top, 4)
    y_axis = Axis(0, y_ticks[-1], HEIGHT - BOTTOM, TOP)
    parts = [_zone(x_axis, y_axis, *zone) for zone in ZONES if zone[0] < y_axis.high]
    parts += frame(x_axis, y_axis, _round_positions(x_axis), y_ticks, "Position in the read (base)", "Phred score")
    parts.append(_band(mate.positions, x_axis, y_axis, "p10", "p90", "wide-band", 0.18))
    parts.append(_band(mate.positions, x_axis, y_axis, "p25", "p75", "half-band", 0.38))
    medians = [(at.middle, at.median) for at in mate.positions]
    parts.append(_line(medians, x_axis, y_axis, "curve after", _SEA))
    return drawing(WIDTH, HEIGHT, *parts, title=title)


def base_columns(mate: Mate, *, title: str) -> Markup:
    """Return the share of each base along the reads, one column a position, A at the bottom, N at the top."""
    last = mate.positions[-1]
    x_axis = Axis(0.5, max(last.last or last.first, 2) + 0.5, LEFT, WIDTH - RIGHT)
    y_axis = Axis(0, 100, HEIGHT - BOTTOM, TOP)
    parts = frame(
        x_axis, y_axis, _round_positions(x_axis), linear_ticks(0, 100, 4), "Position in the read (base)", "% of reads"
    )
    below = [0.0] * len(mate.positions)
    for letter in LETTERS:
        path = []
        for place, at in enumerate(mate.positions):
            left, right = x_axis.position(at.first - 0.5), x_axis.position((at.last or at.first) + 0.5)
            foot, below[place] = below[place], below[place] + 100 * at.shares[letter]
            if at.shares[letter]:
                top, bottom = y_axis.position(below[place]), y_axis.position(foot)
                path.append(f"M{number(left)} {number(bottom)}V{number(top)}H{number(right)}V{number(bottom)}Z")
        if path:
            parts.append(element("path", d="".join(path), class_=f"letter {letter}", fill=LETTER_COLOURS[letter]))
    return drawing(WIDTH, HEIGHT, *parts, title=title)


def adapter_lines(mates: Sequence[Mate], *, title: str) -> Markup:
    """Return for each mate the share of reads in which an adapter has begun up to each position."""
    longest = max(mates, key=lambda mate: len(mate.positions))
    x_axis = _along(longest.positions)
    curves = [(mate.label, adapter_curve(mate)) for mate in mates]
    highest = max((share for _, curve in curves for _, share in curve), default=0.0)
    y_ticks = linear_ticks(0, max(highest, 1.0), 4)
    y_axis = Axis(0, y_ticks[-1], HEIGHT - BOTTOM, TOP)
    parts = frame(x_axis, y_axis, _round_positions(x_axis), y_ticks, "Position in the read (base)", "% of reads")
    for label, curve in curves:
        look = LOOKS[label]
        parts.append(_line(curve, x_axis, y_axis, f"curve {look}", _SEA if look == "after" else "#7c8b95"))
    return drawing(WIDTH, HEIGHT, *parts, title=title)


def adapter_curve(mate: Mate) -> list[tuple[float, float]]:
    """Return (position, per cent of the reads in which any adapter has begun by then)."""
    begun: dict[int, int] = {}
    for name in ADAPTERS:
        for first, count in mate.part["adapters"].get(name, {}).items():
            begun[int(first)] = begun.get(int(first), 0) + count
    total, curve = 0, []
    for at in mate.positions:
        total += begun.get(at.first, 0)
        curve.append((at.middle, 100 * total / max(mate.reads, 1)))
    return curve


def both_histograms(
    values: Sequence[tuple[str, Distribution]], *, title: str, x_name: str, low: float | None = None, bins: int = 40
) -> tuple[Markup, tuple[float, ...], tuple[Series, ...]]:
    """Return R1 and R2 over the same bins, with the bins and counts for the table of numbers.

    :param values: (label, distribution) of each mate; an empty distribution is drawn as nothing.
    :param low: where the axis begins at the latest.
    """
    filled = [spread for _, spread in values if spread.counts]
    lowest = min([spread.low for spread in filled] + ([low] if low is not None else []))
    edges = even_edges(lowest, max(spread.high for spread in filled), bins, smallest=1)
    series = tuple(
        Series(label, LOOKS[label], binned(spread if spread.counts else None, edges)) for label, spread in values
    )
    return histogram(edges, series, title=title, x_name=x_name, y_name="Reads"), edges, series


def _along(positions: Sequence[Position]) -> Axis:
    last = positions[-1]
    return Axis(1, max(last.last or last.first, 2), LEFT, WIDTH - RIGHT)


def _round_positions(axis: Axis) -> list[float]:
    return linear_ticks(0, axis.high, 6, whole=True)


def _zone(x_axis: Axis, y_axis: Axis, low: float, high: float, name: str) -> Markup:
    upper, lower = y_axis.position(high), y_axis.position(low)
    return element(
        "rect",
        x=x_axis.start,
        y=upper,
        width=x_axis.end - x_axis.start,
        height=lower - upper,
        class_=f"zone {name}",
        fill=_ZONE_FALLBACK[name],
    )


def _band(
    positions: Sequence[Position], x_axis: Axis, y_axis: Axis, low: str, high: str, class_: str, opacity: float
) -> Markup:
    upper = [_point(at.middle, getattr(at, high), x_axis, y_axis) for at in positions]
    lower = [_point(at.middle, getattr(at, low), x_axis, y_axis) for at in reversed(positions)]
    return element("path", d="M" + "L".join(upper + lower) + "Z", class_=class_, fill=_SEA, fill_opacity=opacity)


def _line(
    points: Sequence[tuple[float, float]], x_axis: Axis, y_axis: Axis, class_: str, colour: str, width: float = 2
) -> Markup:
    path = "M" + "L".join(_point(x, y, x_axis, y_axis) for x, y in points)
    return element("path", d=path, class_=class_, fill="none", stroke=colour, stroke_width=width)


def _point(x: float, y: float, x_axis: Axis, y_axis: Axis) -> str:
    return f"{number(x_axis.position(x))} {number(y_axis.position(y))}"


def spans(positions: Sequence[Position], wanted: int = 30) -> list[Sequence[Position]]:
    """Cut the positions into at most about ``wanted`` runs, for a table that can be read."""
    size = max(1, -(-len(positions) // wanted))
    cuts = [*range(0, len(positions), size), len(positions)]
    return [positions[start:end] for start, end in pairwise(cuts)]
