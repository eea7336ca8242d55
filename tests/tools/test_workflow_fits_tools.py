"""The workflows connect what the tools really have, in the versions they have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import yaml
from wrapped_stages import ROOT, TOOLS, Tool

from metapipe.formats.file_names import output_file_name
from metapipe.runner.declare.elements import default_file_names

BY_ID = {tool.id: tool for tool in TOOLS}


@dataclass(frozen=True)
class Described:
    """A workflow of this repository.

    :param unsummarised: steps whose summaries do not go to its report: the report itself, and what comes after it.
    """

    folder: Path
    content: dict[str, Any]
    unsummarised: frozenset[str]

    @classmethod
    def read(cls, name: str, *unsummarised: str) -> Described:
        folder = ROOT / "workflows" / name
        content = yaml.safe_load((folder / f"{name}.gxwf.yml").read_text())
        return cls(folder, content, frozenset(unsummarised))

    @property
    def steps(self) -> dict[str, Any]:
        """Steps that are tools of ours."""
        return {label: step for label, step in self.content["steps"].items() if step["tool_id"] in BY_ID}


WORKFLOWS = [
    Described.read("metapipe-reads-to-annotation", "Report", "Chart of taxa", "Chart of functions"),
    Described.read("metapipe-taxonomy"),
    Described.read("biomas-amplicon", "Report", "Combine samples"),
]
STEPS = [
    pytest.param(label, step, id=f"{workflow.folder.name}: {label}")
    for workflow in WORKFLOWS
    for label, step in workflow.steps.items()
]
every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=[one.folder.name for one in WORKFLOWS])


def parameters(parent: Element, prefix: str = "") -> Iterator[str]:
    """Names of all parameters as the workflow writes them: ``section|name``."""
    for item in parent:
        name = name_of(item)
        if item.tag == "param":
            yield f"{prefix}{name}"
        elif item.tag in {"conditional", "section"}:
            yield from parameters(item, f"{prefix}{name}|")
        elif item.tag == "repeat":
            for number in range(99):
                yield from parameters(item, f"{prefix}{name}_{number}|")
            yield f"{prefix}{name}"
        elif item.tag == "when":
            yield from parameters(item, prefix)


def flat(state: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in state.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}|")
        else:
            yield f"{prefix}{key}"


def asked(parent: Element, state: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, bool]]:
    """All parameters that a step in this state asks for, as the workflow writes them, and whether the state gives them.

    Of a conditional those of the chosen case, of a repeat those of each of its items.
    """
    for item in parent:
        name = name_of(item)
        inner = state.get(name)
        if item.tag == "param":
            yield f"{prefix}{name}", name in state
        elif item.tag == "section":
            yield from asked(item, inner or {}, f"{prefix}{name}|")
        elif item.tag == "conditional":
            chooser, cases = item.find("param"), item.findall("when")
            assert chooser is not None
            yield f"{prefix}{name}|{name_of(chooser)}", name_of(chooser) in (inner or {})
            chosen = str((inner or {}).get(name_of(chooser), "")).lower()
            for case in cases:
                if (case.get("value") or "").lower() == chosen:
                    yield from asked(case, inner or {}, f"{prefix}{name}|")
        elif item.tag == "repeat":
            for number, one in enumerate(inner or []):
                yield from asked(item, one, f"{prefix}{name}_{number}|")


def name_of(item: Element) -> str:
    return item.get("name") or (item.get("argument") or "").lstrip("-").replace("-", "_")


def not_given(step: Mapping[str, Any]) -> list[str]:
    """Parameters of a step that are neither connected nor given: Galaxy runs no workflow where there are any."""
    inputs = BY_ID[step["tool_id"]].root.find("inputs")
    assert inputs is not None
    return [name for name, given in asked(inputs, step["state"]) if not given and name not in step["in"]]


def outputs(tool: Tool) -> set[str]:
    found = tool.root.find("outputs")
    assert found is not None
    return {item.get("name", "") for item in found}


#: Ids of tools that are used on their own and are no step of a workflow.
BESIDE_THE_WORKFLOW: set[str] = {
    "metapipe_check_samplesheet",
    "metapipe_extract_contig_rrna",
}


def test_every_workflow_is_looked_at() -> None:
    assert {path.name for path in (ROOT / "workflows").iterdir()} == {one.folder.name for one in WORKFLOWS}


def test_every_tool_is_a_step_or_named_as_none() -> None:
    used = {step["tool_id"] for workflow in WORKFLOWS for step in workflow.steps.values()}
    assert used == set(BY_ID) - BESIDE_THE_WORKFLOW


@pytest.mark.parametrize(("label", "step"), STEPS)
def test_a_step_gives_and_connects_parameters_its_tool_has(label: str, step: dict[str, Any]) -> None:
    tool = BY_ID[step["tool_id"]]
    inputs = tool.root.find("inputs")
    assert inputs is not None
    known = set(parameters(inputs))
    connected, given = set(step["in"]), set(flat(step["state"]))
    assert connected | given <= known, label
    assert not connected & given
    assert step["tool_version"] == tool.root.get("version")
    assert set(step["out"]) <= outputs(tool)


@pytest.mark.parametrize(("label", "step"), STEPS)
def test_a_step_is_given_every_value_that_is_not_connected(label: str, step: dict[str, Any]) -> None:
    """A tool that got a parameter more leaves the workflow behind: Galaxy asks for an upgrade of it, and runs none."""
    assert not_given(step) == [], label


def without_one_value(state: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The state without each of its values in turn, and the name of what was taken out."""
    for key, value in state.items():
        if isinstance(value, dict):
            yield from ((name, {**state, key: less}) for name, less in without_one_value(value, f"{prefix}{key}|"))
        elif not isinstance(value, list):
            yield f"{prefix}{key}", {other: kept for other, kept in state.items() if other != key}


@pytest.mark.parametrize(("label", "step"), STEPS)
def test_a_value_that_is_taken_out_of_a_step_is_missed(label: str, step: dict[str, Any]) -> None:
    for name, less in without_one_value(step["state"]):
        assert name in not_given({**step, "state": less}), label


def test_a_connection_that_is_taken_out_of_a_step_is_missed() -> None:
    for workflow in WORKFLOWS:
        for label, step in workflow.steps.items():
            for name in step["in"]:
                less = {key: source for key, source in step["in"].items() if key != name}
                assert name in not_given({**step, "in": less}), f"{label}: {name}"


def test_pairs_and_single_reads_are_treated_alike() -> None:
    steps = next(one for one in WORKFLOWS if one.folder.name == "metapipe-taxonomy").steps
    alone = {label: step for label, step in steps.items() if label.endswith("single reads")}
    assert len(alone) == 4
    for label, step in alone.items():
        pairs = steps[label.replace("single reads", "pairs")]
        assert step["tool_id"] == pairs["tool_id"]
        settings = [{key: value for key, value in one["state"].items() if key != "reads"} for one in (step, pairs)]
        assert settings[0] == settings[1], label


@pytest.mark.parametrize(("label", "step"), STEPS)
def test_settings_that_are_not_in_the_form_are_the_tools_defaults(label: str, step: dict[str, Any]) -> None:
    for key, value in step["state"].items():
        for param in BY_ID[step["tool_id"]].root.iter("param"):
            if param.get("argument") and name_of(param) == key and param.get("value") is not None:
                assert str(value) == param.get("value") or float(value) == float(param.get("value", "nan")), label


@every_workflow
def test_connections_come_from_outputs_that_are_there(workflow: Described) -> None:
    steps = workflow.content["steps"]
    for step in steps.values():
        for source in step["in"].values():
            label, _, output = source.partition("/")
            if output and label in workflow.steps:
                assert output in outputs(BY_ID[steps[label]["tool_id"]]), source
            elif output:
                assert label in steps
            else:
                assert label in workflow.content["inputs"]


@pytest.mark.parametrize(
    "workflow",
    [pytest.param(one, id=one.folder.name) for one in WORKFLOWS if "Report" in one.steps],
)
def test_the_summaries_of_all_steps_before_it_go_to_the_report(workflow: Described) -> None:
    """One by one: a list that Galaxy builds of them waits for ever as soon as one sample has failed."""
    report = workflow.steps["Report"]
    given = {key: source for key, source in report["in"].items() if key.startswith("steps_")}
    assert list(given) == [f"steps_{number}|step_summary" for number in range(len(given))]
    assert {source.partition("/")[0] for source in given.values()} == set(workflow.steps) - workflow.unsummarised
    assert {source.partition("/")[2] for source in given.values()} == {"summary"}
    assert len(report["state"]["steps"]) == len(given)
    assert "__BUILD_LIST__" not in {step["tool_id"] for step in workflow.content["steps"].values()}


@every_workflow
def test_every_output_of_the_workflow_is_looked_at_by_its_test(workflow: Described) -> None:
    tests = yaml.safe_load((workflow.folder / f"{workflow.folder.name}.gxwf-tests.yml").read_text())
    assert set(tests[0]["outputs"]) == set(workflow.content["outputs"])


@every_workflow
def test_the_release_is_the_newest_of_the_changelog(workflow: Described) -> None:
    newest = (workflow.folder / "CHANGELOG.md").read_text().split("\n## [", 1)[1].split("]", 1)[0]
    assert newest == workflow.content["release"]


@every_workflow
def test_datasets_that_stay_in_sight_have_the_names_of_the_outputs(workflow: Described) -> None:
    in_sight = {
        f"{label}/{name}": shown["rename"]
        for label, step in workflow.content["steps"].items()
        for name, shown in step["out"].items()
        if not shown.get("hide")
    }
    assert in_sight == {entry["outputSource"]: name for name, entry in workflow.content["outputs"].items()}


@every_workflow
def test_a_result_has_one_file_name_from_the_workflow_and_from_the_stage_alone(workflow: Described) -> None:
    """Where the workflow has a file for each sample, in a folder of the label's name, the sample names the file.

    A tool that stands there twice has two names for one output: those are the workflow's.
    """
    named = {}
    uses = Counter(step["tool_id"] for step in workflow.steps.values())
    for label, output in workflow.content["outputs"].items():
        step, _, source = output["outputSource"].partition("/")
        if step not in workflow.steps:  # a list that Galaxy put together
            continue
        if uses[workflow.steps[step]["tool_id"]] > 1 and step != "Combine samples":
            continue
        tool = BY_ID[workflow.steps[step]["tool_id"]]
        outputs = {tool.output_of(name): name for name in tool.stage.outputs}
        reads = next(iter(workflow.content["inputs"].values()))
        together = not reads["collection_type"].startswith("list:") or step == "Combine samples"
        if together:
            made = tool.stage.outputs[outputs[source]]
            alone = default_file_names(tool.stage.outputs)[outputs[source]]
            named[label] = (output_file_name(label, made.suffix), alone)
    assert len(named) >= 3
    assert not {label: pair for label, pair in named.items() if pair[0] != pair[1]}


def fed_parameters(workflow: Described) -> Iterator[tuple[str, Element, str]]:
    """For each connection of an input of the workflow: its label, the parameter it feeds, and where that is."""
    for label, step in workflow.steps.items():
        for key, source in step["in"].items():
            if source in workflow.content["inputs"]:
                name = key.rpartition("|")[2]
                for param in BY_ID[step["tool_id"]].root.findall("./inputs//param"):
                    if name == name_of(param):
                        yield source, param, f"{label}: {key}"


@every_workflow
def test_workflow_and_tools_ask_the_same_question_in_the_same_words(workflow: Described) -> None:
    """A tool's label may add the unit in parentheses."""
    fed = list(fed_parameters(workflow))
    assert {source for source, _, _ in fed} == set(workflow.content["inputs"])
    assert [
        (where, param.get("label"), source)
        for source, param, where in fed
        if (param.get("label") or "").partition(" (")[0] != source
    ] == []


@every_workflow
def test_what_the_form_of_a_workflow_says_has_no_marks_that_galaxy_shows_as_they_are(workflow: Described) -> None:
    texts = [entry["doc"] for entry in workflow.content["inputs"].values()]
    texts += [step["doc"] for step in workflow.content["steps"].values()]
    assert [text for text in texts if re.search(r"[*`]|\]\(", text) or not text.endswith(".")] == []
