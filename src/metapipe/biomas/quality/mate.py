"""One file's counts as the numbers a reader asks for: quartiles at each position, shares of bases, adapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from metapipe.biomas.quality.profile import LETTERS, group_end
from metapipe.reporting.histogram import Distribution, distribution

#: IUPAC codes of two bases.
_TWO = {"AG": "R", "CT": "Y", "CG": "S", "AT": "W", "GT": "K", "AC": "M"}
_NONE = Distribution(())


@dataclass(frozen=True)
class Position:
    """What the reads have at one position, or a few positions of long reads together.

    :param first: 1-based; ``last`` is None for all beyond.
    :param bases: read bases counted here.
    :param shares: A, C, G, T, N → share of the bases, 0 to 1.
    """

    first: int
    last: int | None
    bases: int
    mean: float
    p10: float
    p25: float
    median: float
    p75: float
    p90: float
    shares: Mapping[str, float]

    @property
    def name(self) -> str:
        """As a table shows it: ``12``, ``40–44``, or ``500–`` for all beyond."""
        return str(self.first) if self.last == self.first else f"{self.first}–{self.last or ''}"

    @property
    def middle(self) -> float:
        """Where a figure draws it: the middle of the first and last base, 1-based; the first where there is no last."""
        return self.first if self.last is None else (self.first + self.last) / 2


@dataclass(frozen=True)
class Mate:
    """The reads of one file.

    :param label: ``R1`` or ``R2``.
    :param name: the file as the user knows it.
    :param part: the counts (:meth:`metapipe.biomas.quality.profile.MateProfile.as_part`), summed over blocks.
    """

    label: str
    name: str
    part: Mapping[str, Any]

    @property
    def reads(self) -> int:
        """Number of reads, those without a base included."""
        return int(self.part["reads"])

    @property
    def bases(self) -> int:
        """Number of bases of all reads, N included."""
        return int(self.part["bases"])

    @cached_property
    def lengths(self) -> Distribution:
        """Lengths of the reads in bases; without counts when there is no read."""
        return distribution(self.part["lengths"]) or _NONE

    @cached_property
    def mean_qualities(self) -> Distribution:
        """Mean Phred scores of the reads; without counts when no read has a base."""
        return distribution(self.part["mean_qualities"]) or _NONE

    @cached_property
    def gc(self) -> Distribution:
        """GC content of the reads in per cent of their A, C, G and T; without counts when no read has one of them."""
        return distribution(self.part["gc"]) or _NONE

    @cached_property
    def qualities(self) -> Distribution:
        """All bases' Phred scores."""
        total: dict[str, int] = {}
        for counts in self.part["qualities"].values():
            for score, count in counts.items():
                total[score] = total.get(score, 0) + count
        return distribution(total) or _NONE

    @cached_property
    def positions(self) -> tuple[Position, ...]:
        """Positions that any read reaches, from the first base on; () when there is no base."""
        letters = self.part["letters"]
        return tuple(
            _position(int(first), counts, letters[first])
            for first, counts in sorted(self.part["qualities"].items(), key=lambda item: int(item[0]))
        )

    def share_from(self, score: int) -> float:
        """Return the share of bases with this Phred score or a better one."""
        return sum(count for value, count in self.qualities.counts if value >= score) / max(self.bases, 1)

    def letter_share(self, letters: str) -> float:
        """Return the share of bases that are one of these letters."""
        counted = sum(counts[letter] for counts in self.part["letters"].values() for letter in letters)
        return float(counted / max(self.bases, 1))

    def adapter_reads(self, name: str) -> int:
        """Return the number of reads that hold the beginning of this adapter."""
        return sum(self.part["adapters"].get(name, {}).values())

    def beginning(self, length: int = 20) -> str:
        """Return the letters that the reads begin with, "" when they do not begin alike (12 single bases in 20 do).

        One base when four fifths of the reads hold it, else two when nine tenths do (as IUPAC code), else ``N``.
        """
        found = "".join(_common(position.shares) for position in self.positions[:length])
        return found.rstrip("N") if sum(found.count(base) for base in "ACGT") >= 12 else ""


def _position(first: int, scores: Mapping[str, int], letters: Mapping[str, int]) -> Position:
    spread = distribution(scores) or _NONE
    total = spread.total
    return Position(
        first=first,
        last=group_end(first),
        bases=total,
        mean=spread.mean,
        p10=spread.quantile(0.1),
        p25=spread.quantile(0.25),
        median=spread.quantile(0.5),
        p75=spread.quantile(0.75),
        p90=spread.quantile(0.9),
        shares={letter: letters[letter] / total for letter in LETTERS},
    )


def _common(shares: Mapping[str, float]) -> str:
    (best, share), (second, more) = sorted(
        ((letter, shares[letter]) for letter in "ACGT"), key=lambda item: (-item[1], item[0])
    )[:2]
    if share >= 0.8:
        return best
    return _TWO["".join(sorted(best + second))] if share + more >= 0.9 else "N"


def mates_of(profile: Mapping[str, Any]) -> tuple[Mate, ...]:
    """Return both files of a profile summed over blocks: ``{name of the input: {"name": …, counts…}}``."""
    return tuple(Mate(f"R{which}", part["name"], part) for which, part in enumerate(profile.values(), 1))


def tidy(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile as its file holds it: counts by read, and numbers by position instead of counts."""
    made: dict[str, Any] = {"schema": 1}
    for key, mate in zip(profile, mates_of(profile), strict=True):
        made[key] = {
            **{name: mate.part[name] for name in ("name", "reads", "bases", "lengths", "mean_qualities", "gc")},
            "adapters": mate.part["adapters"],
            "q20": round(mate.share_from(20), 4),
            "q30": round(mate.share_from(30), 4),
            "positions": [
                {
                    "first": at.first,
                    "last": at.last,
                    "bases": at.bases,
                    "mean": round(at.mean, 2),
                    **{name: int(getattr(at, name)) for name in ("p10", "p25", "median", "p75", "p90")},
                    **{letter: round(share, 4) for letter, share in at.shares.items()},
                }
                for at in mate.positions
            ],
        }
    return made
