"""From the rows of a SAM file to matches: which references a read aligns with, how well, and with how much of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from metapipe.errors import MetapipeError

#: Flags of a SAM row (SAMv1, 1.4): not aligned, second mate, another alignment of a read already told.
_UNMAPPED, _SECOND_MATE, _SECONDARY = 0x4, 0x80, 0x100
_CIGAR = re.compile(rb"(\d+)([MIDNSHP=X])")
#: Steps of an alignment that are a column of it (BioMaS: matches, insertions and deletions), and those with a base.
_COLUMNS, _BASES = b"MIDX=", b"MIX="


class Shape(NamedTuple):
    """What decides about an alignment.

    :param columns: aligned columns: matches, mismatches, insertions and deletions.
    :param differences: mismatches, inserted and deleted bases (SAM's NM).
    :param bases: bases of the read that are aligned.
    """

    columns: int
    differences: int
    bases: int


#: (reference, mate): mate 1 or 2; a single read is mate 1.
Target = tuple[bytes, int]
#: All alignments of one read or pair.
Alignments = dict[Target, list[Shape]]


class Measured(dict[bytes, tuple[int, int]]):
    """CIGAR -> (columns, bases of the read). Reads of one amplicon share few, so each is measured once."""

    def __missing__(self, cigar: bytes) -> tuple[int, int]:
        steps = _CIGAR.findall(cigar)
        bases = sum(int(length) for length, kind in steps if kind in _BASES)
        if not bases or b"".join(length + kind for length, kind in steps) != cigar:
            raise MetapipeError("E403", "Bowtie 2 wrote an alignment that is none", found=cigar)
        self[cigar] = sum(int(length) for length, kind in steps if kind in _COLUMNS), bases
        return self[cigar]


def read_alignments(rows: Iterable[bytes], names: Sequence[bytes], mates: int) -> Iterator[Alignments]:
    """Yield the alignments of each read or pair, in the order given, nothing for one without.

    Every mate has one row that is not marked as secondary, aligned or not; so a second one begins the next read even
    where two equal reads, with equal names, stand side by side.

    :param names: the name of each read or pair in the order it was given; :param mates: 1, or 2 for pairs.
    :raises MetapipeError: E403 when the rows are not those of just these reads.
    """
    measured = Measured()
    found: Alignments = {}
    following = iter(names)
    name, told = b"", (1 << mates) - 1  # bit by mate: its row that is not secondary was seen; all at first
    for row in rows:
        cells = row.split(b"\t", 6)
        try:
            flags = int(cells[1])
            reference, cigar = cells[2], cells[5]
            mate = 2 if flags & _SECOND_MATE else 1
            if cells[0] != name or (not flags & _SECONDARY and told & mate):
                if name:
                    yield found
                expected = next(following, None)
                if told != (1 << mates) - 1 or cells[0] != expected:
                    raise _stray(row)
                name, told, found = cells[0], 0, {}
            if not flags & _SECONDARY:
                told |= mate
            if flags & _UNMAPPED:
                continue
            at = row.index(b"\tNM:i:") + 6
            differences = int(row[at : row.find(b"\t", at)] if row.find(b"\t", at) > 0 else row[at:])
        except (IndexError, ValueError):
            raise _stray(row) from None
        columns, bases = measured[cigar]
        found.setdefault((reference, mate), []).append(Shape(columns, differences, bases))
    if name:
        yield found
    if told != (1 << mates) - 1 or next(following, None) is not None:
        raise MetapipeError("E403", "Bowtie 2 left out the last reads")


def _stray(row: bytes) -> MetapipeError:
    return MetapipeError("E403", expected="Bowtie 2 to write a row for each mate of each read", found=row)


def combine(searches: Sequence[Iterable[Alignments]]) -> Iterator[Alignments]:
    """Yield for each read the best alignments of several searches together (:func:`unbeaten`)."""
    for several in zip_longest(*searches):
        both: Alignments = {}
        for alignments in several:
            for target, shapes in alignments.items():
                both.setdefault(target, []).extend(shapes)
        yield {target: unbeaten(shapes) for target, shapes in both.items()}


def unbeaten(shapes: Iterable[Shape]) -> list[Shape]:
    """Return the shapes that no other equals or beats in both identity and coverage, most bases first.

    Of two with the same identity and as many bases the smaller stays. Identities are compared as fractions, exactly.

    >>> unbeaten([Shape(100, 4, 100), Shape(90, 0, 90), Shape(80, 1, 80)])
    [Shape(columns=100, differences=4, bases=100), Shape(columns=90, differences=0, bases=90)]
    """
    distinct = set(shapes)
    if len(distinct) == 1:  # nearly always
        return list(distinct)
    kept: list[Shape] = []
    best = Fraction(2)  # differences a column are 1 at most
    for shape in sorted(distinct, key=lambda shape: (-shape.bases, _differing(shape), shape)):
        if _differing(shape) < best:
            kept.append(shape)
            best = _differing(shape)
    return kept


def _differing(shape: Shape) -> Fraction:
    return Fraction(shape.differences, shape.columns)


def format_matches(alignments: Mapping[Target, Iterable[Shape]]) -> bytes:
    """Return the cell ``matches``: ``REFERENCE:mate:columns:differences:bases``, blank-separated, sorted."""
    return b" ".join(
        b"%b:%d:%d:%d:%d" % (reference, mate, *shape)
        for (reference, mate), shapes in sorted(alignments.items())
        for shape in shapes
    )
