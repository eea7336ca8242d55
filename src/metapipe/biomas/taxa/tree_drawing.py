"""The tree drawn: one column a main rank, one row a tip, with the reads of every taxon. SVG that stands alone.

After BioMaS's drawing, which writes name, rank, direct and cumulative reads in four colours beside every node. Here the
rank is the column's heading, the branch's width shows the cumulative reads, and colours are ones that people with any
kind of colour vision tell apart (after Okabe & Ito, darkened to be readable as letters on white).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from markupsafe import Markup

from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.svg import element, number
from metapipe.taxa.main_ranks import MAIN_RANKS, main_ranks
from metapipe.taxa.taxon_tree import Taxon, TaxonTree

#: Taxa drawn at most, unless asked for otherwise; the rarest are left out first.
MOST_DRAWN = 200

NAME, RANK, DIRECT, TOTAL = "#16242c", "#7a4a00", "#0063a6", "#00704f"
_BRANCH, _SOFT = "#7fb8a4", "#51626d"
_ROW, _TOP, _MARGIN = 30.0, 108.0, 20.0
#: Below the last tip, without and with a line on what is left out.
_BOTTOM, _NOTE_BOTTOM = 14.0, 40.0
_COLUMN, _LAST_COLUMN, _FIRST_COLUMN = 160.0, 222.0, 100.0
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif"
#: Names of genera and species are written in italics (International Code of Nomenclature of Prokaryotes, Chapter 4).
_SLANTED = ("genus", "species")
#: Width of a letter in units of the font size: what common fonts need on average, and a little more.
_LETTER = 0.58


@dataclass(eq=False)
class Drawn:
    """A taxon of a main rank as drawn. ``direct``: its reads and those of taxa of no main rank right below it."""

    taxon: Taxon
    column: int
    direct: int
    children: list[Drawn] = field(default_factory=list)
    y: float = 0.0

    @property
    def total(self) -> int:
        """Reads at the taxon and at all below it."""
        return self.taxon.total_reads


def draw_tree(tree: TaxonTree, *, title: str, most: int = MOST_DRAWN) -> str:
    """Return the drawing as an SVG file.

    :param title: usually the sample's name; may be empty.
    :param most: taxa drawn at most (≥ 1); reads of those left out are in the numbers of the taxa above.
    """
    picture = tree_picture(tree, title=title, most=most)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + str(picture) + "\n"


def tree_picture(tree: TaxonTree, *, title: str, most: int = MOST_DRAWN) -> Markup:
    """Return the drawing as an element to stand in a page."""
    ranks, top, left_out = arrange(tree, most)
    heading = title or "Classified reads"
    if top is None:
        return _nothing(tree, heading)
    tips = _lay_out(top)
    starts = _starts(ranks)
    width = starts[-1]
    height = _TOP + tips * _ROW + (_NOTE_BOTTOM if left_out else _BOTTOM)
    parts = [
        element("rect", width=width, height=height, fill="#ffffff"),
        *_heading(tree, heading, ranks, starts),
        *_branches(top, starts),
        *_labels(top, starts),
    ]
    if left_out:
        parts.append(_text(_MARGIN, height - 16, _left_out(left_out), 12, _SOFT))
    return _svg(width, height, f"{heading}: tree of taxa with their reads", parts)


def arrange(tree: TaxonTree, most: int) -> tuple[list[str], Drawn | None, list[Taxon]]:
    """Choose what is drawn.

    :returns: the main ranks that occur, from the widest; the root with what is below it, ``None`` without any taxon;
        the taxa left out. All taxa with the same number of reads are drawn or left out together, so that the choice
        does not depend on names.
    """
    if tree.root is None or not tree.classified_reads:
        return [], None, []
    main = main_ranks(taxon.rank for taxon in tree)
    shown = [taxon for taxon in tree if taxon.rank in main and taxon is not tree.root and taxon.total_reads]
    limit = 1
    if len(shown) > most:
        limit = sorted((taxon.total_reads for taxon in shown), reverse=True)[most] + 1
    left_out = [taxon for taxon in shown if taxon.total_reads < limit]
    shown = [taxon for taxon in shown if taxon.total_reads >= limit]
    present = {main[taxon.rank] for taxon in shown}
    ranks = [rank for rank in MAIN_RANKS if rank in present]
    columns = {rank: index + 1 for index, rank in enumerate(ranks)}
    drawn = {tree.root.taxid: Drawn(tree.root, 0, 0)}
    kept = {taxon.taxid for taxon in shown}
    for taxon in tree:
        if taxon.parent is None:
            continue
        above = drawn[taxon.parent.taxid]
        if taxon.taxid in kept and columns[main[taxon.rank]] > above.column:
            drawn[taxon.taxid] = Drawn(taxon, columns[main[taxon.rank]], 0)
            above.children.append(drawn[taxon.taxid])
        else:
            drawn[taxon.taxid] = above  # its reads are shown at the taxon above
    for taxon in tree:
        drawn[taxon.taxid].direct += taxon.direct_reads
    return ranks, drawn[tree.root.taxid], left_out


def _walk(top: Drawn) -> Iterator[Drawn]:
    waiting = [top]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(one.children))


def _lay_out(top: Drawn) -> int:
    """Give every taxon its height: tips one below the other, the others in the middle of their children."""
    tips = 0
    order = list(_walk(top))
    for one in order:
        if not one.children:
            one.y = _TOP + (tips + 0.5) * _ROW
            tips += 1
    for one in reversed(order):
        if one.children:
            one.y = (one.children[0].y + one.children[-1].y) / 2
    return tips


def _starts(ranks: list[str]) -> list[float]:
    """Return the left edge of every column, the root's first, and the right edge of the last."""
    starts = [_MARGIN, _MARGIN + _FIRST_COLUMN]
    for index in range(len(ranks)):
        starts.append(starts[-1] + (_COLUMN if index < len(ranks) - 1 else _LAST_COLUMN))
    if not ranks:
        starts[-1] += _LAST_COLUMN
    return starts


def _heading(tree: TaxonTree, title: str, ranks: list[str], starts: list[float]) -> Iterator[Markup]:
    yield _text(_MARGIN, 28, _fitted(title, 17, starts[-1] - 2 * _MARGIN), 17, NAME, bold=True)
    reads = tree.classified_reads + tree.unclassified_reads
    said = (
        f"{whole_number(tree.classified_reads)} of {whole_number(reads)} reads classified "
        f"({percent(tree.classified_reads, reads)})."
    )
    yield _text(_MARGIN, 48, said, 12, _SOFT)
    for rank, x in zip(["", *ranks], starts, strict=False):
        yield _text(x, _TOP - 14, rank, 12, RANK, bold=True)
    yield element("line", x1=_MARGIN, x2=starts[-1] - _MARGIN, y1=_TOP - 6, y2=_TOP - 6, stroke="#dbe3e7")
    yield element(
        "text",
        element("tspan", "name", fill=NAME, font_weight="600"),
        element("tspan", "rank", fill=RANK, font_weight="600", dx=14),
        element("tspan", "reads in total (also the width of the branch)", fill=TOTAL, font_weight="600", dx=14),
        element("tspan", "● reads placed directly here", fill=DIRECT, dx=14),
        x=_MARGIN,
        y=66,
        font_size=12,
    )


def _branches(top: Drawn, starts: list[float]) -> Iterator[Markup]:
    """A branch is as wide as the square root of its share: its area tells, and a rare taxon is still to be seen."""
    for one in _walk(top):
        for child in one.children:
            x, end = starts[one.column + 1] - 14, starts[child.column] - 6
            bend = min(12.0, abs(child.y - one.y) / 2)
            width = _width(child, top)
            if child.y == one.y:
                path = f"M{number(x)} {number(one.y)}H{number(end)}"
            else:
                way = bend if child.y > one.y else -bend
                path = (
                    f"M{number(x)} {number(one.y)}V{number(child.y - way)}"
                    f"Q{number(x)} {number(child.y)} {number(x + bend)} {number(child.y)}H{number(end)}"
                )
            yield element("path", d=path, fill="none", stroke=_BRANCH, stroke_width=width, stroke_linecap="round")
        if one.children:
            # Under its own label, up to where its children branch off.
            x, end = starts[one.column] - 6, starts[one.column + 1] - 14
            line = f"M{number(x)} {number(one.y)}H{number(end)}"
            yield element("path", d=line, fill="none", stroke=_BRANCH, stroke_width=_width(one, top))


def _width(one: Drawn, top: Drawn) -> float:
    return 1 + 7 * math.sqrt(one.total / top.total)


def _labels(top: Drawn, starts: list[float]) -> Iterator[Markup]:
    for one in _walk(top):
        x = starts[one.column]
        room = starts[one.column + 1] - x - (16 if one.children else 4)
        name = one.taxon.name if one is not top else "classified"
        half = _width(one, top) / 2 if one.children else 0
        said = [element("tspan", whole_number(one.total), fill=TOTAL, font_weight="600")]
        if one.direct:
            said += [element("tspan", f"● {whole_number(one.direct)}", fill=DIRECT, dx=7)]
        yield element(
            "g",
            element("title", _spoken(one, top)),
            _text(x, one.y - half - 3, _fitted(name, 11.5, room), 11.5, NAME, slanted=one.taxon.rank in _SLANTED),
            element("text", *said, x=x, y=one.y + half + 11, font_size=10.5),
        )


def _spoken(one: Drawn, top: Drawn) -> str:
    rank = "" if one is top else f", {one.taxon.rank}"
    return (
        f"{one.taxon.name}{rank}, taxon {one.taxon.taxid}: {whole_number(one.total)} reads in total "
        f"({percent(one.total, top.total)} of the classified), {whole_number(one.direct)} placed directly here"
    )


def _left_out(taxa: list[Taxon]) -> str:
    most = max(taxon.total_reads for taxon in taxa)
    which = f"{whole_number(len(taxa))} taxa with {whole_number(most)} read{'' if most == 1 else 's'}"
    fewer = " or fewer" if most > 1 else ""
    return f"Not drawn: {which}{fewer} each; their reads are counted at the taxa above them."


def _nothing(tree: TaxonTree, heading: str) -> Markup:
    reads = tree.unclassified_reads
    said = f"Nothing classified: none of {whole_number(reads)} reads." if reads else "Nothing classified: no reads."
    parts = [
        element("rect", width=640, height=90, fill="#ffffff"),
        _text(_MARGIN, 34, _fitted(heading, 17, 600), 17, NAME, bold=True),
        _text(_MARGIN, 62, said, 14, _SOFT),
    ]
    return _svg(640, 90, said, parts)


def _svg(width: float, height: float, title: str, parts: list[Markup]) -> Markup:
    return element(
        "svg",
        element("title", title),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        font_family=_FONT,
        class_="taxa",
    )


def _text(
    x: float, y: float, words: str, size: float, colour: str, *, bold: bool = False, slanted: bool = False
) -> Markup:
    # As style, not as attribute: a style sheet of the page around must not change it.
    style = f"fill:{colour}"
    weight, slant = "600" if bold else None, "italic" if slanted else None
    return element("text", words, x=x, y=y, font_size=size, style=style, font_weight=weight, font_style=slant)


def _fitted(text: str, size: float, room: float) -> str:
    """Cut a text that would run into its neighbour. The reader's font is not known, so by an average letter."""
    letters = max(4, int(room / (size * _LETTER)))
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
