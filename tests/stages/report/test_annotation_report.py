"""The page: made from any subset of summaries, self-contained, escaped, the same bytes every time."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import report_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.reporting import picture
from metapipe.reporting.summaries import parse
from metapipe.stages.registry import declared_defaults
from metapipe.stages.report.annotation_report import AnnotationReport
from metapipe.stages.report.gene_table import tally
from metapipe.stages.report.page import SHOWN_GENES, render
from metapipe.stages.report.steps import STEPS

VOID = {"meta", "link", "input", "br", "img", "hr"}
EVIL = "<script>alert('x')</script>\"&`{{ 7*7 }}"


class Page(HTMLParser):
    """Collects what a page loads, its texts and its ids, and checks that its elements are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self._attributes(tag, attributes)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._attributes(tag, attributes)

    def _attributes(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            assert not name.startswith("on")
            if name in ("src", "srcset", "data", "poster", "action", "background", "xlink:href") or (
                name == "href" and tag != "a"
            ):
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def page_of(summaries: dict[str, dict[str, Any]], rows: list[list[str]] | None = None, **keywords: Any) -> str:
    read = {stage: [parse(json.dumps(value).encode(), stage, STEPS)] for stage, value in summaries.items()}
    counts = None if rows is None else tally(samples.table(rows).splitlines(keepends=True), "table", SHOWN_GENES)
    return render(read, counts, **keywords)


@pytest.mark.parametrize("count", range(len(samples.STAGES) + 1))
def test_the_page_is_made_from_any_subset_of_summaries_with_and_without_the_table(count: int) -> None:
    everything = samples.full(genes=60)
    rows = samples.rows(10)
    for index, stages in enumerate(itertools.combinations(samples.STAGES, count)):
        page = Page(page_of({stage: everything[stage] for stage in stages}, rows if index % 2 else None))
        assert len(page.ids) == len(set(page.ids))
        assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_page_loads_nothing_and_links_only_to_itself_and_to_references() -> None:
    html = page_of(samples.full(), samples.rows())
    page = Page(html)
    assert page.loads == []
    assert {"link", "iframe", "object", "embed", "base"} & set(page.tags) == set()
    elsewhere = [link for link in page.links if not link.startswith(("#", "https://doi.org/"))]
    assert elsewhere == [""], "the page itself, to be saved"
    assert f'<a href="" download="{re.search("<title>(.*)</title>", html)[1]}.html">Save this page</a>' in html  # type: ignore[index]
    assert "url(" not in html
    assert "@import" not in html
    assert set(re.findall(r"https?://[^/\"]+", html)) == {"https://doi.org"}


def test_the_page_says_the_result_the_methods_and_what_each_tier_means() -> None:
    text = Page(page_of(samples.full(), samples.rows(), defaults=declared_defaults(samples.STAGES))).text
    assert "Annotation of Fram Strait 40 m" in text
    assert "61,728 read pairs" in text
    assert "megahit 1.2.9" in text
    assert "swissprot-go:2014_01" in text
    assert "sensitivity fast (default very-sensitive)" in text
    assert "two independent sources" in text
    assert "10.1093/bioinformatics/btv033" in text
    # Whose rules trim_reads follows: fastp's and Trimmomatic's.
    assert "10.1093/bioinformatics/bty560" in text
    assert "10.1093/bioinformatics/btu170" in text
    assert "The 500 best supported of 1,034 genes" in text


def test_names_from_the_data_are_shown_as_text_and_never_run() -> None:
    everything = samples.full(genes=30)
    everything["annotate"]["options"]["sample"] = EVIL
    everything["assemble"]["options"][EVIL] = EVIL
    everything["assemble"]["programs"][EVIL] = EVIL
    everything["search_domains"]["databases"]["hmm"] = {"name": EVIL, "version": EVIL, "digest": EVIL}
    everything["search_domains"]["results"]["families"] = {EVIL: 3}
    rows = [[EVIL if cell not in ("1", "2", "3") else cell for cell in row] for row in samples.rows(30)]
    html = page_of(everything, rows, title=EVIL)
    page = Page(html)
    assert page.tags.count("script") == 1
    assert "<script>alert" not in html
    assert EVIL in page.text
    assert "49" not in page.text.split("What went in")[0]


@settings(max_examples=25)
@given(st.text(max_size=60), st.lists(st.text(max_size=30), min_size=3, max_size=3))
def test_any_text_makes_a_well_formed_page(title: str, words: list[str]) -> None:
    everything = samples.full(genes=30)
    everything["annotate"]["options"]["sample"] = words[0]
    everything["search_domains"]["results"]["families"] = {words[1]: 3}
    everything["search_proteins"]["databases"]["proteins"]["name"] = words[2]
    Page(page_of(everything, title=title))


def empty_analysis() -> dict[str, dict[str, Any]]:
    everything = samples.full(genes=0)
    none = samples.contig_counts({})
    everything["assemble"]["results"] = none
    everything["filter_contigs"]["results"] = {"before": none, "after": none}
    for stage in ("search_proteins", "search_domains"):
        everything[stage]["results"] = {"proteins": 0, "queries_with_hits": 0, "queries_significant": 0}
    everything["annotate"]["results"] = samples.annotation_counts(0)
    return everything


def test_an_empty_result_says_nothing_found_and_why_and_draws_no_empty_figure() -> None:
    page = Page(page_of(empty_analysis(), []))
    assert "Nothing found. No contig of at least 1,000 bp was found." in page.text
    assert page.tags.count("svg") == 4  # the reads are still worth looking at
    assert "gene-table" not in page.ids
    assert "script" not in page.tags


def test_an_analysis_without_any_read_makes_a_page() -> None:
    everything = empty_analysis()
    none = samples.read_counts({}, 30, 3)
    everything["trim_reads"]["results"] = {
        "pairs": {"before": 0, "after": 0},
        **{name: {"before": none, "after": none} for name in ("reads-1", "reads-2")},
        "single": {"after": none},
    }
    page = Page(page_of(everything, []))
    assert "There were no reads in the input." in page.text
    assert "svg" not in page.tags


def run(
    fake_task: Callable[..., Any], tmp_path: Path, paths: list[Path], table: bytes | None, **options: Any
) -> dict[str, bytes]:
    side = {}
    if table is not None:
        side["table"] = tmp_path / "annotation.tsv"
        side["table"].write_bytes(table)
    task = fake_task(AnnotationReport(), {}, side=side, side_files={"summaries": paths}, **options)
    made: dict[str, bytes] = task.run()
    return made


def test_the_stage_makes_the_same_bytes_in_whatever_order_the_summaries_come(
    fake_task: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "DENSITY", 0.25)  # everything is drawn, with few pixels: those take most of the time
    paths = samples.write(tmp_path, samples.full(genes=60))
    table = samples.table(samples.rows(60))
    first = run(fake_task, tmp_path, paths, table)
    for seed in range(3):
        random.Random(seed).shuffle(paths)
        assert run(fake_task, tmp_path, paths, table) == first
    assert set(first) == {"page", "figures"}
    assert str(tmp_path).encode() not in first["page"]
    assert b"Annotation of Fram Strait" in first["page"]


def test_the_stage_refuses_a_file_that_is_no_summary_by_its_name(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    wrong = tmp_path / "reads.json"
    wrong.write_text("{}", encoding="utf-8")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E111 reads.json: expected a summary"):
        run(fake_task, tmp_path, [wrong], None)


def test_a_given_title_is_the_heading(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    paths = samples.write(tmp_path, samples.full())
    assert b"<h1>Station 7 &amp; 8</h1>" in run(fake_task, tmp_path, paths, None, title="Station 7 & 8")["page"]


def test_the_page_stays_small() -> None:
    assert len(page_of(samples.full(genes=5000), samples.rows(5000)).encode()) < 400_000
