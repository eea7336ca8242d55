"""The taxon of a contig: the lowest one that most of what its genes resemble speaks for.

CAT's rule (von Meijenfeldt et al. 2019, Genome Biology 20:217): each gene votes for the lowest common ancestor of its
hits near the best, with the best hit's bits; a taxon has the votes of all genes at it or below it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metapipe.proteins.protein_hits import ProteinHit
from metapipe.stages.taxonomy.read_verdicts import tenths, verdict
from metapipe.stages.taxonomy.translated_search import TaxonHit
from metapipe.taxa.ancestry import Ancestry
from metapipe.taxa.rank_identities import RankIdentities


@dataclass(frozen=True, slots=True)
class ContigTaxon:
    """Where a contig belongs. :param support: tenths of bits that speak for it; :param votes: of all its genes."""

    taxon: int
    support: int
    votes: int

    @property
    def per_cent(self) -> str:
        """Share of the votes, rounded down: 100.00 only where all agree."""
        whole, rest = divmod(10_000 * self.support // self.votes, 100)
        return f"{whole}.{rest:02d}"


def gene_vote(
    hits: Iterable[ProteinHit], ancestry: Ancestry, top: float, limits: RankIdentities | None = None
) -> tuple[int, int] | None:
    """The taxon a gene votes for, and with how many tenths of bits; None where no significant hit has a known taxon."""
    taxa = [TaxonHit(int(hit.taxid), hit.bitscore, hit.identity) for hit in hits if hit.significant and hit.taxid]
    found = verdict(taxa, ancestry, top, limits)
    return None if found is None else (found.taxon, max(tenths(found.score), 1))


def elect(votes: Mapping[int, int], ancestry: Ancestry, support: float) -> ContigTaxon | None:
    """Go down from the root to the lowest taxon with enough votes; None without votes.

    :param votes: taxon → tenths of bits. :param support: votes that a taxon must have, per cent, 50 or more; always
        more than half, so that no two taxa beside each other can have them.
    """
    if not votes:
        return None
    total, below = sum(votes.values()), Counter[int]()
    for taxon, bits in votes.items():
        for one in ancestry.lineage(taxon):
            below[one] += bits
    enough = [taxon for taxon, bits in below.items() if 2 * bits > total and 100 * bits >= support * total]
    # They are one line downwards, and numbers grow on the way down.
    chosen = max(enough)
    return ContigTaxon(chosen, below[chosen], total)
