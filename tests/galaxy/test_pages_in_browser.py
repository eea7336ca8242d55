"""What a user sees in Galaxy: the finished history and the report, in Chromium, and nothing from anywhere else.

METAPIPE_UPDATE_PICTURES=1 writes the pictures of docs/pictures anew; else they go to .build/pictures.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bioblend.galaxy import GalaxyInstance

from metapipe.galaxy.connection import Account

if TYPE_CHECKING:
    from conftest import FinishedRun, Watched

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1500)]

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 300_000


@pytest.fixture
def pictures() -> Path:
    """Folder for pictures; the committed one only when asked for."""
    folder = ROOT / ("docs/pictures" if os.environ.get("METAPIPE_UPDATE_PICTURES") == "1" else ".build/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def picture(page: Any, path: Path) -> None:
    """Take what is visible; pictures in the repository stay small."""
    page.mouse.move(640, 1)
    page.wait_for_timeout(500)
    page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size < LARGEST


def ours(errors: list[str]) -> list[str]:
    """Errors on the console that are not Galaxy's own."""
    return errors


def test_the_finished_history_shows_green_results_after_an_ordinary_login(
    signed_in: Watched, account: Account, finished_run: FinishedRun, gi: GalaxyInstance, pictures: Path
) -> None:
    page = signed_in.page
    page.goto(account.history_url(finished_run.history_id))
    for label in finished_run.invocation["outputs"]:
        page.get_by_text(label, exact=True).first.wait_for()
    assert page.get_by_text("META-pipe demo").first.is_visible()
    assert page.locator('.content-item[data-state="error"]').count() == 0
    picture(page, pictures / "history.png")
    assert signed_in.foreign == []
    assert ours(signed_in.errors) == []


def test_the_report_opens_inside_galaxy_with_its_figures_and_genes(
    signed_in: Watched, account: Account, finished_run: FinishedRun, pictures: Path
) -> None:
    page = signed_in.page
    page.goto(account.dataset_url(finished_run.dataset_id("Report")))
    report = page.frame_locator("iframe#frame, iframe[src*=display]").first
    report.locator("h1").wait_for()
    table = (finished_run.results / "annotation-table.tsv").read_text().splitlines()
    assert report.get_by_text("What went in, what came out").is_visible()
    assert report.locator("svg").first.is_visible()
    assert f"{len(table) - 1:,}" in report.locator(".funnel").inner_text()
    assert report.locator("#gene-table tbody tr").count() > 100
    picture(page, pictures / "report-in-galaxy.png")
    assert signed_in.foreign == []
    assert ours(signed_in.errors) == []


def test_the_downloaded_report_needs_no_network_and_makes_no_error(
    watched: Watched, finished_run: FinishedRun, pictures: Path
) -> None:
    page = watched.page
    page.goto((finished_run.results / "report.html").as_uri())
    picture(page, pictures / "report.png")
    page.fill("#gene-search", "synthase")
    shown = page.locator("#gene-table tbody tr:visible")
    assert 0 < shown.count() < page.locator("#gene-table tbody tr").count()
    assert all("synthase" in row.lower() for row in shown.all_inner_texts())
    assert watched.foreign == []
    assert watched.errors == []
