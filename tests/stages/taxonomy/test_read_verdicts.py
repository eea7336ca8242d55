"""The verdict on a read, and the rule for rare taxa, for any tree and any hits."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.stages.taxonomy.read_verdicts import IDENTITIES, LIMITED_RANKS, verdict
from metapipe.stages.taxonomy.translated_search import TaxonHit
from metapipe.taxa.ancestry import Ancestry
from metapipe.taxa.rank_identities import RankIdentities, read_thresholds
from metapipe.taxa.taxon_counts import block_counts, taxa_table

# 1 root; 2 and 3 below it; 4, 5 below 2; 6 below 4.
TREE = Ancestry(
    taxids=(1, 2, 4, 6, 5, 3),
    names=("root", "two", "four", "six", "five", "three"),
    ranks=("no rank", "phylum", "genus", "species", "genus", "phylum"),
    parents=(0, 0, 1, 2, 1, 0),
    ends=(6, 5, 4, 4, 5, 6),
    numbers={1: 0, 2: 1, 4: 2, 6: 3, 5: 4, 3: 5, 99: 5},
)
SCORES = st.integers(300, 2000).map(lambda tenths: tenths / 10)
HITS = st.lists(st.builds(TaxonHit, st.sampled_from([1, 2, 3, 4, 5, 6, 99, 777]), SCORES, st.just(50.0)), max_size=8)


def test_only_hits_near_the_best_are_looked_at() -> None:
    hits = [TaxonHit(6, 100.0, 90.0), TaxonHit(5, 90.0, 80.0), TaxonHit(3, 89.9, 80.0)]
    near = verdict(hits, TREE, 10.0)
    assert near is not None
    assert (TREE.names[near.taxon], near.taxa, near.score, near.identity) == ("two", 2, 100.0, 90.0)
    best = verdict(hits, TREE, 0.0)
    assert best is not None
    assert TREE.names[best.taxon] == "six"


def test_a_merged_taxid_stands_for_the_one_it_was_merged_into_and_an_unknown_one_for_nothing() -> None:
    merged = verdict([TaxonHit(99, 50.0, 90.0), TaxonHit(777, 80.0, 90.0)], TREE, 10.0)
    assert merged is not None
    assert TREE.names[merged.taxon] == "three"
    assert verdict([TaxonHit(777, 80.0, 90.0)], TREE, 10.0) is None
    assert verdict([], TREE, 10.0) is None


@pytest.mark.parametrize(
    ("identity", "name"),
    [(100.0, "six"), (90.0, "six"), (89.99, "four"), (80.0, "four"), (79.99, "two"), (20.0, "two")],
)
def test_what_resembles_its_best_hit_little_is_named_at_a_higher_rank_only(identity: float, name: str) -> None:
    limits = RankIdentities(TREE, read_thresholds(IDENTITIES, LIMITED_RANKS))
    found = verdict([TaxonHit(6, 100.0, identity)], TREE, 10.0, limits)
    assert found is not None
    assert TREE.names[found.taxon] == name
    far = verdict([TaxonHit(6, 100.0, identity)], TREE, 10.0)
    assert far is not None
    assert TREE.names[far.taxon] == "six"


@given(HITS, st.randoms(use_true_random=False), st.sampled_from([0.0, 10.0, 33.3]))
def test_the_order_of_hits_does_not_matter_and_the_verdict_is_above_all_that_were_looked_at(
    hits: list[TaxonHit], chance: object, top: float
) -> None:
    first = verdict(hits, TREE, top)
    shuffled = list(hits)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdict(shuffled, TREE, top) == first
    if first is not None:
        best = max(hit.score for hit in hits if hit.taxid != 777)
        near = [TREE.numbers[hit.taxid] for hit in hits if hit.taxid != 777 and hit.score == best]
        assert all(first.taxon <= number < TREE.ends[first.taxon] for number in near)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=20), st.integers(0, 5), st.integers(1, 30))
def test_no_read_is_lost_to_the_rule_for_rare_taxa_and_no_rare_taxon_stays(
    counts: list[tuple[int, int]], unclassified: int, least: int
) -> None:
    lineages: Counter[str] = Counter()
    for taxon, reads in counts:
        lineages[TREE.lineage_text(taxon)] += reads
    rows = [line.split("\t") for line in taxa_table(block_counts(lineages, unclassified, least)).decode().splitlines()]
    taxa = {row[0]: (int(row[3]), int(row[4])) for row in rows[1:]}
    assert sum(direct for direct, _ in taxa.values()) == lineages.total() + unclassified
    assert taxa.get("Unclassified", (0, 0))[0] == unclassified
    for name, (_, total) in taxa.items():
        assert name in ("root", "Unclassified") or total >= least
