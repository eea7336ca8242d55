"""The page: made from any subset of summaries, self-contained, escaped, the same bytes every time."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import amplicon_summaries
import pytest
import taxa_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.biomas.report.amplicon_report import AmpliconReport
from metapipe.biomas.report.page import render
from metapipe.biomas.report.steps import REPEATED, STEPS
from metapipe.errors import MetapipeError
from metapipe.reporting.summaries import parse
from metapipe.taxa.taxon_table import count_assignments
from metapipe.taxa.taxon_tree import TaxonTree

SUMMARIES = amplicon_summaries.of_a_sample()
EVIL = "<script>alert('x')</script>\"&`{{ 7*7 }}"


class Page(HTMLParser):
    """Collects what a page loads and says, and checks that its elements are closed in order."""

    VOID = ("meta", "link", "input", "br", "img", "hr")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attributes:
            assert not name.startswith("on")
            if name in ("src", "srcset", "data", "xlink:href") or (name == "href" and tag != "a"):
                self.loads.append(value or "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def tree_of(*tables: list[samples.Row]) -> TaxonTree:
    return count_assignments([(samples.assignments(rows).splitlines(keepends=True), f"{rows[0]}") for rows in tables])


def page_of(summaries: dict[str, dict[str, Any]], tree: TaxonTree | None = None, **keywords: Any) -> str:
    read: dict[str, Any] = {}
    for name, value in summaries.items():
        one = parse(json.dumps(value).encode(), name, STEPS)
        read.setdefault(one.stage, []).append(one)
    return render({stage: read[stage] for stage in STEPS if stage in read}, tree, **keywords)


def test_the_page_says_who_is_there_and_how_many() -> None:
    text = Page(page_of(SUMMARIES, tree_of(samples.MERGED, samples.PAIRS))).text
    for words in (
        "Taxa in bay",
        "1,073 of 1,099 reads could be classified",
        "2 phyla",
        "3 genera",
        "The most abundant genus is Vibrio, with 83 % of the reads.",
        "96 % of the pairs",
        "Overlapping read pairs were merged with FLASH 1.2.11",
        "ssu-refseq, version 2024",
        "q = 0.5 in the upper tier, 1 in the lower",
        "952",  # reads of the upper tier
    ):
        assert words in text, words


def test_the_page_loads_nothing_has_no_script_and_can_be_saved_by_its_own_link() -> None:
    made = page_of(SUMMARIES, tree_of(samples.MERGED))
    page = Page(made)
    assert page.loads == []
    assert re.search(r'<a href="" download="[^"]+\.html">Save this page</a>', made)
    assert "script" not in page.tags


@settings(max_examples=30)
@given(st.sets(st.sampled_from(sorted(SUMMARIES))), st.booleans())
def test_any_subset_of_the_steps_makes_a_page(chosen: set[str], with_taxa: bool) -> None:
    tree = tree_of(samples.MERGED, samples.PAIRS) if with_taxa else None
    assert "</html>" in page_of({name: SUMMARIES[name] for name in sorted(chosen)}, tree)


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(SUMMARIES)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
)
def test_results_of_another_shape_make_a_page_with_less(name: str, value: Any) -> None:
    odd = {**SUMMARIES[name], "results": dict.fromkeys(SUMMARIES[name]["results"], value)}
    assert "</html>" in page_of({**SUMMARIES, name: odd})


def test_names_from_outside_stay_text() -> None:
    lineage = f"1:no rank:root;2:superkingdom:{EVIL};3:phylum:{EVIL};4:genus:{EVIL}"
    summaries = amplicon_summaries.of_a_sample(sample=EVIL)
    html = page_of(summaries, tree_of([("r", 1, "upper", "99.00", 1, lineage)]), title=EVIL)
    page = Page(html)
    assert "script" not in page.tags
    assert EVIL in page.text


@pytest.fixture
def reported(fake_task: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """``reported({name: summary, …}, taxa=bytes)`` runs the stage."""

    def go(summaries: dict[str, dict[str, Any]], taxa: bytes | None = None, **options: Any) -> dict[str, bytes]:
        paths = []
        for name, value in summaries.items():
            paths.append(tmp_path / f"{name}.json")
            paths[-1].write_text(json.dumps(value))
        side = {}
        if taxa is not None:
            side["taxa"] = tmp_path / "taxa.tabular"
            side["taxa"].write_bytes(taxa)
        made: dict[str, bytes] = fake_task(
            AmpliconReport(), {}, side=side, side_files={"summaries": paths}, **options
        ).run()
        return made

    return go


def test_the_order_of_the_summaries_does_not_matter(reported: Callable[..., Any]) -> None:
    known = {name: value for name, value in SUMMARIES.items() if value["stage"] not in ("quality_report",)}
    shuffled = list(known.items())
    random.Random(3).shuffle(shuffled)
    taxa = (Path(__file__).parents[3] / "test-data/taxa/taxa_bay.tabular").read_bytes()
    assert reported(known, taxa) == reported(dict(shuffled), taxa)


def test_without_taxa_there_are_page_and_picture(reported: Callable[..., Any]) -> None:
    made = reported({"merge": SUMMARIES["merge"]})
    assert made["figures"].startswith(b"\x89PNG")
    assert b"Overlapping read pairs were merged" in made["page"]


@pytest.mark.parametrize(
    ("stage", "why"), [("trim_reads", "the summary of one of"), ("merge_pairs", "all from one analysis")]
)
def test_summaries_that_do_not_belong_are_refused(reported: Callable[..., Any], stage: str, why: str) -> None:
    stranger = {**SUMMARIES["merge"], "stage": stage, "results": {"pairs": 7}}
    with pytest.raises(MetapipeError, match=why) as caught:
        reported({"merge": SUMMARIES["merge"], "other": stranger})
    assert caught.value.code in ("E111", "E112")


def test_steps_that_repeat_are_steps() -> None:
    assert set(STEPS) >= REPEATED
