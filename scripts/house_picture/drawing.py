"""The picture itself: one SVG file that stands alone; the same house gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from house_picture.layout import MARGIN, WIDTH, Box, Layout, lay_out
from house_picture.tree import House, Part

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif"
#: Pixels from line to line, and between the frame of a box and its words.
LINE, PAD = 18.0, 14.0
#: Pixels of a letter in the widest of these fonts (DejaVu Sans): whoever has another one sees a little more white.
LETTER, WIDE, NARROW = 8.2, 12.8, 5.2
#: Above the first line of a box: its name. Left of a room's sentence: its name. Above each room.
NAME, COLUMN, SPACE = 26.0, 112.0, 8.0
#: A colour a floor, from the top down; the last ones are what all others stand on.
COLOURS = ("#f3e3c7", "#f3e3c7", "#f6dfd3", "#f6dfd3", "#d9ead9", "#d5e6f0", "#e2e0ee", "#e2e0ee", "#e4e7ea")
INK, SOFT, LINE_COLOUR = "#1f2a30", "#51626d", "#4d6a7a"


def draw(house: House) -> str:
    """Return the picture as the text of an SVG file."""
    layout = lay_out(house, _height)
    words = "The house: src/metapipe from the command line down to what everything rests on"
    under = (
        "An arrow is an import, and every arrow goes down; those that follow from others are left out. "
        "In a part, a room uses rooms below it only."
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {layout.height:g}" width="{WIDTH:g}" '
        f'height="{layout.height:g}" role="img" font-family="{FONT}" font-size="13" fill="{INK}">',
        f"<title>{words}</title>",
        f"<desc>{escape(' '.join(_told(house)))}</desc>",
        f'<rect width="{WIDTH:g}" height="{layout.height:g}" fill="#fff"/>',
        _text(MARGIN, 34, words, "font-size='18' font-weight='600'"),
        _text(MARGIN, 56, under, f"fill='{SOFT}'"),
    ]
    for row, floor in enumerate(house.floors):
        for part in floor:
            lines += _box(layout.boxes[part.name], COLOURS[row % len(COLOURS)])
    lines += _arrows(layout)
    return "\n".join([*lines, "</svg>", ""])


def _told(house: House) -> Iterator[str]:
    """The picture in words, for those who do not see it."""
    for floor in house.floors:
        for part in floor:
            yield f"{part.name}: {part.sentence}"
            below = [other for name, other in house.arrows if name == part.name]
            if below:
                yield f"It imports {', '.join(below)}."


def _wrapped(words: str, width: float) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _width(words: str) -> float:
    return sum(WIDE if sign in "mwMW%" else NARROW if sign in "fijlrt.,:;'() /" else LETTER for sign in words)


def _height(part: Part, width: float) -> float:
    inside = width - 2 * PAD
    lines = NAME + LINE * len(_wrapped(part.sentence, inside))
    rooms = [room for layer in part.layers for room in layer]
    lines += sum(SPACE + LINE * len(_wrapped(room.sentence, inside - COLUMN)) for room in rooms)
    lines += SPACE + LINE * len(_wrapped(_besides(part), inside)) if part.beside else 0.0
    return lines + PAD


def _besides(part: Part) -> str:
    return f"beside the rooms: {', '.join(part.beside)}"


def _box(box: Box, colour: str) -> Iterator[str]:
    inside, x, y = box.width - 2 * PAD, box.x + PAD, box.y + NAME
    yield (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6" '
        f'fill="{colour}" stroke="{SOFT}" stroke-opacity=".45"/>'
    )
    yield _text(x, y - 3, box.part.name, "font-size='15' font-weight='700'")
    for line in _wrapped(box.part.sentence, inside):
        y += LINE
        yield _text(x, y - 3, line)
    ends: list[tuple[float, float]] = []  # of the layers, from the top of each to its bottom
    for layer in box.part.layers:
        top = y + SPACE
        for room in layer:
            y += SPACE
            lines = _wrapped(room.sentence, inside - COLUMN)
            yield _text(x + 14, y + LINE - 4, room.name, "font-weight='600'")
            for line in lines:
                y += LINE
                yield _text(x + COLUMN, y - 4, line)
        ends.append((top, y))
    yield from _rail(ends, x + 3)
    for number, line in enumerate(_wrapped(_besides(box.part), inside) if box.part.beside else []):
        y += LINE if number else LINE + SPACE
        yield _text(x, y - 3, line, f"fill='{SOFT}'")


def _rail(ends: list[tuple[float, float]], x: float) -> Iterator[str]:
    """Along the rooms: a bar for each layer, and an arrow down to the next."""
    for number, (top, bottom) in enumerate(ends):
        top += 6 if number else 0  # below the head of the arrow to it
        yield (
            f'<path d="M{x:.1f} {top + 3:.1f}V{bottom - 1:.1f}" stroke="{LINE_COLOUR}" stroke-width="3" fill="none"/>'
        )
        if number + 1 < len(ends):
            yield _head(x, ends[number + 1][0] + 6, 4.5)


def _arrows(layout: Layout) -> Iterator[str]:
    for (tail, head), way in sorted(layout.ways.items()):
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*way[:-1], (way[-1][0], way[-1][1] - 6)])
        yield (
            f'<g><title>{tail} imports {head}</title><polyline points="{corners}" fill="none" '
            f'stroke="{LINE_COLOUR}" stroke-width="1.6" stroke-linejoin="round"/>{_head(*way[-1], 5.0)}</g>'
        )


def _head(x: float, y: float, half: float) -> str:
    points = f"{x - half:.1f},{y - 1.7 * half:.1f} {x + half:.1f},{y - 1.7 * half:.1f} {x:.1f},{y:.1f}"
    return f'<polygon points="{points}" fill="{LINE_COLOUR}"/>'


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{" " + more if more else ""}>{escape(words)}</text>'
