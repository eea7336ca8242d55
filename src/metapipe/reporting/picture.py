"""A picture made of boxes, lines and words: PNG with the same bytes every time.

Galaxy serves SVG as plain text (it could hold scripts) and embeds images as PNG when it prints a report, so the
embedded figures are pixels. Lengths are in units of 1/720 of the width, y grows downwards as in SVG.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.resources import as_file, files
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Polygon

WIDTH = 720
#: Pixels a unit: sharp on dense screens and on paper.
DENSITY = 2.5

INK, SOFT, LINE, CARD, PAPER = "#16242c", "#51626d", "#dbe3e7", "#ffffff", "#f4f7f8"
SEA, LOOK = "#0f766e", "#9a5b00"

#: Galaxy shows the picture in a column of some 540 to 900 pixels: smaller letters could not be read there.
SMALLEST = 10.0

# A figure of matplotlib is measured in inches and points; any number of units an inch will do.
_UNITS_AN_INCH = 100.0
_POINTS_A_UNIT = 72.0 / _UNITS_AN_INCH


@cache
def _font_path(bold: bool) -> str:
    """Return matplotlib's own font: the same glyphs on every machine, whatever fonts it has."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    with as_file(files("matplotlib") / "mpl-data" / "fonts" / "ttf" / name) as path:
        return str(path)


@cache
def _font(bold: bool) -> FT2Font:
    return FT2Font(_font_path(bold))


@cache
def _glyphs(bold: bool) -> frozenset[int]:
    return frozenset(_font(bold).get_charmap())


def drawable(text: str, bold: bool = False) -> str:
    """Return ``text`` as one line; control characters become spaces, what the font cannot draw becomes ``?``."""
    known = _glyphs(bold)
    signs = (" " if unicodedata.category(sign).startswith(("C", "Z")) else sign for sign in text)
    return " ".join("".join(sign if ord(sign) in known else "?" for sign in signs).split())


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return how wide ``text`` is at a font size in units."""
    # Measured large, then scaled: hinting at small sizes rounds each glyph.
    return _large_width(drawable(text, bold), bold) * size / 100.0


@lru_cache(maxsize=4096)
def _large_width(text: str, bold: bool) -> float:
    """Return how wide a drawable text is at size 100: as much work as drawing it, and asked again for each line."""
    font = _font(bold)
    font.set_size(100.0, 72)
    font.set_text(text, 0.0)
    return float(font.get_width_height()[0]) / 64.0


def shortened(text: str, size: float, room: float, bold: bool = False) -> str:
    """Return ``text``, cut with ``…`` when it is wider than ``room``."""
    text = drawable(text, bold)
    if text_width(text, size, bold) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle].rstrip() + "…", size, bold) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def wrapped(text: str, size: float, room: float, *, bold: bool = False, most: int = 3) -> list[str]:
    """Return ``text`` in at most ``most`` lines no wider than ``room``; what does not fit is cut with ``…``."""
    lines: list[str] = []
    words = drawable(text, bold).split(" ")
    while words and words != [""]:
        if len(lines) == most - 1:
            lines.append(shortened(" ".join(words), size, room, bold))
            break
        taken = 1
        while taken < len(words) and text_width(" ".join(words[: taken + 1]), size, bold) <= room:
            taken += 1
        lines.append(shortened(" ".join(words[:taken]), size, room, bold))
        words = words[taken:]
    return lines


@contextmanager
def own_settings() -> Iterator[None]:
    """Draw with matplotlib's defaults: a user's settings of matplotlib are none of ours."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


class Picture:
    """Draw from back to front, then take the PNG."""

    def __init__(self, height: float) -> None:
        self._figure = Figure(
            figsize=(WIDTH / _UNITS_AN_INCH, height / _UNITS_AN_INCH), dpi=DENSITY * _UNITS_AN_INCH, facecolor=PAPER
        )
        self._axes = self._figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set_axis_off()
        self._axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        self._depth = 0

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, *, edge: str = "none", radius: float = 0
    ) -> None:
        """Draw a filled box; ``edge`` is its outline's colour."""
        style = f"round,pad=0,rounding_size={min(radius, width / 2, height / 2)}" if radius else "square,pad=0"
        self._axes.add_patch(
            FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=fill, edgecolor=edge, zorder=self._next())
        )

    def line(
        self, xs: Sequence[float], ys: Sequence[float], colour: str, width: float = 1, *, dashed: bool = False
    ) -> None:
        """Draw a line through points."""
        self._axes.add_line(
            Line2D(
                xs,
                ys,
                color=colour,
                linewidth=width * _POINTS_A_UNIT,
                linestyle=(0, (4, 3)) if dashed else "-",
                zorder=self._next(),
            )
        )

    def area(self, points: Sequence[tuple[float, float]], colour: str, filling: float) -> None:
        """Draw an outlined area; ``filling`` is how much of its colour fills it, 0–1."""
        self._axes.add_patch(
            Polygon(points, closed=True, facecolor=colour, alpha=filling, edgecolor="none", zorder=self._next())
        )
        around = [*points, points[0]]
        self.line([x for x, _ in around], [y for _, y in around], colour)

    def words(
        self, x: float, y: float, text: str, size: float, colour: str = INK, *, bold: bool = False, align: str = "left"
    ) -> None:
        """Write one line at its base line; ``align`` is ``left``, ``center`` or ``right``."""
        self._axes.text(
            x,
            y,
            drawable(text, bold),
            color=colour,
            fontproperties=FontProperties(fname=_font_path(bold), size=size * _POINTS_A_UNIT),
            horizontalalignment=align,
            verticalalignment="baseline",
            # A $ in a sample's name is no formula.
            parse_math=False,
            zorder=self._next(),
        )

    def drawing(self, markup: Markup, x: float, y: float, width: float) -> float:
        """Draw one of the page's figures (:mod:`metapipe.reporting.figures`), return its height."""
        root = ElementTree.fromstring(str(markup))  # noqa: S314  (our own drawing, made a moment ago)
        scale = width / float(root.attrib["width"])

        def at(one: ElementTree.Element, key: str) -> float:
            return scale * float(one.attrib[key]) + (x if key.startswith("x") else y)

        for one in root:
            look = one.attrib.get("class", "")
            colour = one.attrib.get("stroke", SOFT)
            if one.tag == "line":
                ends = [at(one, key) for key in ("x1", "x2", "y1", "y2")]
                self.line(ends[:2], ends[2:], colour, 1.5 if look == "mark" else 1, dashed=look == "mark")
            elif one.tag == "rect":
                size = [scale * float(one.attrib[key]) for key in ("width", "height", "rx")]
                self.box(at(one, "x"), at(one, "y"), size[0], size[1], one.attrib["fill"], radius=size[2])
            elif one.tag == "path":
                pairs = re.findall(r"(-?[\d.]+) (-?[\d.]+)", one.attrib["d"])
                points = [(x + scale * float(px), y + scale * float(py)) for px, py in pairs]
                if look.startswith("area"):
                    self.area(points, colour, 0.82 if look.endswith("after") else 0.12)
                else:
                    self.line([px for px, _ in points], [py for _, py in points], colour, 2)
            elif one.tag == "text":
                align = {"start": "left", "middle": "center", "end": "right"}[one.attrib["text-anchor"]]
                marks = look == "mark-name"
                self.words(
                    at(one, "x"),
                    at(one, "y"),
                    one.text or "",
                    max(scale * float(one.attrib["font-size"]), SMALLEST),
                    LOOK if marks else SOFT,
                    bold=marks,
                    align=align,
                )
        return scale * float(root.attrib["height"])

    def png(self) -> bytes:
        """Return the picture: no date, no program's name, the same bytes for the same drawing."""
        target = io.BytesIO()
        FigureCanvasAgg(self._figure)
        self._figure.savefig(target, format="png", dpi="figure", metadata={"Software": None})
        return target.getvalue()

    def _next(self) -> int:
        self._depth += 1
        return self._depth
