"""Cheap proofs that stretches of a text hold allowed letters only.

A proof that fails says nothing about where or why: the scanners then look at every letter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def proven(text: bytes | bytearray, allowed: bytes) -> bool:
    """Whether ``text`` is made of ``allowed`` bytes."""
    return not text.translate(None, allowed)


def joined(buffer: Bytes, starts: Ints, ends: Ints) -> bytes:
    """All bytes of the stretches, in any order, some of them several times."""
    width = _width(starts, ends)
    rows, singles = _covering(starts, ends, width)
    return _rows_of(buffer, width)[rows].tobytes() + buffer[singles].tobytes()


def alike(buffer: Bytes, starts: Ints, others: Ints, lengths: Ints) -> bool:
    """Whether the stretch from each of ``starts`` reads as the one of the same length from the one of ``others``."""
    width, longest = (int(lengths.min()), int(lengths.max())) if len(lengths) else (0, 0)
    if width < 1 or longest > 2 * width:
        return joined(buffer, starts, starts + lengths) == joined(buffer, others, others + lengths)
    rows = _rows_of(buffer, width)
    if rows[starts].tobytes() != rows[others].tobytes():
        return False
    last = lengths - width
    return width == longest or rows[starts + last].tobytes() == rows[others + last].tobytes()


def blanked(text: bytes, starts: Ints, ends: Ints) -> bytearray:
    """A copy of ``text`` in which the stretches are overwritten with line ends."""
    copy = bytearray(text)
    buffer = np.frombuffer(copy, dtype=np.uint8)
    width = _width(starts, ends)
    rows, singles = _covering(starts, ends, width)
    _rows_of(buffer, width)[rows] = np.void(b"\n" * width)
    buffer[singles] = 10
    return copy


def _width(starts: Ints, ends: Ints) -> int:
    """Bytes copied at a time: more make fewer copies, but stretches that are shorter go letter by letter."""
    if not len(starts):
        return 1
    lengths = ends - starts
    typical = int(np.partition(lengths, len(lengths) // 16)[len(lengths) // 16])
    pieces = -(-typical // 64)
    return max(1, -(-typical // max(1, pieces)))


def _rows_of(buffer: Bytes, width: int) -> npt.NDArray[np.void]:
    """The ``width`` bytes from each place of ``buffer``, seen as one thing."""
    return np.ndarray((max(0, len(buffer) - width + 1),), f"V{width}", buffer, 0, (1,))


def _covering(starts: Ints, ends: Ints, width: int) -> tuple[Ints, Ints]:
    """Rows of ``width`` bytes that cover the stretches exactly (they may overlap), and the bytes of shorter ones."""
    lengths = ends - starts
    long = lengths >= width
    if long.all():
        return _pieces(starts, lengths, width), np.zeros(0, dtype=np.int64)
    return _pieces(starts[long], lengths[long], width), _pieces(starts[~long], lengths[~long], 1)


def _pieces(starts: Ints, lengths: Ints, width: int) -> Ints:
    """Where rows begin that cover stretches not shorter than a row; the last row of each ends with it."""
    counts = -(-lengths // width)
    total = np.cumsum(counts)
    if not len(total) or not total[-1]:
        return np.zeros(0, dtype=np.int64)
    number = np.arange(int(total[-1])) - np.repeat(total - counts, counts)
    return np.asarray(np.repeat(starts, counts) + np.minimum(number * width, np.repeat(lengths - width, counts)))
