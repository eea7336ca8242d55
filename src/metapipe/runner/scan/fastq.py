"""The checks of FASTQ: four lines a record."""

from __future__ import annotations

import numpy as np

from metapipe.errors import MetapipeError
from metapipe.runner.scan.letters import alike, joined, proven
from metapipe.runner.scan.lines import NOTHING, Bools, Found, Ints, Lines, LineScanner
from metapipe.runner.scan.quality_offset import QualityOffset

_PLUS, _AT, _TILDE = 43, 64, 126
_BASES = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv.-"
_BAD_BASE = np.ones(256, dtype=np.bool_)
_BAD_BASE[list(_BASES)] = False
_FLAGS = np.where(_BAD_BASE, 1, 0).astype(np.uint8)
_FLAGS[[byte for byte in range(256) if not 33 <= byte <= _TILDE]] |= 2


def _repeats_another(lines: Lines, head: Ints, name_ends: Ints, plus: Ints, whole: int) -> Bools:
    """Which records repeat after ``+`` another header, or another name, than stands above."""
    plus_ends = lines.ends[2:whole:4]
    lengths = plus_ends - plus
    differs = lengths > 1
    if not differs.any():
        return differs
    head_ends = lines.ends[0:whole:4]
    for ends in (head_ends, name_ends):
        if np.array_equal(ends - head, lengths) and alike(lines.buffer, head + 1, plus + 1, lengths - 1):
            return np.zeros(len(plus), dtype=np.bool_)
    for at in np.flatnonzero(differs).tolist():
        repeated = lines.text[int(plus[at]) + 1 : int(plus_ends[at])]
        start = int(head[at]) + 1
        differs[at] = repeated not in (lines.text[start : int(head_ends[at])], lines.text[start : int(name_ends[at])])
    return differs


class FastqScanner(LineScanner):
    """Four lines a record."""

    code = "E102"

    def __init__(self, label: str, mark: bytes = b"") -> None:
        super().__init__(label, mark)
        self._ended = False  # a blank line was seen: only blank lines may follow
        self._offset = QualityOffset()

    def _lines(self, lines: Lines) -> tuple[Found, int]:
        whole = 0 if self._ended else len(lines) // 4 * 4
        blank = np.flatnonzero(lines.ends[0:whole:4] == lines.starts[0:whole:4])
        if len(blank):
            whole = int(blank[0]) * 4
        found = self._records(lines, whole)
        if not len(blank) and not self._ended:
            return found, whole
        self._ended = True
        filled = np.flatnonzero(lines.ends[whole:] > lines.starts[whole:])
        if len(filled):
            self._fail(lines, whole + int(filled[0]), "E102", "nothing after a blank line")
        return found, len(lines)

    def _part_of_line(self, text: bytes) -> bytes:
        """Bases need their qualities, so all is kept; but what is no FASTQ at all need not be read to its end."""
        if b"\0" in text:
            self._handle(text + b"\n")
        if not text.startswith(b"@"):
            self._rest = [text]
            self._end(NOTHING)
        return text

    def _records(self, lines: Lines, whole: int) -> Found:
        """Check the first ``whole`` lines, a multiple of four."""
        if not whole:
            return NOTHING
        buffer = lines.buffer
        head, bases, plus, quals = (np.ascontiguousarray(lines.starts[i:whole:4]) for i in range(4))
        bases_end, quals_end = (np.ascontiguousarray(lines.ends[i:whole:4]) for i in (1, 3))
        name_ends = lines.name_ends(slice(0, whole, 4))
        lengths = bases_end - bases
        no_start, no_name = buffer[head] != _AT, self._bad_names(head, name_ends)
        if len(lines.controls):
            no_name |= self._odd_names(lines, head, np.ascontiguousarray(lines.ends[0:whole:4]), name_ends)
        no_plus, uneven = buffer[plus] != _PLUS, lengths != quals_end - quals
        no_plus |= _repeats_another(lines, head, name_ends, plus, whole)
        wrong = no_start | no_name | no_plus | uneven
        if wrong.any() or not self._letters_are_proven(lines, whole, bases, bases_end):
            self._name_the_fault(lines, whole, no_start, no_name, no_plus, uneven)
        if not self._offset.is_33:
            self._offset.look_at(joined(buffer, quals, quals_end))
        return Found(
            self.offset + head, self.line + np.arange(len(head)) * 4, lengths, self.names(buffer, head, name_ends)
        )

    def _letters_are_proven(self, lines: Lines, whole: int, bases: Ints, bases_end: Ints) -> bool:
        """Whether all bases and qualities of the first ``whole`` lines are so for sure."""
        if not lines.is_plain:
            return False
        # A line of bases or qualities holds nothing below '!' but its line end of one or two characters.
        for line in (1, 3):
            below = lines.breaks[line:whole:4] - lines.breaks[line - 1 : whole : 4]
            feeds = lines.low[lines.breaks[line:whole:4]]
            if np.any(below - 1 != feeds - lines.ends[line:whole:4]):
                return False
        return proven(joined(lines.buffer, bases, bases_end), _BASES)

    def _name_the_fault(
        self, lines: Lines, whole: int, no_start: Bools, no_name: Bools, no_plus: Bools, uneven: Bools
    ) -> None:
        """Look at every letter; raise for the first record with any fault, if there is one."""
        buffer = lines.buffer
        bases, quals = lines.starts[1:whole:4], lines.starts[3:whole:4]
        bases_end, quals_end = lines.ends[1:whole:4], lines.ends[3:whole:4]
        edges = np.stack([bases, bases_end, quals, quals_end], axis=1).ravel()
        flags = np.bitwise_or.reduceat(_FLAGS[buffer], edges)
        # reduceat gives the single byte at the edge for an empty run: a line end, which is neither.
        bad_letters = (flags[0::4] & 1 > 0) & (bases_end > bases)
        bad_qualities = (flags[2::4] & 2 > 0) & (quals_end > quals)
        wrong = np.flatnonzero(no_start | no_name | no_plus | uneven | bad_letters | bad_qualities)
        if not len(wrong):
            return
        at = int(wrong[0])
        if no_start[at]:
            self._fail(lines, 4 * at, "E102", "'@' at the start of a record")
        if no_name[at]:
            self._fail_header(lines, 4 * at, "a name after '@'")
        if no_plus[at]:
            repeated = buffer[lines.starts[4 * at + 2]] == _PLUS
            expected = "'+' alone or with the header above" if repeated else "'+' before the qualities"
            self._fail(lines, 4 * at + 2, "E102", expected)
        if bad_letters[at]:
            letters = buffer[bases[at] : bases_end[at]]
            raise MetapipeError(
                "E109",
                file=self.label,
                line=self.line + at * 4 + 1,
                expected="bases (IUPAC letters)",
                found=letters[_BAD_BASE[letters]][:1].tobytes(),
            )
        if uneven[at]:
            raise MetapipeError(
                "E103",
                file=self.label,
                line=self.line + at * 4 + 3,
                expected=f"{bases_end[at] - bases[at]} qualities, one for each base",
                found=f"{quals_end[at] - quals[at]}",
            )
        self._fail(lines, 4 * at + 3, "E102", "qualities ('!' to '~')")

    def _end(self, found: Found) -> Found:
        text = b"".join(self._rest)
        lines = [line.rstrip(b"\r") for line in text.rstrip(b"\r\n").split(b"\n")]
        if not any(lines):
            self._offset.check(self.label)
            return found
        first = next(position for position, line in enumerate(lines) if line)
        if first:
            expected, line, seen = "nothing after a blank line", self.line + first, lines[first]
        elif not lines[0].startswith(b"@"):
            expected, line, seen = "'@' at the start of a record", self.line, lines[0]
        else:
            expected, line, seen = "four lines a record", self.line + len(lines), b"the end of the file"
        raise MetapipeError("E102", file=self.label, line=line, expected=expected, found=seen)
