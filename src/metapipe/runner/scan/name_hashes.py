"""A 64-bit hash of many names at once, the same on every machine and in every run.

The hash of a name is the sum of its eight-byte words (little-endian, filled up with zeros), each mixed by a bijection
of its own. Names that differ in one word never share a hash; others do as often as random numbers would.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_WORD, _ROW = 8, 64
_WORDS = _ROW // _WORD
# Odd multipliers, one for each word of a row; rows of long names get their number mixed in.
_MULTIPLIERS: Words = np.random.PCG64(20261122).random_raw(_WORDS) | np.uint64(1)
_MIXER = np.uint64(0xD6E8FEB86659FD93)
#: _MASKS[n] keeps the first n bytes of a row.
_MASKS: Words = ((np.arange(_ROW)[None, :] < np.arange(_ROW + 1)[:, None]).astype(np.uint8) * np.uint8(255)).view("<u8")


def hash_names(buffer: npt.NDArray[np.uint8], starts: Ints, ends: Ints) -> Words:
    """Hash ``buffer[start:end]`` for each start and end; without zero bytes in them."""
    hashes: Words = np.zeros(len(starts), dtype=np.uint64)
    which: Ints | slice = slice(None)
    row = 0
    while len(starts):
        lengths = ends - starts
        hashes[which] += _hash_rows(buffer, starts, np.minimum(lengths, _ROW), row)
        longer = np.flatnonzero(lengths > _ROW)
        which = longer if isinstance(which, slice) else which[longer]
        starts, ends, row = starts[longer] + _ROW, ends[longer], row + 1
    return hashes


def _hash_rows(buffer: npt.NDArray[np.uint8], starts: Ints, lengths: Ints, row: int) -> Words:
    count = -(-int(lengths.max()) // _WORD)
    width = max(1, count) * _WORD
    missing = int(starts.max()) + width - len(buffer)
    if missing > 0:
        buffer = np.concatenate([buffer, np.zeros(missing, dtype=np.uint8)])
    rows = np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer, 0, (1,))[starts]
    words = rows.view("<u8").reshape(len(starts), -1).T.astype(np.uint64, order="C")
    words &= _MASKS[:, : len(words)][lengths].T
    words *= _MULTIPLIERS[: len(words), None] + np.uint64(2 * row)
    words ^= words >> np.uint64(32)
    words *= _MIXER
    words ^= words >> np.uint64(29)
    return np.asarray(words.sum(axis=0, dtype=np.uint64))


def second_of_two(hashes: Words) -> npt.NDArray[np.bool_]:
    """Say of each name in a row whether it repeats the one before it and makes two with it: of ``a a a b``, the second.

    :return: one for each name, never two in a row.
    """
    places = np.arange(len(hashes))
    fresh = np.ones(len(hashes), dtype=np.bool_)
    fresh[1:] = hashes[1:] != hashes[:-1]
    second: npt.NDArray[np.bool_] = (places - np.maximum.accumulate(np.where(fresh, places, 0))) % 2 == 1
    return second
