"""The page in Chromium, offline: every control works, by keyboard too, and nothing is asked of the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from communities import community

from metapipe.biomas.comparison.compared import Comparison, compare
from metapipe.biomas.comparison.page import render
from offline_browser import OFFLINE, Opened, chromium, opened

NAMES = ["Balsfjord 5 m", "Balsfjord 50 m", "Tromsø <harbour>", "Barents Sea station 12, bottom water", "Loki's Castle"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium(OFFLINE) as started:
        yield started


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(community([900, 800, 120_000, 700, 600]), NAMES, [("bog", "no reads")])


@pytest.fixture
def at_work(browser: Any, comparison: Comparison, tmp_path: Path) -> Iterator[Opened]:
    path = tmp_path / "samples.html"
    path.write_text(render(comparison), encoding="utf-8")
    with opened(browser, path.as_uri(), accept_downloads=True) as found:
        yield found
    assert found.asked == []
    assert found.errors == []


def shown(page: Any, kind: str) -> Any:
    return page.locator(f"figure[data-kind={kind}]:visible")


def order(page: Any) -> list[str]:
    """Names of the samples in the bars, from above."""
    rows = shown(page, "shares").locator("svg .row").all()
    placed = [(row.bounding_box()["y"], row.locator(".row-name").text_content()) for row in rows]
    return [name for _, name in sorted(placed)]


def test_a_rank_is_chosen_by_click_and_by_arrow_keys_and_all_figures_follow(at_work: Opened) -> None:
    page = at_work.page
    kinds = ("shares", "map", "diversity", "rarefaction", "samples-map", "distances")
    assert [shown(page, kind).count() for kind in kinds] == [1] * 6
    assert shown(page, "shares").get_attribute("data-rank") == "genus"
    page.get_by_text("phylum", exact=True).click()
    assert [shown(page, kind).get_attribute("data-rank") for kind in kinds] == ["phylum"] * 6
    page.locator("#rank-phylum").focus()
    page.keyboard.press("ArrowRight")
    assert shown(page, "shares").get_attribute("data-rank") == "class"


def test_samples_are_put_beside_those_that_are_alike_and_back(at_work: Opened, comparison: Comparison) -> None:
    page = at_work.page
    before = order(page)
    view = next(view for view in comparison.views if view.rank == "genus")
    page.get_by_text("alike", exact=True).click()
    after = order(page)
    assert after != before
    assert [before.index(name) for name in after] == list(view.order)
    page.get_by_text("as given", exact=True).click()
    assert order(page) == before


def test_a_sample_is_found_by_a_part_of_its_name_in_all_figures(at_work: Opened) -> None:
    page = at_work.page
    page.fill("#find", "balsfjord 5")
    assert page.locator("#found").text_content() == "2 of 5"
    for kind, marks in (("shares", ".row"), ("map", ".row"), ("rarefaction", ".curve-of"), ("samples-map", ".point")):
        found = shown(page, kind).locator(f"{marks}.here")
        assert {one.get_attribute("data-s") for one in found.all()} == {"0", "1"}
    page.fill("#find", "")
    assert page.locator(".here").count() == 0


def test_every_drawing_is_saved_as_svg(at_work: Opened) -> None:
    page = at_work.page
    for kind in ("shares", "map", "diversity", "rarefaction", "samples-map"):
        with page.expect_download() as saving:
            shown(page, kind).get_by_role("button", name="Save drawing (SVG)").click()
        assert saving.value.suggested_filename == f"{kind}-genus.svg"
        root = ElementTree.fromstring(Path(saving.value.path()).read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "Loki's Castle" in "".join(root.itertext())


def test_the_numbers_of_every_figure_are_saved_as_a_table(at_work: Opened) -> None:
    """By themselves: more than ten files a second, and Chromium drops some."""
    page = at_work.page
    for kind in ("shares", "map", "diversity", "rarefaction", "samples-map", "distances"):
        text = shown(page, kind).locator("pre").text_content()
        with page.expect_download() as saving:
            shown(page, kind).get_by_role("button", name="Save numbers (TSV)").click()
        assert saving.value.suggested_filename == f"{kind}-genus.tsv"
        assert Path(saving.value.path()).read_text(encoding="utf-8") == text
        assert text.startswith("sample\t")


def test_the_numbers_are_a_table_when_they_are_asked_for(at_work: Opened) -> None:
    page = at_work.page
    numbers = shown(page, "shares").locator("details")
    numbers.locator("summary").focus()
    page.keyboard.press("Enter")
    table = numbers.locator("table")
    table.wait_for()
    assert table.locator("tbody th").all_text_contents() == NAMES
    assert table.locator("thead th").first.get_attribute("scope") == "col"
    assert not numbers.locator("pre").is_visible()


@pytest.mark.parametrize(("kind", "mark", "words"), [("shares", "path[data-t]", "reads"), ("map", ".row path", "% of")])
def test_what_the_pointer_is_on_is_said(at_work: Opened, kind: str, mark: str, words: str) -> None:
    page = at_work.page
    shown(page, kind).locator(mark).first.hover()
    tip = page.locator("#tip")
    tip.wait_for()
    assert tip.inner_text().startswith("Balsfjord 5 m\n")
    assert words in tip.inner_text()


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_is_wider_than_the_window(browser: Any, comparison: Comparison, tmp_path: Path, width: int) -> None:
    path = tmp_path / "samples.html"
    path.write_text(render(comparison), encoding="utf-8")
    with opened(browser, path.as_uri(), width) as found:
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_the_figures_are_there_and_ranks_can_be_chosen(
    browser: Any, comparison: Comparison, tmp_path: Path
) -> None:
    path = tmp_path / "samples.html"
    path.write_text(render(comparison), encoding="utf-8")
    with opened(browser, path.as_uri(), java_script_enabled=False) as found:
        page = found.page
        assert shown(page, "shares").locator("svg").is_visible()
        page.get_by_text("phylum", exact=True).click()
        assert shown(page, "shares").get_attribute("data-rank") == "phylum"
        assert page.get_by_role("button", name="Save numbers (TSV)").count() == 0
        shown(page, "shares").locator("summary").click()
        assert shown(page, "shares").locator("pre").is_visible()
