"""Which references a read keeps, and in which tier of identity: BioMaS's rule, in whole numbers.

An alignment counts when it covers at least 70 % of its read, (M + I) / length. Its identity is
(columns - differences) / columns with columns = M + I + D. A pair is identical with a reference on which both mates
have an alignment that counts, by the mean of each mate's best. References of 97 % and more make the *upper* tier; only
where there is none, those from 90 % on make the *lower* one (Fosso et al. 2015, doi:10.1186/s12859-015-0595-z, and the
scripts of BioMaS 2). No number is rounded before it is compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

UPPER, LOWER, NONE = "upper", "lower", "none"

#: What the alignments of a reference are worth: matching columns, columns.
Ratio = tuple[int, int]


class Match(NamedTuple):
    """One alignment of the table ``matches``: :class:`metapipe.biomas.search.sam_matches.Shape` of a reference and a
    mate."""

    reference: str
    mate: int
    columns: int
    differences: int
    bases: int


class Verdict(NamedTuple):
    """What the rule says of a read.

    :param identity: of the best reference kept; None when none is. :param references: those kept, sorted.
    """

    tier: str
    identity: Fraction | None
    references: tuple[str, ...]


NOTHING = Verdict(NONE, None, ())


@dataclass(frozen=True)
class Thresholds:
    """Lowest coverage and identities, as shares of 1, exactly.

    :param margin: how far below the best reference's identity another of the tier may be; 1 is BioMaS's rule: all of
        the tier count the same. See docs/benchmarks/amplicon-truth.md for what less does.
    """

    coverage: Fraction
    upper: Fraction
    lower: Fraction
    margin: Fraction = Fraction(1)

    @classmethod
    def of_percent(cls, coverage: float, upper: float, lower: float, margin: float = 100.0) -> Thresholds:
        """Take per cent as somebody wrote them: 98.7 is 987/1000, not the nearest binary fraction."""
        return cls(*(Fraction(repr(percent)) / 100 for percent in (coverage, upper, lower, margin)))

    def judge(self, lengths: tuple[int, int], matches: Iterable[Match]) -> Verdict:
        """Apply the rule to one read or pair.

        :param lengths: bases of both mates; the second is 0 for a single read.
        """
        best = self._best_of_each(lengths, matches)
        if lengths[1]:
            identities = {
                reference: _mean(ratio, best[reference, 2])
                for (reference, mate), ratio in best.items()
                if mate == 1 and (reference, 2) in best
            }
        else:
            identities = {reference: ratio for (reference, _), ratio in best.items()}
        for tier, threshold in ((UPPER, self.upper), (LOWER, self.lower)):
            share, whole = threshold.as_integer_ratio()
            kept = {name: ratio for name, ratio in identities.items() if ratio[0] * whole >= share * ratio[1]}
            if kept:
                highest = max(Fraction(*ratio) for ratio in set(kept.values()))
                if self.margin < 1:
                    share, whole = (highest - self.margin).as_integer_ratio()
                    kept = {name: ratio for name, ratio in kept.items() if ratio[0] * whole >= share * ratio[1]}
                return Verdict(tier, highest, tuple(sorted(kept)))
        return NOTHING

    def _best_of_each(self, lengths: tuple[int, int], matches: Iterable[Match]) -> dict[tuple[str, int], Ratio]:
        """Return the best identity of each reference and mate among the alignments that cover enough."""
        share, whole = self.coverage.as_integer_ratio()
        enough = [-(-share * length // whole) for length in lengths]  # rounded up: bases are whole
        best: dict[tuple[str, int], Ratio] = {}
        for reference, mate, columns, differences, bases in matches:
            if bases < enough[mate - 1]:
                continue
            same, over = best.get((reference, mate), (-1, 1))
            if (columns - differences) * over > same * columns:
                best[reference, mate] = (columns - differences, columns)
        return best


def _mean(first: Ratio, second: Ratio) -> Ratio:
    return first[0] * second[1] + second[0] * first[1], 2 * first[1] * second[1]


def percent(identity: Fraction | None) -> str:
    """Return an identity in per cent with two decimals, cut off, so that 96.999 % does not read as 97.00.

    >>> percent(Fraction(96999, 100000)), percent(Fraction(1)), percent(None)
    ('96.99', '100.00', '')
    """
    if identity is None:
        return ""
    hundredths = identity.numerator * 10_000 // identity.denominator
    return f"{hundredths // 100}.{hundredths % 100:02d}"
