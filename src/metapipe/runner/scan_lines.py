"""The line-level checks of FASTA and FASTQ, vectorised over chunks.

Accepted: CRLF, lower case, IUPAC codes, blank lines in FASTA and at the end of FASTQ, a missing last line break.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_NL, _CR, _GT, _AT, _PLUS, _SPACE, _TAB, _SLASH = 10, 13, 62, 64, 43, 32, 9, 47
_DNA = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv"
_PROTEIN = b"ABCDEFGHIKLMNPQRSTVWXYZJOUabcdefghiklmnpqrstvwxyzjou*-"
_ONLY_PROTEIN = b"EFILPQXZJOefilpqxzjo*"
_LONGEST_NAME = 1 << 16
# Fixed random odd multipliers: a universal hash of names that is the same on every machine and in every run.
_MULTIPLIERS = np.random.PCG64(20261122).random_raw(_LONGEST_NAME) | np.uint64(1)


@dataclass(frozen=True)
class Found:
    """Records that ended within one chunk: uncompressed offset and line of each, letters, name hash."""

    starts: Ints
    lines: Ints
    residues: Ints
    names: npt.NDArray[np.uint64]


_NO_INTS = np.zeros(0, dtype=np.int64)
NOTHING = Found(_NO_INTS, _NO_INTS, _NO_INTS, np.zeros(0, dtype=np.uint64))


def lookup(allowed: bytes) -> npt.NDArray[np.bool_]:
    table = np.ones(256, dtype=np.bool_)
    table[list(allowed)] = False
    return table


class _LineScanner:
    """Cuts a stream of chunks at line ends and numbers the lines.

    Of several faults the first in the file is reported, wherever the chunks happen to end.
    """

    code = "E101"
    mates = False  # names may end in /1 or /2, which does not belong to the name of the pair

    def __init__(self, label: str) -> None:
        self.label = label
        self.offset = 0  # uncompressed offset of the first byte not yet handed to ``_lines``
        self.line = 1  # its line number
        self._rest: list[bytes] = []

    def feed(self, chunk: bytes) -> Found:
        cut = chunk.rfind(b"\n") + 1
        if cut == 0:
            self._rest.append(chunk)
            return NOTHING
        text = b"".join([*self._rest, chunk[:cut]])
        self._rest = [chunk[cut:]] if cut < len(chunk) else []
        return self._handle(text)

    def finish(self) -> Found:
        text = b"".join(self._rest)
        self._rest = []
        found = self._handle(text if text.endswith(b"\n") or not text else text + b"\n")
        if text and not text.endswith(b"\n") and not self._rest:
            self.offset -= 1
        return self._end(found)

    def _handle(self, text: bytes) -> Found:
        if not text:
            return NOTHING
        buffer = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(buffer == _NL)
        starts = np.r_[0, ends[:-1] + 1]
        stripped = ends - ((ends > starts) & (buffer[np.maximum(ends - 1, 0)] == _CR))
        stray = _stray_control(text)
        if stray is not None:
            at = int(np.searchsorted(ends, stray))
            self._lines(buffer[: starts[at]], starts[:at], stripped[:at])  # an earlier fault comes first
            what = "text" if text[stray] == 0 else "a line feed after every carriage return"
            self._fail(buffer, starts, stripped, at, self.code, what)
        found, used_lines = self._lines(buffer, starts, stripped)
        used = int(starts[used_lines]) if used_lines < len(starts) else len(text)
        if used < len(text):
            self._rest.insert(0, text[used:])
        self.offset += used
        self.line += used_lines
        return found

    def _lines(self, buffer: Bytes, starts: Ints, ends: Ints) -> tuple[Found, int]:
        raise NotImplementedError

    def _end(self, found: Found) -> Found:
        return found

    def _fail(self, buffer: Bytes, starts: Ints, ends: Ints, at: int, code: str, expected: str) -> NoReturn:
        text = buffer[int(starts[at]) : int(ends[at])].tobytes()
        raise MetapipeError(code, file=self.label, line=self.line + at, expected=expected, found=text)

    def _bad_names(self, buffer: Bytes, starts: Ints, ends: Ints) -> npt.NDArray[np.bool_]:
        """Which header lines have no name, or one that cannot be meant as a name."""
        second = buffer[np.minimum(starts + 1, len(buffer) - 1)]
        bad = (ends - starts < 2) | (second == _SPACE) | (second == _TAB)
        if int((ends - starts).max(initial=0)) > _LONGEST_NAME:
            bad |= self._name_ends(buffer, starts, ends) - starts > _LONGEST_NAME
        return np.asarray(bad)

    def _name_ends(self, buffer: Bytes, starts: Ints, ends: Ints) -> Ints:
        blanks = np.flatnonzero((buffer == _SPACE) | (buffer == _TAB))
        nearest = np.r_[blanks, len(buffer)][np.searchsorted(blanks, starts)]
        return np.asarray(np.minimum(nearest, ends), dtype=np.int64)

    def names(self, buffer: Bytes, starts: Ints, ends: Ints) -> npt.NDArray[np.uint64]:
        """Hash the names in header lines: from the second character to white space, ``/1`` or ``/2`` of mates left out.

        Equal hashes are a suspicion of equal names, never more: see ``inputs`` and ``BlockTask.pairs``.
        """
        if not len(starts):
            return np.zeros(0, dtype=np.uint64)
        first, last = starts + 1, self._name_ends(buffer, starts, ends)
        if self.mates:
            slash = (last - first > 2) & (buffer[np.maximum(last - 2, 0)] == _SLASH)
            digit = buffer[np.maximum(last - 1, 0)]
            last = last - 2 * (slash & ((digit == 49) | (digit == 50)))
        lengths = last - first
        column = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        values = (buffer[np.repeat(first, lengths) + column].astype(np.uint64) + np.uint64(1)) * _MULTIPLIERS[column]
        sums = np.r_[np.uint64(0), np.cumsum(values, dtype=np.uint64)]
        stops = np.cumsum(lengths)
        return np.asarray(sums[stops] - sums[stops - lengths], dtype=np.uint64)


_STRAY = re.compile(rb"\0|\r(?!\n)")


def _stray_control(text: bytes) -> int | None:
    """Place of the first zero byte or carriage return within a line: binary junk, or line ends of the 1990s."""
    if b"\0" not in text and (b"\r" not in text or text.count(b"\r") == text.count(b"\r\n")):
        return None
    found = _STRAY.search(text)
    return None if found is None else found.start()


class FastqScanner(_LineScanner):
    """Four lines a record."""

    code = "E102"
    _BAD_BASE = lookup(_DNA + b".-")
    _FLAGS = np.where(_BAD_BASE, 1, 0).astype(np.uint8) | np.where(lookup(bytes(range(33, 127))), 2, 0).astype(np.uint8)

    def __init__(self, label: str, *, mates: bool = False) -> None:
        super().__init__(label)
        self.mates = mates
        self._ended = False  # a blank line was seen: only blank lines may follow

    def _lines(self, buffer: Bytes, starts: Ints, ends: Ints) -> tuple[Found, int]:
        whole = 0 if self._ended else len(starts) // 4 * 4
        blank = np.flatnonzero(ends[0:whole:4] == starts[0:whole:4])
        if len(blank):
            whole = int(blank[0]) * 4
        found = self._records(buffer, starts[:whole], ends[:whole])
        if not len(blank) and not self._ended:
            return found, whole
        self._ended = True
        filled = np.flatnonzero(ends[whole:] > starts[whole:])
        if len(filled):
            self._fail(buffer, starts, ends, whole + int(filled[0]), "E102", "nothing after a blank line")
        return found, len(starts)

    def _records(self, buffer: Bytes, starts: Ints, ends: Ints) -> Found:
        if not len(starts):
            return NOTHING
        head, bases, plus, quals = (starts[i::4] for i in range(4))
        head_end, bases_end, _, quals_end = (ends[i::4] for i in range(4))
        lengths = bases_end - bases
        bad_letters, bad_qualities = self._letters(buffer, bases, bases_end, quals, quals_end)
        no_start, no_name = buffer[head] != _AT, self._bad_names(buffer, head, head_end)
        no_plus, uneven = buffer[plus] != _PLUS, lengths != quals_end - quals
        wrong = np.flatnonzero(no_start | no_name | no_plus | uneven | bad_letters | bad_qualities)
        if len(wrong):
            at = int(wrong[0])
            if no_start[at]:
                self._fail(buffer, starts, ends, 4 * at, "E102", "'@' at the start of a record")
            if no_name[at]:
                self._fail(buffer, starts, ends, 4 * at, "E102", "a name after '@'")
            if no_plus[at]:
                self._fail(buffer, starts, ends, 4 * at + 2, "E102", "'+' before the qualities")
            if bad_letters[at]:
                letters = buffer[bases[at] : bases_end[at]]
                raise MetapipeError(
                    "E109",
                    file=self.label,
                    line=self.line + at * 4 + 1,
                    expected="bases (IUPAC letters)",
                    found=letters[self._BAD_BASE[letters]][:1].tobytes(),
                )
            if uneven[at]:
                raise MetapipeError(
                    "E103",
                    file=self.label,
                    line=self.line + at * 4 + 3,
                    expected=f"{lengths[at]} qualities, one for each base",
                    found=f"{quals_end[at] - quals[at]}",
                )
            self._fail(buffer, starts, ends, 4 * at + 3, "E102", "qualities ('!' to '~')")
        return Found(
            self.offset + head, self.line + np.arange(len(head)) * 4, lengths, self.names(buffer, head, head_end)
        )

    def _letters(
        self, buffer: Bytes, bases: Ints, bases_end: Ints, quals: Ints, quals_end: Ints
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which records hold a letter that is no base, and which a character that is no quality."""
        edges = np.stack([bases, bases_end, quals, quals_end], axis=1).ravel()
        flags = np.bitwise_or.reduceat(self._FLAGS[buffer], edges)
        # reduceat gives the single byte at the edge for an empty run: a line end, which is neither.
        return (flags[0::4] & 1 > 0) & (bases_end > bases), (flags[2::4] & 2 > 0) & (quals_end > quals)

    def _end(self, found: Found) -> Found:
        text = b"".join(self._rest)
        lines = [line.rstrip(b"\r") for line in text.rstrip(b"\r\n").split(b"\n")]
        if not any(lines):
            return found
        first = next(position for position, line in enumerate(lines) if line)
        if first:
            expected, line, seen = "nothing after a blank line", self.line + first, lines[first]
        elif not lines[0].startswith(b"@"):
            expected, line, seen = "'@' at the start of a record", self.line, lines[0]
        else:
            expected, line, seen = "four lines a record", self.line + len(lines), b"the end of the file"
        raise MetapipeError("E102", file=self.label, line=line, expected=expected, found=seen)


class FastaScanner(_LineScanner):
    """A header line, then any number of sequence lines."""

    def __init__(self, label: str, alphabet: str) -> None:
        super().__init__(label)
        self.alphabet = alphabet
        self._bad = lookup({"dna": _DNA, "aa": _PROTEIN}.get(alphabet, _DNA + _PROTEIN) + b"\n\r")
        self._open: tuple[int, int, np.uint64] | None = None  # offset, line and name of the record being read
        self._open_residues = 0

    def _lines(self, buffer: Bytes, starts: Ints, ends: Ints) -> tuple[Found, int]:
        if not len(starts):
            return NOTHING, 0
        heads = np.flatnonzero((buffer[starts] == _GT) & (ends > starts))
        self._check(buffer, starts, ends, heads)
        lengths = ends - starts
        lengths[heads] = 0
        sums = np.r_[0, np.cumsum(lengths)]
        borders = np.r_[heads, len(starts)]
        residues = sums[borders[1:]] - sums[borders[:-1]] if len(heads) else np.zeros(0, dtype=np.int64)
        self._open_residues += int(sums[borders[0]])
        if not len(heads):
            return NOTHING, len(starts)
        offsets, lines = self.offset + starts[heads], self.line + heads
        names = self.names(buffer, starts[heads], ends[heads])
        found = self._closed(offsets, lines, residues, names)
        self._open, self._open_residues = (int(offsets[-1]), int(lines[-1]), names[-1]), int(residues[-1])
        return found, len(starts)

    def _closed(self, offsets: Ints, lines: Ints, residues: Ints, names: npt.NDArray[np.uint64]) -> Found:
        if self._open is None:
            return Found(offsets[:-1], lines[:-1], residues[:-1], names[:-1])
        offset, line, name = self._open
        return Found(
            np.r_[offset, offsets[:-1]],
            np.r_[line, lines[:-1]],
            np.r_[self._open_residues, residues[:-1]],
            np.r_[np.array([name], dtype=np.uint64), names[:-1]],
        )

    def _check(self, buffer: Bytes, starts: Ints, ends: Ints, heads: Ints) -> None:
        """Raise for the first line at fault: text before the first header, a header without name, a wrong letter."""
        nameless = heads[self._bad_names(buffer, starts[heads], ends[heads])]
        bad = self._first_bad_letter(buffer, starts, ends, heads)
        bad_line = len(starts) if bad is None else int(np.searchsorted(starts, bad, side="right")) - 1
        before = self._before_first(starts, ends, heads)
        nameless_line = int(nameless[0]) if len(nameless) else len(starts)
        first = min(bad_line, before, nameless_line)
        if first == len(starts):
            return
        if first == before:
            self._fail(buffer, starts, ends, first, "E101", "'>' at the start of a record")
        if first == nameless_line:
            self._fail(buffer, starts, ends, first, "E101", "a name after '>'")
        letter = buffer[bad : bad + 1].tobytes() if bad is not None else b""
        kind = {"dna": "nucleotides (IUPAC letters)", "aa": "amino acids (IUPAC letters)"}
        raise MetapipeError(
            "E110" if self.alphabet == "dna" and letter in _ONLY_PROTEIN else "E109",
            file=self.label,
            line=self.line + first,
            expected=kind.get(self.alphabet, "sequence letters"),
            found=letter,
        )

    def _before_first(self, starts: Ints, ends: Ints, heads: Ints) -> int:
        """Line of the first text before any header, else the number of lines."""
        if self._open is not None:
            return len(starts)
        stop = int(heads[0]) if len(heads) else len(starts)
        filled = np.flatnonzero(ends[:stop] > starts[:stop])
        return int(filled[0]) if len(filled) else len(starts)

    def _first_bad_letter(self, buffer: Bytes, starts: Ints, ends: Ints, heads: Ints) -> int | None:
        bad = np.flatnonzero(self._bad[buffer])
        if len(bad) and len(heads):
            owner = np.searchsorted(starts[heads], bad, side="right") - 1
            bad = bad[(owner < 0) | (bad > ends[heads][np.maximum(owner, 0)])]
        return int(bad[0]) if len(bad) else None

    def _end(self, found: Found) -> Found:
        if self._open is None:
            return found
        offset, line, name = self._open
        self._open = None
        return Found(
            np.r_[found.starts, offset],
            np.r_[found.lines, line],
            np.r_[found.residues, self._open_residues],
            np.r_[found.names, np.array([name], dtype=np.uint64)],
        )
