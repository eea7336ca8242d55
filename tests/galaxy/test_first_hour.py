"""A biologist's first hour on a new Galaxy of ours: what is there for everybody, and the page that leads to it."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
import yaml
from bioblend.galaxy import GalaxyInstance

from conftest import ROOT, Watched
from metapipe.galaxy.connection import Account

EXAMPLES = {"metapipe": "Example: META-pipe, small community", "biomas": "Example: BioMaS, mock community"}
TITLES = {"metapipe": "META-pipe reads to annotation", "biomas": "BioMaS amplicon reads to taxa"}
OFFER_SECONDS = 600


@pytest.fixture(scope="module")
def offered(gi: GalaxyInstance) -> dict[str, dict[str, Any]]:
    """The published examples (course → history); they come from `up` in the background."""
    end = time.monotonic() + OFFER_SECONDS
    while True:
        listed = gi.histories.get_published_histories()
        published = {history["name"]: history for history in listed if not history["deleted"]}
        libraries = gi.libraries.get_libraries(name="Sample reads")
        if libraries and all(title in published for title in EXAMPLES.values()):
            return {course: published[title] for course, title in EXAMPLES.items()}
        assert time.monotonic() < end, f"still not offered; there are {sorted(published)}"
        time.sleep(2)


def contents(gi: GalaxyInstance, history: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = gi.histories.show_history(history, contents=True, deleted=False, types=["dataset"])
    return listed


def folder_contents(gi: GalaxyInstance, folder: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = gi.make_get_request(f"{gi.url}/folders/{folder}/contents").json()["folder_contents"]
    return listed


def test_every_user_finds_both_workflows_published_in_the_version_of_this_checkout(gi: GalaxyInstance) -> None:
    published = {workflow["name"]: workflow for workflow in gi.workflows.get_workflows(published=True)}
    for course, title in TITLES.items():
        file = next((ROOT / "workflows").glob(f"{course}-*/*.gxwf.yml"))
        steps = yaml.safe_load(file.read_text())["steps"]
        workflow = gi.workflows.show_workflow(published[title]["id"])
        assert published[title]["owner"] == "admin"
        assert len(workflow["steps"]) == len(steps) + len(workflow["inputs"])


@pytest.mark.usefixtures("offered")
def test_every_user_can_read_the_sample_reads_of_the_library(gi: GalaxyInstance, account: Account) -> None:
    (library,) = gi.libraries.get_libraries(name="Sample reads")
    held = {}
    for folder in folder_contents(gi, library["root_folder_id"]):
        for entry in folder_contents(gi, folder["id"]):
            assert entry["state"] == "ok", entry["name"]
            held[f"{folder['name']}/{entry['name']}"] = entry["id"]
    shipped = {
        **{f"META-pipe small community/reads_{mate}.fastq.gz": f"reads_{mate}.fastq.gz" for mate in "12"},
        **{f"BioMaS mock community/mock_{mate}.fastq.gz": f"amplicon/mock_{mate}.fastq.gz" for mate in "12"},
    }
    for name, file in shipped.items():
        address = f"{account.url}/api/libraries/datasets/download/uncompressed?ld_ids={held[name]}"
        reply = requests.get(address, headers={"x-api-key": account.api_key}, timeout=60)
        assert reply.content == (ROOT / "test-data" / file).read_bytes(), name


@pytest.mark.parametrize("course", EXAMPLES)
def test_every_dataset_of_the_finished_examples_is_done_and_open_to_other_users(
    gi: GalaxyInstance, account: Account, offered: dict[str, dict[str, Any]], course: str
) -> None:
    entries = contents(gi, offered[course]["id"])
    assert {"metapipe": "Report", "biomas": "Taxa of all samples"}[course] in {entry["name"] for entry in entries}
    for entry in entries:
        assert entry["state"] == "ok", entry["name"]
        address = f"{account.url}/api/datasets/{entry['id']}/display?raw=true"
        with requests.get(address, headers={"x-api-key": account.api_key}, timeout=60, stream=True) as reply:
            assert reply.status_code == 200, entry["name"]


def test_the_welcome_page_fits_between_both_panels(signed_in: Watched, account: Account) -> None:
    page = signed_in.page
    for width in (1024, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(account.url)
        frame = page.frame_locator("iframe[name=frame]")
        frame.locator("#steps").wait_for()
        assert frame.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth"), width
        for shape in ("figure", "figure svg", ".offer"):
            assert frame.locator(shape).first.evaluate(
                "shape => shape.scrollWidth <= shape.clientWidth + 1 || shape.tagName === 'svg'"
            ), (width, shape)
    frame.locator("a[href^='/workflows/run?id=']").first.wait_for()
    assert frame.locator("a[href^='/workflows/run?id=']").count() == 2
    assert frame.locator("a[href^='/tours/']").count() == 2
    assert frame.locator("a[href^='/histories/view?id=']").count() == 2
