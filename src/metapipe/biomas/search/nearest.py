"""The windows nearest to a read: all of the best identity, or all down to a margin below it; none is missed.

A read is placed whole. Its identity with a window is (bases - differences) / bases, of its bases on the reference. It
may hang over the end of a reference; how far, says :data:`OVERHANGS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from metapipe.biomas.search.query import Query, Strand
from metapipe.biomas.search.whole_read import Placed, place, place_over_ends
from metapipe.biomas.search.window_index import MOST, WindowIndex
from metapipe.biomas.search.windows import Window, own_windows, own_words, safe_differences

#: Shares of a read that may hang over the ends of a reference; BioMaS wants 70 % of it aligned. Only words between what
#: may hang over at either end can be counted on: the more may hang over, the fewer differences are provable.
OVERHANGS = (Fraction(3, 10), Fraction(1, 10))
#: Windows that the words looked up at first are held by, each counted as often as it holds one; and how many words a
#: window must still hold for the count to say anything.
CHEAP, TELLING = 16_384, 8
#: Parts of which the likeliest window is looked at before any other.
LIKELIEST = 3


class Nearest:
    """What was found so far of one read.

    :ivar most: differences that are still of interest. :ivar margin: how far below the best identity others count;
        None: all within ``most`` count.
    """

    def __init__(self, length: int, most: int, margin: Fraction | None) -> None:
        self.length, self.most, self.margin = length, most, margin
        self._best: Placed | None = None
        self._found: dict[int, Placed] = {}

    def add(self, window: int, placed: Placed) -> None:
        """Take in where a read was placed; of placements in one window the better one stays."""
        known = self._found.get(window)
        if known is None or placed.better_than(known):
            self._found[window] = placed
        if self.margin is not None and (self._best is None or placed.better_than(self._best)):
            self._best = placed
            self.most = min(self.most, int(self.length * (1 - placed.identity + self.margin)))

    def windows(self) -> dict[int, Placed]:
        """Return the windows that count."""
        if self.margin is None or self._best is None:
            return self._found
        least = self._best.identity - self.margin
        return {window: placed for window, placed in self._found.items() if placed.identity >= least}


class WindowSearch:
    """All windows of a batch of reads, searched read by read.

    :param windows: they keep the number at which they stand.
    """

    def __init__(self, windows: Sequence[Window]) -> None:
        self._whole = _parts(windows, range(len(windows)))
        self._frayed = []
        # Over either end of a window, whatever the other is: which ends windows have depends on the reads at hand.
        for left, right in ((True, False), (False, True), (True, True)):
            frayed = [n for n, window in enumerate(windows) if window.left >= left and window.right >= right]
            if frayed:
                self._frayed.append(_parts(windows, frayed, left, right))

    def nearest(self, query: Query, most: int, margin: Fraction | None) -> dict[int, Placed]:
        """Return the windows nearest to a read, by number: see :class:`Nearest`."""
        found = Nearest(query.length, most, margin)
        _search(self._whole, query, found, 0)
        for parts in self._frayed:
            for share in OVERHANGS:
                over = int(query.length * share)
                if over and _search(parts, query, found, over):
                    break
        return found.windows()


def _parts(windows: Sequence[Window], numbers: Sequence[int], left: bool = False, right: bool = False) -> list[_Part]:
    starts = range(0, len(numbers), MOST)
    return [_Part(windows, numbers[start : start + MOST], left, right) for start in starts]


class _Part:
    """As many windows as one index takes, and over which of their ends a read may hang."""

    def __init__(self, windows: Sequence[Window], numbers: Sequence[int], left: bool, right: bool) -> None:
        self.numbers, self.left, self.right = numbers, left, right
        self.windows = [windows[number] for number in numbers]
        self.index = WindowIndex([window.text for window in self.windows])


def _search(parts: Sequence[_Part], query: Query, found: Nearest, over: int) -> bool:
    """Add to what was found of a read; it may hang over the ends of a reference by up to ``over`` bases.

    :returns: whether nothing of interest can have been missed.
    """
    looks = [_Look(part, strand, over, found) for part in parts for strand in query.strands]
    looks.sort(key=lambda look: -look.most_shared)
    for look in looks[:LIKELIEST]:  # what is near narrows what is to be looked at
        look.place_likeliest()
    for look in looks:
        look.place_all()
    return all(look.is_certain for look in looks)


class _Look:
    """One strand of a read and the windows of one part: which share enough words, and how the read is placed there.

    :ivar most_shared: words that the likeliest window shares.
    """

    def __init__(self, part: _Part, strand: Strand, over: int, found: Nearest) -> None:
        self._part, self._strand, self._over, self._found = part, strand, over, found
        words = strand.words_between(over * part.left, len(strand.text) - over * part.right)
        self._words, held = part.index.spread_words(words)
        # With more differences no word need be left, and nothing would be certain.
        self._provable = len(self._words) - 1
        self._count(int(np.searchsorted(held, CHEAP, side="right")))
        self._likeliest = int(self._counts.argmax())
        self.most_shared = int(self._counts[self._likeliest])

    @property
    def _most(self) -> int:
        return min(self._found.most, self._provable)

    def _count(self, words: int) -> None:
        self._looked_up = min(words, len(self._words))
        self._counts = self._part.index.count(self._words[: self._looked_up])

    def _least(self) -> int:
        """Words among those looked up that a window of interest shares at least."""
        return max(1, self._looked_up - self._most)

    @property
    def is_certain(self) -> bool:
        """Whether all that is of interest shares a word that was, or could have been, looked up."""
        return self._found.most <= self._provable

    def place_likeliest(self) -> None:
        """Place the read in the window that shares most words, if any shares one."""
        if self.most_shared:
            self._place(self._likeliest)

    def place_all(self) -> None:
        """Place the read in all windows that share enough words to be of interest, those that share most first."""
        if self._looked_up < self._most + TELLING:
            self._count(self._most + TELLING)
        windows = np.flatnonzero(self._counts >= self._least())
        counts = self._counts[windows]
        order = np.argsort(-counts, kind="stable")
        most, least = self._found.most, 0
        for window, shared in zip(windows[order].tolist(), counts[order].tolist(), strict=True):
            if shared < least:
                break
            self._place(window)
            if self._found.most < most:
                most, least = self._found.most, self._least()

    def _place(self, window: int) -> None:
        if self._most < 0:
            return
        placed = self._place_in(self._part.windows[window])
        if placed is None:
            return
        whole = len(self._strand.text)
        if self._over and placed.bases == whole and placed.differences <= safe_differences(whole):
            return  # it does not hang over, not in its own windows either, and was placed with all windows
        placed = self._in_own(window, placed)
        if placed is not None and (not self._over or placed.bases < whole):
            self._found.add(self._part.numbers[window], placed)

    def _place_in(self, window: Window) -> Placed | None:
        if self._over:
            ends = window.left and self._part.left, window.right and self._part.right
            return place_over_ends(self._strand.seen, window.text, ends, self._over, self._most)
        return place(self._strand.seen, window.text, self._most)

    @cached_property
    def _own_words(self) -> npt.NDArray[np.uint32]:
        return own_words(self._strand.text)

    def _in_own(self, window: int, placed: Placed) -> Placed | None:
        """Where the read would be placed if the window were as the read alone would have it."""
        if not self._over and placed.differences <= safe_differences(placed.bases):
            return placed
        best: Placed | None = None
        for own in own_windows(self._part.windows[window], self._own_words):
            found = self._place_in(own)
            if found is not None and (best is None or found.better_than(best)):
                best = found
        return best
