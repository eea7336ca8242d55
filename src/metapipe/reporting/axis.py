"""Axes of the figures: round tick values, the way from a value to a pixel, and short labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

_ROUND = (1.0, 2.0, 5.0, 10.0)


def tick_step(span: float, wanted: int) -> float:
    """Return the round step (1, 2 or 5 times a power of ten) that cuts ``span`` into at most ``wanted`` pieces."""
    if span <= 0 or wanted < 1:
        raise ValueError(f"no step for span {span} and {wanted} pieces")
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in _ROUND:
        # The tolerance keeps 0.3 / 3 at 0.1 although it is 0.09999… in binary.
        if factor * power >= raw * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def linear_ticks(low: float, high: float, wanted: int = 5, *, whole: bool = False) -> list[float]:
    """Return round, evenly spaced ticks; the first is ≤ ``low`` and the last ≥ ``high``.

    :param wanted: about how many steps; there are never more than ``wanted + 2`` ticks.
    :param whole: ticks are whole numbers (counts of things).
    """
    # Below this, floating point numbers themselves are too coarse for steps.
    if high - low < 1e-300:
        high = low + 1
    step = tick_step(high - low, wanted)
    if whole:
        step = max(1.0, step)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    # Twelve digits hide 0.30000000000000004 and keep distinct ticks distinct.
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the 1-2-5 values inside ``[low, high]``, only the powers of ten when there would be more than seven."""
    if low <= 0 or high < low:
        raise ValueError(f"no logarithmic axis from {low} to {high}")
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [f * 10.0**d for d in decades for f in (1, 2, 5) if low <= f * 10.0**d <= high]
    coarse = [10.0**d for d in decades if low <= 10.0**d <= high]
    return coarse if len(fine) > 7 and len(coarse) > 1 else fine


@dataclass(frozen=True)
class Axis:
    """Maps values from ``low`` … ``high`` to pixels ``start`` … ``end`` (either direction), linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __post_init__(self) -> None:
        if self.high <= self.low or (self.log and self.low <= 0):
            raise ValueError(f"no axis from {self.low} to {self.high}")

    def position(self, value: float) -> float:
        """Return the pixel of ``value``; values beyond the ends lie on the ends."""
        value = min(max(value, self.low), self.high)
        if self.log:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


def short_number(value: float) -> str:
    """Return a label for an axis: ``0``, ``250``, ``1.5k``, ``20k``, ``3M``."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{letter}"
    return f"{value:.3g}"


def whole_number(value: float) -> str:
    """Return a number as it is read in a sentence: ``12,345``."""
    return f"{round(value):,}"


def percent(part: float, whole: float) -> str:
    """Return a share as it is read in a sentence; never rounds something to ``0 %`` nor less than all to ``100 %``.

    Near to all it has as many digits as it takes: 7,997 of 8,000 are 99.96 %, not 99.9.
    """
    if whole <= 0:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "less than 0.1 %"
    if share < 10 and share != round(share):
        return f"{share:.1f} %"
    if 99.5 <= share < 100:
        texts = (f"{share:.{digits}f}" for digits in range(1, 5))
        return next((f"{text} %" for text in texts if float(text) < 100), "more than 99.9999 %")
    return f"{share:.0f} %"


def bases(value: float) -> str:
    """Return a length of DNA in three figures: ``850 bp``, ``4.51 kb``, ``1.20 Mb``."""
    for limit, unit in ((1e9, "Gb"), (1e6, "Mb"), (1e3, "kb")):
        if value >= limit:
            scaled = value / limit
            return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f} {unit}"
    return f"{value:.0f} bp"
