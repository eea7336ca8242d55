"""Windows: the parts of the references that the reads at hand can lie in, each distinct one once.

Amplicon reads lie in one region of a gene. A window is where a reference shares words with the reads: at least
:data:`ENOUGH` words of :data:`WORD` bases that begin within :data:`NEAR` bases, and :data:`MARGIN` bases to either
side. References that are equal there share a window; it is searched once and stands for all of them.

What windows one read alone would have lie within those it has together with others. An alignment of no more than
:func:`safe_differences` is within its own windows for certain; what has more is looked at in its own windows
(:func:`own_windows`), so that no other read decides about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metapipe.biomas.search.reference_text import References
from metapipe.formats.kmers import kmer_codes, two_bits

#: Bases of a word; among 4^14 words those of 30,000 reads with errors are one in a hundred.
WORD = 14
#: So many words that begin within so many bases are no chance.
ENOUGH, NEAR = 6, 128
#: Bases kept to either side: 15 for each of the seven differences that are safe, and a few.
MARGIN = 112
#: A read may hang over the end of a reference if a word it shares begins within so many bases of the end: two
#: differences next to the end can spoil no more.
BY_THE_END = 2 * WORD
#: Bases of the references looked at together: 16 MB an array.
_SLAB = 4_000_000

Places = npt.NDArray[np.int64]


class Window(NamedTuple):
    """Part of a reference. :param left: it begins where the reference begins, and the words shared begin there, too;
    :param right: the same of its end."""

    text: str
    left: bool
    right: bool


class Words:
    """Which words of :data:`WORD` bases the reads hold. One word in 256 is taken for one of theirs, and does no harm.

    A table of all words takes 256 MB, most of a small run's time; few words have a small one.

    :param reads: upper case, of one strand: give both.
    """

    def __init__(self, reads: Iterable[bytes]) -> None:
        codes, words = kmer_codes(two_bits(b"\n".join(reads)), WORD)
        codes = codes[words]
        bits = min(2 * WORD, max(16, (256 * len(codes)).bit_length()))
        self._shift = np.uint32(32 - bits)
        self._held = np.zeros(1 << bits, np.bool_)
        self._held[self._slots(codes)] = True

    def hold(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Return for each word whether the reads hold it."""
        return self._held[self._slots(codes)]

    def _slots(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        # Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): neighbours are spread over the table.
        return (codes * np.uint32(2_654_435_769)) >> self._shift


def safe_differences(length: int) -> int:
    """The differences up to which an alignment of a read of that length lies within the windows of this read alone.

    A difference spoils at most :data:`WORD` of the read's words, and moves what follows by one base. So with d of them
    the first word unspoilt begins within 14 d bases, and enough follow it near by.
    """
    return (min(length, NEAR) - WORD - ENOUGH) // (WORD + 1)


def stretches(hits: Places, owners: Places) -> tuple[Places, Places]:
    """Return the first and last place of each stretch of hits that is no chance.

    :param hits: places, ascending. :param owners: the text each lies in; no stretch is in two.
    """
    if len(hits) < ENOUGH:
        return hits[:0], hits[:0]
    ahead = ENOUGH - 1
    near = np.flatnonzero((hits[ahead:] - hits[:-ahead] < NEAR) & (owners[ahead:] == owners[:-ahead]))
    change = np.zeros(len(hits) + 1, np.int64)
    change[near] += 1
    change[near + ENOUGH] -= 1
    kept = np.cumsum(change[:-1]) > 0
    hits, owners = hits[kept], owners[kept]
    if not len(hits):
        return hits, hits
    apart = np.flatnonzero((np.diff(hits) > 2 * MARGIN + WORD) | (np.diff(owners) > 0))
    return hits[np.concatenate(([0], apart + 1))], hits[np.concatenate((apart, [-1]))]


def find_windows(references: References, words: Words) -> dict[Window, list[int]]:
    """Return the windows, each with the references it stands for, by number."""
    found: dict[Window, list[int]] = {}
    starts = references.starts
    for low, high in _slabs(starts):
        base = int(starts[low])
        text = references.between(low, high)
        codes, valid = kmer_codes(two_bits(text), WORD)
        hits = np.flatnonzero(words.hold(codes) & valid)
        owners = np.searchsorted(starts[low : high + 1] - base, hits, side="right") - 1 + low
        firsts, lasts = stretches(hits, owners)
        owners = np.searchsorted(starts - base, firsts, side="right") - 1
        begins = np.maximum(firsts - MARGIN, starts[owners] - base)
        ends = np.minimum(lasts + WORD + MARGIN, starts[owners + 1] - base - 1)
        lefts = firsts - (starts[owners] - base) <= BY_THE_END
        rights = (starts[owners + 1] - base - 1) - (lasts + WORD) <= BY_THE_END
        whole = text.decode("ascii")
        for owner, begin, end, left, right in zip(
            owners.tolist(), begins.tolist(), ends.tolist(), lefts.tolist(), rights.tolist(), strict=True
        ):
            found.setdefault(Window(whole[begin:end], left, right), []).append(owner)
    return found


def _slabs(starts: Places) -> Iterator[tuple[int, int]]:
    low = 0
    while low < len(starts) - 1:
        high = max(low + 1, int(np.searchsorted(starts, starts[low] + _SLAB, side="right")) - 1)
        yield low, high
        low = high


def own_words(read: bytes) -> npt.NDArray[np.uint32]:
    """Return the words of one strand of a read, ascending, each once."""
    codes, valid = kmer_codes(two_bits(read), WORD)
    return np.unique(codes[valid])


def own_windows(window: Window, words: npt.NDArray[np.uint32]) -> Iterator[Window]:
    """Yield the windows that a read with these words would have by itself within a window it shares with others."""
    codes, valid = kmer_codes(two_bits(window.text.encode()), WORD)
    hits = np.flatnonzero(np.isin(codes, words) & valid)
    length = len(window.text)
    for first, last in zip(*(each.tolist() for each in stretches(hits, np.zeros_like(hits))), strict=True):
        begin, end = max(first - MARGIN, 0), min(last + WORD + MARGIN, length)
        left, right = window.left and first <= BY_THE_END, window.right and length - last - WORD <= BY_THE_END
        yield Window(window.text[begin:end], left, right)
