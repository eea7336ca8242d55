"""Reads on their way through a program that must not care what they are called.

Programs differ in what they do to names: they cut at blanks, take ``/1`` away, compare mates, sort by them. So every
program here is given numbers for names, and the numbers lead back to the reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Record


class NumberedRead(NamedTuple):
    """A read as a program left it: its number (1-based, in the order given), bases and qualities."""

    number: int
    sequence: bytes
    qualities: bytes


def fastq_record(header: str, sequence: bytes, qualities: bytes) -> bytes:
    """Return one FASTQ record of four lines."""
    return b"@%b\n%b\n+\n%b\n" % (header.encode(), sequence, qualities)


def header_of(record: Record) -> str:
    """Return a record's header line without ``@``: name and description."""
    return f"{record.name} {record.description}" if record.description else record.name


def read_numbered(path: Path, program: str) -> Iterator[NumberedRead]:
    """Yield the reads a program wrote under the numbers it was given, in ascending order.

    :raises MetapipeError: E403 for anything else than four lines a record, ascending numbers, a quality for each base.
    """
    before = 0
    with path.open("rb") as file:
        lines = (line.rstrip(b"\n") for line in file)
        for header in lines:
            sequence, plus, qualities = (next(lines, b"") for _ in range(3))
            number = int(header[1:]) if header[:1] == b"@" and header[1:].isdigit() else 0
            if number <= before or plus[:1] != b"+" or len(sequence) != len(qualities):
                raise MetapipeError("E403", f"{program} wrote no read that it was given", found=header or b"nothing")
            yield NumberedRead(number, sequence, qualities)
            before = number


def with_numbers(reads: Iterable[NumberedRead], count: int) -> Iterator[NumberedRead | None]:
    """Yield for each number from 1 to ``count`` the read that has it, or None."""
    following = iter(reads)
    read = next(following, None)
    for number in range(1, count + 1):
        if read is not None and read.number == number:
            yield read
            read = next(following, None)
        else:
            yield None
    if read is not None:
        raise MetapipeError("E403", f"a program wrote read {read.number} of {count}")
