"""The report of the workflow's run, as Galaxy shows it under Workflow Invocations: real figures, not their source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bioblend.galaxy import GalaxyInstance

from metapipe.galaxy.connection import Account

if TYPE_CHECKING:
    from conftest import FinishedRun, Watched

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1500)]

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / ".build/pictures"


def test_the_report_of_the_run_shows_the_figures_and_the_table(
    signed_in: Watched, account: Account, finished_run: FinishedRun, gi: GalaxyInstance
) -> None:
    page = signed_in.page
    page.goto(f"{account.url}/workflows/invocations/{finished_run.invocation['id']}/report")
    figures = page.locator(f"img[src*='{finished_run.dataset_id('Figures')}']")
    figures.wait_for()
    figures.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=figures.element_handle())
    assert figures.evaluate("image => [image.naturalWidth, image.naturalHeight > 1600]") == [1800, True]
    box = figures.bounding_box()
    assert box is not None
    assert 400 <= box["width"] <= 900, "as wide as the column of text"
    page.get_by_text("contig_000001_1", exact=True).first.wait_for()
    for column in ("locus_tag", "product", "organism"):
        page.locator("th", has_text=column).first.wait_for(state="attached")
    described = gi.datasets.show_dataset(finished_run.dataset_id("Figures"))
    assert (described["extension"], described["metadata_width"]) == ("png", 1800)
    assert described.get("metadata_num_unique_values") is None, "nobody counts the values of its pixels, for seconds"
    assert "0" not in [heading.strip() for heading in page.locator("th").all_inner_texts()]
    assert page.get_by_text("not appear to be an image").count() == 0
    assert page.get_by_text("<!DOCTYPE html>").count() == 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "workflow-report.png", animations="disabled")
    assert signed_in.foreign == []
