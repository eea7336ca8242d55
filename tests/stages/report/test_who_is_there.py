"""The part *Who is there*: up to four views of one sample, side by side, with reasons where they disagree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st
from test_annotation_report import Page

from metapipe.cli import main
from metapipe.formats.table_rows import Place
from metapipe.reporting.summaries import Summary, parse
from metapipe.stages.report.page import render
from metapipe.stages.report.reasons import reason
from metapipe.stages.report.steps import STEPS
from metapipe.stages.report.views import Disagreement, View, disagreements, key_of, shared_ranks, side_by_side
from metapipe.stages.report.who import view, who_sentence
from metapipe.taxa.taxon_table import write_taxa
from metapipe.taxa.taxon_tree import TaxonTree
from offline_browser import OFFLINE, chromium, opened

ROOT = "1:no rank:root"
VIBRIO = f"{ROOT};2:superkingdom:Bacteria;3:family:Vibrionaceae;4:genus:Vibrio"
ROSEO = f"{ROOT};2:superkingdom:Bacteria;5:family:Roseobacteraceae;6:genus:Roseobacter"
NITRO = f"{ROOT};7:superkingdom:Archaea;8:family:Nitrosopumilaceae;9:genus:Nitrosopumilus"
DIATOM = f"{ROOT};10:superkingdom:Eukaryota;11:family:Thalassiosiraceae;12:genus:Thalassiosira"
#: As Greengenes has them: other numbers, rank letters, kingdoms for domains.
GG_VIBRIO = "1:no rank:root;20:kingdom:k__Bacteria;30:family:f__Vibrionaceae;40:genus:g__Vibrio"


def disagreed(views: list[View]) -> list[Disagreement]:
    """Where views disagree at the genus."""
    return disagreements(views, "genus", side_by_side(views, "genus"))


def tree_of(counts: dict[str, int], unclassified: int = 0) -> TaxonTree:
    tree = TaxonTree()
    for lineage, reads in counts.items():
        tree.add(lineage, reads, Place("made", 1))
    tree.unclassified[0] = unclassified
    tree.add_up()
    return tree


def summaries(*made: dict[str, Any]) -> dict[str, list[Summary]]:
    return {one["stage"]: [parse(json.dumps(one).encode(), "made.json", STEPS)] for one in made}


def rrna_summary(**results: Any) -> dict[str, Any]:
    return samples.summary("classify_rrna", {"sequences": 100, "classified": 80} | results)


READS = {VIBRIO: 500, ROSEO: 300, NITRO: 150, DIATOM: 50}
BACTERIA_ONLY = summaries(rrna_summary(database_domains="bacteria", lacking_domains={"archaea": 15}))


def text_of(page: str) -> str:
    return Page(page).text


def test_views_are_compared_by_name_whatever_numbers_and_letters_their_databases_use() -> None:
    views = [view("reads", tree_of({VIBRIO: 6, ROSEO: 4}), {}), view("rrna", tree_of({GG_VIBRIO: 5}), {})]
    assert shared_ranks(views) == ["domain", "family", "genus"]
    found = side_by_side(views, "genus")
    assert [(one.name, one.counts, one.shares) for one in found] == [
        ("Vibrio", (6, 5), (0.6, 1.0)),
        ("Roseobacter", (4, 0), (0.4, 0.0)),
    ]
    assert key_of("[Clostridium]") == key_of("g__Clostridium") == key_of("clostridium")
    assert key_of("Candidatus Pelagibacter") == key_of("Pelagibacter")


def test_a_taxon_that_is_much_of_one_view_and_nothing_of_another_is_a_disagreement() -> None:
    views = [view("reads", tree_of(READS), {}), view("rrna", tree_of({VIBRIO: 60, ROSEO: 40}), {})]
    found = disagreed(views)
    # The diatom has 5 % and no more.
    assert [(one.taxon.name, one.much.key, one.missing.key, one.share) for one in found] == [
        ("Nitrosopumilus", "reads", "rrna", 0.15)
    ]
    assert found[0].expected == pytest.approx(15)


def test_a_view_that_named_nothing_at_a_rank_disagrees_with_nobody_there() -> None:
    views = [view("reads", tree_of(READS), {}), view("rrna", tree_of({f"{ROOT};2:superkingdom:Bacteria": 9}), {})]
    assert disagreed(views) == []
    assert [one.shares[1] for one in side_by_side(views, "genus")] == [None] * 4
    assert "–" in [cell for row in _rows(render({}, None, views=views), "genus") for cell in row]


def _rows(page: str, rank: str) -> list[list[str]]:
    """Cells of a rank's table of numbers."""
    part = page.partition(f'<div class="at at-{rank}">')[2].partition("</details>")[0]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", part)]


def case(much: str, missing: str, lineage: str, others: dict[str, int], made: dict[str, list[Summary]]) -> str:
    views = [view(much, tree_of(READS), made), view(missing, tree_of(others), made)]
    name = lineage.rpartition(":")[2]
    return next(reason(one, "genus") for one in disagreed(views) if one.taxon.name == name)


MANY = {VIBRIO: 6000, ROSEO: 3000}


@pytest.mark.parametrize(
    ("much", "missing", "lineage", "others", "said"),
    [
        ("reads", "rrna", NITRO, MANY, "The database of that view has no archaea"),
        ("reads", "contigs", NITRO, {VIBRIO: 9}, "May be chance: that view named 9 bases"),
        ("reads", "contigs", NITRO, MANY, "Contigs only show what assembles"),
        ("reads", "rrna", ROSEO, {VIBRIO: 6000}, "or call it by another name"),
        ("rrna", "reads", NITRO, MANY, "1 to 15 copies of the rRNA genes"),
        ("contigs", "reads", NITRO, MANY, "Its proteins may be missing in the database"),
        ("reads", "markers", NITRO, MANY, "needs several of them covered"),
    ],
)
def test_a_disagreement_has_the_most_certain_of_its_reasons(
    much: str, missing: str, lineage: str, others: dict[str, int], said: str
) -> None:
    assert said in case(much, missing, lineage, others, BACTERIA_ONLY)


def test_contigs_of_eukaryotes_are_a_reason_of_their_own() -> None:
    views = [view("reads", tree_of({DIATOM: 50, VIBRIO: 50}), {}), view("contigs", tree_of({VIBRIO: 9000}), {})]
    [one] = disagreed(views)
    assert "contigs of eukaryotes get few names" in reason(one, "genus")


def test_archaea_that_the_rrna_database_lacks_are_said_on_the_page_with_their_number() -> None:
    views = [
        view("reads", tree_of(READS), BACTERIA_ONLY),
        view("rrna", tree_of({VIBRIO: 60, ROSEO: 25}, 15), BACTERIA_ONLY),
    ]
    text = text_of(render(BACTERIA_ONLY, None, views=views))
    assert "The database of the rRNA has no archaea: 15 of their sequences stay unplaced." in text
    assert "Nitrosopumilus: 15 % of reads by protein, none of 16S and 18S." in text
    assert "The database of that view has no archaea: they cannot be named there." in text


def test_the_page_of_taxa_alone_speaks_of_no_genes() -> None:
    views = [view("reads", tree_of(READS, 1000), {})]
    page = render({}, None, views=views)
    text = text_of(page)
    assert "Who is there" in re.findall(r"<h1>(.*?)</h1>", page)
    assert "50 % of 2,000 reads (reads by protein) have a taxon." in text
    assert "How sure are the functions?" not in text
    assert "Tier 1" not in text
    assert "Where they disagree" not in text  # one view has nobody to disagree with
    assert "Genera" in text
    assert "Genera side by side" not in text


def test_how_many_each_view_could_place_is_said_by_rank() -> None:
    views = [view("reads", tree_of({VIBRIO: 30, f"{ROOT};2:superkingdom:Bacteria": 20}, 50), {})]
    page = render({}, None, views=views)
    table = page.partition('<table class="placed">')[2].partition("</table>")[0]
    assert re.findall(r"<td[^>]*>(.*?)</td>", table) == [
        *("100 reads", "50 %", "50 %", "0 %", "0 %", "0 %", "30 %", "30 %", "0 %")
    ]


def test_which_list_is_for_presence_and_which_for_abundance_depends_on_the_views() -> None:
    tree = tree_of(READS)
    all_views = [view(key, tree, {}) for key in ("reads", "rrna", "contigs", "markers")]
    text = text_of(render({}, None, views=all_views))
    assert "Who is present? The marker genes: each genome has every one of them once" in text
    assert "How much of each? Reads by protein: shares of the sample's DNA" in text
    text = text_of(render({}, None, views=all_views[1:3]))
    assert "What two views name is there." in text
    assert "None of these: bases of contigs say how much was assembled" in text
    mapped = [view("contigs", tree, {}, unit="mapped reads")]
    assert "Contigs, by the reads that lie on them" in text_of(render({}, None, views=mapped))


def test_with_an_annotation_the_part_stands_before_the_functions_and_all_else_stays() -> None:
    made = {name: [parse(json.dumps(one).encode(), f"{name}.json", STEPS)] for name, one in samples.full().items()}
    without = text_of(render(made, None))
    page = render(made, None, views=[view("reads", tree_of(READS), made), view("rrna", tree_of(MANY), made)])
    text = text_of(page)
    assert text.index("Who is there") < text.index("How sure are the functions?")
    assert "Annotation of" in page
    for words in ("How sure are the functions?", "The reads", "The contigs", "How to cite", "Cut gene"):
        assert words in without
        assert words in text
    assert Page(page).loads == []
    assert page == render(made, None, views=[view("reads", tree_of(READS), made), view("rrna", tree_of(MANY), made)])


def test_pairs_are_called_pairs_and_names_are_text() -> None:
    made = summaries(samples.summary("classify_reads", {}, inputs={"reads-2": {"name": "r2", "records": 9}}))
    evil = "<script>alert(1)</script>"
    one = view("reads", tree_of({f"{ROOT};2:genus:{evil}": 9}), made)
    assert "read pairs" in who_sentence([one])
    page = render(made, None, views=[one])
    assert evil not in page
    assert evil in unescape(page)
    assert Page(page).open == []


def test_without_a_taxon_anywhere_there_is_still_a_page() -> None:
    page = render({}, None, views=[view("reads", tree_of({}, 5), {}), view("rrna", tree_of({}), {})])
    text = text_of(page)
    assert "0 % of 5 reads" in text
    assert "Of 5 reads (reads by protein) only 0 % have a taxon." in text
    assert 'class="at ' not in page


LINEAGES = st.dictionaries(st.sampled_from([VIBRIO, ROSEO, NITRO, DIATOM]), st.integers(1, 999))


@given(st.lists(LINEAGES, min_size=1, max_size=4))
def test_the_order_of_the_views_changes_no_share(made: list[dict[str, int]]) -> None:
    views = [View("reads", f"view {at}", "reads", tree_of(counts)) for at, counts in enumerate(made)]
    for rank in shared_ranks(views):
        forwards, backwards = side_by_side(views, rank), side_by_side(views[::-1], rank)
        assert {one.key: one.shares for one in forwards} == {one.key: one.shares[::-1] for one in backwards}
        for at, one in enumerate(views):
            if one.named(rank):
                assert sum(taxon.shares[at] or 0 for taxon in forwards) == pytest.approx(1)


def test_the_command_takes_tables_of_taxa_and_prefers_mapped_reads_to_bases(tmp_path: Path) -> None:
    for name, counts in (("reads", READS), ("bases", MANY), ("mapped", {VIBRIO: 70, ROSEO: 30})):
        (tmp_path / f"{name}.tsv").write_bytes(b"".join(write_taxa(tree_of(counts))))
    (tmp_path / "s.json").write_text(json.dumps(rrna_summary()))
    words = ["annotation_report", "--summaries", tmp_path / "s.json", "--read-taxa", tmp_path / "reads.tsv"]
    words += ["--contig-taxa", tmp_path / "bases.tsv", "--mapped-taxa", tmp_path / "mapped.tsv"]
    words += ["--session", "inline", "--outdir", tmp_path / "out"]
    assert main([str(word) for word in words]) == 0
    page = (tmp_path / "out/report.html").read_text()
    assert "100 mapped reads" in page
    assert "9,000 bases" not in page
    assert json.loads((tmp_path / "out/summary.json").read_text())["results"]["views"] == ["reads", "contigs"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium(OFFLINE) as started:
        yield started


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_in_a_browser_a_rank_is_chosen_nothing_is_loaded_and_nothing_is_too_wide(
    browser: Any, tmp_path: Path, width: int
) -> None:
    views = [view("reads", tree_of(READS), {}), view("rrna", tree_of(MANY), {}), view("contigs", tree_of(MANY), {})]
    path = tmp_path / "report.html"
    path.write_text(render({}, None, views=views), encoding="utf-8")
    with opened(browser, path.as_uri(), width) as found:
        page = found.page
        assert page.locator("#who .at:visible h3").first.inner_text() == "Genera side by side"
        page.locator(".choices").get_by_text("family", exact=True).click()
        assert page.locator("#who .at:visible h3").first.inner_text() == "Families side by side"
        page.locator("#rank-family").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#who .at:visible h3").first.inner_text() == "Genera side by side"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert found.asked == []
    assert found.errors == []
