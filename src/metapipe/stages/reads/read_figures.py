"""The figures of some reads, as one row of a table: how many, how long, how good, of which bases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from metapipe.formats.read_counts import NOT_CALLED, ReadBatch, ReadCounts
from metapipe.formats.row_type import Column, RowType


@dataclass(frozen=True)
class ReadRow:
    """The reads of one output.

    :param reads: which output. :param shortest: bases of the shortest read; so ``longest``, ``mean_length``.
    :param mean_quality: Phred score over all bases. :param lowest_quality: of a base; so ``highest_quality``.
    :param q20: per cent of the bases with at least that score; so ``q30``.
    :param gc: per cent of G and C among A, C, G and T. :param unknown: per cent of the bases that are N.
    """

    reads: str
    count: int
    bases: int
    shortest: int
    longest: int
    mean_length: Annotated[float, Column(format=".1f")]
    mean_quality: Annotated[float, Column(format=".2f")]
    lowest_quality: int
    highest_quality: int
    q20: Annotated[float, Column("q20_pct", ".2f")]
    q30: Annotated[float, Column("q30_pct", ".2f")]
    gc: Annotated[float, Column("gc_pct", ".2f")]
    unknown: Annotated[float, Column("n_pct", ".3f")]


READ_TABLE = RowType(ReadRow)


class ReadFigures:
    """Counts reads; all sums are exact, so the row is the same in whatever batches they come."""

    def __init__(self) -> None:
        self.counts = ReadCounts()
        self._good = {20: 0, 30: 0}
        self._gc = self._acgt = self._unknown = 0
        self._lowest, self._highest = 255, 0

    def add(self, batch: ReadBatch) -> None:
        """Count a batch of reads."""
        self.counts.add(batch)
        for score in self._good:
            self._good[score] += int(np.count_nonzero(batch.qualities >= score))
        self._gc += int(batch.sums.gc.sum())
        self._acgt += int(batch.sums.acgt.sum())
        self._unknown += int(np.count_nonzero(batch.kinds & np.uint8(NOT_CALLED)))
        self._highest = max(self._highest, int(batch.qualities.max(initial=0)))
        # Behind a read's end stand zeros, which are no qualities.
        inside = np.arange(batch.qualities.shape[1]) < batch.lengths[:, None]
        self._lowest = min(self._lowest, int(batch.qualities.min(initial=255, where=inside)))

    @property
    def count(self) -> int:
        """Reads so far."""
        return self.counts.reads

    def row(self, name: str) -> ReadRow:
        """Return the row of these reads, of which there must be one at least. :param name: of them."""
        counts = self.counts
        lengths = np.flatnonzero(counts.lengths)
        return ReadRow(
            name,
            counts.reads,
            counts.bases,
            int(lengths[0]),
            int(lengths[-1]),
            counts.bases / counts.reads,
            int(counts.quality_sums.sum()) / max(1, counts.bases),
            self._lowest if counts.bases else 0,
            self._highest,
            _per_cent(self._good[20], counts.bases),
            _per_cent(self._good[30], counts.bases),
            _per_cent(self._gc, self._acgt),
            _per_cent(self._unknown, counts.bases),
        )


def _per_cent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def read_table(figures: Mapping[str, ReadFigures]) -> bytes:
    """Return the table of all reads that there are: a header line, and a row for each name that has any."""
    rows = [one.row(name) for name, one in figures.items() if one.count]
    return READ_TABLE.header + b"".join(map(READ_TABLE.format, rows))


def as_notes(figures: Mapping[str, ReadFigures]) -> dict[str, Any]:
    """Return the counts for the summary, by name (:meth:`~metapipe.formats.read_counts.ReadCounts.as_note`)."""
    return {name: one.counts.as_note() for name, one in figures.items()}
