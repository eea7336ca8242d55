"""Drawings with a row for each sample: names at the left, and what belongs to the sample in a group that can be moved.

A group knows its sample (``data-s``, 0-based) and, where there is one, its place in a second order (``data-c``): a
page's script puts each group to where another one stood, and finds what the pointer is on. Without a script the samples
stand in the order given.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from metapipe.reporting.svg import drawing, element, label, number

WIDTH = 1000.0
NAMES = 190.0
#: Letters of a name that fit before the rows.
LONGEST = 28


@dataclass(frozen=True)
class Rows:
    """Where the rows of a drawing are.

    :param names: of the samples. :param top: pixels above the first row. :param places: the place of each sample in a
        second order; empty without one.
    """

    names: tuple[str, ...]
    top: float
    places: tuple[int, ...] = ()

    @property
    def height(self) -> float:
        """Of a row: the more samples, the lower, but never too low to read the name."""
        count = len(self.names)
        return 32.0 if count <= 8 else 26.0 if count <= 20 else 20.0 if count <= 60 else 15.0

    @property
    def bottom(self) -> float:
        """Below the last row."""
        return self.top + self.height * len(self.names)

    def group(self, sample: int, *children: Markup) -> Markup:
        """Return the row of a sample with its name; children are drawn from y = 0 to :attr:`height`."""
        name = self.names[sample]
        shown = label(NAMES - 10, self.height / 2 + 4, shortened(name), "row-name", "end")
        full = element("title", name) if shortened(name) != name else Markup("")
        place = f"translate(0 {number(self.top + sample * self.height)})"
        order = str(self.places[sample]) if self.places else None
        return element("g", full, shown, *children, class_="row", data_s=str(sample), data_c=order, transform=place)

    def drawn(self, *children: Markup, title: str, below: float = 0.0) -> Markup:
        """Return the whole drawing. :param below: pixels below the last row."""
        return drawing(WIDTH, self.bottom + below, *children, title=title)


def shortened(name: str, most: int = LONGEST) -> str:
    """Return a name of at most ``most`` letters: its beginning and its end, which tells samples apart."""
    if len(name) <= most:
        return name
    tail = most // 3
    return f"{name[: most - tail - 1]}…{name[-tail:]}"
