"""Distributions as stages leave them in their summaries, and as the figures draw them.

A stage notes a distribution as an object ``{"150": 1200, "151": 3}`` (value → how many; sums over blocks) or as a
list of values (joined over blocks). The figures need a few tens of bins with round edges.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metapipe.reporting.axis import tick_step


@dataclass(frozen=True)
class Distribution:
    """How often each value occurs. ``counts`` is sorted by value and holds no zero."""

    counts: tuple[tuple[float, int], ...]

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(count for _, count in self.counts)

    @property
    def low(self) -> float:
        """The smallest value. Asks for one value at least, as ``high`` and ``mean`` do."""
        return self.counts[0][0]

    @property
    def high(self) -> float:
        """The largest value."""
        return self.counts[-1][0]

    @property
    def mean(self) -> float:
        """The arithmetic mean of all values."""
        return sum(value * count for value, count in self.counts) / self.total

    def quantile(self, part: float) -> float:
        """Return the smallest value that at least ``part`` of the things do not exceed."""
        seen, wanted = 0, part * self.total
        for value, count in self.counts:
            seen += count
            if seen >= wanted:
                return value
        return self.high

    def n50(self) -> float:
        """Return N50: things at least this long hold at least half of the summed length."""
        half, held = sum(value * count for value, count in self.counts) / 2, 0.0
        for value, count in reversed(self.counts):
            held += value * count
            if held >= half:
                return value
        return 0.0


def distribution(noted: Any) -> Distribution | None:
    """Read a noted distribution; ``None`` when it is absent, empty or of another shape."""
    counter: Counter[float] = Counter()
    if isinstance(noted, Mapping):
        for key, count in noted.items():
            value = as_number(key)
            if value is None or not isinstance(count, int) or isinstance(count, bool) or count < 0:
                return None
            counter[value] += count
    elif isinstance(noted, Sequence) and not isinstance(noted, str | bytes):
        for item in noted:
            if isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item):
                return None
            counter[float(item)] += 1
    else:
        return None
    counts = tuple((value, count) for value, count in sorted(counter.items()) if count)
    return Distribution(counts) if counts else None


def as_number(text: Any) -> float | None:
    """Read a key such as ``"150"`` or ``"0.43"``, or the middle of a bin ``"100-199"``."""
    word = str(text).strip()
    try:
        value = float(word)
    except ValueError:
        low, _, high = word.partition("-")
        try:
            value = (float(low) + float(high)) / 2
        except ValueError:
            return None
    return value if math.isfinite(value) else None


def even_edges(low: float, high: float, wanted: int, *, smallest: float = 0.0) -> tuple[float, ...]:
    """Return bin edges with a round width; the first is ≤ ``low``, the last > ``high``.

    :param wanted: at most about this many bins.
    :param smallest: no bin is narrower (1 for things counted in whole numbers).
    """
    width = max(tick_step(max(high - low, smallest or 1e-6), wanted), smallest)
    first = math.floor(low / width + 1e-9)
    last = max(first + 1, math.floor(high / width + 1e-9) + 1)
    return tuple(round(index * width, 12) for index in range(first, last + 1))


def log_edges(low: float, high: float, per_decade: int = 10) -> tuple[float, ...]:
    """Return bin edges evenly spaced on a logarithmic axis; the first is ≤ ``low``, the last > ``high``."""
    if low <= 0 or high < low:
        raise ValueError(f"no logarithmic bins from {low} to {high}")
    first = math.floor(math.log10(low) * per_decade + 1e-9)
    last = max(first + 1, math.floor(math.log10(high) * per_decade + 1e-9) + 1)
    return tuple(10 ** (index / per_decade) for index in range(first, last + 1))


def binned(values: Distribution | None, edges: Sequence[float]) -> tuple[int, ...]:
    """Count the values per bin ``[edge, next edge)``; values beyond the ends fall into the end bins."""
    counts = [0] * (len(edges) - 1)
    for value, count in values.counts if values else ():
        # Keys were rounded when they were written: a value a hair below an edge belongs above it.
        place = bisect_right(edges, value + abs(value) * 1e-9) - 1
        counts[min(max(place, 0), len(counts) - 1)] += count
    return tuple(counts)
