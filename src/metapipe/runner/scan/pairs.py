"""Whether two scanned files hold the mates of the same pairs, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from metapipe.errors import MetapipeError
from metapipe.formats.mate_names import mark_of, stated_mate
from metapipe.runner.declare.elements import Record
from metapipe.runner.declare.records import fastq_records
from metapipe.runner.scan.scan import Scanned


def check_pairs(first: Scanned, second: Scanned, marks: Sequence[str]) -> None:
    """Compare the names of mates by their hashes; that equal hashes mean equal names is confirmed by ``task.pairs()``.

    :param marks: what the names of each file end in, by its first record (:mod:`metapipe.formats.mate_names`).
    :raises MetapipeError: E106.
    """
    check_other_file(first, second)
    shared = min(first.total_records, second.total_records)
    differs = np.flatnonzero(first.names[:shared] != second.names[:shared])
    if len(differs):
        at = int(differs[0])
        one, other = (_record_at(scanned, at) for scanned in (first, second))
        wrong, mark, line = (second, marks[1], other) if one.name.endswith(marks[0]) else (first, marks[0], one)
        expected = f"the mate of '{one.name}' ({first.label})"
        if not line.name.endswith(mark):
            expected = f"a name that ends in '{mark}', as all before it"
        raise MetapipeError("E106", file=wrong.label, line=4 * at + 1, expected=expected, found=line.name)
    if first.total_records != second.total_records:
        longer, shorter = (first, second) if first.total_records > shared else (second, first)
        raise MetapipeError(
            "E106",
            file=shorter.label,
            line=4 * shared + 1,
            expected=f"the mate of '{_record_at(longer, shared).name}' ({longer.label})",
            found="the end of the file",
        )
    if not shared or any(marks):
        return
    check_stated_mates(first, second)
    if shared > 1 and (mark := _mark_of_all(first)):
        message = f"its names end in '{mark}' as those of {first.label} do"
        raise MetapipeError("E106", f"{message}; choose the file of the other mates", file=second.label, line=1)


def check_other_file(first: Scanned, second: Scanned) -> None:
    """Refuse the same reads for both mates.

    :raises MetapipeError: E106.
    """
    if min(first.total_records, second.total_records) and _same_reads(first, second):
        message = f"holds the very same reads as {first.label}"
        if first.label == second.label:
            message = "is given for both mates"
        raise MetapipeError("E106", f"{message}; choose the other file of the pair", file=second.label)


def check_stated_mates(first: Scanned, second: Scanned) -> None:
    """Refuse two files whose first records both say that they are first mates, or second ones.

    :raises MetapipeError: E106.
    """
    stated = [_stated(scanned) for scanned in (first, second)]
    if stated[0] and stated[0] == stated[1]:
        which = "first" if stated[0] == "1" else "second"
        message = f"holds the {which} mates, by their names, as {first.label} does"
        raise MetapipeError("E106", f"{message}; choose the other file of the pair", file=second.label, line=1)


def _stated(scanned: Scanned) -> str:
    """Which mates the first record says the file holds: ``name/1``, or its description; nothing if it does not say."""
    record = _record_at(scanned, 0)
    return record.name[-1] if record.name.endswith(("/1", "/2")) else stated_mate(record.description)


def _mark_of_all(scanned: Scanned) -> str:
    """The mark of mates in which every name of a file ends, nothing when one does not; stops at the first of them."""
    records = fastq_records(scanned.range(0, len(scanned.records)).chunks(), 0)
    mark = mark_of(next(records).name)
    return mark if mark and all(record.name.endswith(mark) for record in records) else ""


def _same_reads(first: Scanned, second: Scanned) -> bool:
    """Whether both are one file, or hold the same bytes, packed or not. Two files of reads soon differ."""
    if first.sha256 == second.sha256:
        return True
    if not (np.array_equal(first.starts, second.starts) and np.array_equal(first.residues, second.residues)):
        return False
    return _equal(*(scanned.range(0, len(scanned.records)).chunks() for scanned in (first, second)))


def _equal(one: Iterator[bytes], other: Iterator[bytes]) -> bool:
    left = right = b""
    while True:
        left, right = left or next(one, b""), right or next(other, b"")
        shared = min(len(left), len(right))
        if not shared:
            return left == right
        if left[:shared] != right[:shared]:
            return False
        left, right = left[shared:], right[shared:]


def _record_at(scanned: Scanned, index: int) -> Record:
    before = np.r_[0, np.cumsum(scanned.records)]
    atom = int(np.searchsorted(before, index, side="right")) - 1
    records = fastq_records(scanned.range(atom, atom + 1).chunks(), int(before[atom]))
    return next(islice(records, index - int(before[atom]), None))
