"""The workflow connects what the tools really have, in the versions they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import yaml
from wrapped_stages import ROOT, TOOLS, Tool

FOLDER = ROOT / "workflows" / "metapipe-reads-to-annotation"
WORKFLOW: dict[str, Any] = yaml.safe_load((FOLDER / f"{FOLDER.name}.gxwf.yml").read_text())
BY_ID = {tool.id: tool for tool in TOOLS}
STEPS = {label: step for label, step in WORKFLOW["steps"].items() if step["tool_id"] in BY_ID}


def parameters(parent: Element, prefix: str = "") -> Iterator[str]:
    """Names of all parameters as the workflow writes them: ``section|name``."""
    for item in parent:
        name = item.get("name") or (item.get("argument") or "").lstrip("-").replace("-", "_")
        if item.tag == "param":
            yield f"{prefix}{name}"
        elif item.tag in {"conditional", "section"}:
            yield from parameters(item, f"{prefix}{name}|")
        elif item.tag == "when":
            yield from parameters(item, prefix)


def flat(state: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in state.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}|")
        else:
            yield f"{prefix}{key}"


def outputs(tool: Tool) -> set[str]:
    found = tool.root.find("outputs")
    assert found is not None
    return {item.get("name", "") for item in found}


#: Ids of tools that are used on their own and are no step of the workflow.
BESIDE_THE_WORKFLOW: set[str] = set()


def test_every_tool_is_a_step_or_named_as_none() -> None:
    assert {step["tool_id"] for step in STEPS.values()} == set(BY_ID) - BESIDE_THE_WORKFLOW


@pytest.mark.parametrize("label", STEPS)
def test_a_step_gives_and_connects_parameters_its_tool_has(label: str) -> None:
    step, tool = STEPS[label], BY_ID[STEPS[label]["tool_id"]]
    inputs = tool.root.find("inputs")
    assert inputs is not None
    known = set(parameters(inputs))
    connected, given = set(step["in"]), set(flat(step["state"]))
    assert connected | given <= known
    assert not connected & given
    assert step["tool_version"] == tool.root.get("version")
    assert set(step["out"]) <= outputs(tool)


@pytest.mark.parametrize("label", STEPS)
def test_settings_that_are_not_in_the_form_are_the_tools_defaults(label: str) -> None:
    step, tool = STEPS[label], BY_ID[STEPS[label]["tool_id"]]
    for key, value in step["state"].items():
        for param in tool.root.iter("param"):
            if (param.get("argument") or "").lstrip("-").replace("-", "_") == key and param.get("value") is not None:
                assert str(value) == param.get("value") or float(value) == float(param.get("value", "nan"))


def test_connections_come_from_outputs_that_are_there() -> None:
    for step in WORKFLOW["steps"].values():
        for source in step["in"].values():
            label, _, output = source.partition("/")
            if output and label in STEPS:
                assert output in outputs(BY_ID[STEPS[label]["tool_id"]]), source
            elif output:
                assert label in WORKFLOW["steps"]
            else:
                assert label in WORKFLOW["inputs"]


def test_the_summaries_of_all_steps_before_it_go_to_the_report() -> None:
    collected = {source.partition("/")[0] for source in WORKFLOW["steps"]["Collect summaries"]["in"].values()}
    assert collected == set(STEPS) - {"Report"}
    assert len(WORKFLOW["steps"]["Collect summaries"]["state"]["datasets"]) == len(collected)


def test_every_output_of_the_workflow_is_looked_at_by_its_test() -> None:
    tests = yaml.safe_load((FOLDER / f"{FOLDER.name}.gxwf-tests.yml").read_text())
    assert set(tests[0]["outputs"]) == set(WORKFLOW["outputs"])


def test_the_release_is_the_newest_of_the_changelog() -> None:
    newest = (FOLDER / "CHANGELOG.md").read_text().split("\n## [", 1)[1].split("]", 1)[0]
    assert newest == WORKFLOW["release"]


def test_datasets_that_stay_in_sight_have_the_names_of_the_outputs() -> None:
    in_sight = {
        f"{label}/{name}": shown["rename"]
        for label, step in STEPS.items()
        for name, shown in step["out"].items()
        if not shown.get("hide")
    }
    assert in_sight == {entry["outputSource"]: name for name, entry in WORKFLOW["outputs"].items()}
