"""TANGO against a plain search through all taxa."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.biomas.taxa import tango
from metapipe.biomas.taxa.tango import Choices, Tango
from metapipe.taxa.taxonomy import ReferenceRow, Taxonomy, TaxonRow, make_taxonomy

QS = [Fraction(text) for text in ("0", "0.25", "0.5", "0.75", "1")]


def make(above: Sequence[int], places: Sequence[int]) -> Taxonomy:
    """Taxon i + 1 hangs on taxon ``above[i] + 1`` (the first is the root); reference ``a``, ``b`` … is of its place."""
    taxa = [TaxonRow(n + 1, None if n == 0 else up + 1, "no rank", f"t{n + 1}", "", n) for n, up in enumerate(above)]
    return make_taxonomy(taxa, [ReferenceRow(chr(97 + n), place + 1, n) for n, place in enumerate(places)])


def under(taxonomy: Taxonomy, taxon: int) -> frozenset[int]:
    """The references under a taxon, by the lineages of their taxa."""
    return frozenset(n for n, own in enumerate(taxonomy.reference_taxa) if taxon in taxonomy.lineage(int(own)))


def common(taxonomy: Taxonomy, taxa: Sequence[int]) -> int:
    """The lowest taxon in all lineages."""
    shared = set.intersection(*(set(taxonomy.lineage(taxon)) for taxon in taxa))
    return max(shared, key=lambda taxon: len(taxonomy.lineage(taxon)))


def penalties(taxonomy: Taxonomy, matches: Sequence[int], q: Fraction) -> dict[int, Fraction]:
    """Penalty of every taxon at or below the LCA of the matches that has one; of equals the lowest stands for all."""
    wanted = set(matches)
    top = common(taxonomy, [int(taxonomy.reference_taxa[match]) for match in wanted])
    found: dict[frozenset[int], tuple[int, Fraction]] = {}
    for taxon in range(len(taxonomy.taxids)):  # a child comes after its parent
        leaves = under(taxonomy, taxon)
        hits = len(leaves & wanted)
        if top in taxonomy.lineage(taxon) and hits:
            penalty = q * Fraction(len(wanted - leaves), hits) + (1 - q) * Fraction(len(leaves - wanted), hits)
            found[leaves] = (taxon, penalty)
    return dict(found.values())


def by_search(taxonomy: Taxonomy, matches: Sequence[int], q: Fraction) -> tuple[int, Fraction]:
    found = penalties(taxonomy, matches, q)
    smallest = min(found.values())
    return common(taxonomy, [taxon for taxon, penalty in found.items() if penalty == smallest]), smallest


def choose(taxonomy: Taxonomy, reads: Sequence[Sequence[int]], q: Fraction) -> Choices:
    flat = np.array([match for read in reads for match in read], dtype=np.int64)
    return Tango(taxonomy).choose(flat, np.cumsum([0, *map(len, reads)]), q)


def chosen(taxonomy: Taxonomy, reads: Sequence[Sequence[int]], q: Fraction) -> list[tuple[int, Fraction]]:
    found = choose(taxonomy, reads, q)
    fractions = map(Fraction, map(int, found.numerators), map(int, found.denominators))
    return list(zip(found.taxa.tolist(), fractions, strict=True))


@st.composite
def taxonomies(draw: st.DrawFn) -> Taxonomy:
    """Up to 16 taxa in any shape (chains, stars), up to 12 references on any of them."""
    count = draw(st.integers(1, 16))
    shape = draw(st.sampled_from(["any", "deep", "flat"]))
    above = [0]
    for n in range(1, count):
        low, high = {"any": (0, n - 1), "deep": (max(0, n - 2), n - 1), "flat": (0, min(2, n - 1))}[shape]
        above.append(draw(st.integers(low, high)))
    return make(above, draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=12)))


def some_matches(taxonomy: Taxonomy) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, len(taxonomy.references) - 1), min_size=1, max_size=15)


def all_small_taxonomies() -> Iterator[Taxonomy]:
    """Every tree of up to four taxa, with none, one or two references on each, six at most."""
    for count in range(1, 5):
        for above in itertools.product(*(range(max(1, n)) for n in range(count))):
            for numbers in itertools.product(range(3), repeat=count):
                if 0 < sum(numbers) <= 6:
                    yield make(above, [taxon for taxon, number in enumerate(numbers) for _ in range(number)])


def test_every_small_tree_and_every_set_of_matches_gives_what_a_search_finds() -> None:
    trees = 0
    for taxonomy in all_small_taxonomies():
        trees += 1
        numbers = range(len(taxonomy.references))
        reads = [read for size in numbers for read in itertools.combinations(numbers, size + 1)]
        for q in QS if trees % 7 == 0 else QS[trees % 5 :][:1]:
            assert chosen(taxonomy, reads, q) == [by_search(taxonomy, read, q) for read in reads]
    assert trees > 400


@settings(max_examples=120)
@given(st.data())
def test_any_tree_and_matches_give_what_a_search_finds(data: st.DataObject) -> None:
    taxonomy = data.draw(taxonomies())
    reads = data.draw(st.lists(some_matches(taxonomy), min_size=1, max_size=8))
    for q in (*QS, data.draw(st.fractions(0, 1, max_denominator=1000))):
        assert chosen(taxonomy, reads, q) == [by_search(taxonomy, read, q) for read in reads]


@given(st.data())
def test_order_repeats_and_neighbours_of_a_read_never_matter(data: st.DataObject) -> None:
    taxonomy = data.draw(taxonomies())
    q = data.draw(st.sampled_from(QS))
    read = data.draw(some_matches(taxonomy))
    shuffled = data.draw(st.permutations([*read, *data.draw(st.lists(st.sampled_from(read), max_size=5))]))
    alone = chosen(taxonomy, [read], q)
    assert chosen(taxonomy, [shuffled], q) == alone
    others = data.draw(st.lists(some_matches(taxonomy), max_size=3))
    assert chosen(taxonomy, [*others, read, *others], q)[len(others)] == alone[0]


@given(st.data())
def test_with_q_1_it_is_the_lowest_common_ancestor(data: st.DataObject) -> None:
    taxonomy = data.draw(taxonomies())
    read = data.draw(some_matches(taxonomy))
    (taxon, penalty), *_ = chosen(taxonomy, [read], Fraction(1))
    assert taxon == common(taxonomy, [int(taxonomy.reference_taxa[match]) for match in read])
    assert penalty == 0


@given(st.data())
def test_one_match_gives_its_own_taxon_and_all_matches_under_a_taxon_give_that_taxon(data: st.DataObject) -> None:
    taxonomy = data.draw(taxonomies())
    q = data.draw(st.sampled_from(QS))
    match = data.draw(st.integers(0, len(taxonomy.references) - 1))
    own = int(taxonomy.reference_taxa[match])
    assert chosen(taxonomy, [[match]], q)[0][0] == own
    taxon = data.draw(st.sampled_from(taxonomy.lineage(own)))
    leaves = under(taxonomy, taxon)
    lowest = common(taxonomy, [int(taxonomy.reference_taxa[leaf]) for leaf in leaves])
    assert chosen(taxonomy, [sorted(leaves)], q) == [(lowest, 0)]


@given(st.data())
def test_one_more_match_under_the_only_best_taxon_never_takes_the_read_elsewhere(data: st.DataObject) -> None:
    taxonomy = data.draw(taxonomies())
    q = data.draw(st.sampled_from(QS))
    read = data.draw(some_matches(taxonomy))
    taxon, smallest = chosen(taxonomy, [read], q)[0]
    if list(penalties(taxonomy, read, q).values()).count(smallest) > 1:
        return  # the taxon is what tied ones share, not one of the best itself
    for more in under(taxonomy, taxon):
        assert taxon in taxonomy.lineage(chosen(taxonomy, [[*read, more]], q)[0][0])


@given(st.data())
def test_a_larger_q_never_leaves_more_matches_out(data: st.DataObject) -> None:
    """Of the best taxa themselves; the common ancestor of tied ones may lie above those of a larger q."""
    taxonomy = data.draw(taxonomies())
    read = data.draw(some_matches(taxonomy))
    before = 0
    for q in QS:
        found = penalties(taxonomy, read, q)
        best = [taxon for taxon, penalty in found.items() if penalty == min(found.values())]
        hits = [len(under(taxonomy, taxon) & set(read)) for taxon in best]
        assert before <= min(hits)
        before = max(hits)
        assert chosen(taxonomy, [read], q)[0][0] == common(taxonomy, best)


@given(st.data())
def test_what_stands_outside_the_lca_never_matters(data: st.DataObject) -> None:
    taxonomy = data.draw(taxonomies())
    q = data.draw(st.sampled_from(QS))
    read = data.draw(some_matches(taxonomy))
    parents, places = taxonomy.parents.tolist(), taxonomy.reference_taxa.tolist()
    outside = len(parents) + 1  # below a new root: the old one with all it has, and two taxa with a reference each
    larger = make([0, 0, *(up + 1 for up in parents[1:]), 0, 0], [*(n + 1 for n in places), outside, outside + 1])
    names = [larger.reference_numbers[chr(97 + match)] for match in read]
    before, after = chosen(taxonomy, [read], q)[0], chosen(larger, [names], q)[0]
    assert before[1] == after[1]
    assert int(larger.taxids[after[0]]) == before[0] + 2


@pytest.mark.parametrize(
    ("matches", "q", "taxid"),
    [
        ("ab", "0.5", 3),  # two of the three references of a species
        ("abcd", "0.5", 2),  # all of both species of a genus
        ("abce", "0.25", 3),  # all of a species and one elsewhere: left out where references taken in weigh more
        ("abce", "0.5", 1),  # and not left out where they do not
        ("ad", "0", 4),  # the species of one reference is matched fully
    ],
)
def test_q_weighs_matches_left_out_against_references_taken_in(matches: str, q: str, taxid: int) -> None:
    taxonomy = make([0, 0, 1, 1, 0], [2, 2, 2, 3, 4])
    read = [taxonomy.reference_numbers[name] for name in matches]
    taxon, _ = by_search(taxonomy, read, Fraction(q))
    assert chosen(taxonomy, [read], Fraction(q))[0][0] == taxon
    assert taxonomy.taxids[taxon] == taxid


def test_tied_siblings_give_their_parent_and_never_the_first_of_them() -> None:
    taxonomy = make([0, 0, 0, 0], [1, 2, 3, 3])  # three species below the root; a and b match
    assert chosen(taxonomy, [[0, 1]], Fraction(0)) == [(0, 0)]


def test_a_chain_of_taxa_with_the_same_references_gives_the_lowest() -> None:
    taxonomy = make([0, 0, 1, 2], [3, 3])
    for q in QS:
        assert chosen(taxonomy, [[0], [0, 1]], q) == [(3, (1 - q)), (3, Fraction(0))]


def test_nothing_gives_nothing() -> None:
    found = Tango(make([0], [0])).choose(np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64), Fraction(1, 2))
    assert len(found.taxa) == len(found.numerators) == len(found.denominators) == 0


def test_reads_cut_into_batches_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    taxonomy = make([0, 0, 0, 1, 1, 2, 2], [3, 3, 4, 5, 5, 6, 2, 0])
    reads = [read for size in range(1, 6) for read in itertools.combinations(range(8), size)]
    whole = chosen(taxonomy, reads, Fraction(1, 2))
    for size in (1, 2, 3, 7, 100):
        monkeypatch.setattr(tango, "BATCH", size)
        assert chosen(taxonomy, reads, Fraction(1, 2)) == whole


@pytest.mark.parametrize("q", ["0.3333333333333333", "1e-17", "0.99999999999999999999"])
def test_a_q_of_many_digits_is_exact(q: str) -> None:
    taxonomy = make([0, 0, 0, 1, 1, 2, 2], [3, 3, 4, 5, 5, 6, 2, 0])
    reads = [read for size in range(1, 9) for read in itertools.combinations(range(8), size)]
    assert chosen(taxonomy, reads, Fraction(q)) == [by_search(taxonomy, read, Fraction(q)) for read in reads]


def test_fractions_that_are_equal_in_floating_point_are_told_apart() -> None:
    big = 2**60
    costs = np.array([big + 1, big, big + 2, 3, 1], dtype=object)
    hits = np.array([1, 1, 1, 3, 1], dtype=np.int64)
    owners, begins = np.array([0, 0, 0, 1, 1]), np.array([0, 3])
    best = tango._smallest_fraction(costs, hits, owners, begins)
    assert best[0] == 1
    assert best[1] in (3, 4)
