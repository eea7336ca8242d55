"""What a page says, before it is drawn: stations on the way, figures with their numbers, lists of bars, tiers."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from metapipe.reporting.axis import whole_number


@dataclass(frozen=True)
class Step:
    """One station on the way: ``name`` read pairs, contigs …, ``value`` as text, ``note`` under it (may be empty).

    :param share: what is left of the step before, 0–1, where the two count the same things.
    """

    name: str
    value: str
    note: str = ""
    share: float | None = None


def counted(count: int, one: str, many: str = "") -> Markup:
    """Return ``<strong>1,034</strong> genes``."""
    noun = one if count == 1 else many or f"{one}s"
    return Markup("<strong>{}</strong> {}").format(whole_number(count), noun)


@dataclass(frozen=True)
class Figure:
    """A drawing, the sentence that says what it shows, and its numbers as table rows."""

    title: str
    caption: str
    drawing: Markup
    legend: tuple[tuple[str, str], ...]  # (look, name); empty for a single series
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Bar:
    """One named count. ``width`` is its share of the longest bar, in per cent."""

    name: str
    note: str
    count: str
    width: float


@dataclass(frozen=True)
class BarList:
    """Named counts as bars, the largest first. ``rest`` says what is not shown."""

    title: str
    caption: str
    unit: str
    bars: tuple[Bar, ...]
    rest: str = ""


@dataclass(frozen=True)
class TierRow:
    """One row of the tier legend."""

    number: int
    name: str
    count: str
    share: str
    meaning: str
