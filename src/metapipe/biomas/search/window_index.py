"""Which windows share enough words with a read that they can be within so many differences of it.

The q-gram lemma (Jokinen & Ukkonen 1991, doi:10.1007/3-540-54345-7_67): a difference spoils at most :data:`WORD` of a
read's words, so of any m of them a text within d differences of the read holds m - WORD d at least. Whichever m are
looked up, no such text is missed; the rarest m are the fewest to count.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap

import numpy as np
import numpy.typing as npt

from metapipe.biomas.search.kmers import kmer_codes, two_bits

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
    """The words of up to :data:`MOST` windows.

    :ivar texts: bases of each window, as given.
    """

    def __init__(self, texts: Sequence[bytes]) -> None:
        if len(texts) > MOST:
            raise ValueError(f"{len(texts)} windows for one index")
        self.texts = [text.decode("ascii") for text in texts]
        codes, valid = kmer_codes(two_bits(b"\n".join(texts)), WORD)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
        owners = np.repeat(np.arange(len(texts), dtype=np.uint16), lengths)[: len(codes)]
        codes, owners = codes[valid].astype(np.uint16), owners[valid]
        self._owners = owners[np.argsort(codes, kind="stable")]
        self._sizes = np.bincount(codes, minlength=4**WORD)
        self._starts = np.concatenate(([0], np.cumsum(self._sizes)))

    def rarest_first(self, words: Numbers) -> Numbers:
        """Return these words, those that the fewest windows hold first."""
        return words[np.argsort(self._sizes[words], kind="stable")]

    def count(self, words: Numbers) -> Numbers:
        """Return how many of these words each window holds; one that stands in a window twice counts twice."""
        if not len(words):
            return np.zeros(len(self.texts), np.intp)
        places = starmap(slice, zip(self._starts[words].tolist(), self._starts[words + 1].tolist(), strict=True))
        found = np.concatenate([self._owners[place] for place in places])
        return np.bincount(found, minlength=len(self.texts))
