"""Colours that people with any kind of colour vision tell apart; every figure that uses them says it in words, too.

Kinds: Paul Tol's "muted" scheme (SRON/EPS/TN/09-002, 2021). Steps from little to much: ColorBrewer's YlGnBu (Harrower &
Brewer 2003, The Cartographic Journal 40:27–37), whose lightness falls from step to step.
"""

from __future__ import annotations

KINDS = (
    "#332288",
    "#88ccee",
    "#117733",
    "#ddcc77",
    "#cc6677",
    "#44aa99",
    "#aa4499",
    "#999933",
    "#882255",
)
#: Kinds that have no colour of their own, what is named at a wider rank only, and what has no name at all.
OTHER, WIDER, NOWHERE = "#b4bcc2", "#d8dee2", "#f1f4f5"
STEPS = ("#e4f3c8", "#b5e0bb", "#76c8bd", "#3ba9c2", "#2379b4", "#24489d", "#0c1f5c")


def ink_on(colour: str) -> str:
    """Black or white, whichever is read more easily on a colour ``#rrggbb`` (contrast of WCAG 2.1)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (light + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)
