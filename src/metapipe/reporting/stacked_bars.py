"""Samples as bars of one length, cut by what is in them: the same parts, in the same order, in every bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from metapipe.reporting.palette import ink_on
from metapipe.reporting.sample_rows import NAMES, WIDTH, Rows
from metapipe.reporting.svg import element, label, number

#: Above the first bar: room for the scale.
TOP = 26.0
_ANCHORS = ("start", "middle", "middle", "middle", "end")


@dataclass(frozen=True)
class Part:
    """A piece of every bar. :param colour: ``#rrggbb``. :param mark: a sign that stands in it where there is room."""

    name: str
    colour: str
    mark: str = ""


def stacked_bars(rows: Rows, shares: Sequence[Sequence[float]], parts: Sequence[Part], *, title: str) -> Markup:
    """Return a bar of full length for each row. :param shares: of each row, of each part, 0–1."""
    room = WIDTH - 20 - NAMES
    made = [
        element("g", *(label(NAMES + room * at / 4, TOP - 9, f"{25 * at} %", "tick", _ANCHORS[at]) for at in range(5)))
    ]
    for row, of_row in enumerate(shares):
        pieces, marks, x = [], [], NAMES
        for at, (share, part) in enumerate(zip(of_row, parts, strict=True)):
            width = share * room
            if width > 0:
                pieces.append(_piece(rows, x, max(width, 0.05), part, at))
            if part.mark and width >= 7 + 7 * len(part.mark):
                marks.append(
                    element("text", part.mark, x=x + width / 2, y=rows.height / 2 + 4, fill=ink_on(part.colour))
                )
            x += width
        made.append(rows.group(row, *pieces, element("g", *marks, class_="in-bar", text_anchor="middle", font_size=11)))
    return rows.drawn(*made, title=title, below=6)


def _piece(rows: Rows, x: float, width: float, part: Part, at: int) -> Markup:
    path = f"M{number(x)} 1.5h{number(width)}v{number(rows.height - 3)}h-{number(width)}z"
    return element("path", d=path, fill=part.colour, data_t=str(at))
