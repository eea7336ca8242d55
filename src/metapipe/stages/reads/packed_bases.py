"""Bases two bits each, sixteen in a word: to see fast where two stretches may be alike.

A word is never the last word: N is packed as G is, and what lies behind a read's end is packed, too. Who finds two
words alike looks at the bases themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metapipe.formats.read_counts import BASE, NOT_CALLED

Bytes = npt.NDArray[np.uint8]
Packed = npt.NDArray[np.uint32]

#: Bases in a word; the first in the lowest bits.
PACKED = 16
_ONE_OF_EACH = np.uint32(0x55555555)


def pack_everywhere(kinds: Bytes) -> Packed:
    """Pack the sixteen bases from each place of each row on.

    :param kinds: reads × width (:attr:`~metapipe.formats.read_counts.ReadBatch.kinds`).
    :return: reads × (width - 15). :raises ValueError: for rows of fewer than sixteen bases.
    """
    if kinds.shape[1] < PACKED:
        raise ValueError(f"rows of {kinds.shape[1]} bases")
    packed: npt.NDArray[Any] = kinds & np.uint8(BASE)
    for size, room in ((1, np.uint8), (2, np.uint8), (4, np.uint16), (8, np.uint32)):  # bases packed so far
        packed = packed.astype(room, copy=False)
        more = packed[:, size:] << room(2 * size)
        more |= packed[:, :-size]
        packed = more
    return packed


def complement(kinds: Bytes) -> Bytes:
    """Return what stands on the other strand at each place: bits for the base and for what reads as N, no others."""
    other = (kinds & np.uint8(BASE)) ^ np.uint8(2)
    return np.where(kinds & np.uint8(NOT_CALLED), np.uint8(BASE | NOT_CALLED), other)


def pack(kinds: Bytes) -> Packed:
    """Pack the first sixteen bases of each row, as if A stood where a row has fewer."""
    first = kinds[:, :PACKED]
    return pack_everywhere(np.pad(first, ((0, 0), (0, PACKED - first.shape[1]))))[:, 0]


def mismatches(left: Packed, right: Packed, bases: int = PACKED) -> Bytes:
    """Count in how many of their first bases words differ."""
    differ = left ^ right
    differ |= differ >> np.uint32(1)
    differ &= _ONE_OF_EACH if bases >= PACKED else _ONE_OF_EACH & np.uint32((1 << 2 * bases) - 1)
    return np.asarray(np.bitwise_count(differ))
