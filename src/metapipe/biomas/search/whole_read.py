"""How much a whole read differs from a text: the fewest mismatches, inserted and deleted bases (edlib).

Of a read that hangs over the end of a reference, what lies beyond the end counts neither as a difference nor as
aligned.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import edlib

#: A letter beyond the ends of a reference; every base is as good as it.
_BEYOND = "."
_EQUAL = [(_BEYOND, letter) for letter in "ACGTX"]


class Placed(NamedTuple):
    """A read on a reference: so many differences among so many of its bases."""

    differences: int
    bases: int

    @property
    def identity(self) -> Fraction:
        """(bases - differences) / bases."""
        return Fraction(self.bases - self.differences, self.bases)

    def better_than(self, other: Placed) -> bool:
        """Whether its identity is higher, or the same with more bases."""
        mine, others = self.differences * other.bases, other.differences * self.bases
        return mine < others or (mine == others and self.bases > other.bases)


def place(strand: str, text: str, most: int) -> Placed | None:
    """Place a whole read anywhere in a text; None where that takes more than ``most`` differences.

    :param strand: A, C, G and T, and X for any other letter: it equals none in the text.
    """
    found = edlib.align(strand, text, mode="HW", task="distance", k=most)["editDistance"]
    return None if found < 0 else Placed(found, len(strand))


def place_over_ends(strand: str, text: str, ends: tuple[bool, bool], over: int, most: int) -> Placed | None:
    """Place a read that may hang over the (left, right) ends of the text by up to ``over`` bases in all.

    Of placements with the fewest differences the one with most bases on the text counts.
    """
    before, behind = (_BEYOND * over if end else "" for end in ends)
    target = f"{before}{text}{behind}"
    found = edlib.align(strand, target, mode="HW", task="locations", k=most, additionalEqualities=_EQUAL)
    if found["editDistance"] < 0:
        return None
    end = len(before) + len(text)
    hanging = min(max(0, len(before) - first) + max(0, last + 1 - end) for first, last in found["locations"])
    return None if hanging > over else Placed(found["editDistance"], len(strand) - hanging)
