"""What the checks of FASTA and FASTQ share: a stream of chunks becomes whole, numbered lines.

Accepted: CRLF, lower case, IUPAC codes, blank lines in FASTA and at the end of FASTQ, a missing last line break.

A chunk is searched once, for everything below '!': line ends, carriage returns, blanks and control characters, of
which a chunk of sequences has few. What the checks need to know of lines and names follows from these places.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.runner.scan.name_hashes import hash_names

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

_NL, _CR = 10, 13
_FIRST_PRINTED, _LAST_PRINTED = 33, 126  # '!' and '~'
#: A line longer than this is looked at before its end, so that one line of any length needs no more memory.
LONG = 8 << 20
LONGEST_NAME = 1 << 16
_NAME_END = re.compile(rb"[ \t\n]|\r\n")
_STRAY = re.compile(rb"\0|\r(?!\n)")
_BLANKS = b"\t\n\r "
#: Control characters and white space, of Unicode too: programs and readers differ in where a name with them ends.
_ODD_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\s]")


@dataclass(frozen=True)
class Found:
    """Records that ended within one chunk: uncompressed offset and line of each, letters, name hash."""

    starts: Ints
    lines: Ints
    residues: Ints
    names: npt.NDArray[np.uint64]


_NO_INTS = np.zeros(0, dtype=np.int64)
NOTHING = Found(_NO_INTS, _NO_INTS, _NO_INTS, np.zeros(0, dtype=np.uint64))


class Lines:
    """The lines of a text that ends with a line end.

    :ivar low: places of everything below '!'; :ivar kinds: what stands there; :ivar breaks: which of them end a line.
    :ivar starts: where each line begins; :ivar ends: where its line end begins, be it ``\\n`` or ``\\r\\n``.
    """

    def __init__(self, text: bytes, room: Bools) -> None:
        """:param room: scratch of at least the size of ``text``."""
        self.text = text
        self.buffer: Bytes = np.frombuffer(text, dtype=np.uint8)
        self.low: Ints = np.flatnonzero(np.less(self.buffer, _FIRST_PRINTED, out=room[: len(text)]))
        self.kinds: Bytes = self.buffer[self.low]
        self.breaks: Ints = np.flatnonzero(self.kinds == _NL)
        feeds = self.low[self.breaks]
        self.starts: Ints = np.empty(len(feeds), dtype=np.int64)
        self.starts[:1] = 0
        np.add(feeds[:-1], 1, out=self.starts[1:])
        returns = int(np.count_nonzero(self.kinds == _CR))
        self.ends: Ints = feeds
        if returns:
            self.ends = feeds - ((feeds > self.starts) & (self.buffer[np.maximum(feeds - 1, 0)] == _CR))
        self._suspicious = bool(returns > int((feeds - self.ends).sum())) or not self.kinds.all()

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def firsts(self) -> Ints:
        """For each line, which of ``low`` is the first in it."""
        firsts = np.empty(len(self.breaks), dtype=np.int64)
        firsts[:1] = 0
        np.add(self.breaks[:-1], 1, out=firsts[1:])
        return firsts

    def stray(self) -> int | None:
        """Place of the first zero byte or carriage return within a line: binary junk, or line ends of the 1990s."""
        found = _STRAY.search(self.text) if self._suspicious else None
        return None if found is None else found.start()

    def name_ends(self, heads: Ints | slice) -> Ints:
        """Where the first word of header lines ends: at a blank, a tab or the end of the line."""
        at = self.firsts[heads]
        ends: Ints = self.low[at]
        kinds = self.kinds[at]
        odd = np.flatnonzero((kinds < _NL - 1) | ((kinds > _NL) & (kinds != _CR) & (kinds != _FIRST_PRINTED - 1)))
        for place in odd.tolist():  # other control characters are no end, but a fault
            ends[place] = next(_NAME_END.finditer(self.text, int(ends[place]))).start()
        return ends

    @cached_property
    def is_plain(self) -> bool:
        """Whether the text is ASCII without the one control character that is not below '!'."""
        return self.text.isascii() and b"\x7f" not in self.text

    @cached_property
    def controls(self) -> Ints:
        """Places of control characters and what is not ASCII; tabs and line ends are no control characters here."""
        found = _NO_INTS
        if self.kinds.tobytes().translate(None, _BLANKS):
            found = self.low[np.isin(self.kinds, np.frombuffer(_BLANKS, dtype=np.uint8), invert=True)]
        return found if self.is_plain else np.r_[found, np.flatnonzero(self.buffer > _LAST_PRINTED)]

    def first(self, count: int) -> Lines:
        """The first lines only."""
        size = int(self.starts[count]) if count < len(self) else len(self.text)
        return Lines(self.text[:size], np.empty(size, dtype=np.bool_))


class LineScanner:
    """Cuts a stream of chunks at line ends and numbers the lines.

    Of several faults the first in the file is reported, wherever the chunks happen to end.
    """

    code = "E101"

    def __init__(self, label: str, mark: bytes = b"") -> None:
        """:param mark: what all names end in that does not belong to the name of the pair."""
        self.label, self.mark = label, np.frombuffer(mark, dtype=np.uint8)
        self.offset = 0  # uncompressed offset of the first byte not yet handed to ``_lines``
        self.line = 1  # its line number
        self._rest: list[bytes] = []
        self._waiting, self._patience = 0, LONG  # bytes in it; from how many on it is looked at
        self._room: Bools = np.empty(0, dtype=np.bool_)

    def hold(self, chunk: bytes) -> None:
        """Take a chunk that is too small to be worth a look of its own."""
        self._rest.append(chunk)
        self._waiting += len(chunk)

    def feed(self, chunk: bytes) -> Found:
        """Take the next chunk; return what is found in the lines that are whole by now.

        :raises MetapipeError: the first fault of the file (:attr:`code` and those of the format).
        """
        cut = chunk.rfind(b"\n") + 1
        if cut == 0:
            self.hold(chunk)
            return NOTHING if self._waiting < self._patience else self._look_at_rest()
        text = b"".join([*self._rest, memoryview(chunk)[:cut]])
        self._set_rest(chunk[cut:])
        return self._handle(text)

    def _look_at_rest(self) -> Found:
        """Much was held and no line has ended for long."""
        text = b"".join(self._rest)
        cut = text.rfind(b"\n") + 1
        if cut:
            self._set_rest(text[cut:])
            found = self._handle(text[:cut])
        else:
            self._set_rest(self._part_of_line(text))
            found = NOTHING
        self._patience = max(LONG, 2 * self._waiting)  # so that what cannot be used yet is not looked at too often
        return found

    def _part_of_line(self, text: bytes) -> bytes:
        """Use the beginning of a very long line, if it can be used; give back what cannot."""
        return text

    def _set_rest(self, text: bytes) -> None:
        self._rest = [text] if text else []
        self._waiting = len(text)

    def finish(self) -> Found:
        """Take the end of the file, which need not be the end of a line; return what is found in the rest.

        :raises MetapipeError: the first fault of the rest, such as a record that is cut off.
        """
        text = b"".join(self._rest)
        self._set_rest(b"")
        found = self._handle(text if text.endswith(b"\n") or not text else text + b"\n")
        if text and not text.endswith(b"\n") and not self._rest:
            self.offset -= 1
        return self._end(found)

    def _handle(self, text: bytes) -> Found:
        if not text:
            return NOTHING
        if len(self._room) < len(text):
            self._room = np.empty(len(text), dtype=np.bool_)
        lines = Lines(text, self._room)
        stray = lines.stray()
        if stray is not None:
            at = int(np.searchsorted(lines.ends, stray))
            self._lines(lines.first(at))  # an earlier fault comes first
            what = "text" if text[stray] == 0 else "a line feed after every carriage return"
            self._fail(lines, at, self.code, what)
        found, used_lines = self._lines(lines)
        used = int(lines.starts[used_lines]) if used_lines < len(lines) else len(text)
        if used < len(text):
            self._rest.insert(0, text[used:])
            self._waiting += len(text) - used
        self.offset += used
        self.line += used_lines
        return found

    def _lines(self, lines: Lines) -> tuple[Found, int]:
        """Check the lines; give the records that ended in them, and how many lines are done with."""
        raise NotImplementedError

    def _end(self, found: Found) -> Found:
        return found

    def _fail(self, lines: Lines, at: int, code: str, expected: str) -> NoReturn:
        text = lines.text[int(lines.starts[at]) : int(lines.ends[at])]
        raise MetapipeError(code, file=self.label, line=self.line + at, expected=expected, found=text)

    def _bad_names(self, starts: Ints, name_ends: Ints) -> Bools:
        """Which header lines have no name, or one that cannot be meant as a name."""
        lengths = name_ends - starts
        return np.asarray((lengths < 2) | (lengths > LONGEST_NAME))

    def _odd_names(self, lines: Lines, starts: Ints, ends: Ints, name_ends: Ints) -> Bools:
        """Which header lines are not UTF-8, or have a name with a control character or white space of Unicode in it."""
        odd = np.zeros(len(starts), dtype=np.bool_)
        held = lines.controls
        if not len(held):
            return odd
        owners = np.searchsorted(starts, held, side="right") - 1
        held, owners = held[owners >= 0], owners[owners >= 0]
        for at in np.unique(owners[held < ends[owners]]).tolist():
            start, name_end = int(starts[at]), int(name_ends[at])
            odd[at] = not _is_text(lines.text[start : int(ends[at])])
            odd[at] |= bool(_ODD_IN_NAME.search(lines.text[start:name_end].decode(errors="ignore"), 1))
        return odd

    def _fail_header(self, lines: Lines, at: int, nameless: str) -> NoReturn:
        """Raise for the header line ``at``, which :meth:`_bad_names` or :meth:`_odd_names` has found."""
        text = lines.text[int(lines.starts[at]) : int(lines.ends[at])]
        if not _is_text(text):
            self._fail(lines, at, self.code, "text in UTF-8")
        name = text.replace(b"\t", b" ").partition(b" ")[0]
        odd = 1 < len(name) <= LONGEST_NAME and _ODD_IN_NAME.search(name.decode(), 1)
        self._fail(lines, at, self.code, "a name without control characters or other white space" if odd else nameless)

    def names(self, buffer: Bytes, starts: Ints, ends: Ints) -> npt.NDArray[np.uint64]:
        """Hash the names in header lines: from the second character to ``ends``, without the mark of mates.

        Equal hashes are a suspicion of equal names, never more: see ``inputs`` and ``BlockTask.pairs``. A name without
        the mark that all have gets a hash which no mate's name shares.
        """
        first, last = starts + 1, ends
        size = len(self.mark)
        if not size:
            return hash_names(buffer, first, last)
        marked = last - first > size
        for back, letter in enumerate(self.mark[::-1], 1):
            marked &= buffer[np.maximum(last - back, 0)] == letter
        hashes = hash_names(buffer, first, last - size * marked)
        if not marked.all():
            hashes[~marked] ^= np.uint64(zlib.crc32(self.mark.tobytes()) | 1 << 40)
        return hashes


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


#: The name the class had before it was shared by two files.
_LineScanner = LineScanner
