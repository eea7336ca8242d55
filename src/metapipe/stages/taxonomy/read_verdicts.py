"""One taxon for a read: the lowest common ancestor of what it hits about as well as its best hit (MEGAN, Kaiju).

Huson et al. 2007, Genome Research 17:377 (hits within a share of the best score); Menzel, Ng & Krogh 2016, Nature
Communications 7:11257 (proteins, ties to their common ancestor).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from metapipe.stages.taxonomy.translated_search import TaxonHit
from metapipe.taxa.ancestry import Ancestry


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a read belongs.

    :param taxon: number in the taxonomy. :param taxa: taxids that were looked at.
    :param score: bits of the best hit. :param identity: of the best hit, per cent.
    """

    taxon: int
    taxa: int
    score: float
    identity: float


def verdict(hits: Sequence[TaxonHit], ancestry: Ancestry, top: float) -> Verdict | None:
    """Place a read by its hits; None where no hit is of a taxon that the taxonomy has.

    :param top: hits that score at most this many per cent below the best are looked at.
    """
    known = [hit for hit in hits if hit.taxid in ancestry.numbers]
    if not known:
        return None
    best = max(known, key=lambda hit: (hit.score, hit.identity))
    # In tenths of bits and exact fractions: no read is to depend on how a sum of floats was rounded.
    least = tenths(best.score) * (1 - Fraction(str(top)) / 100)
    kept = [ancestry.numbers[hit.taxid] for hit in known if tenths(hit.score) >= least]
    return Verdict(ancestry.common(kept), len(kept), best.score, best.identity)


def tenths(score: float) -> int:
    """A score in tenths of bits, as printed."""
    return round(10 * score)
