"""What is counted about contigs. All counts add up over blocks; N50 and shares are made from their sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_GC, _AT = b"GCScgs", b"ATUWatuw"


def gc_counts(sequence: bytes) -> tuple[int, int]:
    """Return ``(gc, acgt)``: the bases that are G or C, and the bases that are certainly either G/C or A/T.

    S (G or C) and W (A or T) count; N and the other ambiguous codes do not.
    """
    gc = len(sequence) - len(sequence.translate(None, _GC))
    return gc, gc + len(sequence) - len(sequence.translate(None, _AT))


def gc_per_cent(sequence: bytes) -> int | None:
    """Return the GC content in whole per cent, rounded half up; ``None`` when no base is certain."""
    gc, acgt = gc_counts(sequence)
    return (200 * gc + acgt) // (2 * acgt) if acgt else None


def nx(lengths: Mapping[int, int], share: float = 0.5) -> int:
    """Return Nx: the length such that contigs at least this long hold ``share`` of all bases. N50 by default.

    :param lengths: contig length → number of such contigs.
    :return: 0 for no contigs.
    """
    wanted = share * sum(length * count for length, count in lengths.items())
    held = 0
    for length in sorted(lengths, reverse=True):
        held += length * lengths[length]
        if held >= wanted:
            return length
    return 0


def lx(lengths: Mapping[int, int], share: float = 0.5) -> int:
    """Return Lx: how many of the longest contigs it takes to hold ``share`` of all bases. L50 by default."""
    wanted = share * sum(length * count for length, count in lengths.items())
    held = contigs = 0
    for length in sorted(lengths, reverse=True):
        for _ in range(lengths[length]):
            if held >= wanted:
                return contigs
            held += length
            contigs += 1
    return contigs


@dataclass
class ContigCounts:
    """Running counts over contigs."""

    contigs: int = 0
    bases: int = 0
    gc_bases: int = 0
    acgt_bases: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    gc: Counter[int] = field(default_factory=Counter)

    def add(self, sequence: bytes) -> None:
        """Count one contig; letters other than A, C, G and T count as bases, and not for GC."""
        self.contigs += 1
        self.bases += len(sequence)
        gc, acgt = gc_counts(sequence)
        self.gc_bases += gc
        self.acgt_bases += acgt
        self.lengths[len(sequence)] += 1
        per_cent = gc_per_cent(sequence)
        if per_cent is not None:
            self.gc[per_cent] += 1

    def as_note(self) -> dict[str, Any]:
        """Return the counts as JSON: ``lengths`` is length → contigs, ``gc`` is whole per cent → contigs."""
        return {
            "contigs": self.contigs,
            "bases": self.bases,
            "gc_bases": self.gc_bases,
            "acgt_bases": self.acgt_bases,
            "lengths": histogram(self.lengths),
            "gc": histogram(self.gc),
        }


def histogram(counts: Mapping[int, int]) -> dict[str, int]:
    """Return the counts with JSON keys (texts), in ascending order of the number."""
    return {str(key): int(counts[key]) for key in sorted(counts)}
