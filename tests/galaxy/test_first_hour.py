"""A biologist's first hour on a new Galaxy of ours: what is there for everybody, and the viewers, in a browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from bioblend.galaxy import GalaxyInstance
from pasted import pasted
from playwright.sync_api import TimeoutError as PageTimeout
from playwright.sync_api import expect

from metapipe.galaxy.connection import Account
from metapipe.galaxy.pipelines import PIPELINES
from metapipe.galaxy.workflow import Workflow

if TYPE_CHECKING:
    from conftest import Watched

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1500)]

ROOT = Path(__file__).resolve().parents[2]
expect.set_options(timeout=60_000)  # a busy machine draws late
EXAMPLES = {
    "metapipe": "Example: META-pipe, small community",
    "taxonomy": "Example: META-pipe taxonomy, three samples",
    "biomas": "Example: BioMaS, mock community",
}
#: What each shows first, and what in it is drawn last.
RESULTS = {"metapipe": "Report", "taxonomy": "Samples side by side", "biomas": "Chart of all samples"}
DRAWN = {"metapipe": "h1", "taxonomy": "#shares-title", "biomas": "canvas"}
OFFER_SECONDS = 600
#: Galaxy's upload takes no file with a script element; this is what is left of scripts.
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="640" height="320" viewBox="0 0 640 320"
onload="parent.document.title = top.document.title = 'ran'"><rect width="640" height="320" fill="#0f766e"/>
<text x="40" y="170" font-size="48" fill="#fff">a drawing</text></svg>"""


@pytest.fixture(scope="module")
def offered(gi: GalaxyInstance) -> dict[str, dict[str, Any]]:
    """The published examples (pipeline → history); they come from `up` in the background."""
    end = time.monotonic() + OFFER_SECONDS
    while True:
        listed = gi.histories.get_published_histories()
        published = {history["name"]: history for history in listed if not history["deleted"]}
        libraries = gi.libraries.get_libraries(name="Sample reads")
        if libraries and all(title in published for title in EXAMPLES.values()):
            return {pipeline: published[title] for pipeline, title in EXAMPLES.items()}
        assert time.monotonic() < end, f"still not offered; there are {sorted(published)}"
        time.sleep(2)


@pytest.fixture(scope="module")
def example_datasets(gi: GalaxyInstance, offered: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Pipeline → dataset name → id, of all datasets of the examples, those of collections too."""
    return {
        pipeline: {entry["name"]: entry["id"] for entry in contents(gi, history["id"])}
        for pipeline, history in offered.items()
    }


def contents(gi: GalaxyInstance, history: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = gi.histories.show_history(history, contents=True, deleted=False, types=["dataset"])
    return listed


def datasets_in(listed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All datasets of a collection, at any depth."""
    for element in listed["elements"]:
        inner = element["object"]
        yield from datasets_in(inner) if "elements" in inner else [inner]


def folder_contents(gi: GalaxyInstance, folder: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = gi.make_get_request(f"{gi.url}/folders/{folder}/contents").json()["folder_contents"]
    return listed


def test_every_user_finds_all_workflows_published_in_the_version_of_this_checkout(gi: GalaxyInstance) -> None:
    published = {workflow["name"]: workflow for workflow in gi.workflows.get_workflows(published=True)}
    for pipeline in PIPELINES.values():
        described = Workflow.read(pipeline.workflow_file(ROOT))
        title, steps = described.title, described.step_labels
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


@pytest.mark.parametrize("pipeline", EXAMPLES)
def test_every_dataset_of_the_finished_examples_is_done_and_open_to_other_users(
    gi: GalaxyInstance, account: Account, offered: dict[str, dict[str, Any]], pipeline: str
) -> None:
    entries = contents(gi, offered[pipeline]["id"])
    shown = gi.histories.show_history(
        offered[pipeline]["id"], contents=True, visible=True, types=["dataset_collection"]
    )
    assert shown
    for listed in shown:
        whole = gi.histories.show_dataset_collection(offered[pipeline]["id"], listed["id"])
        assert {dataset["state"] for dataset in datasets_in(whole)} == {"ok"}, listed["name"]
    assert RESULTS[pipeline] in {entry["name"] for entry in entries}
    for entry in entries:
        assert entry["state"] == "ok", entry["name"]
        address = f"{account.url}/api/datasets/{entry['id']}/display?raw=true"
        with requests.get(address, headers={"x-api-key": account.api_key}, timeout=60, stream=True) as reply:
            assert reply.status_code == 200, entry["name"]


def test_the_pages_of_the_finished_examples_are_shown_as_pages(
    signed_in: Watched, account: Account, gi: GalaxyInstance, offered: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    for pipeline, history in offered.items():
        pages = [entry for entry in contents(gi, history["id"]) if entry["extension"] == "html"]
        assert len(pages) >= {"metapipe": 1, "taxonomy": 2, "biomas": 5}[pipeline]
        for entry in pages:
            address = f"{account.url}/api/datasets/{entry['id']}/display"
            reply = requests.get(address, headers={"x-api-key": account.api_key}, timeout=60)
            assert reply.headers["content-type"].startswith("text/html"), entry["name"]
        page = signed_in.page
        shown = next(one["id"] for one in pages if one["name"] == RESULTS[pipeline])
        page.goto(f"{account.url}/datasets/{shown}/preview")
        frame = page.frame_locator("#center iframe:not([name=galaxy_main])")
        frame.locator(DRAWN[pipeline]).first.wait_for()
        expect(page.locator("#center")).not_to_contain_text("imported")
        picture(page, tmp_path, f"page-{pipeline}.png")


# ------------------------------------------------------------------------------------------------ tours


def copies_of_examples(gi: GalaxyInstance) -> list[str]:
    """The user's own histories that a tour made."""
    names = {f"Copy of '{title}'" for title in EXAMPLES.values()}
    return [history["id"] for history in gi.histories.get_histories() if history["name"] in names]


@pytest.fixture
def taken_away(gi: GalaxyInstance) -> Iterator[None]:
    """Cancel what a tour started (its run is the same as that of other tests), and take its history away."""
    yield
    for history in copies_of_examples(gi):
        for run in gi.invocations.get_invocations(history_id=history):
            gi.invocations.cancel_invocation(run["id"])
        gi.histories.delete_history(history, purge=True)


@pytest.mark.usefixtures("offered", "taken_away")
@pytest.mark.parametrize("pipeline", EXAMPLES)
def test_a_tour_leads_from_the_reads_through_the_run_to_results(
    signed_in: Watched, account: Account, gi: GalaxyInstance, pipeline: str
) -> None:
    page = signed_in.page
    page.set_viewport_size({"width": 1440, "height": 900})
    steps = yaml.safe_load((ROOT / "instance/tours" / f"{pipeline}.yml").read_text())["steps"]
    page.goto(f"{account.url}/tours/{pipeline}")
    panel = page.locator("#current-history-panel")
    for number, step in enumerate(steps):
        shown = page.locator(".tour-element")
        expect(shown.locator(".tour-title")).to_have_text(step["title"])
        if step["title"] == "Find the example":
            expect(page.locator('#center [id^="g-card-action-view-history-"]')).to_have_count(1)
        if step["title"] == "Your history":
            page.locator("dialog[open]").get_by_role("button", name="Copy History").click()
            expect(page.locator("dialog[open]")).to_have_count(0)
            expect(panel).to_contain_text(f"Copy of '{EXAMPLES[pipeline]}'")
        if step["title"] == "Find it":
            expect(page.locator('#center [id^="g-card-action-workflow-run-"]')).to_have_count(1)
        if step["title"] == "Your reads":
            expect(page.locator("#form-element-0")).to_contain_text(
                {"metapipe": "small-community", "taxonomy": "coast", "biomas": "mock"}[pipeline]
            )
        if step["title"] == "Run":
            expect(page.locator("#run-workflow")).to_be_enabled()
        if step["title"] == "Find a result":
            expect(panel.locator(".content-item")).to_have_count(1)
        if step["title"] == "The results":
            expect(page.locator("#center h1")).to_contain_text(RESULTS[pipeline])
            frame = page.frame_locator("#center iframe:not([name=galaxy_main])")
            frame.locator(DRAWN[pipeline]).first.wait_for()
        shown.locator(".tour-end" if number == len(steps) - 1 else ".tour-next").click()
    expect(page.locator(".tour-element")).to_have_count(0)
    (history,) = copies_of_examples(gi)
    (started,) = gi.invocations.get_invocations(history_id=history)
    workflow = gi.workflows.show_workflow(started["workflow_id"], instance=True)
    assert workflow["name"] == Workflow.read(PIPELINES[pipeline].workflow_file(ROOT)).title
    assert signed_in.foreign == []


# ------------------------------------------------------------------------------------------------ viewers

Opened = Callable[[str, str], Any]


@pytest.fixture
def viewer(signed_in: Watched, account: Account) -> Opened:
    """Opens a dataset in a viewer; returns the viewer's frame."""

    def opened(name: str, dataset: str) -> Any:
        page = signed_in.page
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{account.url}/visualizations/display?visualization={name}&dataset_id={dataset}")
        return page.frame_locator("#center iframe:not([name=galaxy_main])")

    return opened


def picture(page: Any, folder: Path, name: str) -> None:
    path = folder / name
    page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size < 300_000


#: IGV draws inside a shadow tree; its genes are blue.
PAINTED = """frame => [...frame.querySelectorAll('*')].filter(one => one.shadowRoot).flatMap(
  one => [...one.shadowRoot.querySelectorAll('canvas')]).some(canvas => {
  const context = canvas.getContext('2d');
  if (!context || !canvas.width || !canvas.height) return false;
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let blue = 0;
  for (let at = 0; at < pixels.length; at += 4) blue += pixels[at + 3] > 0 && pixels[at + 2] > 100 && pixels[at] < 60;
  return blue > 500;
})"""


def test_an_annotation_lies_over_its_contigs_with_two_clicks(
    signed_in: Watched, account: Account, example_datasets: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    page = signed_in.page
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{account.url}/datasets/{example_datasets['metapipe']['Annotation (GFF3)']}/visualize")
    page.get_by_text("IGV, annotation over contigs").first.click()
    frame = page.frame_locator("#center iframe:not([name=galaxy_main])")
    frame.locator(".igv-track-label", has_text="Annotation (GFF3)").wait_for()
    expect(frame.locator(".igv-navbar")).to_contain_text("Contigs")
    body = frame.locator("body")
    end = time.monotonic() + 60
    while not body.evaluate(PAINTED):
        assert time.monotonic() < end, "no gene is drawn"
        time.sleep(0.5)
    picture(page, tmp_path, "viewer-igv.png")
    assert signed_in.foreign == []


def draw_histogram(viewer: Opened, table: str) -> None:
    """Open the table as a histogram until its bars are there, twice at most.

    Seen once, on a busy machine: the plot stayed empty for a minute and was there when the page was opened
    again, as a user would; the cause was not found.
    """
    bars = "svg.main-svg .bars .point path"
    try:
        viewer("plotly_histogram", table).locator(bars).nth(2).wait_for(timeout=30_000)
    except PageTimeout:
        viewer("plotly_histogram", table).locator(bars).nth(2).wait_for()


def test_tables_and_trees_open_in_their_viewers(
    signed_in: Watched,
    viewer: Opened,
    account: Account,
    gi: GalaxyInstance,
    example_datasets: dict[str, dict[str, str]],
    tmp_path: Path,
) -> None:
    table = example_datasets["metapipe"]["Annotation table"]
    rows = gi.datasets.download_dataset(table).decode().splitlines()
    grid = viewer("tabulator", table)
    grid.locator(".tabulator-row").nth(10).wait_for()
    expect(grid.locator(".tabulator-header")).to_contain_text("locus_tag")
    for number in (0, 1):
        expect(grid.locator(".tabulator-row").nth(number)).to_contain_text(rows[number + 1].split("\t")[0])
    picture(signed_in.page, tmp_path, "viewer-table.png")

    draw_histogram(viewer, table)
    picture(signed_in.page, tmp_path, "viewer-plot.png")

    page = signed_in.page
    page.goto(f"{account.url}/datasets/{example_datasets['biomas']['Trees (Newick)']}/preview")
    shown = page.frame_locator("#center iframe:not([name=galaxy_main])")
    shown.locator("canvas").first.wait_for()
    address = f"/api/datasets/{example_datasets['biomas']['Trees (Newick)']}/display"
    given = shown.locator("body").evaluate("(_, address) => fetch(address).then(reply => reply.text())", address)
    assert "Vibrio tapetis," in given
    assert not set("'[&") & set(given)
    picture(page, tmp_path, "viewer-tree.png")
    assert signed_in.foreign == []


def test_a_drawing_is_shown_as_a_picture_whose_scripts_do_not_run(
    signed_in: Watched, account: Account, gi: GalaxyInstance, offered: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    page = signed_in.page
    of_examples = contents(gi, offered["biomas"]["id"])
    tree = next(entry["id"] for entry in of_examples if entry["extension"] == "svg")
    history = gi.histories.create_history("drawing")["id"]
    sent = pasted(gi, history, DRAWING, "svg", "drawing.svg")
    assert gi.datasets.wait_for_dataset(sent)["state"] == "ok"
    for dataset in (tree, sent):
        page.goto(f"{account.url}/datasets/{dataset}/preview")
        drawing = page.frame_locator("#center iframe:not([name=galaxy_main])").locator("#app img")
        drawing.wait_for()
        assert drawing.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 640
        assert page.title() != "ran"
    picture(page, tmp_path, "viewer-svg.png")
    gi.histories.delete_history(history, purge=True)
    assert signed_in.foreign == []


def test_a_tree_becomes_plain_before_it_is_drawn(watched: Watched, account: Account) -> None:
    trees = {
        "('Vibrio tapetis'[&&NHX:name=Vibrio_tapetis:taxid=1],Salinispora[&&NHX:taxid=2]:0.5)root;\n": (
            "(Vibrio tapetis,Salinispora:0.5)root;\n"
        ),
        "('it''s (a, b): c;',a_b);": "(it's [a  b]  c ,a b);",
        "('a[b]'[x],'c_d');": "(a[b],c_d);",
        "(a,'not closed": "(a,'not closed",
        ";\n": ";\n",
    }
    watched.page.goto(f"{account.url}/static_local/index.html")
    made = watched.page.evaluate(
        """async trees => {
            const { plain } = await import('/static/plugins/visualizations/phylocanvas/static/plain.js');
            return trees.map(plain);
        }""",
        list(trees),
    )
    assert made == list(trees.values())


def test_the_files_to_choose_from_stand_in_the_order_of_their_names(gi: GalaxyInstance, state: Path) -> None:
    folder = state / "samples" / "order of a test"
    folder.mkdir()
    try:
        names = [f"sample_{number:02}_{mate}.fastq" for number in range(20) for mate in "12"]
        for name in names[1::2] + names[0::2][::-1]:
            (folder / name).write_text("@r\nA\n+\nI\n")
        target = {"target": f"gxfiles://samples/{folder.name}", "format": "uri"}
        listed = gi.make_get_request(f"{gi.url}/remote_files", params=target).json()
    finally:
        shutil.rmtree(folder)
    assert [entry["name"] for entry in listed] == names


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
    assert frame.locator("a[href^='/workflows/run?id=']").count() == 3
    assert frame.locator("a[href^='/tours/']").count() == len(EXAMPLES)
    assert frame.locator("a[href^='/histories/view?id=']").count() == len(EXAMPLES)
