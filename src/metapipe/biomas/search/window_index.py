"""Which windows share enough words with a read that they can be within so many differences of it.

A difference spoils at most one of a read's words that do not overlap, so of any m of them a text within d differences
of the read holds m - d at least (the q-gram lemma, Jokinen & Ukkonen 1991, doi:10.1007/3-540-54345-7_67). Whichever m
are looked up, no such text is missed; the rarest m are the fewest to count.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap

import numpy as np
import numpy.typing as npt

from metapipe.formats.kmers import kmer_codes, two_bits

#: Bases of a word. A window of 500 bases holds one in 130 of the 4^8 words by chance.
WORD = 8
#: Windows of one index: their numbers take two bytes.
MOST = 1 << 16

Numbers = npt.NDArray[np.intp]


def _turned() -> npt.NDArray[np.uint16]:
    codes = np.arange(4**WORD, dtype=np.uint32)
    turned = np.zeros_like(codes)
    for place in range(WORD):
        turned = (turned << np.uint32(2)) | (3 - ((codes >> np.uint32(2 * place)) & np.uint32(3)))
    return turned.astype(np.uint16)


#: Word -> the same word on the other strand.
TURNED = _turned()


class WindowIndex:
    """The words of up to :data:`MOST` windows, given by their bases."""

    def __init__(self, texts: Sequence[str]) -> None:
        if len(texts) > MOST:
            raise ValueError(f"{len(texts)} windows for one index")
        self._windows = len(texts)
        codes, valid = kmer_codes(two_bits("\n".join(texts).encode()), WORD)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
        owners = np.repeat(np.arange(len(texts), dtype=np.uint16), lengths)[: len(codes)]
        codes, owners = codes[valid].astype(np.uint16), owners[valid]
        self._owners = owners[np.argsort(codes, kind="stable")]
        self._sizes = np.append(np.bincount(codes, minlength=4**WORD), 0)
        self._starts = np.concatenate(([0], np.cumsum(self._sizes)))
        self._all = len(codes) + 1

    def spread_words(self, words: Numbers) -> tuple[Numbers, Numbers]:
        """Choose words that do not overlap from those of a stretch of a read: those of the frame that costs least.

        :param words: one for each place, -1 where there is none.
        :returns: the words, those that the fewest windows hold first, and in how many windows the first, the first two,
            … are together.
        """
        in_frames = np.full((-(-len(words) // WORD), WORD), -1)
        in_frames.flat[: len(words)] = words
        sizes = self._sizes[in_frames]  # the last of them, -1, is 0
        cost = sizes.sum(axis=0) - self._all * (in_frames >= 0).sum(axis=0)  # a word more is worth more than any cost
        best = int(cost.argmin())
        chosen = in_frames[:, best]
        order = np.argsort(sizes[:, best], kind="stable")
        order = order[chosen[order] >= 0]
        return chosen[order], np.cumsum(sizes[order, best])

    def count(self, words: Numbers) -> Numbers:
        """Return how many of these words each window holds; one that stands in a window twice counts twice."""
        if not len(words):
            return np.zeros(self._windows, np.intp)
        places = starmap(slice, zip(self._starts[words].tolist(), self._starts[words + 1].tolist(), strict=True))
        found = np.concatenate([self._owners[place] for place in places])
        return np.bincount(found, minlength=self._windows)
