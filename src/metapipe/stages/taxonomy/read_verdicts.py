"""One taxon for a read: the lowest common ancestor of what it hits about as well as its best hit (MEGAN, Kaiju).

Huson et al. 2007, Genome Research 17:377 (hits within a share of the best score); Menzel, Ng & Krogh 2016, Nature
Communications 7:11257 (proteins, ties to their common ancestor).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from metapipe.stages.taxonomy.translated_search import TaxonHit
from metapipe.taxa.ancestry import Ancestry
from metapipe.taxa.rank_identities import RankIdentities


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


#: Ranks that may ask for an identity, from the narrowest up.
LIMITED_RANKS = ("species", "genus", "family", "order", "class", "phylum")
#: Lowest identity of amino acids for a name at each rank. Proteins of two species are 95 % alike at most, of two genera
#: 65 %, of two families 45 %, on the mean of all that they share (Konstantinidis, Rosselló-Móra & Amann 2017, ISME
#: Journal 11:2399); a single read, or gene, scatters around that, so a limit for the mean is too low for one.
#: Chosen on the community *marine* of ``scripts/bench read-taxonomy``.
IDENTITIES = "species=90,genus=80,family=70,order=60"


def verdict(
    hits: Sequence[TaxonHit], ancestry: Ancestry, top: float, limits: RankIdentities | None = None
) -> Verdict | None:
    """Place a read by its hits; None where no hit is of a taxon that the taxonomy has.

    :param top: hits that score at most this many per cent below the best are looked at.
    :param limits: how alike the best hit must be for a name at a rank; None: however little.
    """
    known = [hit for hit in hits if hit.taxid in ancestry.numbers]
    if not known:
        return None
    best = known[0] if len(known) == 1 else max(known, key=lambda hit: (hit.score, hit.identity))
    # In tenths of bits and whole numbers: no read is to depend on how a sum of floats was rounded.
    share, of = _least_share(top)
    least = tenths(best.score) * share
    kept = [ancestry.numbers[hit.taxid] for hit in known if tenths(hit.score) * of >= least]
    taxon = ancestry.common(kept)
    if limits is not None and (missed := limits.missed(round(100 * best.identity))):
        taxon = int(limits.reached(missed)[taxon])
    return Verdict(taxon, len(kept), best.score, best.identity)


@cache
def _least_share(top: float) -> tuple[int, int]:
    """The share of the best score that is enough, as numerator and denominator."""
    share = 1 - Fraction(str(top)) / 100
    return share.numerator, share.denominator


def tenths(score: float) -> int:
    """A score in tenths of bits, as printed."""
    return round(10 * score)
