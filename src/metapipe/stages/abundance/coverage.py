"""Reads that lie on contigs, counted: by contig, by gene, and the bases under them.

All contigs stand one behind the other on one line of whole numbers, a number free between two of them. A read lies on
``start`` to ``end`` (exclusive) of that line. Whole numbers only, so that sums do not depend on their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def offsets_of(lengths: Sequence[int] | Ints) -> Ints:
    """Where each contig begins on the line. :param lengths: of the contigs, bases, shape (C,)."""
    steps = np.asarray(lengths, dtype=np.int64) + 1
    return np.concatenate(([0], np.cumsum(steps)))[: len(steps)].astype(np.int64)


def joined(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """The same places of the line, each told once: stretches in order that neither overlap nor touch."""
    if not len(starts):
        return starts, ends
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    first = np.concatenate(([True], starts[1:] > reach[:-1]))
    last = np.concatenate((first[1:], [True]))
    return starts[first], reach[last]


@dataclass(eq=False)
class Stretches:
    """Stretches of the line to be counted on, contigs or genes; they may overlap each other.

    :param starts, ends: on the line, ends exclusive, shape (N,).
    :param reads: reads whose middle lies in each; :param bases: bases of reads in each; both grow by :meth:`add`.
    """

    starts: Ints
    ends: Ints
    reads: Ints
    bases: Ints

    @classmethod
    def of(cls, starts: Ints, ends: Ints) -> Stretches:
        """Stretches on which nothing lies yet."""
        return cls(starts, ends, np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=np.int64))

    def add(self, starts: Ints, ends: Ints) -> None:
        """Count reads. :param starts, ends: of each read on the line, shape (R,), at least a base long."""
        if not len(starts):
            return
        middles = np.sort((starts + ends - 1) // 2)
        self.reads += np.searchsorted(middles, self.ends) - np.searchsorted(middles, self.starts)
        before = _BasesBefore(starts, ends)
        self.bases += before(self.ends) - before(self.starts)


class _BasesBefore:
    """How many bases of reads lie in front of a place of the line: what began before it, less what ended."""

    def __init__(self, starts: Ints, ends: Ints) -> None:
        self._sorted = np.sort(starts), np.sort(ends)
        self._sums = tuple(np.concatenate(([0], np.cumsum(places))) for places in self._sorted)

    def __call__(self, places: Ints) -> Ints:
        began, ended = (
            count * places - sums[count]
            for count, sums in (
                (np.searchsorted(places_of, places), sums)
                for places_of, sums in zip(self._sorted, self._sums, strict=True)
            )
        )
        return np.asarray(began - ended, dtype=np.int64)


class Coverage:
    """All that is counted of the reads of a block.

    :param offsets, lengths: of the contigs. :param genes: starts and ends of the genes on the line.
    """

    def __init__(self, offsets: Ints, lengths: Ints, genes: tuple[Ints, Ints]) -> None:
        self.contigs = Stretches.of(offsets, offsets + lengths)
        self.genes = Stretches.of(*genes)
        nothing = np.zeros(0, dtype=np.int64)
        self.covered: tuple[Ints, Ints] = (nothing, nothing)

    def add(self, starts: Ints, ends: Ints) -> None:
        """Count reads. :param starts, ends: of each on the line, shape (R,)."""
        self.contigs.add(starts, ends)
        self.genes.add(starts, ends)
        self.covered = joined(np.concatenate((self.covered[0], starts)), np.concatenate((self.covered[1], ends)))
