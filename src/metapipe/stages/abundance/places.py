"""Where a read lies: its alignments as minimap2 tells them, and which of equally good ones is taken.

A read counts once, at its best place. Of several equally good ones it is given one, chosen by its name: the same one
however the reads are cut, and over many reads each place gets its share. Mates that have equally good places choose
among contigs that both can lie on, where there are such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from metapipe.errors import MetapipeError


class Place(NamedTuple):
    """Where a read may lie. :param start, end: on the contig, 0-based, end exclusive. :param score: minimap2's AS."""

    contig: int
    start: int
    end: int
    reverse: bool
    score: int


def read_places(lines: Iterable[bytes], min_identity: float, min_aligned: float, count: int) -> Iterator[list[Place]]:
    """Yield the best places of each read, in order; none for a read that lies nowhere.

    :param lines: PAF with a row for reads that lie nowhere, too; reads and contigs are called by their numbers.
    :param min_identity: least share of equal bases in an alignment, gaps counting as unequal, 0 to 1.
    :param min_aligned: least share of a read's bases that must be aligned, 0 to 1. :param count: reads mapped.
    :raises MetapipeError: E403 for a row that is none of minimap2's, and where a read is left out or out of order.
    """
    number = -1
    by_read = groupby((line.rstrip(b"\n").split(b"\t") for line in lines), key=lambda cells: cells[0])
    for number, (name, rows) in enumerate(by_read):
        if name != b"%d" % number:
            raise MetapipeError("E403", "minimap2 left out a read", expected=str(number), found=name)
        found = []
        for cells in rows:
            place = _place(cells, min_identity, min_aligned)
            if place is not None:
                found.append(place)
        best = max((place.score for place in found), default=0)
        yield sorted({place for place in found if place.score == best})
    if number + 1 != count:
        raise MetapipeError("E403", "minimap2 left out reads", expected=str(count), found=str(number + 1))


def _place(cells: Sequence[bytes], min_identity: float, min_aligned: float) -> Place | None:
    """The place that a row tells, where it is good enough."""
    try:
        if cells[5] == b"*":
            return None
        length, first, last, same, columns = (int(cells[cell]) for cell in (1, 2, 3, 9, 10))
        score = next(int(cell[5:]) for cell in cells[12:] if cell.startswith(b"AS:i:"))
        place = Place(int(cells[5]), int(cells[7]), int(cells[8]), cells[4] == b"-", score)
    except (ValueError, IndexError, StopIteration):
        row = b"\t".join(cells)
        raise MetapipeError("E403", "minimap2 wrote a row that is not PAF", found=row) from None
    enough = same >= min_identity * columns and last - first >= min_aligned * length
    return place if enough else None


def choose(mates: Sequence[Sequence[Place]], draw: int) -> list[Place | None]:
    """Return where each mate is counted; None for one that lies nowhere.

    :param mates: the best places of a single read, or of both mates. :param draw: a number made of the read's name.
    """
    if all(mates) and max(map(len, mates)) > 1:
        shared = set.intersection(*({place.contig for place in places} for places in mates))
        if shared:
            draw, index = divmod(draw, len(shared))
            contig = sorted(shared)[index]
            mates = [[place for place in places if place.contig == contig] for places in mates]
    return [places[draw % len(places)] if places else None for places in mates]
