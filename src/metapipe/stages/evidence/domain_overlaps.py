"""Which of several domains stays where they overlap."""

from __future__ import annotations

from collections.abc import Iterable

from metapipe.proteins.domain_hits import DomainHit, along_protein, best_domain_first


def compete(one: DomainHit, other: DomainHit) -> bool:
    """Whether two domains of one protein claim the same place.

    Pfam lets only the best family of a clan have a stretch, and expects no overlap between clans but nested domains
    and frayed ends. Clans are not in the database, so: the same family, or families of one InterPro entry, compete as
    soon as they share a residue; any two others when they share more than half of the shorter envelope.
    """
    shared = min(one.envelope_end, other.envelope_end) - max(one.envelope_start, other.envelope_start) + 1
    if shared <= 0:
        return False
    related = one.family == other.family or (one.interpro != "" and one.interpro == other.interpro)
    return related or 2 * shared > min(one.length, other.length)


def resolve_overlaps(hits: Iterable[DomainHit]) -> list[DomainHit]:
    """Return the domains of one protein that stay, along it: best first, each that competes with no better one."""
    kept: list[DomainHit] = []
    for hit in sorted(hits, key=best_domain_first):
        if not any(compete(hit, better) for better in kept):
            kept.append(hit)
    return sorted(kept, key=along_protein)
