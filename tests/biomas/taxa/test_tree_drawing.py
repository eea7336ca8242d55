"""The drawing: what is drawn, that nothing collides, and that it is plain SVG."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import taxa_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from metapipe.biomas.taxa.tree_drawing import Drawn, arrange, draw_tree
from metapipe.taxa.main_ranks import MAIN_RANKS, main_ranks
from metapipe.taxa.taxon_table import count_assignments
from metapipe.taxa.taxon_tree import TaxonTree

SVG = "{http://www.w3.org/2000/svg}"


def tree_of(*tables: list[samples.Row]) -> TaxonTree:
    files = [(samples.assignments(rows).splitlines(keepends=True), str(n)) for n, rows in enumerate(tables)]
    return count_assignments(files)


def labels(svg: str) -> list[tuple[float, float, str]]:
    """x, y and text of every taxon's name."""
    root = ElementTree.fromstring(svg.encode())
    found = []
    for group in root.iter(f"{SVG}g"):
        name = group.findall(f"{SVG}text")[0]
        found.append((float(name.attrib["x"]), float(name.attrib["y"]), name.text or ""))
    return found


def test_every_main_rank_is_a_column_and_other_ranks_are_not_drawn() -> None:
    svg = draw_tree(tree_of(samples.MERGED, samples.PAIRS), title="bay 3")
    names = {name for _, _, name in labels(svg)}
    assert {"classified", "Bacteria", "Vibrio cholerae", "Thermococcus kodakarensis"} <= names
    assert not any("N16961" in name or name == "cellular organisms" for name in names)
    for rank in MAIN_RANKS:
        assert f">{rank}</text>" in svg
    assert "1,073 of 1,099 reads classified (98 %)." in svg


def test_reads_of_a_strain_are_shown_at_its_species() -> None:
    _, top, _ = arrange(tree_of(samples.MERGED), 200)
    assert top is not None
    drawn = {one.taxon.name: one for one in walk(top)}
    assert (drawn["Vibrio cholerae"].direct, drawn["Vibrio cholerae"].total) == (820, 820)
    assert (drawn["Vibrio"].direct, drawn["Vibrio"].total) == (90, 910)


def walk(top: Drawn) -> Iterator[Drawn]:
    yield top
    for child in top.children:
        yield from walk(child)


@given(st.integers(2, 150), st.integers(0, 50), st.integers(1, 60))
def test_no_read_is_lost_and_no_more_taxa_are_drawn_than_asked(taxa: int, seed: int, most: int) -> None:
    tree = tree_of(samples.many_taxa(taxa, seed))
    _, top, left_out = arrange(tree, most)
    if top is None:
        assert tree.classified_reads == 0
        return
    drawn = list(walk(top))
    assert len(drawn) - 1 <= most
    assert sum(one.direct for one in drawn) == tree.classified_reads
    kept = [one.total for one in drawn[1:]]
    if kept and left_out:
        assert min(kept) > max(taxon.total_reads for taxon in left_out)


@pytest.mark.parametrize("taxa", [3, 60, 230])
def test_names_do_not_collide(taxa: int) -> None:
    placed = labels(draw_tree(tree_of(samples.many_taxa(taxa)), title="bay"))
    columns: dict[float, list[float]] = {}
    for x, y, _ in placed:
        columns.setdefault(x, []).append(y)
    for heights in columns.values():
        heights.sort()
        # A name and the numbers below it need 26 pixels.
        assert all(below - above >= 26 for above, below in pairwise(heights))


def test_what_is_left_out_is_said() -> None:
    svg = draw_tree(tree_of(samples.many_taxa(230)), title="bay", most=50)
    assert "Not drawn: " in svg
    assert "Not drawn: " not in draw_tree(tree_of(samples.many_taxa(50)), title="bay", most=50)


def test_names_are_escaped_and_nothing_is_loaded() -> None:
    svg = draw_tree(tree_of(samples.MERGED), title="<script>bay</script> & co")
    root = ElementTree.fromstring(svg.encode())
    assert not [one for one in root.iter() if one.tag.endswith(("script", "image", "a", "use", "style"))]
    assert not [key for one in root.iter() for key in one.attrib if key.startswith("on") or key.endswith("href")]


@pytest.mark.parametrize(("reads", "words"), [(0, "no reads"), (7, "none of 7 reads")])
def test_without_a_taxon_the_drawing_says_so(reads: int, words: str) -> None:
    rows: list[samples.Row] = [("r", reads, "none", "", 0, "")] if reads else []
    assert f"Nothing classified: {words}." in draw_tree(tree_of(rows), title="bay")


def test_all_reads_at_the_root_are_a_drawing() -> None:
    svg = draw_tree(tree_of([("r", 4, "lower", "90.00", 100, samples.ROOT)]), title="bay")
    assert [name for _, _, name in labels(svg)] == ["classified"]


def test_a_taxonomy_that_begins_with_kingdoms_has_them_as_domains() -> None:
    assert main_ranks(["kingdom", "phylum", "no rank"]) == {"kingdom": "domain", "phylum": "phylum"}
    assert main_ranks(["superkingdom", "kingdom"]) == {"superkingdom": "domain"}
    assert main_ranks(["division", "subdivision"]) == {"subdivision": "phylum"}
    assert main_ranks(["supergroup", "division", "class"]) == {"division": "phylum", "class": "class"}
    assert main_ranks(["division", "phylum"]) == {"phylum": "phylum"}
