"""Remove adapters from read pairs by the rules of fastp 0.23 (``--adapter_sequence``, ``--adapter_sequence_r2``).

Written anew over arrays of pairs; a test compares with fastp's own output. What is learnt from the first reads of a
file or from an instrument's name has no place here, so a pair's result depends on that pair only.

1. *Mates that overlap.* The second mate's reverse complement is laid along the first, at every place where they share
   more than 30 bases, or where one is no longer than that. They match when of their first 50 shared bases no more than
   5 differ, and no more than one in five of all shared. When they match only with the second mate's end before the
   first mate's beginning, the insert is shorter than the reads, and both are cut to what they share.
2. *Else the adapters*, and of single reads nothing but the first mates' adapter. A read is cut at the first place where
   its adapter matches: from 4 bases before the read (3 or 2 for adapters below 16 or 12 bases, which then have lost
   their beginning) to its fifth base from the end, with one mismatch for every eight bases compared.

An N matches an N of the mate, and nothing of an adapter.

The words of :mod:`metapipe.stages.reads.packed_bases` name the few places at which the rules then are looked at base
by base.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metapipe.formats.byte_rows import windows
from metapipe.formats.read_counts import BASE, NOT_CALLED, ReadBatch
from metapipe.stages.reads.packed_bases import PACKED, Packed, complement, mismatches, pack, pack_everywhere

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Mates share more bases than this, as far as they are so long; only the first so many of them are compared.
MOST_UNSHARED, COMPARED = 30, 50
#: Of those this many may differ, and this share of all that they share.
MOST_DIFFERENT, LARGEST_SHARE = 5, 0.2
#: An adapter matches with one mismatch for so many bases; so many at a read's end are too few.
BASES_FOR_MISMATCH, TOO_FEW = 8, 4
#: Bases that an adapter may have lost where it begins before the read.
MOST_LOST = 4
_ALLOWED = np.array([min(MOST_DIFFERENT, int(shared * LARGEST_SHARE)) for shared in range(COMPARED + 1)], np.int64)
#: Places looked at together, base by base.
_AT_ONCE = 1 << 14
_NOWHERE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Cut:
    """What remains of each mate without adapters.

    :param lengths: bases that remain of first and of second mates, or of single reads.
    :param reads: in which an adapter was found. :param bases: that were cut off with it.
    """

    lengths: tuple[Ints, ...]
    reads: int
    bases: int


class Adapters:
    """The adapters of first and second mates.

    :param first: and :param second: in letters A, C, G and T, eight at least.
    """

    def __init__(self, first: str, second: str) -> None:
        self._adapters = (_Adapter.of(first), _Adapter.of(second))

    def remove(self, *reads: ReadBatch) -> Cut:
        """Say where reads are to be cut. :param reads: first and second mates, or single reads."""
        mates = [_Mates.of(each) for each in reads]
        shared = _shared_of_short_inserts(*mates) if len(mates) == 2 else np.full(len(mates[0].lengths), -1, np.int64)
        is_short = shared >= 0
        lengths, found = [], 2 * int(is_short.sum())
        for mate, adapter in zip(mates, self._adapters[: len(mates)], strict=True):
            remain = np.where(is_short, np.minimum(mate.lengths, shared), mate.lengths)
            places = _adapter_places(mate, ~is_short, adapter)
            has_adapter = places != _NOWHERE
            remain[has_adapter] = np.maximum(places[has_adapter], 0)
            lengths.append(remain)
            found += int(has_adapter.sum())
        gone = sum(int((mate.lengths - remain).sum()) for mate, remain in zip(mates, lengths, strict=True))
        return Cut(tuple(lengths), found, gone)


@dataclass(frozen=True)
class _Adapter:
    """An adapter. :param packed: its beginning, and that without its first base, first two bases …"""

    kinds: Bytes
    packed: tuple[Packed, ...]

    @classmethod
    def of(cls, letters: str) -> _Adapter:
        kinds = ReadBatch.of([(letters.encode(), letters.encode())]).kinds[:, : len(letters)] & np.uint8(BASE)
        # A read may lack four bases of 16 and more, three of 12 to 15, two of 8 to 11.
        lost = min(MOST_LOST, len(letters) // 4)
        return cls(kinds[0], tuple(pack(kinds[:, before:]) for before in range(lost + 1)))

    def __len__(self) -> int:
        return len(self.kinds)


@dataclass(frozen=True)
class _Mates:
    """All first or all second mates. :param kinds: reads × width. :param packed: from each place on."""

    kinds: Bytes
    packed: Packed
    lengths: Ints

    @classmethod
    def of(cls, reads: ReadBatch) -> _Mates:
        kinds = reads.kinds & np.uint8(BASE | NOT_CALLED)
        width = max(kinds.shape[1], PACKED)
        if kinds.shape[1] < width:
            kinds = np.pad(kinds, ((0, 0), (0, width - kinds.shape[1])))
        return cls(kinds, pack_everywhere(kinds), reads.lengths)

    def some(self, rows: Ints) -> _Mates:
        return _Mates(self.kinds[rows], self.packed[rows], self.lengths[rows])


# ------------------------------------------------------------------------------------------ mates that overlap


def _shared_of_short_inserts(first: _Mates, second: _Mates) -> Ints:
    """How many bases the mates of each pair share when their insert is shorter than the second mate, else -1."""
    shared = np.full(len(first.lengths), -1, np.int64)
    rows, shifts = _matches(first, second, *_maybe_backward(first, second), backward=True)
    if not len(rows):
        return shared
    least = np.full(len(shared), _NOWHERE)
    np.minimum.at(least, rows, shifts)
    short = np.flatnonzero((least > 0) & (least != _NOWHERE))
    # An overlap the other way round, of an insert longer than the reads, comes first.
    ones, others = first.some(short), second.some(short)
    long, _ = _matches(ones, others, *_maybe_forward(ones, others), backward=False)
    short = np.delete(short, long)
    shared[short] = np.minimum(first.lengths[short], second.lengths[short] - least[short])
    return shared


def _maybe_backward(first: _Mates, second: _Mates) -> tuple[Ints, Ints]:
    """Pairs, and how many bases of the second mate's end lie before the first mate, where they may match."""
    # The first mate's beginning, complemented, from its sixteenth base back: so it stands in the second mate.
    begin = pack(complement(first.kinds[:, PACKED - 1 :: -1]))
    alike = np.flatnonzero(mismatches(second.packed, begin[:, None]) <= MOST_DIFFERENT)
    rows, places = np.divmod(alike, second.packed.shape[1])
    shifts = second.lengths[rows] - PACKED - places
    enough = (first.lengths >= PACKED) & (second.lengths >= PACKED)
    inside = enough[rows] & (shifts >= 0) & (shifts < second.lengths[rows] - MOST_UNSHARED)
    more_rows, more_shifts = _all_places(np.where(enough, 0, np.maximum(second.lengths - MOST_UNSHARED, 0)))
    return np.r_[rows[inside], more_rows], np.r_[shifts[inside], more_shifts]


def _maybe_forward(first: _Mates, second: _Mates) -> tuple[Ints, Ints]:
    """Pairs, and how many bases of the first mate lie before the second mate's end, where they may match."""
    ends = windows(second.kinds.ravel(), *_last(second))
    end = pack(complement(ends[:, ::-1]))
    alike = np.flatnonzero(mismatches(first.packed, end[:, None]) <= MOST_DIFFERENT)
    rows, shifts = np.divmod(alike, first.packed.shape[1])
    enough = second.lengths >= PACKED
    inside = enough[rows] & (shifts < first.lengths[rows] - MOST_UNSHARED)
    more_rows, more_shifts = _all_places(np.where(enough, 0, np.maximum(first.lengths - MOST_UNSHARED, 0)))
    return np.r_[rows[inside], more_rows], np.r_[shifts[inside], more_shifts]


def _last(mates: _Mates) -> tuple[Ints, int]:
    """Where the last sixteen bases of each mate begin among the kinds of all, for :func:`.windows`."""
    width = mates.kinds.shape[1]
    return np.arange(len(mates.kinds)) * width + np.maximum(mates.lengths - PACKED, 0), PACKED


def _matches(first: _Mates, second: _Mates, rows: Ints, shifts: Ints, *, backward: bool) -> tuple[Ints, Ints]:
    """Those of the pairs and shifts at which the mates do match."""
    found_rows, found_shifts = [rows[:0]], [shifts[:0]]
    one = first.kinds.ravel()
    # Room before the first row, for second mates are read from an end that may be near their beginning.
    other = np.concatenate([np.zeros(COMPARED, np.uint8), second.kinds.ravel()])
    for some, shift in _portions(rows, shifts):
        ones, others = first.lengths[some], second.lengths[some]
        shared = np.minimum(ones, others - shift) if backward else np.minimum(ones - shift, others)
        begins = some * first.kinds.shape[1] + (0 if backward else shift)
        ends = some * second.kinds.shape[1] + others - (shift if backward else 0)
        left = windows(one, begins, COMPARED)
        right = complement(windows(other, ends, COMPARED))[:, ::-1]
        differ = (left != right) & (np.arange(COMPARED) < shared[:, None])
        good = differ.sum(axis=1) <= _ALLOWED[np.minimum(shared, COMPARED)]
        found_rows.append(some[good])
        found_shifts.append(shift[good])
    return np.concatenate(found_rows), np.concatenate(found_shifts)


# ------------------------------------------------------------------------------------------------ the adapters


def _adapter_places(mates: _Mates, wanted: Bools, adapter: _Adapter) -> Ints:
    """The first place of the adapter in each read wanted, below 0 when it began before the read, else ``_NOWHERE``."""
    places = np.full(len(mates.lengths), _NOWHERE)
    for before in range(len(adapter.packed) - 1, 0, -1):
        rows = _maybe_within_adapter(mates, wanted, adapter, before)
        rows, _ = _adapter_matches(mates, rows, np.zeros(len(rows), np.int64), adapter, before)
        places[rows] = np.minimum(places[rows], -before)
    np.minimum.at(places, *_adapter_matches(mates, *_maybe_adapter(mates, wanted, adapter), adapter, 0))
    return places


def _maybe_within_adapter(mates: _Mates, wanted: Bools, adapter: _Adapter, before: int) -> Ints:
    """Reads that may begin within the adapter, behind its first ``before`` bases."""
    rest = min(len(adapter) - before, PACKED)
    differ = mismatches(mates.packed[:, 0], adapter.packed[before], rest)
    alike = (differ <= len(adapter) // BASES_FOR_MISMATCH) | (mates.lengths < rest)
    # As everywhere, the adapter must begin more than four bases before the read's end.
    return np.flatnonzero(wanted & alike & (-before < mates.lengths - TOO_FEW))


def _maybe_adapter(mates: _Mates, wanted: Bools, adapter: _Adapter) -> tuple[Ints, Ints]:
    """Reads wanted and places in them where the adapter may begin."""
    begin, size = adapter.packed[0], min(len(adapter), PACKED)
    alike = np.flatnonzero(mismatches(mates.packed, begin, size) <= len(adapter) // BASES_FOR_MISMATCH)
    rows, places = np.divmod(alike, mates.packed.shape[1])
    found = [(rows, places)]
    # At the end of a read there is no room for a word: what is left is compared with the adapter's beginning.
    last, wide = pack(windows(mates.kinds.ravel(), *_last(mates))), mates.lengths >= PACKED
    for left in range(TOO_FEW + 1, PACKED):
        compared = min(left, size)
        differ = mismatches(last >> np.uint32(2 * (PACKED - left)), begin, compared)
        ends = np.flatnonzero((differ <= compared // BASES_FOR_MISMATCH) & wide)
        found.append((ends, mates.lengths[ends] - left))
    found.append(_all_places(np.where(wide, 0, np.maximum(mates.lengths - TOO_FEW, 0))))
    rows, places = (np.concatenate(each) for each in zip(*found, strict=True))
    inside = wanted[rows] & (places < mates.lengths[rows] - TOO_FEW)
    return rows[inside], places[inside]


def _adapter_matches(mates: _Mates, rows: Ints, places: Ints, adapter: _Adapter, before: int) -> tuple[Ints, Ints]:
    """Those of the rows and places at which the adapter does begin. :param before: bases of it before the place."""
    found_rows, found_places = [rows[:0]], [places[:0]]
    kinds, rest = mates.kinds.ravel(), adapter.kinds[before:]
    for some, place in _portions(rows, places):
        compared = np.minimum(mates.lengths[some] - place + before, len(adapter))
        read = windows(kinds, some * mates.kinds.shape[1] + place, len(rest))
        differ = (read != rest) & (np.arange(len(rest)) < (compared - before)[:, None])
        good = differ.sum(axis=1) <= compared // BASES_FOR_MISMATCH
        found_rows.append(some[good])
        found_places.append(place[good])
    return np.concatenate(found_rows), np.concatenate(found_places)


def _all_places(counts: Ints) -> tuple[Ints, Ints]:
    """Every place from 0 on, so many of each row."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)


def _portions(rows: Ints, places: Ints) -> Iterator[tuple[Ints, Ints]]:
    for first in range(0, len(rows), _AT_ONCE):
        yield rows[first : first + _AT_ONCE], places[first : first + _AT_ONCE]
