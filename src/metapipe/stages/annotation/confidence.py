"""META-pipe 1.0's two-source confidence: how sure the annotation of a gene is.

Rules: META-pipe 1.0 (``Annotator.pm``), stated with their sources in docs/annotation-rules.md. The *transferred* level
comes from hits in a protein database, the *functional* level from domains, the tier from both.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from metapipe.proteins.domain_hits import DomainHit, best_domain_first
from metapipe.proteins.protein_hits import ProteinHit

CLOSE_IDENTITY = 50.0
CLOSE_SIMILARITY = 60.0


class Transferred(IntEnum):
    """What the protein database says of a gene."""

    CLOSE = 1  # significant, identity ≥ 50 % or similarity ≥ 60 %
    DISTANT = 2  # significant (identity ≥ 30 % or similarity ≥ 40 %)
    NOT_SIGNIFICANT = 3
    NO_HIT = 4


class Functional(IntEnum):
    """What the domain database says of a gene."""

    SIGNIFICANT = 1
    NOT_SIGNIFICANT = 2
    NO_HIT = 3


class Tier(IntEnum):
    """Confidence of a gene's annotation: 1 is best."""

    BOTH = 1
    ONE = 2
    NONE = 3


def transferred_level(best: ProteinHit | None) -> Transferred:
    """Return the level of a gene's best hit (:func:`best_hit`)."""
    if best is None:
        return Transferred.NO_HIT
    if not best.significant:
        return Transferred.NOT_SIGNIFICANT
    close = best.identity >= CLOSE_IDENTITY or best.similarity >= CLOSE_SIMILARITY
    return Transferred.CLOSE if close else Transferred.DISTANT


def functional_level(best: DomainHit | None) -> Functional:
    """Return the level of a gene's best domain (:func:`best_domain`)."""
    if best is None:
        return Functional.NO_HIT
    return Functional.SIGNIFICANT if best.significant else Functional.NOT_SIGNIFICANT


def tier(transferred: Transferred | None, functional: Functional | None) -> Tier:
    """Return the final tier; ``None`` means that this search was not run (which is not the same as no hit).

    Both searches: 1 when both are significant, 2 when exactly one is, 3 when neither is. With one search only, its
    levels are the tiers: protein levels 1 and 2 → 1, 3 → 2, 4 → 3 (META-pipe 1.0); domain levels 1 → 1, 2 → 2, 3 → 3
    (ours, by analogy). With none: 3.
    """
    if transferred is None and functional is None:
        return Tier.NONE
    if functional is None and transferred is not None:
        return Tier(max(1, transferred - 1))
    if transferred is None and functional is not None:
        return Tier(functional)
    significant = (transferred in (Transferred.CLOSE, Transferred.DISTANT)) + (functional is Functional.SIGNIFICANT)
    return Tier(3 - significant)


def best_hit(hits: Iterable[ProteinHit]) -> ProteinHit | None:
    """Return the significant hit with the highest identity, or else the hit with the highest identity.

    Ties: highest similarity, highest score, lowest E-value, then accession. (Significant ones first, so that a gene
    with any significant hit counts as such: META-pipe's level 3 is *no significant hit*.)
    """
    return min(
        hits,
        key=lambda hit: (not hit.significant, -hit.identity, -hit.similarity, -hit.bitscore, hit.evalue, hit.subject),
        default=None,
    )


def best_domain(hits: Iterable[DomainHit]) -> DomainHit | None:
    """Return the domain with the highest score, significant ones first; ties by E-value, family, place."""
    return min(hits, key=best_domain_first, default=None)
