"""Made samples of many taxa, by a seed: three kinds of community, reads from few to very many."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import taxa_samples

from metapipe.formats.table_rows import Place
from metapipe.taxa.taxon_tree import TaxonTree

LINEAGES = sorted({row[5] for row in taxa_samples.many_taxa(200) if row[5]})


def community(reads: Sequence[int]) -> TaxonTree:
    """A tree of as many samples as there are numbers of reads; a fifth of the reads has no taxon."""
    tree = TaxonTree(len(reads))
    for sample, size in enumerate(reads):
        weights = [random.Random(f"{sample % 3} {taxon}").expovariate(1) ** 3 for taxon in LINEAGES]
        draw = random.Random(sample)
        drawn = draw.choices(LINEAGES, weights, k=min(size, 3000))
        times = max(size // 3000, 1)
        for lineage, count in sorted(Counter(drawn).items()):
            tree.add(lineage, count * times, Place("made", 1), sample)
        tree.unclassified[sample] = size // 5
    tree.add_up()
    return tree
