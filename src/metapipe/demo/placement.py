"""Where contigs come from: exact 31-mers that occur once in the true genomes, as anchors.

Enough here because contigs of simulated reads differ from their genomes in a base here and there; no aligner is needed,
and every position's origin is known to the base.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

K = 31
_REACH = 2000  # how far from an anchor a position is still trusted to lie on the same diagonal
_CODES = np.full(256, 4, dtype=np.uint8)
for _code, _letter in enumerate(b"ACGT"):
    _CODES[_letter] = _CODES[_letter + 32] = _code
_COMPLEMENT = str.maketrans("ACGTRYKMBVDHacgtrykmbvdh", "TGCAYRMKVBHDtgcayrmkvbhd")


@dataclass(frozen=True)
class Place:
    """A position on a genome: 0-based, and ``+`` when contig and genome run the same way there."""

    genome: str
    position: int
    strand: str


class GenomeIndex:
    """All 31-mers that occur once in a set of genomes (either strand), with their positions."""

    def __init__(self, genomes: dict[str, str]) -> None:
        self.names = list(genomes)
        self.lengths = {name: len(sequence) for name, sequence in genomes.items()}
        self.starts = np.cumsum([0, *(len(sequence) for sequence in genomes.values())])
        joined = [kmers(sequence) for sequence in genomes.values()]
        codes = np.concatenate([code for code, _ in joined])
        positions = np.concatenate([where + start for (_, where), start in zip(joined, self.starts[:-1], strict=True)])
        # A word and its reverse complement are one place, so both strands decide whether it occurs once.
        mirrored = np.concatenate([kmers(reverse_complement(sequence))[0] for sequence in genomes.values()])
        every, counts = np.unique(np.concatenate([codes, mirrored]), return_counts=True)
        single = np.isin(codes, every[counts == 1])
        order = np.argsort(codes[single], kind="stable")
        self._codes, self._positions = codes[single][order], positions[single][order]
        self._all_codes, self._all_positions = codes, positions

    def look_up(self, codes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Joined genome position of each word, -1 where it has none."""
        slots = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return np.where(self._codes[slots] == codes, self._positions[slots], -1).astype(np.int64)

    def place(self, joined: int) -> tuple[str, int] | None:
        """Split a joined position into genome and position."""
        if not 0 <= joined < self.starts[-1]:
            return None
        number = int(np.searchsorted(self.starts, joined, side="right")) - 1
        return self.names[number], joined - int(self.starts[number])

    def covered(self, contigs: Iterable[str]) -> dict[str, NDArray[np.bool_]]:
        """Which bases of each genome lie in a word that also occurs on a contig; repeats count wherever they occur."""
        words = [kmers(strand)[0] for contig in contigs for strand in (contig, reverse_complement(contig))]
        present = np.isin(self._all_codes, np.concatenate([np.empty(0, dtype=np.uint64), *words]))
        steps = np.zeros(int(self.starts[-1]) + K, dtype=np.int64)
        steps[self._all_positions[present]] += 1
        steps[self._all_positions[present] + K] -= 1
        mask = np.cumsum(steps) > 0
        return {
            name: mask[begin : begin + self.lengths[name]]
            for name, begin in zip(self.names, self.starts[:-1], strict=True)
        }


class PlacedContig:
    """A contig with its anchors on the genomes."""

    def __init__(self, sequence: str, index: GenomeIndex) -> None:
        self.length = len(sequence)
        self._index = index
        self._anchors: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        for strand in "+-":
            codes, where = kmers(sequence if strand == "+" else reverse_complement(sequence))
            found = index.look_up(codes) if len(codes) else np.empty(0, dtype=np.int64)
            self._anchors[strand] = where[found >= 0], found[found >= 0]

    def locate(self, position: int) -> Place | None:
        """Where a 0-based contig position lies on a genome, by its nearest anchor; ``None`` without one nearby."""
        best: tuple[int, Place] | None = None
        for strand, (where, joined) in self._anchors.items():
            wanted = position if strand == "+" else self.length - 1 - position
            if not len(where):
                continue
            slot = int(np.searchsorted(where, wanted))
            for near in (slot - 1, slot):
                if not 0 <= near < len(where):
                    continue
                offset = wanted - int(where[near])
                distance = max(-offset, offset - K + 1, 0)
                anchor = self._index.place(int(joined[near]))
                if anchor is None or distance > _REACH or (best and best[0] <= distance):
                    continue
                genome, start = anchor
                if 0 <= start + offset < self._index.lengths[genome]:
                    best = distance, Place(genome, start + offset, strand)
        return best[1] if best else None

    def origin(self) -> str | None:
        """The genome of which this contig has most anchors; ``None`` when it has no anchor at all."""
        votes = np.zeros(len(self._index.names), dtype=np.int64)
        for _, joined in self._anchors.values():
            numbers = np.searchsorted(self._index.starts, joined, side="right") - 1
            votes += np.bincount(numbers, minlength=len(votes))
        return self._index.names[int(votes.argmax())] if votes.any() else None


def kmers(sequence: str) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """2-bit codes of all words of length K without ambiguity codes, and where they start."""
    letters = _CODES[np.frombuffer(sequence.encode("ascii", "replace"), dtype=np.uint8)]
    count = len(letters) - K + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    codes = np.zeros(count, dtype=np.uint64)
    unknown = np.zeros(count, dtype=bool)
    for offset in range(K):
        column = letters[offset : offset + count]
        codes = (codes << np.uint64(2)) | (column & 3).astype(np.uint64)
        unknown |= column > 3
    return codes[~unknown], np.flatnonzero(~unknown).astype(np.int64)


def reverse_complement(sequence: str) -> str:
    """The other strand, 5' to 3'."""
    return sequence.translate(_COMPLEMENT)[::-1]
