"""FASTQ that the scan has already validated as texts of whole records with the places of everything in them.

For stages that work on many reads at once: what a record costs is then what its bytes cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.formats.byte_rows import windows
from metapipe.runner.declare.records import split_header

Ints = npt.NDArray[np.int64]

_NEWLINE, _BLANK = 10, 32
#: Bytes of text looked at together, of some thousand reads: the more, the less each costs, until caches overflow.
PIECE = 1 << 20


@dataclass(frozen=True)
class FastqText:
    """Records of one file, one after the other, in their simplest form.

    Lines end in ``\\n``; the header is the name, and a blank and the description where there is one, as
    :class:`~metapipe.runner.declare.elements.Record` has them; the third line is ``+``. All places count from the
    beginning of ``text``.

    :param heads: where each record begins; :param name_ends: where its name ends; :param ends: where the next begins.
    :param bases: where its bases begin; :param qualities: where its qualities begin; :param lengths: bases of each.
    """

    text: bytes
    heads: Ints
    name_ends: Ints
    bases: Ints
    qualities: Ints
    lengths: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def buffer(self) -> npt.NDArray[np.uint8]:
        """The text as an array."""
        return np.frombuffer(self.text, np.uint8)

    def some(self, which: slice | Ints) -> FastqText:
        """Return these of its records, in this order."""
        places = (self.heads, self.name_ends, self.bases, self.qualities, self.lengths, self.ends)
        return FastqText(self.text, *(place[which] for place in places))

    def name(self, at: int) -> str:
        """Return the name of one record."""
        return self.text[self.heads[at] + 1 : self.name_ends[at]].decode()

    def joined(self, other: FastqText) -> FastqText:
        """Return the records of both, these first."""
        shift = len(self.text)
        return FastqText(
            self.text + other.text,
            np.r_[self.heads, other.heads + shift],
            np.r_[self.name_ends, other.name_ends + shift],
            np.r_[self.bases, other.bases + shift],
            np.r_[self.qualities, other.qualities + shift],
            np.r_[self.lengths, other.lengths],
            np.r_[self.ends, other.ends + shift],
        )

    def cut(self, lengths: Ints) -> bytes:
        """Return the records in their order as FASTQ, of each as many of its first bases as ``lengths`` says."""
        starts = np.stack([self.heads, self.bases + self.lengths, self.qualities + self.lengths], axis=1)
        ends = np.stack([self.bases + lengths, self.qualities + lengths, self.ends], axis=1)
        return _stretches(self.text, starts.ravel(), ends.ravel())


def fastq_texts(chunks: Iterable[bytes], label: str, size: int = PIECE) -> Iterator[FastqText]:
    """Yield the records of a stream in texts of about ``size`` bytes, and of one record at least.

    :param label: of the file, for messages.
    :raises MetapipeError: E201 when it is not the FASTQ that the scan has found.
    """
    held: list[bytes] = []
    waiting, patience = 0, size
    for chunk in chunks:
        for first in range(0, len(chunk), size):
            piece = chunk[first : first + size]
            held.append(piece)
            waiting += len(piece)
            if waiting < patience:
                continue
            text = b"".join(held)
            found, used = _records(text, label)
            if len(found):
                yield found
            held, waiting = [text[used:]], len(text) - used
            patience = max(size, 2 * waiting)  # so that a very long record is not looked at too often
    text = b"".join(held)
    found, used = _records(text if text.endswith(b"\n") or not text else text + b"\n", label)
    if len(found):
        yield found
    if text[used:].strip():
        raise _changed(label)


def paired_texts(
    first: Iterable[FastqText], second: Iterable[FastqText], label: str
) -> Iterator[tuple[FastqText, FastqText]]:
    """Yield as many records of the one as of the other.

    :param label: of the second file, for messages.
    :raises MetapipeError: E201 when one has more.
    """
    ones, others = iter(first), iter(second)
    one, other = next(ones, None), next(others, None)
    while one is not None and other is not None:
        shared = min(len(one), len(other))
        yield one.some(slice(shared)), other.some(slice(shared))
        one = one.some(slice(shared, None)) if shared < len(one) else next(ones, None)
        other = other.some(slice(shared, None)) if shared < len(other) else next(others, None)
    if one is not None or other is not None:
        raise _changed(label)


def first_other_name(first: FastqText, second: FastqText, marks: Sequence[str]) -> int | None:
    """Return the first record that is not of the same pair as the one at its place in the other text, if there is one.

    :param marks: what the names of first and of second mates end in that is not part of the pair's name; not taken off
        a name that does not end in it.
    """
    lengths = []
    for text, mark in zip((first, second), marks, strict=True):
        starts, ends, letters = text.heads + 1, text.name_ends.copy(), np.frombuffer(mark.encode(), np.uint8)
        if len(letters):
            marked = (windows(text.buffer, np.maximum(ends - len(letters), 0), len(letters)) == letters).all(axis=1)
            ends -= len(letters) * (marked & (ends - starts >= len(letters)))
        lengths.append(ends - starts)
    same = lengths[0] == lengths[1]
    widest = int(lengths[0].max(initial=0))
    one, other = (windows(text.buffer, text.heads + 1, widest) for text in (first, second))
    same &= ((one == other) | (np.arange(widest) >= lengths[0][:, None])).all(axis=1)
    odd = np.flatnonzero(~same)
    return int(odd[0]) if len(odd) else None


def _changed(label: str) -> MetapipeError:
    return MetapipeError("E201", "the file has changed since it was checked", file=label)


def _records(text: bytes, label: str) -> tuple[FastqText, int]:
    """The whole records at the beginning of a text, and how many of its bytes they are.

    Everything below '!' is looked for once: line ends, blanks and what makes a header other than simple.
    """
    buffer = np.frombuffer(text, np.uint8)
    low = np.flatnonzero(buffer <= _BLANK)
    kinds = buffer[low]
    breaks = np.flatnonzero(kinds == _NEWLINE)
    breaks = breaks[: len(breaks) // 4 * 4]
    feeds = low[breaks]
    if not len(feeds):
        return FastqText(text, feeds, feeds, feeds, feeds, feeds, feeds), 0
    starts = np.empty(len(feeds), np.int64)
    starts[0] = 0
    np.add(feeds[:-1], 1, out=starts[1:])
    used = int(feeds[-1]) + 1
    seen = low[: int(breaks[-1]) + 1]
    blanks = seen[kinds[: len(seen)] == _BLANK]
    simple = len(blanks) + len(breaks) == len(seen) and text.isascii()
    simple = simple and bool((buffer[blanks + 1] > _BLANK).all())
    simple = simple and bool((feeds[2::4] - starts[2::4] == 1).all() and (feeds[0::4] > starts[0::4]).all())
    if not simple:
        return _simplified(text[:used], label), used
    firsts = np.r_[0, breaks[3:-1:4] + 1]  # the first low byte of each header
    found = FastqText(
        text,
        heads=starts[0::4],
        name_ends=low[firsts],
        bases=starts[1::4],
        qualities=starts[3::4],
        lengths=feeds[1::4] - starts[1::4],
        ends=feeds[3::4] + 1,
    )
    if not np.array_equal(found.lengths, feeds[3::4] - found.qualities):
        raise _changed(label)
    return found, used


def _simplified(text: bytes, label: str) -> FastqText:
    """The records of a text of whole lines, four a record, in their simplest form; none from a blank line on."""
    lines = text.replace(b"\r\n", b"\n").split(b"\n")
    simple: list[bytes] = []
    for head, bases, qualities in zip(lines[0:-1:4], lines[1::4], lines[3::4], strict=True):
        if not head:
            break
        name, description = split_header(head[1:])
        header = f"{name} {description}" if description else name
        simple.append(b"@%b\n%b\n+\n%b\n" % (header.encode(), bases, qualities))
    return _placed(simple, label)


def _placed(records: list[bytes], label: str) -> FastqText:
    """Records in their simplest form with their places."""
    text = b"".join(records)
    feeds = np.flatnonzero(np.frombuffer(text, np.uint8) == _NEWLINE)
    if len(feeds) != 4 * len(records):
        raise _changed(label)
    starts = np.r_[0, feeds[:-1] + 1][: len(feeds)]
    lengths = feeds[1::4] - starts[1::4]
    if not np.array_equal(lengths, feeds[3::4] - starts[3::4]):
        raise _changed(label)
    blanks = (record.find(b" ") for record in records)
    ends = np.fromiter(blanks, np.int64, len(records))
    name_ends = np.where((ends >= 0) & (starts[0::4] + ends < feeds[0::4]), starts[0::4] + ends, feeds[0::4])
    return FastqText(text, starts[0::4], name_ends, starts[1::4], starts[3::4], lengths, feeds[3::4] + 1)


def _stretches(text: bytes, starts: Ints, ends: Ints) -> bytes:
    """The bytes of the stretches one after the other; those that follow each other in the text are copied as one."""
    if not len(starts):
        return b""
    breaks = np.flatnonzero(ends[:-1] != starts[1:])
    firsts, lasts = starts[np.r_[0, breaks + 1]].tolist(), ends[np.r_[breaks, len(ends) - 1]].tolist()
    view = memoryview(text)
    return b"".join([view[first:last] for first, last in zip(firsts, lasts, strict=True)])
