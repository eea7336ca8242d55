"""The line-level checks of FASTA and FASTQ, vectorised over chunks.

Accepted: CRLF, lower case, IUPAC codes, blank lines in FASTA and at the end of FASTQ, a missing last line break.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_NL, _CR, _GT, _AT, _PLUS, _SPACE, _TAB, _SLASH = 10, 13, 62, 64, 43, 32, 9, 47
_DNA = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv"
_PROTEIN = b"ABCDEFGHIKLMNPQRSTVWXYZJOUabcdefghiklmnpqrstvwxyzjou*-"
_ONLY_PROTEIN = b"EFILPQXZJOefilpqxzjo*"
_LONGEST_NAME = 4096
# Fixed random multipliers: a universal hash of names that is the same on every machine and in every run.
_MULTIPLIERS = np.random.Generator(np.random.PCG64(20261122)).integers(
    1, 2**63, _LONGEST_NAME, dtype=np.uint64
) * np.uint64(2) + np.uint64(1)


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
    """Cuts a stream of chunks at line ends and numbers the lines."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.offset = 0  # uncompressed offset of the first byte not yet handed to ``_lines``
        self.line = 1  # its line number
        self._rest: list[bytes] = []

    def feed(self, chunk: bytes) -> Found:
        cut = self._cut(chunk)
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
        if text and not text.endswith(b"\n"):
            self.offset -= 1
        return self._end(found)

    def _cut(self, chunk: bytes) -> int:
        return chunk.rfind(b"\n") + 1

    def _handle(self, text: bytes) -> Found:
        if not text:
            return NOTHING
        buffer = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(buffer == _NL)
        starts = np.r_[0, ends[:-1] + 1]
        stripped = ends - ((ends > starts) & (buffer[np.maximum(ends - 1, 0)] == _CR))
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

    def _text(self, buffer: Bytes, start: int, end: int) -> bytes:
        return buffer[start:end].tobytes()

    def names(self, buffer: Bytes, starts: Ints, ends: Ints) -> npt.NDArray[np.uint64]:
        """Hash the names in header lines: from the second character to white space, without ``/1`` or ``/2``."""
        if not len(starts):
            return np.zeros(0, dtype=np.uint64)
        blanks = np.flatnonzero((buffer == _SPACE) | (buffer == _TAB))
        nearest = np.r_[blanks, len(buffer)][np.searchsorted(blanks, starts)]
        first, last = starts + 1, np.minimum(nearest, ends)
        mate = (last - first > 2) & (buffer[np.maximum(last - 2, 0)] == _SLASH)
        digit = buffer[np.maximum(last - 1, 0)]
        last = last - 2 * (mate & ((digit == 49) | (digit == 50)))
        lengths = np.minimum(np.maximum(last - first, 0), _LONGEST_NAME)
        column = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        values = (buffer[np.repeat(first, lengths) + column].astype(np.uint64) + np.uint64(1)) * _MULTIPLIERS[column]
        sums = np.r_[np.uint64(0), np.cumsum(values, dtype=np.uint64)]
        stops = np.cumsum(lengths)
        return np.asarray(sums[stops] - sums[stops - lengths], dtype=np.uint64)


class FastqScanner(_LineScanner):
    """Four lines a record."""

    _FLAGS = np.where(lookup(_DNA + b".-"), 1, 0).astype(np.uint8) | np.where(
        lookup(bytes(range(33, 127))), 2, 0
    ).astype(np.uint8)

    _ended = False  # a blank line was seen: only blank lines may follow

    def _lines(self, buffer: Bytes, starts: Ints, ends: Ints) -> tuple[Found, int]:
        used = len(starts) // 4 * 4
        head, bases, plus, quals = (starts[i:used:4] for i in range(4))
        head_end, bases_end, _, quals_end = (ends[i:used:4] for i in range(4))
        if not used:
            return NOTHING, 0
        if self._ended and not self._only_blank(starts, ends, 0):
            self._fail(
                buffer, starts, ends, int(np.flatnonzero(ends > starts)[0]), "E102", "nothing after a blank line"
            )
        wrong = np.flatnonzero(buffer[head] != _AT)
        if len(wrong) and not self._only_blank(starts, ends, int(wrong[0]) * 4):
            self._fail(buffer, starts, ends, int(wrong[0]) * 4, "E102", "'@' at the start of a record")
        if len(wrong):
            self._ended = True
            used = int(wrong[0]) * 4
            kept = slice(0, int(wrong[0]))
            head, head_end, bases, bases_end = head[kept], head_end[kept], bases[kept], bases_end[kept]
            plus, quals, quals_end = plus[kept], quals[kept], quals_end[kept]
            if not used:
                return NOTHING, len(starts)
        wrong = np.flatnonzero(buffer[plus] != _PLUS)
        if len(wrong):
            self._fail(buffer, starts, ends, int(wrong[0]) * 4 + 2, "E102", "'+' before the qualities")
        wrong = np.flatnonzero(head_end - head < 2)
        if len(wrong):
            self._fail(buffer, starts, ends, int(wrong[0]) * 4, "E102", "a name after '@'")
        lengths, quality_lengths = bases_end - bases, quals_end - quals
        wrong = np.flatnonzero(lengths != quality_lengths)
        if len(wrong):
            at = int(wrong[0])
            raise MetapipeError(
                "E103",
                file=self.label,
                line=self.line + at * 4 + 3,
                expected=f"{lengths[at]} qualities, one for each base",
                found=f"{quality_lengths[at]}",
            )
        self._letters(buffer, bases, bases_end, quals, quals_end)
        found = Found(
            self.offset + head, self.line + np.arange(len(head)) * 4, lengths, self.names(buffer, head, head_end)
        )
        return found, used if used == len(starts) // 4 * 4 else len(starts)

    def _letters(self, buffer: Bytes, bases: Ints, bases_end: Ints, quals: Ints, quals_end: Ints) -> None:
        filled = np.flatnonzero(bases_end > bases)
        if not len(filled):
            return
        edges = np.stack([bases[filled], bases_end[filled], quals[filled], quals_end[filled]], axis=1).ravel()
        flags = np.bitwise_or.reduceat(self._FLAGS[buffer], edges)
        wrong = np.flatnonzero(flags[0::4] & 1)
        if len(wrong):
            at = int(filled[wrong[0]])
            letters = buffer[bases[at] : bases_end[at]]
            bad = letters[lookup(_DNA + b".-")[letters]][:1].tobytes()
            raise MetapipeError(
                "E109", file=self.label, line=self.line + at * 4 + 1, expected="bases (IUPAC letters)", found=bad
            )
        wrong = np.flatnonzero(flags[2::4] & 2)
        if len(wrong):
            at = int(filled[wrong[0]])
            raise MetapipeError(
                "E102",
                file=self.label,
                line=self.line + at * 4 + 3,
                expected="qualities ('!' to '~')",
                found=self._text(buffer, int(quals[at]), int(quals_end[at])),
            )

    def _only_blank(self, starts: Ints, ends: Ints, first: int) -> bool:
        return bool((ends[first:] == starts[first:]).all())

    def _fail(self, buffer: Bytes, starts: Ints, ends: Ints, at: int, code: str, expected: str) -> None:
        text = self._text(buffer, int(starts[at]), int(ends[at]))
        raise MetapipeError(code, file=self.label, line=self.line + at, expected=expected, found=text)

    def _end(self, found: Found) -> Found:
        rest = b"".join(self._rest)
        if rest.strip():
            lines = rest.rstrip(b"\n").split(b"\n")
            if not lines[0].startswith(b"@"):
                raise MetapipeError(
                    "E102", file=self.label, line=self.line, expected="'@' at the start of a record", found=lines[0]
                )
            raise MetapipeError(
                "E102",
                file=self.label,
                line=self.line + len(lines),
                expected="four lines a record",
                found="the end of the file",
            )
        return found


class FastaScanner(_LineScanner):
    """A header line, then any number of sequence lines."""

    def __init__(self, label: str, alphabet: str) -> None:
        super().__init__(label)
        self.alphabet = alphabet
        self._bad = lookup({"dna": _DNA, "aa": _PROTEIN}.get(alphabet, _DNA + _PROTEIN) + b"\n\r")
        self._open: tuple[int, int, np.uint64] | None = None  # offset, line and name of the record being read
        self._open_residues = 0

    def _lines(self, buffer: Bytes, starts: Ints, ends: Ints) -> tuple[Found, int]:
        heads = np.flatnonzero((buffer[starts] == _GT) & (ends > starts))
        self._check_start(buffer, starts, ends, int(heads[0]) if len(heads) else len(starts))
        empty = np.flatnonzero(
            (ends[heads] - starts[heads] < 2)
            | np.isin(buffer[np.minimum(starts[heads] + 1, len(buffer) - 1)], (_SPACE, _TAB))
        )
        if len(empty):
            at = int(heads[empty[0]])
            text = self._text(buffer, int(starts[at]), int(ends[at]))
            raise MetapipeError("E101", file=self.label, line=self.line + at, expected="a name after '>'", found=text)
        self._check_letters(buffer, starts, ends, heads)
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

    def _check_start(self, buffer: Bytes, starts: Ints, ends: Ints, first_head: int) -> None:
        if self._open is not None:
            return
        filled = np.flatnonzero(ends[:first_head] > starts[:first_head])
        if len(filled):
            at = int(filled[0])
            text = self._text(buffer, int(starts[at]), int(ends[at]))
            raise MetapipeError(
                "E101", file=self.label, line=self.line + at, expected="'>' at the start of a record", found=text
            )

    def _check_letters(self, buffer: Bytes, starts: Ints, ends: Ints, heads: Ints) -> None:
        bad = np.flatnonzero(self._bad[buffer])
        if not len(bad):
            return
        if len(heads):
            owner = np.searchsorted(starts[heads], bad, side="right") - 1
            inside = (owner >= 0) & (bad <= ends[heads][np.maximum(owner, 0)])
            bad = bad[~inside]
        if not len(bad):
            return
        letter = buffer[bad[0] : bad[0] + 1].tobytes()
        line = self.line + int(np.searchsorted(starts, bad[0], side="right")) - 1
        if self.alphabet == "dna" and letter in _ONLY_PROTEIN:
            raise MetapipeError(
                "E110", file=self.label, line=line, expected="nucleotides (IUPAC letters)", found=letter
            )
        kind = {"dna": "nucleotides (IUPAC letters)", "aa": "amino acids (IUPAC letters)"}.get(
            self.alphabet, "sequence letters"
        )
        raise MetapipeError("E109", file=self.label, line=line, expected=kind, found=letter)

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
