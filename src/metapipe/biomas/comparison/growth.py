"""Rarefaction curves: how the number of kinds grows with the reads looked at."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from metapipe.biomas.comparison.compared import Curve
from metapipe.reporting.axis import Axis, linear_ticks, log_ticks, short_number, whole_number
from metapipe.reporting.sample_rows import shortened
from metapipe.reporting.svg import drawing, element, label, number

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1000.0, 380.0, 56.0, 190.0, 26.0, 46.0
#: Above so many curves their names would hide each other.
MOST_NAMES = 20
_CROWD = 50  # curves are paler where there are more
#: Where the largest sample has so many times the reads of the smallest, the axis is logarithmic.
WIDE = 20


def is_wide(depths: Sequence[int]) -> bool:
    """Whether samples of so many reads need a logarithmic axis to be seen beside each other."""
    return max(depths) >= WIDE * min(depths)


def growth(
    samples: Sequence[str], numbers: Sequence[int], curves: Sequence[Curve], depth: int, *, title: str, kinds: str
) -> Markup:
    """Return the curves, with a line at ``depth``, the reads of the smallest sample.

    :param numbers: of the samples on the page. :param kinds: what is counted, the name of the axis.
    """
    ends = [curve.depths[-1] for curve in curves]
    log = is_wide(ends)
    x_axis = Axis(1 if log else 0, max(*ends, 2), LEFT, WIDTH - RIGHT, log)
    y_ticks = linear_ticks(0, max(curve.kinds[-1] for curve in curves), 6, whole=True)
    y_axis = Axis(0, y_ticks[-1], HEIGHT - BOTTOM, TOP)
    made = _frame(x_axis, y_axis, y_ticks, log, kinds)
    x = x_axis.position(depth)
    made.append(
        element("line", x1=x, y1=TOP, x2=x, y2=HEIGHT - BOTTOM, class_="mark", stroke="#9a5b00", stroke_dasharray="4 3")
    )
    right = x > WIDTH * 0.6
    words = f"smallest sample: {whole_number(depth)} read{'' if depth == 1 else 's'}"
    made.append(label(x + (-5 if right else 5), TOP - 8, words, "mark-name", "end" if right else "start"))
    places = _names([y_axis.position(curve.kinds[-1]) for curve in curves]) if len(curves) <= MOST_NAMES else []
    lines = []
    for at, (curve, sample, name) in enumerate(zip(curves, numbers, samples, strict=True)):
        points = [
            f"{number(x_axis.position(max(depth, x_axis.low)))} {number(y_axis.position(kind))}"
            for depth, kind in zip(curve.depths, curve.kinds, strict=True)
        ]
        parts = [element("path", d="M" + "L".join(points), fill="none", stroke="#2379b4", stroke_width=1.6)]
        end_x, end_y = x_axis.position(curve.depths[-1]), y_axis.position(curve.kinds[-1])
        parts.append(element("circle", cx=end_x, cy=end_y, r=3, fill="#24489d"))
        if places:
            y = places[at]
            out = WIDTH - RIGHT + 14
            parts.append(
                element(
                    "path",
                    d=f"M{number(end_x + 4)} {number(end_y)}L{number(out - 3)} {number(y)}",
                    fill="none",
                    stroke="#b4bcc2",
                    stroke_width=0.7,
                )
            )
            parts.append(label(out, y + 4, shortened(name, 26), "row-name"))
        lines.append(element("g", *parts, class_="curve-of", data_s=str(sample)))
    made.append(element("g", *lines, class_="crowd" if len(curves) > _CROWD else None))
    return drawing(WIDTH, HEIGHT, *made, title=title)


def _frame(x_axis: Axis, y_axis: Axis, y_ticks: Sequence[float], log: bool, kinds: str) -> list[Markup]:
    made = [label(4, 12, kinds, "axis-name")]
    for tick in y_ticks:
        y = y_axis.position(tick)
        made.append(
            element("line", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y, class_="grid" if tick else "base", stroke="#e3e8eb")
        )
        made.append(label(LEFT - 6, y + 4, short_number(tick), "tick", "end"))
    ticks = log_ticks(x_axis.low, x_axis.high) if log else linear_ticks(0, x_axis.high, 7, whole=True)
    for tick in ticks:
        if x_axis.low <= tick <= x_axis.high:
            x = x_axis.position(tick)
            made.append(
                element("line", x1=x, y1=HEIGHT - BOTTOM, x2=x, y2=HEIGHT - BOTTOM + 4, class_="base", stroke="#7b8a94")
            )
            made.append(label(x, HEIGHT - BOTTOM + 17, short_number(tick), "tick", "middle"))
    words = f"reads looked at{' (logarithmic)' if log else ''}"
    made.append(label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, words, "axis-name", "middle"))
    return made


def _names(ends: Sequence[float]) -> list[float]:
    """Heights of the names at the right, as near to the curves' ends as they may be without lying on each other."""
    order = sorted(range(len(ends)), key=lambda at: (ends[at], at))
    found = [0.0] * len(ends)
    lowest = HEIGHT - BOTTOM - 13 * (len(ends) - 1)
    above = TOP - 13
    for rank, at in enumerate(order):
        above = found[at] = max(min(ends[at], lowest + 13 * rank), above + 13)
    return found
