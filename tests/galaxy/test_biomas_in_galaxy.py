"""BioMaS as its users meet it: by the command through BioBlend, and by clicks in Galaxy's own pages.

METAPIPE_UPDATE_PICTURES=1 writes the pictures of docs/pictures anew; else they go to .build/pictures.
"""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bioblend.galaxy import GalaxyInstance
from playwright.sync_api import expect
from taken_pictures import picture

from metapipe.errors import MetapipeError
from metapipe.galaxy.connection import Account
from metapipe.galaxy.running import wait
from metapipe.galaxy.workflow import Workflow

if TYPE_CHECKING:
    from conftest import FinishedRun, Watched

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1500)]

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "workflows/biomas-amplicon/biomas-amplicon.gxwf.yml"
TRUTH = ROOT / "test-data/amplicon/truth.tsv"
DATABASE = ROOT / "test-data/refdb/biomas-tiny-16s/1"
SAMPLES = ("station_A", "station_B")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as table:
        header = table.readline().lstrip("#").rstrip("\n").split("\t")
        cells = csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [dict(zip(header, row, strict=True)) for row in cells]


def genus_of(lineage: str) -> str:
    return next((step.split(":", 2)[2] for step in lineage.split(";") if step.split(":")[1:2] == ["genus"]), "")


def test_all_samples_come_back_with_every_result(finished_biomas: FinishedRun) -> None:
    found = {path.relative_to(finished_biomas.results).as_posix() for path in finished_biomas.results.rglob("*.*")}
    together = {"taxa-of-all-samples.tsv", "chart-of-all-samples.html", "counts.biom", "samples-compared.tsv"}
    together |= {"samples-side-by-side.html"}
    each = {"reports": "html", "figures": "png", "taxa": "tsv", "trees": "svg", "charts": "html"}
    each |= {"read-quality": "html", "trees-newick": "nwk"}
    each |= {"assigned-merged-reads": "tsv", "assigned-unmerged-pairs": "tsv"}
    apart = {f"{label}/{sample.lower()}.{end}" for label, end in each.items() for sample in SAMPLES}
    assert found == together | apart
    assert "What did not fail is done" in finished_biomas.printed


def test_a_sample_that_failed_is_named_and_costs_the_others_nothing(
    finished_biomas: FinishedRun, gi: GalaxyInstance
) -> None:
    compared = rows(finished_biomas.results / "samples-compared.tsv")
    assert [row["sample"] for row in compared] == [*SAMPLES, "torn"]
    assert [row["left_out"] for row in compared] == ["", "", "no result: a step before this one failed"]
    assert compared[0]["reads"] == compared[1]["reads"] != ""
    table = (finished_biomas.results / "taxa-of-all-samples.tsv").read_text().splitlines()
    assert table[0].split("\t") == ["#taxon", "taxid", "rank", *SAMPLES, "lineage"]
    assert "Not in this chart: torn (" in (finished_biomas.results / "chart-of-all-samples.html").read_text()
    shown = gi.datasets.show_dataset(finished_biomas.dataset_id("Taxa of all samples"))
    assert shown["metadata_column_names"] == ["taxon", "taxid", "rank", *SAMPLES, "lineage"]


def test_the_table_of_all_samples_shows_its_counts_without_being_moved(
    signed_in: Watched, account: Account, finished_biomas: FinishedRun, pictures: Path
) -> None:
    page = signed_in.page
    page.goto(account.dataset_url(finished_biomas.dataset_id("Taxa of all samples")))
    heading = page.get_by_text(SAMPLES[1], exact=True).first
    heading.wait_for()
    box = heading.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] < page.locator("#current-history-panel").bounding_box()["x"], (
        "the counts are in sight"
    )
    page.get_by_text("Shewanella", exact=True).first.wait_for()
    picture(page, pictures / "biomas-taxa-of-all-samples.png")
    assert signed_in.foreign == []


def test_the_form_of_a_tool_has_its_references_and_asks_nobody_else_for_them(
    signed_in: Watched, account: Account
) -> None:
    page = signed_in.page
    page.goto(f"{account.url}/?tool_id=biomas_assign_taxa")
    page.get_by_text("Fosso, B., Santamaria, M.").first.wait_for()
    assert page.get_by_text("n.d.").count() == 0
    assert page.get_by_text("(--matches)").first.is_visible()
    page.get_by_role("button", name="Run Tool").first.wait_for()
    assert signed_in.foreign == []


def test_most_reads_are_given_their_true_genus_and_hardly_any_a_wrong_one(finished_biomas: FinishedRun) -> None:
    """A genus of which the database holds nothing cannot be found; one of twenty is held out on purpose."""
    truth = {row["source"]: genus_of(row["lineage"]) for row in rows(TRUTH)}
    known = {row["name"] for row in rows(DATABASE / "taxonomy.tsv") if row["rank"] == "genus"}
    verdicts: Counter[str] = Counter()
    for label in ("assigned-merged-reads", "assigned-unmerged-pairs"):
        for row in rows(finished_biomas.results / label / "station_a.tsv"):
            source = row["read"].partition(";")[0].rpartition("-")[0]
            if truth[source] not in known:
                continue
            genus = genus_of(row["lineage"])
            verdict = "none" if not genus else "right" if genus == truth[source] else "wrong"
            verdicts[verdict] += int(row["size"])
    reads = sum(verdicts.values())
    assert reads > 1500
    assert verdicts["right"] / reads > 0.7
    assert verdicts["wrong"] / reads < 0.02


def test_equal_samples_have_equal_columns_in_the_table_and_the_biom_file(finished_biomas: FinishedRun) -> None:
    table = rows(finished_biomas.results / "taxa-of-all-samples.tsv")
    assert {row["station_A"] for row in table} != {"0"}
    assert [row["station_A"] for row in table] == [row["station_B"] for row in table]
    biom = json.loads((finished_biomas.results / "counts.biom").read_text())
    assert [column["id"] for column in biom["columns"]] == list(SAMPLES)


def open_history(page: Any, address: str) -> None:
    page.goto(address)
    switch = page.get_by_role("button", name="Switch to this history")
    switch.wait_for()
    if switch.is_enabled():
        switch.click()
    expect(switch).to_be_disabled()


def test_a_biologist_runs_the_workflow_and_opens_the_report_by_clicks_alone(
    signed_in: Watched, account: Account, finished_biomas: FinishedRun, gi: GalaxyInstance, pictures: Path
) -> None:
    page = signed_in.page
    workflow = Workflow.read(WORKFLOW)
    earlier = {run["id"] for run in gi.invocations.get_invocations(history_id=finished_biomas.history_id)}
    open_history(page, account.history_url(finished_biomas.history_id))
    page.locator("#activity-workflows").click()
    page.locator("#published a").click()
    offered = page.locator('#workflow-cards [id^="g-card-action-workflow-run-"]')
    page.locator("#center input[data-description='filter text input']").fill("BioMaS amplicon")
    expect(offered).to_have_count(1, timeout=60_000)
    offered.click()
    page.locator("#run-workflow").wait_for()
    for question in workflow.inputs:
        expect(page.get_by_text(question, exact=True).first).to_be_attached()
    page.locator("#activity-tools").click()  # puts the tool panel away
    expect(page.locator("#run-workflow")).to_be_enabled()
    picture(page, pictures / "biomas-form.png")
    page.locator("#run-workflow").click()
    fresh = eventually(
        lambda: [
            run["id"]
            for run in gi.invocations.get_invocations(history_id=finished_biomas.history_id)
            if run["id"] not in earlier
        ]
    )
    assert len(fresh) == 1
    page.goto("about:blank")  # a page that shows a run redraws it without end: that would take more than the run
    with pytest.raises(MetapipeError, match="METAPIPE-E106 torn_2"):
        wait(gi, workflow, fresh[0], lambda steps: None)
    invocation = gi.invocations.show_invocation(fresh[0])
    page.goto(account.url)
    history = page.locator("#current-history-panel")
    history.get_by_text("Reports", exact=True).first.click()
    history.get_by_text("station_A", exact=True).first.wait_for()
    history.locator(".display-btn").first.click()
    report = page.frame_locator("iframe[src*=display]")
    report.locator("h1").wait_for()
    assert report.get_by_text("station_A").first.is_visible()
    assert report.locator("svg").first.is_visible()
    picture(page, pictures / "biomas-report-in-galaxy.png")
    chart = invocation["outputs"]["Chart of all samples"]["id"]
    page.goto(account.dataset_url(chart))
    page.frame_locator("iframe[src*=display]").locator("canvas").first.wait_for()
    expect(page.frame_locator("iframe[src*=display]").locator("#left-out")).to_contain_text("torn (no result")
    picture(page, pictures / "biomas-chart-in-galaxy.png")
    assert signed_in.foreign == []


def eventually(look: Callable[[], list[Any]], seconds: float = 120) -> list[Any]:
    """What is found as soon as anything is."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(1)
    return found


@pytest.mark.parametrize("name", ["reports/station_a.html", "charts/station_b.html", "chart-of-all-samples.html"])
def test_downloaded_pages_need_no_network_and_make_no_error(
    name: str, watched: Watched, finished_biomas: FinishedRun, pictures: Path
) -> None:
    page = watched.page
    page.goto((finished_biomas.results / name).as_uri())
    page.locator("canvas, svg").first.wait_for()
    picture(page, pictures / f"biomas-{name.replace('/', '-').removesuffix('.html')}.png")
    assert watched.foreign == []
    assert watched.errors == []
