"""Counting on the tree: totals, order, and what does not fit together."""

from __future__ import annotations

import random

import pytest
import taxa_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.taxa.taxon_table import count_assignments, read_taxa, write_across, write_taxa
from metapipe.taxa.taxon_tree import TaxonTree, lineage_steps

HERE = Place("table", 2)


def lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def tree_of(*tables: list[samples.Row]) -> TaxonTree:
    return count_assignments([(lines(samples.assignments(rows)), f"table {n}") for n, rows in enumerate(tables)])


@given(st.integers(min_value=1, max_value=60), st.integers(min_value=0, max_value=99))
def test_a_total_is_the_direct_reads_of_a_taxon_and_the_totals_below(taxa: int, seed: int) -> None:
    tree = tree_of(samples.many_taxa(taxa, seed))
    for taxon in tree:
        assert taxon.total_reads == taxon.direct_reads + sum(child.total_reads for child in taxon.children)
        totals = [(-child.total_reads, child.name, child.taxid) for child in taxon.children]
        assert totals == sorted(totals)
    reads = sum(row[1] for row in samples.many_taxa(taxa, seed))
    assert tree.classified_reads + tree.unclassified_reads == reads


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(source: random.Random) -> None:
    rows = samples.many_taxa(40)
    shuffled = list(rows)
    source.shuffle(shuffled)
    assert list(write_taxa(tree_of(rows))) == list(write_taxa(tree_of(shuffled)))


@given(st.integers(min_value=1, max_value=60), st.integers(min_value=0, max_value=99))
def test_a_table_read_again_is_the_same_tree(taxa: int, seed: int) -> None:
    written = list(write_taxa(tree_of(samples.many_taxa(taxa, seed))))
    assert list(write_taxa(read_taxa([(written, "taxa")]))) == written


def test_a_taxon_stands_before_those_below_it() -> None:
    seen = set()
    for taxon in tree_of(samples.many_taxa(200)):
        assert taxon.parent is None or taxon.parent.taxid in seen
        seen.add(taxon.taxid)


def test_a_name_may_hold_colons() -> None:
    assert lineage_steps("1:no rank:root;2:genus:a:b: c", HERE)[-1] == (2, "genus", "a:b: c")


@pytest.mark.parametrize("lineage", ["x", "1:root", "one:no rank:root", "1:no rank:", "1:no rank:root;", "-1:a:b"])
def test_a_malformed_lineage_is_refused(lineage: str) -> None:
    with pytest.raises(MetapipeError) as caught:
        TaxonTree().add(lineage, 1, HERE)
    assert (caught.value.code, caught.value.line) == ("E111", 2)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("1:no rank:root;2:genus:B", "taxon 2 as genus A"),
        ("1:no rank:root;2:family:A", "taxon 2 as genus A"),
        ("1:no rank:root;3:order:C;2:genus:A", r"A \(2\) below root"),
        ("7:no rank:other", r"one root, root \(1\)"),
    ],
)
def test_taxa_of_two_taxonomies_are_refused(other: str, words: str) -> None:
    tree = TaxonTree()
    tree.add("1:no rank:root;2:genus:A", 1, HERE)
    with pytest.raises(MetapipeError, match=words) as caught:
        tree.add(other, 1, HERE)
    assert caught.value.code == "E125"


def test_a_row_whose_taxon_is_not_the_end_of_its_lineage_is_refused() -> None:
    table = samples.assignments(samples.MERGED).replace(b"\t666\tVibrio cholerae", b"\t667\tVibrio cholerae")
    with pytest.raises(MetapipeError) as caught:
        count_assignments([(lines(table), "merged")])
    assert (caught.value.code, caught.value.line) == ("E111", 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"\t701\t821\t", b"\t702\t821\t"), "E111"),
        ((b"\t26\t26\t\n", b"\tmany\t26\t\n"), "E111"),
        ((b"Unclassified", b"Unknown"), "E111"),
        ((b"#taxon\t", b"#name\t"), "E111"),
        ((b"\tgenus\t", b"\tgenus\tx\t"), "E111"),
    ],
)
def test_a_table_of_taxa_that_was_changed_is_refused(change: tuple[bytes, bytes], code: str) -> None:
    table = b"".join(write_taxa(tree_of(samples.MERGED, samples.PAIRS)))
    assert change[0] in table
    with pytest.raises(MetapipeError) as caught:
        read_taxa([(lines(table.replace(*change)), "taxa")])
    assert caught.value.code == code


def test_a_taxon_twice_in_a_table_is_refused() -> None:
    table = lines(b"".join(write_taxa(tree_of(samples.SECOND))))
    with pytest.raises(MetapipeError) as caught:
        read_taxa([([*table, table[1]], "taxa")])
    assert caught.value.code == "E107"


def test_samples_stand_side_by_side_with_the_most_abundant_taxa_over_all_first() -> None:
    tables = [list(write_taxa(tree_of(rows))) for rows in (samples.MERGED, samples.SECOND)]
    tree = read_taxa([(table, "x") for table in tables])
    rows = [line.decode().rstrip("\n").split("\t") for line in write_across(tree, ["bay", "fjord"], direct=False)]
    assert rows[0] == ["#taxon", "taxid", "rank", "bay", "fjord", "lineage"]
    counts = {row[0]: row[3:5] for row in rows}
    assert counts["root"] == ["1071", "510"]
    assert counts["Vibrio cholerae"] == ["820", "0"]
    assert counts["Thermococcus kodakarensis"] == ["40", "500"]
    assert counts["Unclassified"] == ["25", "4"]
    direct = {row[0]: row[3:5] for row in (line.decode().split("\t") for line in write_across(tree, "ab", direct=True))}
    assert direct["Vibrio"] == ["90", "10"]
