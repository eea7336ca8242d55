"""What a user sees in Galaxy: the finished history and the report, in Chromium, and nothing from anywhere else.

METAPIPE_UPDATE_PICTURES=1 writes the pictures of docs/pictures anew; else they go to .build/pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bioblend.galaxy import GalaxyInstance
from playwright.sync_api import expect
from taken_pictures import picture

from metapipe.galaxy.connection import Account
from metapipe.galaxy.workflow import Workflow, import_once

if TYPE_CHECKING:
    from conftest import FinishedRun, Watched

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1500)]

ROOT = Path(__file__).resolve().parents[2]


#: What Galaxy 26.1's own client does for every ordinary user: it asks for tools of users (a feature that is off here),
#: it drops requests when a page is left, and the form of a workflow wants the logo of RO-Crate from researchobject.org,
#: which the instance's Content-Security-Policy forbids.
GALAXYS_OWN = (
    "/api/unprivileged_tools",
    "signal is aborted without reason",
    "/ro-crate-workflow-run.svg",
)


def ours(noticed: list[str]) -> list[str]:
    """Errors that are not Galaxy's own."""
    return [one for one in noticed if not any(known in one for known in GALAXYS_OWN)]


def open_history(page: Any, address: str) -> None:
    """Make a history the current one, as a user does."""
    page.goto(address)
    switch = page.get_by_role("button", name="Switch to this history")
    switch.wait_for()
    if switch.is_enabled():  # not the current one already
        switch.click()
    expect(switch).to_be_disabled()


def test_a_user_logs_in_through_galaxys_own_form(watched: Watched, account: Account) -> None:
    page = watched.page
    page.goto(f"{account.url}/login/start")
    page.fill("[name=login]", account.email)
    page.fill("[name=password]", account.password)
    page.click("button[name=login]")
    page.wait_for_url(lambda url: "/login" not in url)
    page.locator("#current-history-panel").wait_for()
    assert page.context.request.get(f"{account.url}/context").json()["user"]["email"] == account.email
    assert watched.foreign == []


def test_the_finished_history_is_green_and_the_report_opens_with_one_click(
    signed_in: Watched, account: Account, finished_run: FinishedRun, pictures: Path
) -> None:
    page = signed_in.page
    open_history(page, account.history_url(finished_run.history_id))
    page.goto(account.url)
    history = page.locator("#current-history-panel")
    for label in finished_run.invocation["outputs"]:
        item = history.locator(f"#dataset-{finished_run.dataset_id(label)}")
        item.get_by_text(label, exact=True).wait_for()
        assert item.get_attribute("data-state") == "ok"
    assert history.locator('.content-item:not([data-state="ok"])').count() == 0
    page.locator("#activity-tools").click()  # puts the tool panel away
    history.locator(f"#dataset-{finished_run.dataset_id('Report')} .display-btn").click()
    page.frame_locator("iframe[src*=display]").locator("h1").wait_for()
    picture(page, pictures / "history.png")
    assert signed_in.foreign == []
    assert ours(signed_in.errors) == []


def test_the_workflows_form_asks_everything_on_one_screen(
    signed_in: Watched, account: Account, finished_run: FinishedRun, gi: GalaxyInstance, pictures: Path
) -> None:
    page = signed_in.page
    page.set_viewport_size({"width": 1440, "height": 1080})
    workflow = Workflow.read(ROOT / "workflows/metapipe-reads-to-annotation/metapipe-reads-to-annotation.gxwf.yml")
    open_history(page, account.history_url(finished_run.history_id))
    page.goto(f"{account.url}/workflows/run?id={import_once(gi, workflow)}")
    page.locator("#run-workflow").wait_for()
    page.locator("#activity-tools").click()  # puts the tool panel away
    page.locator("#run-workflow").scroll_into_view_if_needed()
    for question in workflow.inputs:
        expect(page.get_by_text(question, exact=True).first).to_be_in_viewport()
    picture(page, pictures / "form.png")
    assert signed_in.foreign == []
    assert ours(signed_in.refused) == []
    assert ours(signed_in.errors) == []


def test_the_report_opens_inside_galaxy_with_its_figures_and_genes(
    signed_in: Watched, account: Account, finished_run: FinishedRun
) -> None:
    page = signed_in.page
    page.goto(account.dataset_url(finished_run.dataset_id("Report")))
    report = page.frame_locator("iframe[src*=display]")
    report.locator("h1").wait_for()
    table = (finished_run.results / "annotation-table.tsv").read_text().splitlines()
    assert report.get_by_text("What went in, what came out").is_visible()
    assert report.locator("svg:visible").count() > 0
    assert f"{len(table) - 1:,}" in report.locator(".funnel").inner_text()
    assert report.locator("#gene-table tbody tr").count() > 100
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


def test_the_report_is_saved_as_one_page_by_its_own_link_and_by_galaxys_download(
    signed_in: Watched, account: Account, finished_run: FinishedRun, tmp_path: Path
) -> None:
    page, report = signed_in.page, finished_run.dataset_id("Report")
    whole = (finished_run.results / "report.html").read_bytes()
    page.goto(account.dataset_url(report))
    shown = page.frame_locator("iframe[src*=display]")
    with page.expect_download() as saving:
        shown.get_by_role("link", name="Save this page").click()
    saved = saving.value
    assert saved.suggested_filename.endswith(".html")
    assert Path(saved.path()).read_bytes() == whole
    open_history(page, account.history_url(finished_run.history_id))
    page.goto(account.url)
    item = page.locator(f"#current-history-panel #dataset-{report}")
    item.get_by_text("Report", exact=True).click()
    with page.expect_download() as fetching:
        item.locator(".download-btn").click()
    fetched = fetching.value
    assert fetched.suggested_filename.endswith(".html")
    assert Path(fetched.path()).read_bytes() == whole
    fetched.save_as(tmp_path / "report.html")
    page.context.set_offline(True)
    page.goto((tmp_path / "report.html").as_uri())
    page.locator("#gene-table tbody tr").first.wait_for()
    page.get_by_role("link", name="Save this page").click()  # of a saved page: nothing happens to it
    assert page.locator("h1").is_visible()
    assert signed_in.foreign == []
    assert ours(signed_in.errors) == []
