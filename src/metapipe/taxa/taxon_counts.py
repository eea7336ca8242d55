"""Counts of reads by taxon: what a block leaves, and the table that all blocks make together."""

from __future__ import annotations

from collections import Counter
from typing import Any

from metapipe.formats.table_rows import Place
from metapipe.taxa.ancestry import Ancestry
from metapipe.taxa.main_ranks import main_ranks
from metapipe.taxa.taxon_table import write_taxa
from metapipe.taxa.taxon_tree import TaxonTree
from metapipe.taxa.taxonomy import Taxonomy


def block_counts(lineages: Counter[str], unclassified: int, min_support: int) -> dict[str, Any]:
    """What a block says, as JSON. :param lineages: lineage of a taxon → reads at it."""
    return {"lineages": dict(lineages), "unclassified": unclassified, "min_support": str(min_support)}


def taxa_table(counts: dict[str, Any]) -> bytes:
    """The table of taxa made of the summed counts of all blocks. Of no block, its header."""
    tree = TaxonTree()
    for lineage, reads in sorted(counts.get("lineages", {}).items()):
        tree.add(lineage, reads, Place("counts", 1))
    tree.unclassified[0] = counts.get("unclassified", 0)
    raise_rare(tree, int(counts.get("min_support", 1)))
    return b"".join(write_taxa(tree))


def raise_rare(tree: TaxonTree, min_support: int) -> None:
    """Give the reads of a taxon that has fewer than ``min_support``, with all below it, to the taxon above.

    MEGAN's rule. From the leaves upwards, so that rare species may make a frequent genus; no read is lost: what is
    rare everywhere ends at the root.
    """
    tree.add_up()
    for taxon in reversed(list(tree)):
        taxon.total[0] = taxon.direct[0] + sum(child.total[0] for child in taxon.children)
        if taxon.parent is not None and taxon.total[0] < min_support:
            taxon.parent.direct[0] += taxon.direct[0]
            taxon.direct[0] = taxon.total[0] = 0
    tree.prune()
    tree.add_up()


def at_ranks(taxa: Counter[int], ancestry: Ancestry | Taxonomy) -> dict[str, int]:
    """What is placed at each main rank or below it. :param taxa: taxon → reads or bases."""
    main = main_ranks(ancestry.ranks)
    ranks = Counter[str]()
    for taxon, reads in taxa.items():
        for rank in {main[ancestry.ranks[one]] for one in ancestry.lineage(taxon) if ancestry.ranks[one] in main}:
            ranks[rank] += reads
    return dict(ranks)
