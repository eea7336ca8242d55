"""BIOM 1.0, held against the specification: https://biom-format.org/documentation/format_versions/biom-1.0.html."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import taxa_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from metapipe.biomas.taxa.biom_table import biom
from metapipe.taxa.taxon_table import count_assignments, read_taxa, write_taxa
from metapipe.taxa.taxon_tree import TaxonTree

REQUIRED = {
    "id": str | None,
    "format": str,
    "format_url": str,
    "type": str,
    "generated_by": str,
    "date": str,
    "rows": list,
    "columns": list,
    "matrix_type": str,
    "matrix_element_type": str,
    "shape": list,
    "data": list,
}
TYPES = ("OTU", "Pathway", "Function", "Ortholog", "Gene", "Metabolite", "Taxon")


def follows_the_specification(text: str) -> dict[str, Any]:
    """Check all that the specification demands, and return the table."""
    table: dict[str, Any] = json.loads(text)
    assert set(table) == set(REQUIRED)
    for key, kind in REQUIRED.items():
        assert isinstance(table[key], kind), key
    assert table["format"] == "Biological Observation Matrix 1.0.0"
    assert table["type"] in {f"{one} table" for one in TYPES}
    datetime.fromisoformat(table["date"])
    assert table["matrix_type"] == "sparse"
    assert table["matrix_element_type"] == "int"
    assert table["shape"] == [len(table["rows"]), len(table["columns"])]
    for axis in ("rows", "columns"):
        ids = [one["id"] for one in table[axis]]
        assert len(set(ids)) == len(ids)
        for one in table[axis]:
            assert set(one) == {"id", "metadata"}
            assert one["metadata"] is None or isinstance(one["metadata"], dict)
    places = [(row, column) for row, column, _ in table["data"]]
    assert places == sorted(set(places))
    for row, column, count in table["data"]:
        assert 0 <= row < table["shape"][0]
        assert 0 <= column < table["shape"][1]
        assert isinstance(count, int)
        assert count > 0
    return table


def tree_of(rows: list[samples.Row]) -> TaxonTree:
    return count_assignments([(samples.assignments(rows).splitlines(keepends=True), "table")])


@given(st.integers(min_value=1, max_value=60), st.integers(min_value=0, max_value=99))
def test_every_table_follows_the_specification_and_holds_every_read(taxa: int, seed: int) -> None:
    rows = samples.many_taxa(taxa, seed)
    table = follows_the_specification(biom(tree_of(rows), ["bay"]))
    assert sum(count for _, _, count in table["data"]) == sum(row[1] for row in rows)


def test_taxonomy_has_seven_ranks_in_the_form_of_qiime() -> None:
    table = follows_the_specification(biom(tree_of(samples.MERGED), ["bay 3 Tromsø"]))
    by_id = {row["id"]: row["metadata"] for row in table["rows"]}
    assert by_id["243277"]["taxonomy"] == [
        "k__Bacteria",
        "p__Pseudomonadota",
        "c__Gammaproteobacteria",
        "o__Vibrionales",
        "f__Vibrionaceae",
        "g__Vibrio",
        "s__Vibrio cholerae",
    ]
    assert by_id["662"]["taxonomy"][5:] == ["g__Vibrio", "s__"]
    assert by_id["900002"]["taxonomy"][3:] == [
        "o__",
        "f__'Candidatus' [Odd] (family: IV), \"A & B\" <x>",
        "g__O'Neill's genus_7",
        "s__",
    ]
    assert by_id["Unclassified"]["taxonomy"] == [f"{letter}__" for letter in "kpcofgs"]
    assert table["columns"] == [{"id": "bay 3 Tromsø", "metadata": None}]


def test_samples_are_columns_in_the_order_given() -> None:
    tree = read_taxa([(list(write_taxa(tree_of(rows))), "x") for rows in (samples.MERGED, samples.SECOND)])
    table = follows_the_specification(biom(tree, ["bay", "fjord"]))
    ids = [row["id"] for row in table["rows"]]
    cells = {(ids[row], column): count for row, column, count in table["data"]}
    assert (cells["662", 0], cells["662", 1]) == (90, 10)
    assert ("666", 1) not in cells


def test_a_table_without_reads_is_a_table() -> None:
    assert follows_the_specification(biom(TaxonTree(), ["bay"]))["shape"] == [0, 1]
