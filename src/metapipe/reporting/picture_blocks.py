"""What the pictures for workflow reports are made of: title, steps, lists and figures, stacked in rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from metapipe.reporting import figures
from metapipe.reporting.hint import Hint
from metapipe.reporting.page_parts import BarList, Figure, Step
from metapipe.reporting.picture import (
    CARD,
    INK,
    LINE,
    SEA,
    SOFT,
    WIDTH,
    Picture,
    shortened,
    text_width,
    wrapped,
)

#: Bars in a list.
BARS = 8

_MARGIN, _GAP, INSIDE = 20.0, 14.0, 16.0
ROOM = WIDTH - 2 * _MARGIN
HALF = (ROOM - _GAP) / 2
_LOOKS = {"before": "#9aa8b1", "after": SEA}


@dataclass(frozen=True)
class Block:
    """A part of the picture: its height, and how to draw it at (x, y)."""

    height: float
    draw: Callable[[Picture, float, float], None]


def in_pairs(blocks: list[Block]) -> list[list[Block]]:
    """Two blocks a row."""
    return [blocks[index : index + 2] for index in range(0, len(blocks), 2)]


def stack(rows: Sequence[Sequence[Block]]) -> bytes:
    """Put the rows below each other; the head has no frame, all others are cards of one height a row."""
    heights = [max(block.height for block in row) for row in rows]
    picture = Picture(sum(heights) + _GAP * (len(rows) - 1) + 2 * _MARGIN)
    y = _MARGIN
    for index, (row, height) in enumerate(zip(rows, heights, strict=True)):
        width = HALF if len(row) > 1 else ROOM
        for column, block in enumerate(row):
            x = _MARGIN + column * (width + _GAP)
            if index:
                # A figure without a neighbour keeps its size.
                picture.box(x, y, width, height, CARD, edge=LINE, radius=8)
            block.draw(picture, x, y)
        y += height + _GAP
    return picture.png()


def head_block(title: str, told: Markup, empty: Hint | None) -> Block:
    """Return title, verdict when nothing was found, and the result in a sentence."""
    names = wrapped(title, 24, ROOM, bold=True, most=2)
    lines = wrapped(told.striptags(), 14, ROOM, most=3)
    found = (
        wrapped(f"Nothing found. {empty.what} {empty.why} {empty.remedy}", 13, ROOM - 2 * INSIDE, most=4)
        if empty
        else []
    )
    boxed = 20 * len(found) + 18 if found else 0

    def draw(picture: Picture, x: float, y: float) -> None:
        for name in names:
            y += 30
            picture.words(x, y - 6, name, 24, bold=True)
        y += 6
        if found:
            picture.box(x, y, ROOM, boxed - 6, "#fff4e0", edge="#f0d9ae", radius=6)
            for index, line in enumerate(found):
                picture.words(x + INSIDE, y + 21 + 20 * index, line, 13, "#3d2600")
            y += boxed
        for line in lines:
            y += 21
            picture.words(x, y - 5, line, 14, SOFT)

    return Block(30 * len(names) + 6 + boxed + 21 * len(lines), draw)


def funnel_block(steps: Sequence[Step]) -> Block:
    """Return the steps in columns."""
    column = ROOM / len(steps)
    room = column - 26
    names = [wrapped(step.name, 12.5, room, bold=True, most=3) for step in steps]
    notes = [wrapped(step.note, 11.5, room, most=4) for step in steps]
    lines = max(17 * len(name) + 16 * len(note) for name, note in zip(names, notes, strict=True))

    def draw(picture: Picture, x: float, y: float) -> None:
        for index, step in enumerate(steps):
            left = x + index * column + 16
            if index:
                edge = x + index * column
                picture.line([edge, edge, edge + 6, edge, edge], [y, y + 30, y + 36, y + 42, y + 70 + lines], LINE)
            picture.words(left, y + 38, shortened(step.value, 24, room, bold=True), 24, SEA, bold=True)
            base = y + 60
            for line in names[index]:
                picture.words(left, base, line, 12.5, bold=True)
                base += 17
            for line in notes[index]:
                picture.words(left, base, line, 11.5, SOFT)
                base += 16
            if step.share is not None:
                _bar(picture, left, y + 52 + lines, room, step.share)

    return Block(70 + lines, draw)


def _bar(picture: Picture, x: float, y: float, width: float, share: float) -> None:
    picture.box(x, y, width, 6, "#e6ecef", radius=3)
    if share > 0:
        picture.box(x, y, max(width * share, 3), 6, SEA, radius=3)


def bars_block(bars: BarList) -> Block:
    """Return the first bars of a list, half the width."""
    shown = bars.bars[:BARS]
    room = HALF - 2 * INSIDE
    hidden = len(bars.bars) > len(shown) or bool(bars.rest)

    def draw(picture: Picture, x: float, y: float) -> None:
        left = x + INSIDE
        picture.words(left, y + 28, bars.title, 16, bold=True)
        for index, bar in enumerate(shown):
            top = y + 44 + 31 * index
            taken = text_width(bar.count, 12.5, bold=True) + 12
            picture.words(left, top + 12, shortened(bar.name, 12.5, room - taken), 12.5)
            picture.words(left + room, top + 12, bar.count, 12.5, bold=True, align="right")
            _bar(picture, left, top + 18, room, bar.width / 100)
        if hidden:
            picture.words(left, y + 44 + 31 * len(shown) + 13, "The report page has more.", 11.5, SOFT)

    return Block(54 + 31 * len(shown) + (18 if hidden else 0), draw)


def figure_block(figure: Figure) -> Block:
    """Return one of the page's figures with its caption, half the width."""
    room = HALF - 2 * INSIDE
    caption = wrapped(figure.caption, 11.5, room, most=3)
    top = 38 + 15.5 * len(caption)
    keys = 20.0 if figure.legend else 0.0
    scale = room / figures.WIDTH

    def draw(picture: Picture, x: float, y: float) -> None:
        left = x + INSIDE
        picture.words(left, y + 28, figure.title, 16, bold=True)
        for line, text in enumerate(caption):
            picture.words(left, y + 46 + 15.5 * line, text, 11.5, SOFT)
        at = left
        for look, name in figure.legend:
            colour = _LOOKS[look]
            picture.box(at, y + top + 3, 13, 9, CARD if look == "before" else colour, edge=colour, radius=2)
            picture.words(at + 19, y + top + 12, name, 11.5, INK)
            at += 19 + text_width(name, 11.5) + 18
        picture.drawing(figure.drawing, left, y + top + keys + 6, room)

    return Block(top + keys + 14 + figures.HEIGHT * scale, draw)
