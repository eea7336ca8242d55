"""Words of k bases as numbers, two bits a base, for whole texts at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: What stands in a text for one base each; every other letter is NO_BASE.
BASES, NO_BASE = b"ACGT", 4
_TWO_BITS = np.full(256, NO_BASE, np.uint8)
_TWO_BITS[list(BASES)] = range(4)

Letters = npt.NDArray[np.uint8]


def two_bits(text: bytes | Letters) -> Letters:
    """Return 0 to 3 for each A, C, G and T of a text in upper case, :data:`NO_BASE` for every other letter."""
    letters = np.frombuffer(text, np.uint8) if isinstance(text, bytes) else text
    return _TWO_BITS[letters]


def kmer_codes(bases: Letters, k: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    """Return the number of the word that begins at each place, and whether it is one: whether it holds bases only.

    Words are put together from words half as long, so that 14 bases take five passes over the text.

    :param bases: of :func:`two_bits`. :param k: 1 to 16. :returns: both of length ``len(bases) - k + 1``, or empty.

    >>> codes, words = kmer_codes(two_bits(b"ACGNT"), 2)
    >>> codes[words].tolist(), words.tolist()
    ([1, 6], [True, True, False, False])
    """
    places = len(bases) - k + 1
    if places <= 0:
        return np.empty(0, np.uint32), np.empty(0, np.bool_)
    strange = bases == NO_BASE
    word = np.where(strange, 0, bases).astype(np.uint32)
    codes, width, done = np.zeros(places, np.uint32), 1, 0
    while True:
        if k & width:  # the words of this width are the next bases from the right
            from_left = k - done - width
            codes |= word[from_left : from_left + places] << np.uint32(2 * done)
            done += width
        if done == k:
            break
        word = (word[:-width] << np.uint32(2 * width)) | word[width:]
        width *= 2
    valid = np.ones(places, np.bool_)
    spoilt = np.flatnonzero(strange)  # few, so that this is faster than to count along the text
    for back in range(k):
        at = spoilt - back
        valid[at[(at >= 0) & (at < places)]] = False
    return codes, valid
