"""The figures: distributions as stepped areas, confidence tiers as one bar. Pure functions from numbers to SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from metapipe.reporting.axis import Axis, linear_ticks, log_ticks, short_number, whole_number
from metapipe.reporting.svg import drawing, element, label, number

WIDTH, HEIGHT = 440.0, 232.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 14.0, 26.0, 42.0

# Fallback colours for readers that drop the style sheet; the sheet sets its own, for light and dark.
_FALLBACK = {"before": "#9aa8b1", "after": "#0f766e"}
_TIER_FALLBACK = {1: "#0f766e", 2: "#74bdb3", 3: "#c5cfd4"}


@dataclass(frozen=True)
class Series:
    """One distribution in a figure.

    :param look: ``before`` (outlined, pale) or ``after`` (filled).
    :param counts: one number per bin.
    """

    name: str
    look: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Mark:
    """A value worth a line of its own, e.g. N50."""

    value: float
    text: str


def histogram(
    edges: Sequence[float],
    series: Sequence[Series],
    *,
    title: str,
    x_name: str,
    y_name: str,
    log: bool = False,
    mark: Mark | None = None,
) -> Markup:
    """Return stepped areas over shared bins, drawn in the order given.

    :param edges: n + 1 increasing bin edges (> 0 when ``log``).
    :param title: what a screen reader says instead of the drawing.
    """
    if any(len(one.counts) != len(edges) - 1 for one in series):
        raise ValueError("a series needs one count per bin")
    x_axis = Axis(edges[0], edges[-1], LEFT, WIDTH - RIGHT, log)
    tallest = max((max(one.counts, default=0) for one in series), default=0)
    y_ticks = linear_ticks(0, max(tallest, 1), 4, whole=True)
    y_axis = Axis(0, y_ticks[-1], HEIGHT - BOTTOM, TOP)
    x_ticks = log_ticks(edges[0], edges[-1]) if log else linear_ticks(edges[0], edges[-1], 6)
    parts = frame(x_axis, y_axis, x_ticks, y_ticks, x_name, y_name)
    parts += [_steps(edges, one, x_axis, y_axis) for one in series]
    if mark is not None and edges[0] <= mark.value <= edges[-1]:
        x = x_axis.position(mark.value)
        parts.append(_line(x, TOP - 9, x, HEIGHT - BOTTOM, "mark"))
        right = x > WIDTH * 0.66
        parts.append(label(x + (5 if right else -4), TOP - 13, mark.text, "mark-name", "end" if right else "start"))
    return drawing(WIDTH, HEIGHT, *parts, title=title)


def curves(
    series: Sequence[tuple[str, Sequence[float]]], *, title: str, x_name: str, y_name: str, top: float
) -> Markup:
    """Return lines over positions 1, 2, 3 …; ``series`` holds (look, value per position), ``top`` ends the y axis."""
    longest = max(len(values) for _, values in series)
    x_axis = Axis(1, max(longest, 2), LEFT, WIDTH - RIGHT)
    y_ticks = linear_ticks(0, top, 4)
    y_axis = Axis(0, y_ticks[-1], HEIGHT - BOTTOM, TOP)
    parts = frame(x_axis, y_axis, linear_ticks(0, longest, 6), y_ticks, x_name, y_name)
    for look, values in series:
        points = [f"{number(x_axis.position(at))} {number(y_axis.position(v))}" for at, v in enumerate(values, 1)]
        parts.append(
            element(
                "path",
                d="M" + "L".join(points),
                class_=f"curve {look}",
                fill="none",
                stroke=_FALLBACK[look],
                stroke_width=2,
            )
        )
    return drawing(WIDTH, HEIGHT, *parts, title=title)


def tier_bar(tiers: Sequence[tuple[int, int]], *, title: str, counted: str = "genes") -> Markup:
    """Return one bar cut by confidence tier: ``(tier, count)`` pairs, best first. Empty tiers take no room."""
    width, height, gap = 900.0, 34.0, 2.0
    total = sum(count for _, count in tiers)
    shown = [(tier, count) for tier, count in tiers if count > 0]
    # A sliver stays visible: one gene of a thousand is still a gene.
    sliver = 4.0
    room = width - gap * max(len(shown) - 1, 0) - sliver * len(shown)
    parts, x = [], 0.0
    for tier, count in shown:
        piece = sliver + room * count / total
        hover = element("title", f"tier {tier}: {whole_number(count)} {counted}")
        parts.append(
            element(
                "rect",
                hover,
                x=x,
                y=0,
                width=piece,
                height=height,
                rx=3,
                class_=f"tier-{tier}",
                fill=_TIER_FALLBACK.get(tier, "#888"),
            )
        )
        x += piece + gap
    return drawing(width, height, *parts, title=title, stretch=True)


def frame(
    x_axis: Axis, y_axis: Axis, x_ticks: Sequence[float], y_ticks: Sequence[float], x_name: str, y_name: str
) -> list[Markup]:
    """Return grid, ticks and names of both axes; ticks beyond the x axis are left out."""
    parts = [label(4, 12, y_name, "axis-name")]
    for tick in y_ticks:
        y = y_axis.position(tick)
        parts.append(_line(LEFT, y, WIDTH - RIGHT, y, "grid" if tick else "base"))
        parts.append(label(LEFT - 6, y + 4, short_number(tick), "tick", "end"))
    for tick in x_ticks:
        if x_axis.low <= tick <= x_axis.high:
            x = x_axis.position(tick)
            parts.append(_line(x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4, "base"))
            parts.append(label(x, HEIGHT - BOTTOM + 16, short_number(tick), "tick", "middle"))
    parts.append(label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_name, "axis-name", "middle"))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    colour = {"grid": "#e3e8eb", "base": "#7b8a94", "mark": "#b45309"}[class_]
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_, stroke=colour)


def _steps(edges: Sequence[float], series: Series, x_axis: Axis, y_axis: Axis) -> Markup:
    ground = y_axis.position(0)
    path = [f"M{number(x_axis.position(edges[0]))} {number(ground)}"]
    for (left, right), count in zip(pairwise(edges), series.counts, strict=True):
        y = number(y_axis.position(count))
        path.append(f"L{number(x_axis.position(left))} {y}L{number(x_axis.position(right))} {y}")
    path.append(f"L{number(x_axis.position(edges[-1]))} {number(ground)}Z")
    colour = _FALLBACK[series.look]
    filled = series.look == "after"
    return element(
        "path",
        d="".join(path),
        class_=f"area {series.look}",
        fill=colour if filled else "none",
        stroke=colour,
        stroke_width=1 if filled else 1.5,
    )
