"""Quantities in words: durations, memory, numbers of letters. The same in progress lines, tables and pages."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """``0.03 s``, ``12.3 s``, ``4 min 10 s``, ``2 h 05 min``, ``3 d 4 h``."""
    if seconds < 9.95:
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h"


def number(value: float) -> str:
    """Three digits that count, thousands with commas: ``0.0123``, ``4.56``, ``78.9``, ``1,234``."""
    if value == 0:
        return "0"
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    if abs(value) >= 0.9995:
        return f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"
    return f"{value:.3g}"


def counted(count: int, what: str) -> str:
    """``1 record``, ``1,234 records``."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def letters(count: float, unit: str = "") -> str:
    """A number of letters with the prefix that fits: ``950 b``, ``1.23 kaa``, ``45.6 Mb``, ``7.89 Gb``.

    :param unit: ``b`` for bases, ``aa`` for amino acids; without it the word ``letters``.
    """
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= factor * 0.9995:
            return f"{number(count / factor)} {prefix}{unit or ' letters'}".replace("  ", " ")
    return f"{count:.0f} {unit or 'letters'}"


def mebibytes(value: float) -> str:
    """``12 MiB``, ``3.4 GiB``."""
    return f"{value:.0f} MiB" if value < 1024 else f"{value / 1024:.1f} GiB"


def megabytes(count: float) -> str:
    """Bytes in decimal units, as file managers show them: ``12 kB``, ``3.4 MB``, ``1.2 GB``."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor * 0.9995:
            return f"{number(count / factor)} {unit}"
    return f"{count:.0f} B"


def percent(fraction: float) -> str:
    """``8.1 %``, ``45 %``."""
    return f"{100 * fraction:.1f} %" if 0 < fraction < 0.0995 else f"{100 * fraction:.0f} %"
