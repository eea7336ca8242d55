"""Reads as arrays, and what is counted about them: sums that add up over blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metapipe.formats.called_bases import called_bases

PHRED_OFFSET = 33
_IS_CALLED = np.frombuffer(called_bases(bytes(range(256))), np.uint8) != ord("N")
_IS_GC = np.zeros(256, np.uint8)
_IS_GC[list(b"GCSgcs")] = 1
_IS_ACGT = np.zeros(256, np.uint8)
_IS_ACGT[list(b"ACGTUSWacgtusw")] = 1


@dataclass(frozen=True)
class ReadBatch:
    """Reads side by side, filled up to the longest with zeros.

    :param bases: reads × longest, letters as in the file.
    :param qualities: reads × longest, Phred scores.
    :param lengths: reads, bases of each.
    """

    bases: NDArray[np.uint8]
    qualities: NDArray[np.uint8]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, reads: Sequence[tuple[bytes, bytes]]) -> ReadBatch:
        """Make a batch from (sequence, quality string) of each read."""
        lengths = np.fromiter((len(sequence) for sequence, _ in reads), np.int64, len(reads))
        longest = int(lengths.max(initial=0))
        inside = np.arange(longest) < lengths[:, None]
        bases = np.zeros((len(reads), longest), np.uint8)
        qualities = np.zeros((len(reads), longest), np.uint8)
        bases[inside] = np.frombuffer(b"".join(sequence for sequence, _ in reads), np.uint8)
        qualities[inside] = np.frombuffer(b"".join(quality for _, quality in reads), np.uint8) - PHRED_OFFSET
        return cls(bases, qualities, lengths)

    def judged_qualities(self) -> NDArray[np.uint8]:
        """Return the qualities with 0 for every N: an unknown base has no quality, whatever the file says.

        What reads as N (:func:`~metapipe.formats.called_bases.called_bases`) counts as such: ``.`` is one, and so are
        IUPAC codes of several bases.
        """
        return np.where(_IS_CALLED[self.bases], self.qualities, np.uint8(0))


class ReadCounts:
    """What is counted about reads; counts add up over batches and blocks."""

    def __init__(self) -> None:
        self.reads = self.bases = 0
        self.lengths = np.zeros(0, np.int64)
        self.mean_qualities = np.zeros(0, np.int64)
        self.gc = np.zeros(101, np.int64)
        self.quality_sums = np.zeros(0, np.int64)

    def add(self, batch: ReadBatch) -> None:
        """Count a batch of reads. GC is in whole per cent of A, C, G and T; mean qualities are rounded down."""
        self.reads += len(batch.lengths)
        self.bases += int(batch.lengths.sum())
        self.lengths = _sum_of(self.lengths, np.bincount(batch.lengths))
        sums = batch.qualities.sum(axis=1, dtype=np.int64)
        filled = batch.lengths > 0
        self.mean_qualities = _sum_of(self.mean_qualities, np.bincount(sums[filled] // batch.lengths[filled]))
        gc = _IS_GC[batch.bases].sum(axis=1, dtype=np.int64)
        acgt = _IS_ACGT[batch.bases].sum(axis=1, dtype=np.int64)
        known = acgt > 0
        per_cent = (200 * gc[known] + acgt[known]) // (2 * acgt[known])
        self.gc += np.bincount(per_cent, minlength=101)
        self.quality_sums = _sum_of(self.quality_sums, batch.qualities.sum(axis=0, dtype=np.int64))

    def as_note(self) -> dict[str, Any]:
        """Return the counts as JSON.

        ``lengths`` is length → reads, ``mean_qualities`` the read's mean Phred score rounded down → reads, ``gc`` whole
        per cent → reads, ``quality_sums`` position (1-based) → sum of Phred scores over the reads that reach it: divide
        by the number of reads at least so long for the mean curve.
        """
        return {
            "reads": self.reads,
            "bases": self.bases,
            "lengths": _histogram(self.lengths),
            "mean_qualities": _histogram(self.mean_qualities),
            "gc": _histogram(self.gc),
            "quality_sums": {str(position): total for position, total in enumerate(self.quality_sums.tolist(), 1)},
        }


def _sum_of(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    total = np.zeros(max(len(left), len(right)), np.int64)
    total[: len(left)] += left
    total[: len(right)] += right
    return total


def _histogram(counts: NDArray[np.int64]) -> dict[str, int]:
    return {str(value): int(counts[value]) for value in np.flatnonzero(counts)}
