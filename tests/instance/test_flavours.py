"""A flavour is all that says what a Galaxy of ours has: tools, workflows, tours, reads, examples, welcome page."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metapipe.errors import MetapipeError
from metapipe.galaxy.pipelines import PIPELINES
from metapipe.galaxy.workflow import Workflow
from metapipe.instance import flavours
from metapipe.instance.local import configuration, examples, files, offering, pages, settings
from metapipe.instance.local.settings import Chosen, Settings
from metapipe.refdb.recipe import find_recipe
from metapipe.runner.attempt.attempt import load_stage
from metapipe.stages.registry import STAGES

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = flavours.names(CHECKOUT)


def test_there_are_two_pipelines_and_both_together() -> None:
    assert NAMES == ["biomas", "metapipe", "mmg"]
    both, one, other = (flavours.read(CHECKOUT, name) for name in ("mmg", "metapipe", "biomas"))
    assert both.suites == one.suites | other.suites
    assert both.workflows == one.workflows + other.workflows
    assert both.databases == tuple(dict.fromkeys(one.databases + other.databases))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_flavour_names_is_there(name: str) -> None:
    flavour = flavours.read(CHECKOUT, name)
    assert all((CHECKOUT / "tools" / suite).is_dir() for suite in flavour.suites)
    assert all((CHECKOUT / "workflows" / one / f"{one}.gxwf.yml").is_file() for one in flavour.workflows)
    assert all((CHECKOUT / "instance" / "tours" / f"{tour}.yml").is_file() for tour in flavour.tours)
    assert [find_recipe(label).label for label in flavour.databases] == list(flavour.databases)


def test_the_pipelines_find_their_workflows_and_their_databases_in_one_flavour() -> None:
    for name in ("metapipe", "biomas"):
        flavour = flavours.read(CHECKOUT, name)
        pipelines = [each for each in PIPELINES.values() if each.workflow in flavour.workflows]
        assert flavour.workflows == tuple(each.workflow for each in pipelines)
        ours = {label for each in pipelines for label in each.defaults.values()}
        others = set(flavour.databases) - ours
        assert ours <= set(flavour.databases)
        # Others are of kinds that the workflow takes none of, but a tool beside it.
        kinds = {find_recipe(label).kind for label in others}
        assert kinds <= {
            database.kind for stage in STAGES.values() for database in load_stage(stage).databases.values()
        }
        assert not kinds & {find_recipe(label).kind for label in ours}


@pytest.mark.parametrize("name", NAMES)
def test_a_flavour_has_every_tool_that_its_workflows_use(instance: Settings, name: str) -> None:
    flavoured = replace(instance, flavour=name)
    configuration.render(flavoured)
    panel = {Path(tool.get("file", "")) for tool in ElementTree.parse(instance.config / "tool_conf.xml").iter("tool")}
    ours = {ElementTree.parse(file).getroot().get("id") for file in panel if file.is_relative_to(CHECKOUT)}
    for workflow in flavoured.offers.workflows:
        steps = Workflow.read(CHECKOUT / "workflows" / workflow / f"{workflow}.gxwf.yml").description["steps"]
        used = {step["tool_id"] for step in (steps.values() if isinstance(steps, dict) else steps)}
        assert {tool for tool in used if re.match("biomas_|metapipe_", tool)} <= ours


def test_of_biomas_alone_everything_is_biomas(instance: Settings) -> None:
    alone = replace(instance, flavour="biomas")
    configuration.render(replace(instance, flavour="mmg"))  # as it was before
    configuration.render(alone)
    sections = [entry.get("id") for entry in ElementTree.parse(alone.config / "tool_conf.xml").findall("section")]
    assert sections == ["biomas", "get_data", "collections", "text"]
    assert [tour.name for tour in (alone.config / "tours").iterdir()] == ["biomas.yml"]
    assert [reads.folder for reads in files.sample_reads(alone)] == ["BioMaS mock community"]
    page = (alone.config / "welcome" / "index.html").read_text()
    assert "/tours/biomas" in page
    assert "/tours/metapipe" not in page
    assert "reads to annotation" not in page


@pytest.mark.parametrize("name", NAMES)
def test_the_welcome_page_of_a_flavour_is_whole(instance: Settings, name: str) -> None:
    flavoured = replace(instance, flavour=name)
    configuration.render(flavoured)
    page = (flavoured.config / "welcome" / "index.html").read_text()
    assert "<!-- w" not in page
    assert "<!-- end" not in page
    assert set(re.findall(r'"/tours/(\w+)"', page)) == set(flavoured.offers.tours)
    titles = {Workflow.read(CHECKOUT / f"workflows/{one}/{one}.gxwf.yml").title for one in flavoured.offers.workflows}
    assert set(re.findall(r'data-workflow="([^"]*)"', page)) == titles
    for tag in ("section", "div", "ul", "ol", "li", "p", "figure"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
    named = set(re.findall(r'aria-labelledby="(\w+)"', page))
    assert named == set(re.findall(r'<h2 id="(\w+)"', page))


def test_a_part_of_a_page_is_for_those_with_or_without_a_workflow() -> None:
    page = "a\n<!-- with one -->\nb\n<!-- end -->\n<!-- without one -->\nc\n<!-- end -->\nd"
    assert pages.fitted(page, ["one"]) == "a\nb\nd"
    assert pages.fitted(page, ["two"]) == "a\nc\nd"


def test_a_flavour_that_does_not_exist_is_refused_before_it_is_remembered(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    with pytest.raises(MetapipeError) as refused:
        settings.load(tmp_path, Chosen(flavour="biomass"), environ)
    assert str(refused.value) == "METAPIPE-E701 flavour, expected one of biomas, metapipe, mmg, found 'biomass'"


def test_a_wrong_field_of_a_flavour_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "instance" / "flavours").mkdir(parents=True)
    (tmp_path / "instance" / "flavours" / "own.yml").write_text("title: Own\nabout: Ours\nworkflow: [one]\n")
    with pytest.raises(MetapipeError) as refused:
        flavours.read(tmp_path, "own")
    assert str(refused.value).startswith("METAPIPE-E702 own.yml line 3: workflow: unknown, expected one of title, ")
    assert str(refused.value).endswith("(did you mean workflows?)")


class Shelf:
    """Galaxy's stored workflows, as far as publishing needs them."""

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []
        self.workflows = self

    def get_workflows(self) -> list[dict[str, Any]]:
        return [dict(entry) for entry in self.stored]

    def import_workflow_dict(self, description: dict[str, Any], publish: bool) -> dict[str, Any]:
        made = {"id": description["label"], "name": description["label"], "deleted": False, "published": publish}
        self.stored.append({**made, "tags": []})
        return made

    def update_workflow(self, one: str, **changes: Any) -> None:
        next(entry for entry in self.stored if entry["id"] == one).update(changes)

    @property
    def published(self) -> set[str]:
        return {entry["name"] for entry in self.stored if entry["published"]}


def test_of_another_flavour_the_workflows_are_published_and_the_earlier_ones_no_longer(instance: Settings) -> None:
    shelf: Any = Shelf()
    metapipe, biomas = {"META-pipe reads to annotation", "META-pipe taxonomy"}, {"BioMaS amplicon reads to taxa"}
    for name, published in (
        ("mmg", metapipe | biomas),
        ("biomas", biomas),
        ("metapipe", metapipe),
        ("mmg", metapipe | biomas),
    ):
        offering.offer_workflows(shelf, replace(instance, flavour=name))
        assert shelf.published == published
    assert len(shelf.stored) == 3


def test_every_example_is_of_a_workflow() -> None:
    shown = {example.workflow for example in examples.known(CHECKOUT)}
    assert shown <= {pipeline.workflow for pipeline in PIPELINES.values()}
