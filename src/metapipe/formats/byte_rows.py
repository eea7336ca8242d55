"""Stretches of a text as rows of a matrix, and sums over bytes that take eight of them at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

WORD = 8
_EVEN = np.uint64(0x00FF00FF00FF00FF)
#: So many bytes up to 255 add up in 16 bits.
_FIT = 256
_NEARLY_32_MIB = 31 << 20


def windows(buffer: Bytes, starts: Ints, width: int) -> Bytes:
    """Return the ``width`` bytes from each start as a matrix, starts × width; zeros behind the end of the buffer."""
    if not len(starts) or not width:
        return np.zeros((len(starts), width), np.uint8)
    missing = int(starts.max()) + width - len(buffer)
    if missing > 0:
        buffer = np.concatenate([buffer, np.zeros(missing, np.uint8)])
    rows = np.ndarray((len(buffer) - width + 1,), f"V{width}", np.ascontiguousarray(buffer), 0, (1,))[starts]
    return rows.view(np.uint8).reshape(len(starts), width)


def whole_words(width: int) -> int:
    """Return the least width not below this one that is made of whole words."""
    return -(-width // WORD) * WORD


def row_sums(rows: Bytes) -> Ints:
    """Sum the bytes of each row; rows are whole words wide (:func:`whole_words`)."""
    words = _words(rows)
    sums = np.zeros(len(rows), np.int64)
    for first in range(0, words.shape[1], _FIT // 2):
        some = words[:, first : first + _FIT // 2]
        lanes = np.add.reduce((some & _EVEN) + ((some >> np.uint64(8)) & _EVEN), axis=1)
        sums += lanes.reshape(-1, 1).view("<u2").sum(axis=1, dtype=np.int64)
    return sums


def column_sums(rows: Bytes) -> Ints:
    """Sum the bytes of each column; rows are whole words wide (:func:`whole_words`)."""
    words = _words(rows)
    sums = np.zeros((words.shape[1], 4, 2), np.int64)
    for first in range(0, len(rows), _FIT):
        some = words[first : first + _FIT]
        for odd, lanes in enumerate((some & _EVEN, (some >> np.uint64(8)) & _EVEN)):
            sums[:, :, odd] += np.add.reduce(lanes, axis=0).reshape(-1, 1).view("<u2")
    return sums.ravel()


def _words(rows: Bytes) -> Words:
    return np.ascontiguousarray(rows).view("<u8")


def keep_freed_memory() -> None:
    """Let this process use again the memory of arrays it has freed, of up to some ten MiB each.

    GNU's allocator gives the memory of large arrays back to the kernel at once, until one of nearly 32 MiB was freed
    (mallopt(3), M_MMAP_THRESHOLD). Where arrays of a MiB come and go, clearing pages was a fifth of the time.
    """
    np.empty(_NEARLY_32_MIB, np.uint8)  # never touched, so it costs nothing
