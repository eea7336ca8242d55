"""What is counted about the reads of one file, by position and by read. Counts of blocks add up to those of the whole.

Everything here is exact whatever the cut, and nothing needs more than one look at a read. That is why there is no
estimate of duplicates, as FastQC makes it from the first reads of a file: amplicons are duplicates by nature, and
``dereplicate`` counts them exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metapipe.formats.read_counts import BASE, NOT_CALLED, ReadBatch, ReadCounts

#: Most reads and most cells of one batch of arrays.
_BATCH_READS, _BATCH_CELLS = 4096, 1 << 22

#: Where the groups of positions begin (1-based): single up to 600, so that all Illumina reads are shown base by base;
#: then tens, hundreds, and one group for all beyond 30,000.
GROUP_STARTS = np.concatenate([np.arange(1, 601), np.arange(601, 3001, 10), np.arange(3001, 30002, 100)])

LETTERS = "ACGTN"
#: What stands at a place (:attr:`.ReadBatch.kinds`) -> its letter's position among the five.
_LETTER_OF = np.array([4 if kind & NOT_CALLED else (0, 1, 3, 2)[kind & BASE] for kind in range(256)], np.uint8)

_QUALITIES = 94

#: Beginnings of the common adapters, twelve bases each, as FastQC looks for them.
ADAPTERS = {"Illumina TruSeq": b"AGATCGGAAGAG", "Nextera": b"CTGTCTCTTATA"}


class MateProfile:
    """Counts of one file's reads; :meth:`as_part` gives them as JSON that adds up over blocks."""

    def __init__(self) -> None:
        self.counts = ReadCounts()
        self.qualities = np.zeros((len(GROUP_STARTS), _QUALITIES), np.int64)
        self.letters = np.zeros((len(GROUP_STARTS), len(LETTERS)), np.int64)
        self.adapters: dict[str, Counter[int]] = {name: Counter() for name in ADAPTERS}

    def add(self, reads: Sequence[tuple[bytes, bytes]]) -> None:
        """Count reads, given as (bases, quality string)."""
        batch = ReadBatch.of(reads)
        self.counts.add(batch)
        longest = batch.kinds.shape[1]
        group = group_of(longest)
        inside = np.arange(longest) < batch.lengths[:, None]
        self._count(self.qualities, batch.qualities, group, inside)
        self._count(self.letters, _LETTER_OF[batch.kinds], group, inside)
        for name, adapter in ADAPTERS.items():
            found = (bases.upper().find(adapter) for bases, _ in reads)
            self.adapters[name].update(int(GROUP_STARTS[group[place]]) for place in found if place >= 0)

    @staticmethod
    def _count(
        table: NDArray[np.int64], values: NDArray[np.uint8], group: NDArray[np.int64], inside: NDArray[np.bool_]
    ) -> None:
        """Add 1 to ``table[group of the column, value]`` for every cell inside a read."""
        width = table.shape[1]
        cells = (group * width + values)[inside]
        table += np.bincount(cells, minlength=table.size).reshape(table.shape)

    def as_part(self) -> dict[str, Any]:
        """Return the counts as JSON.

        ``reads``, ``bases``, ``lengths``, ``mean_qualities`` and ``gc`` as
        :meth:`metapipe.formats.read_counts.ReadCounts.as_note` has them; ``qualities`` and ``letters``: first
        position of the group → Phred score or letter → bases; ``adapters``: name → first position of the group in which
        the adapter begins → reads.
        """
        note = self.counts.as_note()
        del note["quality_sums"]
        filled = np.flatnonzero(self.qualities.any(axis=1))
        return {
            **note,
            "qualities": {
                str(GROUP_STARTS[at]): {str(q): int(self.qualities[at, q]) for q in np.flatnonzero(self.qualities[at])}
                for at in filled
            },
            "letters": {
                str(GROUP_STARTS[at]): {LETTERS[code]: int(count) for code, count in enumerate(self.letters[at])}
                for at in filled
            },
            "adapters": {
                name: {str(place): count for place, count in sorted(places.items())}
                for name, places in self.adapters.items()
            },
        }


def group_of(longest: int) -> NDArray[np.int64]:
    """Return for the 0-based positions up to ``longest`` the index of their group."""
    return np.searchsorted(GROUP_STARTS, np.arange(1, longest + 1), side="right") - 1


def group_end(start: int) -> int | None:
    """Return the last position of the group that begins at ``start``; None for the group without end."""
    following = GROUP_STARTS[np.searchsorted(GROUP_STARTS, start, side="right") :]
    return int(following[0]) - 1 if len(following) else None


def batches(pairs: Iterable[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
    """Group pairs of records so that arrays of them stay small, however long the reads are."""
    batch: list[tuple[Any, Any]] = []
    longest = 0
    for pair in pairs:
        size = max(len(pair[0].sequence), len(pair[1].sequence))
        if batch and (len(batch) == _BATCH_READS or (len(batch) + 1) * max(longest, size) > _BATCH_CELLS):
            yield batch
            batch, longest = [], 0
        batch.append(pair)
        longest = max(longest, size)
    if batch:
        yield batch
