"""The checks of FASTA: a header line, then any number of sequence lines."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.runner.scan.letters import blanked, proven
from metapipe.runner.scan.lines import LONGEST_NAME, NOTHING, Found, Ints, Lines, LineScanner

_GT = 62
_DNA = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv"
_PROTEIN = b"ABCDEFGHIKLMNPQRSTVWXYZJOUabcdefghiklmnpqrstvwxyzjou*-"
_ONLY_PROTEIN = b"EFILPQXZJOefilpqxzjo*"
#: Proteins are DNA by mistake when nine letters in ten are A, C, G, T, U or N and each base is one in twenty: of real
#: proteins a quarter are, and peptides of few letters (silk, antifreeze proteins) lack one of the bases.
_LIKE_DNA, _LEAST_OF_A_BASE = 0.9, 0.05
_FEWEST_TO_JUDGE, ENOUGH_TO_JUDGE = 200, 1 << 20


def are_nucleotides(counts: Ints) -> bool:
    """Whether letters, counted by their byte, are those of nucleotides."""
    of = {letter: int(counts[ord(letter)] + counts[ord(letter.lower())]) for letter in "ACGTUN"}
    total = int(counts.sum() - counts[[10, 13]].sum())
    bases = (of["A"], of["C"], of["G"], of["T"] + of["U"])
    return (
        total >= _FEWEST_TO_JUDGE and sum(of.values()) >= _LIKE_DNA * total and min(bases) >= _LEAST_OF_A_BASE * total
    )


class FastaScanner(LineScanner):
    """A header line, then any number of sequence lines."""

    def __init__(self, label: str, alphabet: str) -> None:
        super().__init__(label)
        self.alphabet = alphabet
        self._letters = {"dna": _DNA, "aa": _PROTEIN}.get(alphabet, _DNA + _PROTEIN)
        self._allowed = self._letters + b"\n\r"
        self._bad = np.ones(256, dtype=np.bool_)
        self._bad[list(self._allowed)] = False
        self._open: tuple[int, int, np.uint64] | None = None  # offset, line and name of the record being read
        self._open_residues = 0
        self._counts = np.zeros(256, dtype=np.int64) if alphabet == "aa" else None  # of each byte, as far as needed
        self._inside = False  # the text begins within a sequence line, of which a part was used before

    def _lines(self, lines: Lines) -> tuple[Found, int]:
        if not len(lines):
            return NOTHING, 0
        starts, ends = lines.starts, lines.ends
        heads = np.flatnonzero(lines.buffer[starts] == _GT)
        if self._inside and len(heads) and heads[0] == 0:
            heads = heads[1:]
        name_ends = lines.name_ends(heads)
        self._check(lines, heads, name_ends)
        self._inside = False
        lengths = ends - starts
        lengths[heads] = 0
        sums = np.r_[0, np.cumsum(lengths)]
        borders = np.r_[heads, len(starts)]
        residues = sums[borders[1:]] - sums[borders[:-1]] if len(heads) else np.zeros(0, dtype=np.int64)
        self._open_residues += int(sums[borders[0]])
        if not len(heads):
            return NOTHING, len(starts)
        offsets, numbers = self.offset + starts[heads], self.line + heads
        names = self.names(lines.buffer, starts[heads], name_ends)
        found = self._closed(offsets, numbers, residues, names)
        self._open, self._open_residues = (int(offsets[-1]), int(numbers[-1]), names[-1]), int(residues[-1])
        return found, len(starts)

    def _part_of_line(self, text: bytes) -> bytes:
        """Use the letters of a very long sequence line."""
        sequence = self._inside or not text.startswith(b">")
        held = b"\r" if text.endswith(b"\r") else b""  # of a line end perhaps
        letters = text.removesuffix(held)
        named = len(letters) <= LONGEST_NAME or re.search(rb"[ \t]", letters[: LONGEST_NAME + 1])
        if not letters or (not sequence and named):
            return text
        if not sequence or self._open is None or not proven(letters, self._letters):
            self._handle(text + b"\n")  # there is a fault, this finds it
        self._count(letters)
        self._open_residues += len(letters)
        self.offset += len(letters)
        self._inside = True
        return held

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

    def _check(self, lines: Lines, heads: Ints, name_ends: Ints) -> None:
        """Raise for the first line at fault: text before the first header, a header without name, a wrong letter."""
        starts, ends = lines.starts, lines.ends
        odd = self._odd_names(lines, starts[heads], ends[heads], name_ends)
        nameless = heads[odd | self._bad_names(starts[heads], name_ends)]
        bad = None
        sequences = blanked(lines.text, starts[heads], ends[heads])
        if not proven(sequences, self._allowed):
            bad = self._first_bad_letter(lines, heads)
        self._count(sequences)
        bad_line = len(starts) if bad is None else int(np.searchsorted(starts, bad, side="right")) - 1
        before = self._before_first(lines, heads)
        nameless_line = int(nameless[0]) if len(nameless) else len(starts)
        first = min(bad_line, before, nameless_line)
        if first == len(starts):
            return
        if first == before:
            self._fail(lines, first, "E101", "'>' at the start of a record")
        if first == nameless_line:
            self._fail_header(lines, first, "a name after '>'")
        letter = lines.buffer[bad : bad + 1].tobytes() if bad is not None else b""
        kind = {"dna": "nucleotides (IUPAC letters)", "aa": "amino acids (IUPAC letters)"}
        raise MetapipeError(
            "E110" if self.alphabet == "dna" and letter in _ONLY_PROTEIN else "E109",
            file=self.label,
            line=self.line + first,
            expected=kind.get(self.alphabet, "sequence letters"),
            found=letter,
        )

    def _count(self, sequences: bytes | bytearray) -> None:
        """Count letters of proteins until it is clear that they are proteins."""
        if self._counts is not None:
            self._counts += np.bincount(np.frombuffer(sequences, dtype=np.uint8), minlength=256)
            if self._counts.sum() > ENOUGH_TO_JUDGE and not are_nucleotides(self._counts):
                self._counts = None

    def _before_first(self, lines: Lines, heads: Ints) -> int:
        """Line of the first text before any header, else the number of lines."""
        if self._open is not None:
            return len(lines)
        stop = int(heads[0]) if len(heads) else len(lines)
        filled = np.flatnonzero(lines.ends[:stop] > lines.starts[:stop])
        return int(filled[0]) if len(filled) else len(lines)

    def _first_bad_letter(self, lines: Lines, heads: Ints) -> int | None:
        bad = np.flatnonzero(self._bad[lines.buffer])
        if len(bad) and len(heads):
            owner = np.searchsorted(lines.starts[heads], bad, side="right") - 1
            bad = bad[(owner < 0) | (bad > lines.ends[heads][np.maximum(owner, 0)])]
        return int(bad[0]) if len(bad) else None

    def _end(self, found: Found) -> Found:
        if self._counts is not None and are_nucleotides(self._counts):
            raise MetapipeError("E122", file=self.label, expected="proteins", found="nucleotides")
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
