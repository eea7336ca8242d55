"""Reads by the taxa of a rank: every read is counted once, and a large sample has no more say than a small one."""

from __future__ import annotations

import taxa_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from metapipe.formats.table_rows import Place
from metapipe.taxa.rank_counts import present_ranks, rank_counts
from metapipe.taxa.taxon_tree import TaxonTree

HERE = Place("table", 2)


def tree_of(*columns: dict[str, int]) -> TaxonTree:
    """A tree of samples. :param columns: lineage → reads of each; the empty lineage is unclassified."""
    tree = TaxonTree(len(columns))
    for sample, lineages in enumerate(columns):
        for lineage, reads in lineages.items():
            if lineage:
                tree.add(lineage, reads, HERE, sample)
            else:
                tree.unclassified[sample] += reads
    tree.add_up()
    return tree


def test_reads_below_a_rank_count_at_it_and_reads_above_it_are_wider() -> None:
    tree = tree_of({samples.STRAIN: 3, samples.VIBRIO: 2, samples.GAMMA: 4, samples.KODAK: 5, "": 6})
    found = rank_counts(tree, "genus")
    assert dict(zip(found.names, found.counts[:, 0].tolist(), strict=True)) == {"Vibrio": 5, "Thermococcus": 5}
    assert (found.wider.tolist(), found.unclassified.tolist(), found.reads.tolist()) == ([4], [6], [20])
    assert present_ranks(tree) == ["domain", "phylum", "class", "order", "family", "genus", "species"]


def test_a_taxon_of_many_small_samples_comes_before_one_of_a_single_large_sample() -> None:
    tree = tree_of({samples.VIBRIO: 10}, {samples.VIBRIO: 10}, {samples.KODAK: 10_000})
    assert rank_counts(tree, "genus").names == ("Vibrio", "Thermococcus")


def test_two_taxa_of_one_name_are_told_apart_by_the_taxon_above() -> None:
    twin = f"{samples.ARCHAEA};77:family:Other;78:genus:Vibrio"
    assert rank_counts(tree_of({samples.VIBRIO: 2, twin: 1}), "genus").names == (
        "Vibrio (Vibrionaceae)",
        "Vibrio (Other)",
    )


def test_of_two_taxa_of_a_rank_above_each_other_the_upper_one_counts() -> None:
    nested = "1:no rank:root;5:acellular root:Viruses;6:superkingdom:Riboviria"
    found = rank_counts(tree_of({nested: 3, samples.VIBRIO: 1}), "domain")
    assert dict(zip(found.names, found.counts[:, 0].tolist(), strict=True)) == {"Viruses": 3, "Bacteria": 1}


def test_without_a_classified_read_there_is_no_rank() -> None:
    tree = tree_of({"": 4})
    assert present_ranks(tree) == []
    found = rank_counts(tree, "genus")
    assert (found.counts.shape, found.unclassified.tolist(), found.shares().shape) == ((0, 1), [4], (0, 1))


LINEAGES = [
    "",
    samples.ROOT,
    samples.BACTERIA,
    samples.GAMMA,
    samples.VIBRIO,
    samples.STRAIN,
    samples.OTHER,
    samples.KODAK,
]


@given(st.lists(st.dictionaries(st.sampled_from(LINEAGES), st.integers(0, 9)), min_size=1, max_size=4))
def test_every_read_is_counted_once_at_every_rank(columns: list[dict[str, int]]) -> None:
    tree = tree_of(*columns)
    for rank in present_ranks(tree):
        found = rank_counts(tree, rank)
        assert found.reads.tolist() == [sum(column.values()) for column in columns]
        assert (found.wider >= 0).all()
        backwards = rank_counts(tree_of(*reversed(columns)), rank)
        assert backwards.names == found.names
        assert (backwards.counts[:, ::-1] == found.counts).all()
