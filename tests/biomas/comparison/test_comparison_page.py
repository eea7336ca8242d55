"""The page that puts samples side by side: its numbers, its words, and the samples that are hard to show."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from communities import community

from metapipe.biomas.comparison.advice import advice
from metapipe.biomas.comparison.compared import Comparison, compare
from metapipe.biomas.comparison.figures import Shown, rank_figures
from metapipe.biomas.comparison.page import render
from metapipe.formats.table_rows import Place
from metapipe.reporting.palette import KINDS, NOWHERE, OTHER, STEPS, WIDER, ink_on
from metapipe.taxa.taxon_tree import TaxonTree

GENUS = "1:no rank:root;2:superkingdom:Bacteria;3:genus:{name}"


def made(*reads: int, names: list[str] | None = None, left_out: tuple[tuple[str, str], ...] = ()) -> Comparison:
    return compare(community(reads), names or [f"s{at}" for at in range(len(reads))], left_out)


def figures(comparison: Comparison, rank: str = "genus") -> dict[str, Shown]:
    view = next(view for view in comparison.views if view.rank == rank)
    found = rank_figures(comparison, view)
    all_shown = (found.bars, found.map, found.measures, found.growth, found.scatter, found.distances)
    return {one.kind: one for one in all_shown if one is not None}


def cells(shown: Shown) -> list[list[str]]:
    return [line.split("\t") for line in shown.table.splitlines()]


class Markup(HTMLParser):
    """What a page loads, its ids, and whether its elements are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.loads += [str(found[name]) for name in ("src", "data", "srcset", "poster") if name in found]
        self.loads += [str(found["href"])] if tag in {"link", "use", "image"} else []
        self.ids += [str(found["id"])] if "id" in found else []
        if tag not in {"meta", "input", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_loads_nothing_and_is_the_same_every_time() -> None:
    text = render(made(900, 700, 400))
    assert text == render(made(900, 700, 400))
    page = Markup(text)
    assert page.open == []
    assert page.loads == []
    assert len(page.ids) == len(set(page.ids))
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", text)


def test_every_figure_has_its_numbers_a_drawing_and_words_for_who_cannot_see_it() -> None:
    for view in made(900, 700, 400).views:
        found = figures(made(900, 700, 400), view.rank)
        assert list(found) == ["shares", "map", "diversity", "rarefaction", "samples-map", "distances"]
        for kind, shown in found.items():
            rows = cells(shown)
            assert len({len(row) for row in rows}) == 1
            assert len(rows) > 3
            if kind != "distances":
                assert str(shown.drawing).startswith("<svg><title>") or "<title>" in str(shown.drawing)[:400]
                assert 'role="img"' in str(shown.drawing)


def test_the_parts_of_a_bar_are_all_reads_of_the_sample() -> None:
    comparison = made(900, 700, 40)
    for view in comparison.views:
        header, *rows = cells(figures(comparison, view.rank)["shares"])
        assert header[:2] == ["sample", "reads"]
        assert [int(row[1]) for row in rows] == list(comparison.reads)
        assert all(sum(map(int, row[2:])) == int(row[1]) for row in rows)


def test_a_sample_a_hundred_times_larger_changes_no_share_of_the_others_and_is_named() -> None:
    comparison = made(1000, 300_000, 1200)
    shown = figures(comparison)
    sizes = sorted(view.found.named.tolist() for view in comparison.views if view.rank == "genus")[0]
    depth = min(sizes)
    header, *rows = cells(shown["diversity"])
    assert header[4] == f"rarefied to {depth}"
    assert all(float(row[4]) <= int(row[2]) for row in rows)
    assert "the axis is logarithmic" in shown["rarefaction"].caption
    hints = [hint.what for hint in advice(comparison)]
    assert any(re.fullmatch(r"s1 has \d+ times the reads of s0\.", what) for what in hints)
    alone = made(1000, 300, 1200)
    first = [row[1:] for row in cells(shown["map"]) if row[0] == "s0"]
    # Which taxa are the most abundant may change, the share of one may not.
    shares = dict(zip(cells(shown["map"])[0][1:], first[0], strict=True))
    other = dict(zip(cells(figures(alone)["map"])[0][1:], cells(figures(alone)["map"])[1][1:], strict=True))
    assert {name: shares[name] for name in shares.keys() & other.keys()} == {
        name: other[name] for name in shares.keys() & other.keys()
    }


def test_one_sample_has_no_distances_and_no_choice_of_order() -> None:
    comparison = made(500)
    assert list(figures(comparison)) == ["shares", "map", "diversity", "rarefaction"]
    text = render(comparison)
    assert "<h1>Who is there in s0</h1>" in text
    assert 'id="beta"' not in text
    assert 'name="order"' not in text


def test_two_samples_have_a_distance_and_no_map() -> None:
    comparison = made(500, 600)
    shown = figures(comparison)
    assert "samples-map" not in shown
    distance = cells(shown["distances"])[2][1]
    assert f"The distance of s0 and s1 is {distance}. A map needs three samples." in render(comparison)


def test_two_hundred_samples_of_ten_reads_make_a_page_of_a_few_megabytes_with_all_names() -> None:
    names = [f"station {at:03d}" for at in range(200)]
    comparison = made(*[10] * 200, names=names)
    text = render(comparison)
    assert len(text.encode()) < 4_000_000
    shown = figures(comparison)
    assert all(name in str(shown["shares"].drawing) for name in names)
    assert "distances" not in shown
    assert "too many for a page" in text
    few = next(hint for hint in advice(comparison) if hint.what.startswith("Fewer than 1,000 reads"))
    assert "station 000, station 001" in few.what
    assert "and 195 more" in few.what


def test_samples_that_are_left_out_are_named_with_the_reason() -> None:
    text = render(
        made(500, 400, 300, left_out=(("<bog>", "no reads"), ("fen", "no result: a step before this one failed")))
    )
    assert "2 samples are left out." in text
    assert '<th scope="row">&lt;bog&gt;</th><td class="number"></td><td class="number"></td><td>no reads</td>' in text
    assert "<bog>" not in text


def test_a_sample_without_a_read_named_at_the_rank_is_in_the_bars_and_not_in_the_distances() -> None:
    tree = TaxonTree(3)
    tree.add(GENUS.format(name="Vibrio"), 5, Place("made", 1), 0)
    tree.add("1:no rank:root;2:superkingdom:Bacteria", 7, Place("made", 1), 1)
    tree.unclassified = [0, 1, 9]
    tree.add_up()
    comparison = compare(tree, ["bay", "fjord", "bog"])
    shown = figures(comparison)
    assert [row[0] for row in cells(shown["shares"])[1:]] == ["bay", "fjord", "bog"]
    assert str(shown["diversity"].drawing).count("no read named at this rank") == 2
    assert "distances" not in shown
    assert "Distances need two samples with reads named at this rank. 2 samples have no read" in render(comparison)


@pytest.mark.parametrize(("unclassified", "said"), [([4, 2], "was given a taxon"), ([0, 0], "No sample has any read.")])
def test_when_nothing_was_named_the_page_says_so_and_is_still_a_page(unclassified: list[int], said: str) -> None:
    tree = TaxonTree(2)
    tree.unclassified = unclassified
    tree.add_up()
    text = render(compare(tree, ["a", "b"]))
    assert said in text
    assert Markup(text).open == []


def test_counts_of_what_is_no_taxon_make_a_page_that_says_so() -> None:
    """Functions by EC number come in the same table, and have ranks of their own."""
    tree = TaxonTree(2)
    for sample in (0, 1):
        tree.add("1:no rank:Functions;9:EC class:3 Hydrolases", 5, Place("made", 1), sample)
    tree.add_up()
    text = render(compare(tree, ["a", "b"]))
    assert "No read of any sample has a name at a main rank, domain to species." in text
    assert "was given a taxon" not in text
    assert Markup(text).open == []


def test_names_of_samples_and_taxa_are_text_and_never_markup() -> None:
    tree = TaxonTree(2)
    for sample in (0, 1):
        tree.add(GENUS.format(name="</pre><script>alert(1)</script>"), 5, Place("made", 1), sample)
    tree.add_up()
    text = render(compare(tree, ['"><img src=x onerror=alert(2)>', "</datalist>&amp;"]))
    page = Markup(text)
    assert page.open == []
    assert page.loads == []
    assert text.count("<script>") == 1


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_signs_on_colours_can_be_read_and_steps_grow_darker() -> None:
    assert all(contrast(colour, ink_on(colour)) >= 4.5 for colour in (*KINDS, OTHER, WIDER, NOWHERE))
    darkness = [contrast(colour, "#ffffff") for colour in STEPS]
    assert darkness == sorted(darkness)
    assert all(second / first > 1.2 for first, second in pairwise(darkness))
