"""Which references a read keeps, and in which tier of identity: BioMaS's rule, in whole numbers.

An alignment counts when it covers at least 70 % of its read, (M + I) / length. Its identity is
(columns - differences) / columns with columns = M + I + D. A pair is identical with a reference on which both mates
have an alignment that counts, by the mean of each mate's best. References of 97 % and more make the *upper* tier; only
where there is none, those from 90 % on make the *lower* one (Fosso et al. 2015, doi:10.1186/s12859-015-0595-z, and the
scripts of BioMaS 2). No number is rounded before it is compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

UPPER, LOWER, NONE = "upper", "lower", "none"


class Measure(NamedTuple):
    """What a match says of one alignment besides its reference: :class:`metapipe.biomas.search.sam_matches.Shape` of a
    mate."""

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


def share(per_cent: float) -> Fraction:
    """Per cent as somebody wrote them, as a share of 1: 98.7 is 987/1000, not the nearest binary fraction."""
    return Fraction(repr(per_cent)) / 100


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
        """Take per cent as somebody wrote them (:func:`share`)."""
        return cls(share(coverage), share(upper), share(lower), share(margin))

    def judge(self, lengths: tuple[int, int], references: Sequence[str], measures: Sequence[Measure]) -> Verdict:
        """Apply the rule to one read or pair.

        References of a read are many, and few differ in their measures: each is weighed once.

        :param lengths: bases of both mates; the second is 0 for a single read.
        :param references: of each alignment, any order, any number of times. :param measures: likewise.
        """
        share, whole = self.coverage.as_integer_ratio()
        enough = [-(-share * length // whole) for length in lengths]  # rounded up: bases are whole
        worth = {
            measure: Fraction(measure.columns - measure.differences, measure.columns)
            for measure in set(measures)
            if measure.bases >= enough[measure.mate - 1]
        }
        if lengths[1]:
            return self._of_pairs(references, measures, worth)
        lowest = self._lowest(worth.values())
        if lowest is None:
            return NOTHING
        kept = {measure for measure, identity in worth.items() if identity >= lowest.identity}
        named = {reference for reference, measure in zip(references, measures, strict=True) if measure in kept}
        return Verdict(lowest.tier, max(worth.values()), tuple(sorted(named)))

    def _of_pairs(
        self, references: Sequence[str], measures: Sequence[Measure], worth: Mapping[Measure, Fraction]
    ) -> Verdict:
        """Mean of the best identities of both mates, of references that both have an alignment with that counts."""
        best: tuple[dict[str, Fraction], dict[str, Fraction]] = ({}, {})
        for reference, measure in zip(references, measures, strict=True):
            if (identity := worth.get(measure)) is not None:
                of_mate = best[measure.mate - 1]
                if identity > of_mate.get(reference, -1):
                    of_mate[reference] = identity
        both = {reference: (first, best[1][reference]) for reference, first in best[0].items() if reference in best[1]}
        means = {pair: (pair[0] + pair[1]) / 2 for pair in set(both.values())}
        lowest = self._lowest(means.values())
        if lowest is None:
            return NOTHING
        named = (reference for reference, pair in both.items() if means[pair] >= lowest.identity)
        return Verdict(lowest.tier, max(means.values()), tuple(sorted(named)))

    def _lowest(self, identities: Collection[Fraction]) -> _Lowest | None:
        """The tier of the best identity, and the lowest that is kept beside it; None when it is of no tier."""
        best = max(identities, default=Fraction(-1))
        for tier, threshold in ((UPPER, self.upper), (LOWER, self.lower)):
            if best >= threshold:
                return _Lowest(tier, max(threshold, best - self.margin))
        return None


class _Lowest(NamedTuple):
    tier: str
    identity: Fraction


def percent(identity: Fraction | None) -> str:
    """Return an identity in per cent with two decimals, cut off, so that 96.999 % does not read as 97.00.

    >>> percent(Fraction(96999, 100000)), percent(Fraction(1)), percent(None)
    ('96.99', '100.00', '')
    """
    if identity is None:
        return ""
    hundredths = identity.numerator * 10_000 // identity.denominator
    return f"{hundredths // 100}.{hundredths % 100:02d}"
