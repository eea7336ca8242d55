"""Which reads are the mates of a pair, by their names alone: of two files, or side by side in one.

Two files need not be in step: where reads were taken out of one alone, what is left still stands in the same order.
The names are compared as :mod:`metapipe.formats.mate_names` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metapipe.formats.byte_rows import windows
from metapipe.formats.mate_names import MATES, mark_of, marks_of
from metapipe.runner.declare.fastq_text import FastqText, first_other_name
from metapipe.runner.scan.name_hashes import hash_names, second_of_two

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
#: What the names of first and of second mates end in that is not part of the pair's name.
Marks = tuple[str, str]

NO_MARKS: Marks = ("", "")

#: Reads among which the first pair of an interleaved file is looked for.
_LOOKED_AT = 10_000


def ending_in(text: FastqText, mark: str) -> Bools:
    """Say of each read whether its name ends in a mark, with something before it."""
    letters = np.frombuffer(mark.encode(), np.uint8)
    if not len(letters):
        return np.zeros(len(text), dtype=np.bool_)
    ends = windows(text.buffer, np.maximum(text.name_ends - len(letters), 0), len(letters))
    longer: Bools = text.name_ends - text.heads - 1 > len(letters)
    longer &= (ends == letters).all(axis=1)
    return longer


def pair_hashes(text: FastqText, marks: Sequence[str]) -> Hashes:
    """Hash the name of each read's pair: its own without the mark that it ends in, if it ends in one of these."""
    ends = text.name_ends.copy()
    for mark in dict.fromkeys(marks):
        ends -= len(mark.encode()) * ending_in(text, mark)
    return hash_names(text.buffer, text.heads + 1, ends)


# ------------------------------------------------------------------------------------------------------ two files


def marks_between(first: FastqText, second: FastqText) -> Marks:
    """Return what tells the mates of two files apart, by the first reads of each.

    A mark is one only where every name ends in it: ``RUN.1``, ``RUN.2`` … are reads of a run, and no mates.
    """
    if not (len(first) and len(second)):
        return NO_MARKS
    one, other = mark_of(first.name(0)), mark_of(second.name(0))
    if not one or one[0] != other[:1] or MATES[one[1:]] != other[1:]:
        return NO_MARKS
    return (one, other) if ending_in(first, one).all() and ending_in(second, other).all() else NO_MARKS


class InStep:
    """The pairs of two files as long as each read's mate stands at its place in the other.

    :ivar pairs: pairs so far. :ivar broken: at the end, whether reads are left in either file.
    """

    def __init__(self, first: Iterable[FastqText], second: Iterable[FastqText], marks: Marks) -> None:
        self.pairs, self.broken = 0, False
        self._files, self._marks = (iter(first), iter(second)), marks

    def __iter__(self) -> Iterator[tuple[FastqText, FastqText]]:
        one, other = (next(file, None) for file in self._files)
        while one is not None and other is not None:
            shared = min(len(one), len(other))
            first, second = one.some(slice(shared)), other.some(slice(shared))
            odd = first_other_name(first, second, self._marks)
            if odd is not None:
                first, second = first.some(slice(odd)), second.some(slice(odd))
            self.pairs += len(first)
            if len(first):
                yield first, second
            if odd is not None:
                self.broken = True
                return
            one = one.some(slice(shared, None)) if shared < len(one) else next(self._files[0], None)
            other = other.some(slice(shared, None)) if shared < len(other) else next(self._files[1], None)
        self.broken = one is not None or other is not None


class Disorder(Exception):  # noqa: N818  (no failure yet: who catches it knows the names)
    """Mates stand in another order in the second file. :ivar index: of the first of its reads that does, 0-based."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


def with_mates(first: Hashes, second: Hashes) -> tuple[Bools, Bools]:
    """Say of each read of two files whether its mate stands in the other. :param first: hashes of its pairs' names.

    :raises Disorder: those that have mates do not stand in the same order in both.
    """
    _, places, others = np.intersect1d(first, second, return_indices=True)
    order = np.argsort(places)
    others = others[order]
    back = np.flatnonzero(others[1:] < others[:-1])
    if len(back):
        raise Disorder(int(others[back[0] + 1]))
    found = np.zeros(len(first), dtype=np.bool_), np.zeros(len(second), dtype=np.bool_)
    for mates, which in zip(found, (places, others), strict=True):
        mates[which] = True
    return found


def after(texts: Iterable[FastqText], count: int) -> Iterator[FastqText]:
    """Yield the reads after the first ``count``."""
    for text in texts:
        if count < len(text):
            yield text.some(slice(count, None))
        count = max(0, count - len(text))


# ------------------------------------------------------------------------------------------------------- one file


class SideBySide(NamedTuple):
    """What stands side by side in one file. :param marks: of its mates. :param pairs: of them. :param reads: in all."""

    marks: Marks
    pairs: int
    reads: int

    @property
    def is_interleaved(self) -> bool:
        """Whether the file holds both mates of its pairs.

        Where mates have one name, a single pair shows it. Where a mark tells them apart, at least half of the reads
        must stand beside their mates: the first two of ``RUN.1``, ``RUN.2``, ``RUN.3`` … look like mates, too.
        """
        return self.pairs > 0 and (not any(self.marks) or 4 * self.pairs >= self.reads)


def side_by_side(texts: Iterable[FastqText]) -> SideBySide:
    """Count the mates that stand beside each other; the first two tell what marks them."""
    marks: Marks | None = None
    pairs = reads = 0
    last: Hashes = np.zeros(0, dtype=np.uint64)
    for text in texts:
        if marks is None:
            marks = marks_side_by_side(text)
        hashes = np.r_[last, pair_hashes(text, marks)]
        second = second_of_two(hashes)
        pairs, reads = pairs + int(second.sum()), reads + len(text)
        last = hashes[-1:] if not second[-1] else hashes[:0]
    return SideBySide(marks or NO_MARKS, pairs, reads)


def marks_side_by_side(text: FastqText) -> Marks:
    """Return what tells the first two mates apart that stand beside each other; nothing where no two do."""
    names = [text.name(at) for at in range(min(len(text), _LOOKED_AT))]
    for one, other in pairwise(names):
        marks = marks_of(one, other)
        if marks is not None:
            return marks
    return NO_MARKS


def split_pairs(text: FastqText, marks: Marks) -> tuple[Bools, Bools]:
    """Say of each read whether it is the first, and whether it is the second of two mates side by side."""
    second = second_of_two(pair_hashes(text, marks))
    return np.r_[second[1:], np.zeros(min(1, len(text)), dtype=np.bool_)], second


def wrong_pair(first: FastqText, second: FastqText, marks: Marks) -> int | None:
    """Return the first of some pairs whose reads are no first and second mate: one of them twice, or turned round."""
    if any(marks):
        right = ending_in(first, marks[0]) & ending_in(second, marks[1])
    else:
        right = ~np.logical_or(*(_saying(first, mate) & _saying(second, mate) for mate in (b" 1:", b" 2:")))
    wrong = np.flatnonzero(~right)
    return int(wrong[0]) if len(wrong) else None


def _saying(text: FastqText, mate: bytes) -> Bools:
    """Which reads say in their descriptions that they are this mate (Illumina from 1.8 on: ``1:N:0:ACGT``)."""
    said: Bools = (windows(text.buffer, text.name_ends, len(mate)) == np.frombuffer(mate, np.uint8)).all(axis=1)
    return said
