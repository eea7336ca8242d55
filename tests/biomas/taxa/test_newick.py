"""Newick that other programs read: names come back as they were."""

from __future__ import annotations

from io import StringIO

import pytest
import taxa_samples as samples
from Bio import Phylo
from hypothesis import example, given
from hypothesis import strategies as st

from metapipe.biomas.taxa.newick import label, newick
from metapipe.formats.table_rows import Place
from metapipe.taxa.taxon_tree import TaxonTree

HERE = Place("table", 2)


def tree_of(*lineages: str) -> TaxonTree:
    tree = TaxonTree()
    for lineage in lineages:
        tree.add(lineage, 3, HERE)
    tree.add_up()
    return tree


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Vibrio", "Vibrio"),
        ("Vibrio cholerae", "'Vibrio cholerae'"),
        ("O'Neill's", "'O''Neill''s'"),
        ("'Nostoc azollae'", "'''Nostoc azollae'''"),  # Biopython 1.88 loses a quote that a name begins with
        ("genus_7", "'genus_7'"),
        ("7", "'7'"),
        ("a[b](c),d:e;", "'a[b](c),d:e;'"),
        ("a\\", "'a/'"),
    ],
)
def test_names_are_quoted_where_newick_demands_it(name: str, written: str) -> None:
    assert label(name) == written


def test_biopython_reads_names_and_structure() -> None:
    lineages = [row[5] for row in samples.MERGED if row[5]]
    parsed = Phylo.read(StringIO(newick(tree_of(*lineages))), "newick")
    names = {clade.name for clade in parsed.find_clades()}
    assert {"root", "Vibrio cholerae", "O'Neill's genus_7"} <= names
    [genus] = [clade for clade in parsed.find_clades() if clade.name == "Vibrio"]
    assert [child.name for child in genus.clades] == ["Vibrio cholerae"]


def test_biomas_features_stand_in_the_comment() -> None:
    parsed = Phylo.read(StringIO(newick(tree_of(samples.VIBRIO, samples.CHOLERAE, samples.CHOLERAE))), "newick")
    [species] = parsed.get_terminals()
    assert species.comment == "&&NHX:name=Vibrio_cholerae:taxid=666:assigned=6:summarized=6:Order=species"
    assert "name=root:taxid=1:assigned=0:summarized=9:Order=no_rank" in parsed.root.comment


def test_no_taxon_is_the_empty_tree() -> None:
    assert newick(TaxonTree()) == ";\n"


@example(["[&&NHX:"])
@given(
    st.lists(st.text(st.characters(exclude_characters="\\;\t", exclude_categories=("C", "Z")), min_size=1), max_size=6)
)
def test_any_names_come_back(names: list[str]) -> None:
    lineage = "1:no rank:root" + "".join(f";{number}:genus:x{name}" for number, name in enumerate(names, start=2))
    text = newick(tree_of(lineage))
    assert len(text.splitlines()) == 1
    parsed = Phylo.read(StringIO(text), "newick")
    assert [clade.name for clade in parsed.find_clades()] == ["root", *(f"x{name}" for name in names)]
    for clade in parsed.find_clades():
        features = clade.comment.removeprefix("&&NHX:name=").split(":")
        assert [part.partition("=")[0] for part in features[1:]] == ["taxid", "assigned", "summarized", "Order"]
