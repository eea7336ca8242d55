"""The contigs of an annotation on disk: found by name in any order, in no memory of a worker's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_NAMES = "names.npy"
_ENDS, _LENGTHS, _HASHES, _ORDER = "ends.npy", "lengths.npy", "hashes.npy", "order.npy"


class ContigTable:
    """Names and lengths of contigs, written once and mapped by every worker; ``name in table`` works.

    Names are compared as bytes, so no two of them become one; a hash of each, sorted, leads to it.

    :ivar lengths: contigs, bases of each.
    """

    def __init__(self, folder: Path) -> None:
        self._names, self._ends = mapped(folder / _NAMES), mapped(folder / _ENDS)
        self.lengths: Ints = mapped(folder / _LENGTHS)
        self._hashes, self._order = mapped(folder / _HASHES), mapped(folder / _ORDER)
        self._next = 0

    def __len__(self) -> int:
        return len(self.lengths)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.position(name) is not None

    def position(self, name: str) -> int | None:
        """Return the contig's 0-based position in the table; None when it is not there."""
        wanted = name.encode("utf-8", "surrogateescape")
        if self._next < len(self) and self._name(self._next) == wanted:  # they mostly come in order
            self._next += 1
            return self._next - 1
        hashed = np.uint64(_hash(wanted))
        for place in range(int(np.searchsorted(self._hashes, hashed)), len(self)):
            if self._hashes[place] != hashed:
                break
            found = int(self._order[place])
            if self._name(found) == wanted:
                self._next = found + 1
                return found
        return None

    def _name(self, position: int) -> bytes:
        start = int(self._ends[position - 1]) if position else 0
        return self._names[start : int(self._ends[position])].tobytes()


def write_contigs(names: Sequence[bytes], lengths: Sequence[int], folder: Path) -> None:
    """Write the table: names, each once, and lengths in bases, in the same order."""
    hashes = np.fromiter(map(_hash, names), np.uint64, len(names))
    order = np.argsort(hashes, kind="stable")
    arrays: Mapping[str, npt.NDArray[Any]] = {
        _NAMES: np.frombuffer(b"".join(names), np.uint8),
        _ENDS: np.cumsum(np.fromiter(map(len, names), np.int64, len(names))),
        _LENGTHS: np.fromiter(lengths, np.int64, len(names)),
        _HASHES: hashes[order],
        _ORDER: order.astype(np.int64),
    }
    for name, array in arrays.items():
        np.save(folder / name, array)


def mapped(path: Path) -> npt.NDArray[Any]:
    """Return an array of a file, mapped into memory: what is never looked at is never read."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r")
    except ValueError:  # nothing cannot be mapped
        array = np.load(path)
    return array


def _hash(name: bytes) -> int:
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "little")
