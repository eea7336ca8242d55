"""Samples by taxa as a map of shades: a row a sample, a column a taxon, the darker the larger its share."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import radians, sin

from markupsafe import Markup

from metapipe.reporting.palette import STEPS
from metapipe.reporting.sample_rows import NAMES, WIDTH, Rows, shortened
from metapipe.reporting.svg import element, label, number

#: Columns that fit.
MOST = 30
#: Shares from which the next shade begins; the palest is for less than the first, and none for nothing.
LIMITS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
LIMIT_NAMES = ("below 0.1 %", "from 0.1 %", "from 0.3 %", "from 1 %", "from 3 %", "from 10 %", "from 30 %")
_SLANT, _LONGEST = 50, 26


def heat_map(rows: Rows, taxa: Sequence[str], shares: Sequence[Sequence[float]], *, title: str) -> Markup:
    """Return the map. :param taxa: names of the columns, at most :data:`MOST`. :param shares: of each row, 0–1."""
    wide = column_width(len(taxa))
    ground = {"x": NAMES, "y": rows.top, "width": wide * len(taxa), "height": rows.bottom - rows.top}
    made = [element("rect", **ground, fill="#ffffff", stroke="#dbe3e7", class_="ground")]
    for at, name in enumerate(taxa):
        x, y = NAMES + wide * (at + 0.5) + 3, rows.top - 6
        turn = f"rotate(-{_SLANT} {number(x)} {number(y)})"
        full = element("title", name)
        made.append(element("g", full, label(x, y, shortened(name, _LONGEST), "column-name"), transform=turn))
    for row, of_row in enumerate(shares):
        made.append(rows.group(row, *_cells(of_row, wide, rows.height)))
    return rows.drawn(*made, title=title, below=4)


def top(taxa: Sequence[str]) -> float:
    """Pixels above the first row, for the taxa's slanted names."""
    longest = max((len(shortened(name, _LONGEST)) for name in taxa), default=0)
    return 22 + 6.2 * longest * sin(radians(_SLANT))


def column_width(columns: int) -> float:
    """Pixels of a column; the last slanted name needs room at the right."""
    return min((WIDTH - NAMES - 90) / max(columns, 1), 40.0)


def step(share: float) -> int:
    """The shade of a share above 0, as a number of :data:`STEPS`."""
    return bisect_right(LIMITS, share)


def _cells(shares: Sequence[float], wide: float, high: float) -> list[Markup]:
    """One path a shade: a map of 200 samples stays small. Cells are apart by a pixel."""
    paths: dict[int, list[str]] = {}
    for at, share in enumerate(shares):
        if share > 0:
            corner = f"M{number(NAMES + at * wide + 0.5)} .5"
            paths.setdefault(step(share), []).append(
                f"{corner}h{number(wide - 1)}v{number(high - 1)}h-{number(wide - 1)}z"
            )
    return [element("path", d="".join(parts), fill=STEPS[shade]) for shade, parts in sorted(paths.items())]
