"""Reads as arrays, and what is counted about them: sums that add up over blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metapipe.formats.byte_rows import column_sums, row_sums, whole_words, windows
from metapipe.formats.called_bases import called_bases

PHRED_OFFSET = 33

#: Bits of :attr:`ReadBatch.kinds`: the base (0 to 3), G or C, one of A, C, G and T, and what reads as N.
BASE, GC, ACGT, NOT_CALLED = 3, 4, 8, 128


def _kind(letter: int) -> int:
    called = called_bases(bytes([letter]))
    kind = NOT_CALLED if called == b"N" else 0
    if letter == 0:  # what reads are filled up with
        return 0
    # The second and third bit of A, C, G and T are 0, 1, 3 and 2: the complement of a base differs in the upper one.
    kind |= called[0] >> 1 & BASE
    kind |= GC if letter in b"GCSgcs" else 0
    return kind | (ACGT if letter in b"ACGTUSWacgtusw" else 0)


_KINDS = bytes(map(_kind, range(256)))


@dataclass(frozen=True)
class ReadSums:
    """Sums over each of some reads: of Phred scores, of bases that are G or C, of bases that are one of A, C, G, T."""

    qualities: NDArray[np.int64]
    gc: NDArray[np.int64]
    acgt: NDArray[np.int64]

    def some(self, which: slice | NDArray[np.bool_]) -> ReadSums:
        """Return those of these reads."""
        return ReadSums(self.qualities[which], self.gc[which], self.acgt[which])

    def replaced(self, rows: NDArray[np.int64], fresh: ReadSums) -> ReadSums:
        """Return them with others for these reads."""
        made = [each.copy() for each in (self.qualities, self.gc, self.acgt)]
        for each, new in zip(made, (fresh.qualities, fresh.gc, fresh.acgt), strict=True):
            each[rows] = new
        return ReadSums(*made)


@dataclass(frozen=True)
class ReadBatch:
    """Reads side by side, filled up with zeros to whole words of bytes.

    :param kinds: reads × width, what stands at each place, in bits: :data:`BASE`, :data:`GC` …
    :param qualities: reads × width, Phred scores.
    :param lengths: reads, bases of each.
    """

    kinds: NDArray[np.uint8]
    qualities: NDArray[np.uint8]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, reads: Sequence[tuple[bytes, bytes]]) -> ReadBatch:
        """Make a batch from (sequence, quality string) of each read."""
        lengths = np.fromiter((len(sequence) for sequence, _ in reads), np.int64, len(reads))
        text = b"".join(sequence + quality for sequence, quality in reads)
        ends = np.cumsum(2 * lengths)
        return cls.at(np.frombuffer(text, np.uint8), ends - 2 * lengths, ends - lengths, lengths)

    @classmethod
    def at(
        cls,
        buffer: NDArray[np.uint8],
        bases: NDArray[np.int64],
        qualities: NDArray[np.int64],
        lengths: NDArray[np.int64],
    ) -> ReadBatch:
        """Make a batch from where the bases and the quality string of each read begin in a text."""
        width = whole_words(int(lengths.max(initial=0)))
        letters = windows(buffer, bases, width)
        scores = windows(buffer, qualities, width)
        scores -= np.uint8(PHRED_OFFSET)
        _blank(letters, lengths)
        _blank(scores, lengths)
        kinds = np.frombuffer(letters.tobytes().translate(_KINDS), np.uint8).reshape(letters.shape)
        return cls(kinds, scores, lengths)

    @cached_property
    def sums(self) -> ReadSums:
        """What adds up over each read."""
        kinds = self.kinds
        return ReadSums(
            row_sums(self.qualities),
            row_sums(kinds >> np.uint8(2) & np.uint8(1)),
            row_sums(kinds >> np.uint8(3) & np.uint8(1)),
        )

    @cached_property
    def judged_qualities(self) -> NDArray[np.uint8]:
        """The qualities with 0 for every N: an unknown base has no quality, whatever the file says.

        What reads as N (:func:`~metapipe.formats.called_bases.called_bases`) counts as such: ``.`` is one, and so are
        IUPAC codes of several bases.
        """
        called: NDArray[np.uint8] = (self.kinds >> np.uint8(7)) - np.uint8(1)  # 255, or 0 for N
        called &= self.qualities
        return called

    def cut(self, lengths: NDArray[np.int64], which: slice | NDArray[np.bool_] = slice(None)) -> ReadBatch:
        """Return the batch with so many bases of each read, and of its reads only those chosen."""
        shorter = np.flatnonzero((lengths < self.lengths)[which])
        kinds, qualities, lengths = self.kinds[which].copy(), self.qualities[which].copy(), lengths[which]
        for rows in (kinds, qualities):
            rows[shorter] = _blank(rows[shorter], lengths[shorter])
        cut = ReadBatch(kinds, qualities, lengths)
        if "sums" in self.__dict__:
            # Most reads stay whole, and their sums with them.
            fresh = ReadBatch(kinds[shorter], qualities[shorter], lengths[shorter]).sums
            cut.__dict__["sums"] = self.sums.some(which).replaced(shorter, fresh)
        return cut


def _blank(rows: NDArray[np.uint8], lengths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Set to zero what is behind each row's length, in place."""
    shortest = int(lengths.min(initial=rows.shape[1]))
    if shortest < rows.shape[1]:
        tail = rows[:, shortest:]
        tail *= np.arange(shortest, rows.shape[1]) < lengths[:, None]
    return rows


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
        filled = batch.lengths > 0
        means = batch.sums.qualities[filled] // batch.lengths[filled]
        self.mean_qualities = _sum_of(self.mean_qualities, np.bincount(means))
        gc, acgt = batch.sums.gc, batch.sums.acgt
        known = acgt > 0
        per_cent = (200 * gc[known] + acgt[known]) // (2 * acgt[known])
        self.gc += np.bincount(per_cent, minlength=101)
        longest = int(batch.lengths.max(initial=0))
        self.quality_sums = _sum_of(self.quality_sums, column_sums(batch.qualities)[:longest])

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
