"""Who is there, as users meet it: samples in every form in one run, those that fail named, the rest compared.

METAPIPE_UPDATE_PICTURES=1 writes the pictures of docs/pictures anew; else they go to .build/pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from taken_pictures import picture

from metapipe.galaxy.connection import Account
from metapipe.galaxy.pipelines import TAXONOMY
from metapipe.galaxy.workflow import Workflow

if TYPE_CHECKING:
    from bioblend.galaxy import GalaxyInstance

    from conftest import FinishedRun, Watched

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1500)]

ROOT = Path(__file__).resolve().parents[2]
WHOLE, TORN = ("bay", "lagoon", "pier", "reef"), ("torn", "worn")
FAILED = "no result: a step before this one failed"


def rows(path: Path) -> list[dict[str, str]]:
    header, *lines = path.read_text().lstrip("#").splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def test_every_sample_that_did_not_fail_comes_back_with_every_result(finished_taxonomy: FinishedRun) -> None:
    found = {path.relative_to(finished_taxonomy.results).as_posix() for path in finished_taxonomy.results.rglob("*.*")}
    together = {"taxa-of-all-samples.tsv", "chart-of-all-samples.html", "counts.biom", "samples-compared.tsv"}
    together |= {"rrna-taxa-of-all-samples.tsv", "rrna-chart-of-all-samples.html"}
    together |= {"marker-taxa-of-all-samples.tsv", "marker-chart-of-all-samples.html"}
    together |= {"samples-side-by-side.html", "rrna-side-by-side.html"}
    each = {"taxa": "tsv", "taxa-of-reads": "tsv", "rrna-taxa": "tsv", "taxa-of-rrna": "tsv", "rrna-table": "tsv"}
    each |= {"small-subunit-rrna": "fasta", "read-figures": "tsv", "marker-profile": "tsv"}
    apart = {f"{label}/{sample}.{end}" for label, end in each.items() for sample in WHOLE}
    assert found == together | apart
    assert "What did not fail is done" in finished_taxonomy.printed


def test_samples_that_fail_are_named_where_the_command_ends_in_the_table_and_in_the_chart(
    finished_taxonomy: FinishedRun,
) -> None:
    for sample in TORN:
        assert f"Left out  {sample}: {FAILED}\n" in finished_taxonomy.printed
    compared = rows(finished_taxonomy.results / "samples-compared.tsv")
    assert [row["sample"] for row in compared] == [*WHOLE, *TORN]
    assert [row["left_out"] for row in compared] == ["", "", "", "", FAILED, FAILED]
    chart = (finished_taxonomy.results / "chart-of-all-samples.html").read_text()
    assert "Not in this chart: torn (" in chart


def test_the_same_pairs_give_the_same_taxa_in_two_files_and_interleaved(finished_taxonomy: FinishedRun) -> None:
    table = rows(finished_taxonomy.results / "taxa-of-all-samples.tsv")
    assert list(table[0])[3:-1] == [*WHOLE]
    assert [row["bay"] for row in table] == [row["lagoon"] for row in table]
    for label in ("taxa", "taxa-of-reads"):
        bay, lagoon = (finished_taxonomy.results / label / f"{sample}.tsv" for sample in ("bay", "lagoon"))
        assert bay.read_bytes() == lagoon.read_bytes()


def test_a_pair_counts_once_and_a_single_read_too(finished_taxonomy: FinishedRun) -> None:
    compared = {row["sample"]: row for row in rows(finished_taxonomy.results / "samples-compared.tsv")}
    assert {sample: compared[sample]["reads"] for sample in WHOLE} == {
        "bay": "2894",
        "lagoon": "2894",
        "pier": "2894",
        "reef": "270",
    }
    assert int(compared["bay"]["classified"]) > int(compared["pier"]["classified"]) > 1500
    figures = {sample: rows(finished_taxonomy.results / f"read-figures/{sample}.tsv") for sample in WHOLE}
    assert [row["reads"] for row in figures["lagoon"]] == ["reads-1", "reads-2"]
    assert [(row["reads"], row["count"]) for row in figures["pier"]] == [("single", "2894")]


def test_samples_without_rrna_have_no_column_in_its_table_and_an_empty_file_each(
    finished_taxonomy: FinishedRun,
) -> None:
    table = rows(finished_taxonomy.results / "rrna-taxa-of-all-samples.tsv")
    assert list(table[0])[3:-1] == ["reef"]
    assert "bay (no reads" in (finished_taxonomy.results / "rrna-chart-of-all-samples.html").read_text()
    for sample in ("bay", "lagoon", "pier"):
        assert (finished_taxonomy.results / f"small-subunit-rrna/{sample}.fasta").read_bytes() == b""
    assert len(rows(finished_taxonomy.results / "rrna-table/reef.tsv")) == 342


# ---------------------------------------------------------------------------------------------- in the browser


def test_the_form_takes_a_list_of_pairs_and_single_files_and_fits_one_screen(
    signed_in: Watched, account: Account, finished_taxonomy: FinishedRun, gi: GalaxyInstance, pictures: Path
) -> None:
    page = signed_in.page
    page.set_viewport_size({"width": 1440, "height": 1080})
    workflow = Workflow.read(TAXONOMY.workflow_file(ROOT))
    page.goto(account.history_url(finished_taxonomy.history_id))
    switch = page.get_by_role("button", name="Switch to this history")
    switch.wait_for()
    if switch.is_enabled():
        switch.click()
    expect(switch).to_be_disabled()
    stored = gi.workflows.show_workflow(finished_taxonomy.invocation["workflow_id"], instance=True)
    page.goto(f"{account.url}/workflows/run?id={stored['id']}")
    page.locator("#run-workflow").wait_for()
    tools = page.get_by_role("button", name="Discover")
    if tools.count():
        page.locator("#activity-tools").click()  # puts the tool panel away
    expect(tools).to_have_count(0)
    for question in workflow.inputs:
        box = page.get_by_text(question, exact=True).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 1080, question
    expect(page.locator("#form-element-0")).to_contain_text("coast")
    expect(page.locator("#run-workflow")).to_be_enabled()
    picture(page, pictures / "taxonomy-form.png")
    assert signed_in.foreign == []


def test_table_and_chart_of_all_samples_open_in_galaxy_and_name_what_is_left_out(
    signed_in: Watched, account: Account, finished_taxonomy: FinishedRun, pictures: Path
) -> None:
    page = signed_in.page
    page.goto(account.dataset_url(finished_taxonomy.dataset_id("Taxa of all samples")))
    for sample in WHOLE:
        page.get_by_text(sample, exact=True).first.wait_for()
    picture(page, pictures / "taxonomy-table.png")
    page.goto(account.dataset_url(finished_taxonomy.dataset_id("Chart of all samples")))
    frame = page.frame_locator("iframe[src*=display]")
    frame.locator("canvas").first.wait_for()
    expect(frame.locator("#left-out")).to_contain_text("torn (no result")
    picture(page, pictures / "taxonomy-chart.png")
    assert signed_in.foreign == []
