"""Look-ups in a MARISA trie (Yata 2011, version 0.2 of the library) as Python's ``marisa_trie.RecordTrie`` writes it.

NCBI's taxonomy comes in this form from PyPI. Some ten thousand look-ups are all that is needed, so the trie is read
here with NumPy, and no compiled library is asked for. A record trie's keys are ``key 0xff value``.

A trie is a tree in LOUDS: one bit string in which every node's children are as many ones, ended by a zero. Edges carry
one byte, or a link to a longer text, which stands in a second trie (backwards, from a node up to its root) or in a
plain buffer, the tail.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metapipe.errors import MetapipeError

_MAGIC = b"We love Marisa.\0"
_SEPARATOR = b"\xff"


class RecordTrie:
    """A trie of records of one fixed size.

    :param layout: the records' layout for :mod:`struct`, little-endian.
    :raises MetapipeError: E205 when the file is no MARISA trie.
    """

    def __init__(self, path: Path, layout: str) -> None:
        content = path.read_bytes()
        if not content.startswith(_MAGIC):
            raise MetapipeError("E205", file=path, expected="a MARISA trie", found=content[:16])
        try:
            self._trie = _Trie(_Cursor(content, len(_MAGIC)))
        except (struct.error, ValueError) as error:
            raise MetapipeError("E205", "the MARISA trie is damaged", file=path) from error
        self._layout = struct.Struct("<" + layout)

    def get(self, key: str) -> tuple[int, ...] | None:
        """The first record of a key, ``None`` when there is none."""
        value = self._trie.first_below(key.encode() + _SEPARATOR, self._layout.size)
        return None if value is None else self._layout.unpack(value)


class _Cursor:
    """Reads the parts of a trie one after the other."""

    def __init__(self, content: bytes, place: int) -> None:
        self._content, self._place = content, place

    def number(self, code: str = "I") -> int:
        value: int
        (value,) = struct.unpack_from(f"<{code}", self._content, self._place)
        self._place += struct.calcsize(f"<{code}")
        return value

    def vector(self, kind: Any) -> NDArray[Any]:
        """A vector: its size in bytes, its elements, and zeros up to a multiple of eight bytes."""
        size = self.number("Q")
        found = np.frombuffer(self._content, dtype=kind, count=size // np.dtype(kind).itemsize, offset=self._place)
        self._place += size + -size % 8
        return found

    def bits(self) -> NDArray[np.uint8]:
        """A bit vector, one byte a bit; its indexes are skipped, NumPy makes its own."""
        units = self.vector(np.uint8)
        size = self.number()
        self.number()  # number of ones
        for _ in range(3):  # ranks, and where the zeros and ones stand
            self.vector(np.uint8)
        return np.unpackbits(units, bitorder="little")[:size]

    def packed(self) -> NDArray[np.uint64]:
        """Numbers of the same few bits each, packed into units of 64."""
        units = self.vector(np.uint64)
        width = self.number()
        self.number()  # mask
        size = self.number("Q")
        if not size or not width:
            return np.zeros(size, dtype=np.uint64)
        bits = np.unpackbits(units.view(np.uint8), bitorder="little")[: size * width].reshape(size, width)
        return bits.astype(np.uint64) @ (np.uint64(1) << np.arange(width, dtype=np.uint64))


class _Trie:
    """One level of a MARISA trie."""

    def __init__(self, cursor: _Cursor) -> None:
        self._louds = cursor.bits()
        self._zeros, self._ones = np.flatnonzero(self._louds == 0), np.flatnonzero(self._louds)
        self._terminal = cursor.bits()
        self._linked = cursor.bits()
        self._link_rank = np.concatenate(([0], np.cumsum(self._linked, dtype=np.int64)))
        self._bases = cursor.vector(np.uint8)
        self._extras = cursor.packed()
        self._tail = cursor.vector(np.uint8).tobytes()
        self._tail_ends = np.flatnonzero(cursor.bits())
        self._next = _Trie(cursor) if self._linked.any() and not self._tail else None
        cursor.vector(np.uint8)  # cache
        self._first_level = cursor.number()
        cursor.number()  # flags

    def first_below(self, prefix: bytes, size: int) -> bytes | None:
        """The ``size`` bytes that follow ``prefix`` in the first key that begins with it."""
        node, text, wanted = 0, b"", len(prefix) + size
        while len(text) < wanted:
            for child in self._children(node):
                label = self._label(child)
                both = min(len(text) + len(label), len(prefix))
                if (text + label)[:both] == prefix[:both]:
                    node, text = child, text + label
                    break
            else:
                return None
        return text[len(prefix) : wanted]

    def _children(self, node: int) -> range:
        place = int(self._zeros[node]) + 1
        return range(place - node - 1, int(self._zeros[node + 1]) - node - 1)

    def _label(self, node: int) -> bytes:
        if not self._linked[node]:
            return bytes([self._bases[node]])
        link = int(self._bases[node]) | int(self._extras[self._link_rank[node]]) << 8
        if self._next is not None:
            return self._next.way_up(link)
        if len(self._tail_ends):
            end = int(self._tail_ends[np.searchsorted(self._tail_ends, link)]) + 1
        else:
            end = self._tail.index(b"\0", link)
        return self._tail[link:end]

    def way_up(self, node: int) -> bytes:
        """The labels from a node up to the root, in that order."""
        text = self._label(node)
        while node > self._first_level:
            node = int(self._ones[node]) - node - 1
            text += self._label(node)
        return text
