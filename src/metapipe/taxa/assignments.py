"""What a classifier says of its reads: a row each, and what a block of them adds to the counts."""

from __future__ import annotations

import json
from collections import Counter

from metapipe.taxa.ancestry import Ancestry
from metapipe.taxa.rows import AssignmentRow
from metapipe.taxa.taxon_counts import block_counts
from metapipe.taxa.taxonomy import Taxonomy


def unassigned(read: str) -> AssignmentRow:
    """Return the row of one read, or pair, without a taxon."""
    return AssignmentRow(read, 1, "", "", "0", "", "", "", "", "")


def assigned(
    read: str, taxon: int, tree: Ancestry | Taxonomy, *, matches: int, score: str, identity: str = ""
) -> AssignmentRow:
    """Return the row of one read, or pair.

    :param taxon: its number in the tree. :param matches: taxa that were looked at. :param score: as it is to be shown,
        and so :param identity:, where the stage has one.
    """
    return AssignmentRow(
        read=read,
        size=1,
        tier="",
        identity=identity,
        matches=str(matches),
        taxid=str(tree.taxids[taxon]),
        taxon=tree.names[taxon],
        rank=tree.ranks[taxon],
        score=score,
        lineage=tree.lineage_text(taxon),
    )


def counts_of_block(taxa: Counter[int], tree: Ancestry | Taxonomy, unclassified: int, min_support: int = 1) -> bytes:
    """Return what a block adds to the table of taxa, for :func:`~metapipe.taxa.taxon_counts.taxa_table`.

    :param taxa: taxon → reads at it. :param min_support: fewest reads of a taxon in the table.
    """
    lineages = Counter({tree.lineage_text(taxon): reads for taxon, reads in taxa.items()})
    return json.dumps(block_counts(lineages, unclassified, min_support), sort_keys=True).encode()
