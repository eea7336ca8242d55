"""BioMaS as its users meet it: by the command through BioBlend, and by clicks in Galaxy's own pages.

METAPIPE_UPDATE_PICTURES=1 writes the pictures of docs/pictures anew; else they go to .build/pictures.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bioblend.galaxy import GalaxyInstance
from playwright.sync_api import expect

from metapipe.galaxy.connection import Account
from metapipe.galaxy.workflow import Workflow, import_once

if TYPE_CHECKING:
    from conftest import FinishedRun, Watched

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1500)]

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "workflows/biomas-amplicon/biomas-amplicon.gxwf.yml"
TRUTH = ROOT / "test-data/amplicon/truth.tsv"
SAMPLES = ("station_A", "station_B")


@pytest.fixture
def pictures() -> Path:
    folder = ROOT / ("docs/pictures" if os.environ.get("METAPIPE_UPDATE_PICTURES") == "1" else ".build/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as table:
        header = table.readline().lstrip("#").rstrip("\n").split("\t")
        cells = csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [dict(zip(header, row, strict=True)) for row in cells]


def genus_of(lineage: str) -> str:
    return next((step.split(":", 2)[2] for step in lineage.split(";") if step.split(":")[1:2] == ["genus"]), "")


def test_all_samples_come_back_with_every_result(finished_biomas: FinishedRun) -> None:
    found = {path.relative_to(finished_biomas.results).as_posix() for path in finished_biomas.results.rglob("*.*")}
    together = {"taxa-of-all-samples.tsv", "chart-of-all-samples.html", "counts.biom1"}
    each = {"reports": "html", "figures": "png", "taxa": "tsv", "trees": "svg", "charts": "html"}
    each |= {"read-quality": "html", "trees-newick": "newick"}
    each |= {"assigned-merged-reads": "tsv", "assigned-unmerged-pairs": "tsv"}
    apart = {f"{label}/{sample.lower()}.{end}" for label, end in each.items() for sample in SAMPLES}
    assert found == together | apart
    assert "Done in" in finished_biomas.printed


def test_most_reads_are_given_their_true_genus_and_hardly_any_a_wrong_one(finished_biomas: FinishedRun) -> None:
    truth = {row["source"]: genus_of(row["lineage"]) for row in rows(TRUTH)}
    verdicts: Counter[str] = Counter()
    for label in ("assigned-merged-reads", "assigned-unmerged-pairs"):
        for row in rows(finished_biomas.results / label / "station_a.tsv"):
            source = row["read"].partition(";")[0].rpartition("-")[0]
            genus = genus_of(row["lineage"])
            verdict = "none" if not genus else "right" if genus == truth[source] else "wrong"
            verdicts[verdict] += int(row["size"])
    reads = sum(verdicts.values())
    assert reads > 1900
    assert verdicts["right"] / reads > 0.7
    assert verdicts["wrong"] / reads < 0.02


def test_equal_samples_have_equal_columns_in_the_table_and_the_biom_file(finished_biomas: FinishedRun) -> None:
    table = rows(finished_biomas.results / "taxa-of-all-samples.tsv")
    assert {row["station_A"] for row in table} != {"0"}
    assert [row["station_A"] for row in table] == [row["station_B"] for row in table]
    biom = json.loads((finished_biomas.results / "counts.biom1").read_text())
    assert [column["id"] for column in biom["columns"]] == list(SAMPLES)


def picture(page: Any, path: Path) -> None:
    """Take what is visible; pictures in the repository stay small."""
    page.mouse.move(640, 1)
    page.wait_for_timeout(500)
    page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size < 300_000


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
    import_once(gi, Workflow.read(WORKFLOW))
    earlier = {run["id"] for run in gi.invocations.get_invocations(history_id=finished_biomas.history_id)}
    open_history(page, account.history_url(finished_biomas.history_id))
    page.goto(f"{account.url}/workflows/list")
    card = page.locator(".workflow-card, .g-card", has_text="BioMaS amplicon reads to taxa").first
    card.wait_for()
    picture(page, pictures / "biomas-workflows.png")
    card.get_by_role("link", name="Run").or_(card.get_by_role("button", name="Run")).first.click()
    page.locator("#run-workflow").wait_for()
    for question in Workflow.read(WORKFLOW).inputs:
        expect(page.get_by_text(question, exact=True).first).to_be_visible()
    picture(page, pictures / "biomas-form.png")
    page.locator("#run-workflow").click()
    page.get_by_text("Successfully invoked workflow").first.wait_for(timeout=120_000)
    fresh = [
        run["id"]
        for run in gi.invocations.get_invocations(history_id=finished_biomas.history_id)
        if run["id"] not in earlier
    ]
    assert len(fresh) == 1
    gi.invocations.wait_for_invocation(fresh[0], maxwait=600)
    gi.invocations.wait_for_completion  # noqa: B018
