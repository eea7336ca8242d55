"""α-diversity drawn: a row a sample, a column a measure, each with a scale of its own."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from metapipe.reporting.axis import whole_number
from metapipe.reporting.sample_rows import NAMES, WIDTH, Rows
from metapipe.reporting.svg import element, label, number
from metapipe.taxa.diversity import Diversity

TOP = 44.0
_NUMBER = 52.0  # pixels for the number behind a bar
NO_NAME = "no read named at this rank"


def columns(one: Diversity) -> tuple[tuple[float, str], ...]:
    """The measures of a sample in the order of the columns, each with the number as text."""
    return (
        (one.observed, whole_number(one.observed)),
        (one.chao1, f"{one.chao1:,.1f}"),
        (one.expected, f"{one.expected:,.1f}"),
        (one.shannon, f"{one.shannon:.2f}"),
        (one.simpson, f"{one.simpson:.3f}"),
    )


def heads(depth: int) -> tuple[tuple[str, str], ...]:
    """Names of the columns, and what is under each."""
    return (
        ("Observed", "taxa with a read"),
        ("Chao1", "taxa, with unseen ones"),
        ("Rarefied", f"taxa in {whole_number(depth)} read{'' if depth == 1 else 's'}"),
        ("Shannon", "nats"),
        ("Simpson", "1 − Σp²"),
    )


def measures(rows: Rows, found: Sequence[Diversity | None], depth: int, *, title: str) -> Markup:
    """Return the drawing. :param found: of each row; None for a sample without a read at this rank."""
    values = [columns(one) if one else None for one in found]
    names = heads(depth)
    wide = (WIDTH - NAMES) / len(names)
    tops = [max([of_row[at][0] for of_row in values if of_row], default=0) or 1 for at in range(len(names))]
    made = []
    for at, (name, note) in enumerate(names):
        made.append(label(NAMES + at * wide, 15, name, "column-head"))
        made.append(label(NAMES + at * wide, 31, note, "tick"))
    high = rows.height - 7
    for row, of_row in enumerate(values):
        bars: list[str] = []
        parts = [] if of_row else [element("text", NO_NAME, x=NAMES, y=rows.height / 2 + 4)]
        for at, (value, text) in enumerate(of_row or ()):
            x = NAMES + at * wide
            length = max((wide - _NUMBER - 8) * value / tops[at], 0.5)
            bars.append(f"M{number(x)} 3.5h{number(length)}v{number(high)}h-{number(length)}z")
            parts.append(element("text", text, x=x + length + 5, y=rows.height / 2 + 4))
        drawn = element("path", d="".join(bars), fill="#2379b4") if bars else Markup("")
        made.append(rows.group(row, drawn, element("g", *parts, class_="row-number", font_size=11)))
    return rows.drawn(*made, title=title, below=6)
