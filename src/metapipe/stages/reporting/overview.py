"""The page's most telling figures stacked in one picture, to embed where a page cannot be shown.

Pure: the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metapipe.stages.reporting import figures
from metapipe.stages.reporting.axis import percent, whole_number
from metapipe.stages.reporting.facts import Facts, gather
from metapipe.stages.reporting.gene_table import GeneTally
from metapipe.stages.reporting.hints import Hint, hints
from metapipe.stages.reporting.page import heading, verdict
from metapipe.stages.reporting.picture import (
    CARD,
    INK,
    LINE,
    SEA,
    SOFT,
    WIDTH,
    Picture,
    own_settings,
    shortened,
    text_width,
    wrapped,
)
from metapipe.stages.reporting.sections import BarList, Figure, sections
from metapipe.stages.reporting.story import Step, funnel, sentence
from metapipe.stages.reporting.summaries import Summary
from metapipe.stages.reporting.tiers import TIERS

#: Which of the page's figures and lists; the page has them all.
FIGURES = ("Read quality", "Quality along the reads", "Contig length", "GC content of the contigs")
LISTS = ("Most frequent functions", "Kinds of enzymes")
#: Bars in a list.
BARS = 8

_MARGIN, _GAP, _INSIDE = 20.0, 14.0, 16.0
_ROOM = WIDTH - 2 * _MARGIN
_HALF = (_ROOM - _GAP) / 2
_LOOKS = {"before": "#9aa8b1", "after": SEA}
_TIERS = {1: "#0f766e", 2: "#74bdb3", 3: "#c5cfd4"}


@dataclass(frozen=True)
class _Block:
    """A part of the picture: its height, and how to draw it at (x, y)."""

    height: float
    draw: Callable[[Picture, float, float], None]


def overview(summaries: Mapping[str, Sequence[Summary]], table: GeneTally | None, *, title: str = "") -> bytes:
    """Return the picture as PNG; parameters as those of :func:`metapipe.stages.reporting.page.render`.

    What is not known is left out; without any number there is still a picture that says so.
    """
    facts = gather(summaries, table)
    parts = sections(facts)
    drawn = {one.title: one for part in parts for one in part.figures}
    lists = {one.title: one for part in parts for one in part.bars}
    with own_settings():
        rows = [[_head(facts, heading(facts, title), verdict(facts, hints(facts)))]]
        steps = funnel(facts)
        if steps:
            rows.append([_funnel(steps)])
        if sum(facts.tiers.values()):
            rows.append([_tiers(facts)])
        rows += _in_pairs([_bars(lists[name]) for name in LISTS if name in lists])
        rows += _in_pairs([_figure(drawn[name]) for name in FIGURES if name in drawn])
        return _stack(rows)


def _in_pairs(blocks: list[_Block]) -> list[list[_Block]]:
    return [blocks[index : index + 2] for index in range(0, len(blocks), 2)]


def _stack(rows: Sequence[Sequence[_Block]]) -> bytes:
    """Put the rows below each other; the head has no frame, all others are cards of one height a row."""
    heights = [max(block.height for block in row) for row in rows]
    picture = Picture(sum(heights) + _GAP * (len(rows) - 1) + 2 * _MARGIN)
    y = _MARGIN
    for index, (row, height) in enumerate(zip(rows, heights, strict=True)):
        width = _HALF if len(row) > 1 else _ROOM
        for column, block in enumerate(row):
            x = _MARGIN + column * (width + _GAP)
            if index:
                # A figure without a neighbour keeps its size.
                picture.box(x, y, width, height, CARD, edge=LINE, radius=8)
            block.draw(picture, x, y)
        y += height + _GAP
    return picture.png()


def _head(facts: Facts, title: str, empty: Hint | None) -> _Block:
    names = wrapped(title, 24, _ROOM, bold=True, most=2)
    told = wrapped(sentence(facts).striptags(), 14, _ROOM, most=3)
    found = (
        wrapped(f"Nothing found. {empty.what} {empty.why} {empty.remedy}", 13, _ROOM - 2 * _INSIDE, most=4)
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
            picture.box(x, y, _ROOM, boxed - 6, "#fff4e0", edge="#f0d9ae", radius=6)
            for index, line in enumerate(found):
                picture.words(x + _INSIDE, y + 21 + 20 * index, line, 13, "#3d2600")
            y += boxed
        for line in told:
            y += 21
            picture.words(x, y - 5, line, 14, SOFT)

    return _Block(30 * len(names) + 6 + boxed + 21 * len(told), draw)


def _funnel(steps: Sequence[Step]) -> _Block:
    column = _ROOM / len(steps)
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

    return _Block(70 + lines, draw)


def _bar(picture: Picture, x: float, y: float, width: float, share: float) -> None:
    picture.box(x, y, width, 6, "#e6ecef", radius=3)
    if share > 0:
        picture.box(x, y, max(width * share, 3), 6, SEA, radius=3)


def _tiers(facts: Facts) -> _Block:
    total = sum(facts.tiers.values())
    counts = [(tier.number, facts.tiers.get(tier.number, 0)) for tier in TIERS]
    heads = [f"Tier {number}: {whole_number(count)} genes, {percent(count, total)}" for number, count in counts]
    width = _ROOM - 2 * _INSIDE
    room = width / 3 - 26
    meanings = [
        wrapped(tier.one_source if facts.one_source else tier.both_sources, 11.5, room, most=5) for tier in TIERS
    ]

    def draw(picture: Picture, x: float, y: float) -> None:
        picture.words(x + _INSIDE, y + 28, "How sure are the functions?", 16, bold=True)
        picture.drawing(figures.tier_bar(counts, title=""), x + _INSIDE, y + 42, width)
        for index, (tier, (number, _)) in enumerate(zip(TIERS, counts, strict=True)):
            left = x + _INSIDE + index * width / 3
            picture.box(left, y + 89, 11, 11, _TIERS[number], radius=2)
            picture.words(left + 18, y + 99, shortened(heads[index], 12.5, room, bold=True), 12.5, bold=True)
            picture.words(left + 18, y + 116, tier.name, 12.5)
            for line, text in enumerate(meanings[index]):
                picture.words(left + 18, y + 133 + 15.5 * line, text, 11.5, SOFT)

    return _Block(134 + 15.5 * max(map(len, meanings)), draw)


def _bars(bars: BarList) -> _Block:
    shown = bars.bars[:BARS]
    room = _HALF - 2 * _INSIDE
    hidden = len(bars.bars) > len(shown) or bool(bars.rest)

    def draw(picture: Picture, x: float, y: float) -> None:
        left = x + _INSIDE
        picture.words(left, y + 28, bars.title, 16, bold=True)
        for index, bar in enumerate(shown):
            top = y + 44 + 31 * index
            taken = text_width(bar.count, 12.5, bold=True) + 12
            picture.words(left, top + 12, shortened(bar.name, 12.5, room - taken), 12.5)
            picture.words(left + room, top + 12, bar.count, 12.5, bold=True, align="right")
            _bar(picture, left, top + 18, room, bar.width / 100)
        if hidden:
            picture.words(left, y + 44 + 31 * len(shown) + 13, "The report page has more.", 11.5, SOFT)

    return _Block(54 + 31 * len(shown) + (18 if hidden else 0), draw)


def _figure(figure: Figure) -> _Block:
    room = _HALF - 2 * _INSIDE
    caption = wrapped(figure.caption, 11.5, room, most=3)
    top = 38 + 15.5 * len(caption)
    keys = 20.0 if figure.legend else 0.0
    scale = room / figures.WIDTH

    def draw(picture: Picture, x: float, y: float) -> None:
        left = x + _INSIDE
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

    return _Block(top + keys + 14 + figures.HEIGHT * scale, draw)
