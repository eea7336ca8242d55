"""The workflow file and its one copy in Galaxy."""

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from metapipe.errors import MetapipeError
from metapipe.galaxy.workflow import Workflow, import_once

FILE = """\
class: GalaxyWorkflow
label: Reads to annotation
inputs:
  Reads: {type: collection, collection_type: paired}
  Minimum contig length: {type: int, default: 1000}
  Note: string
steps:
  Trim reads: {tool_id: metapipe_trim_reads}
  Assemble: {tool_id: metapipe_assemble}
"""


class FakeWorkflows:
    """Galaxy's workflow API, as far as importing needs it."""

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []

    def get_workflows(self) -> list[dict[str, Any]]:
        return self.stored

    def import_workflow_dict(self, description: dict[str, Any]) -> dict[str, Any]:
        entry = {"id": f"w{len(self.stored)}", "latest_workflow_uuid": description["uuid"], "deleted": False}
        self.stored.append(entry)
        return entry


@pytest.fixture
def workflow_file(tmp_path: Path) -> Path:
    path = tmp_path / "x.gxwf.yml"
    path.write_text(FILE)
    return path


def test_a_workflow_tells_its_steps_inputs_and_which_input_takes_the_reads(workflow_file: Path) -> None:
    workflow = Workflow.read(workflow_file)
    assert workflow.title == "Reads to annotation"
    assert workflow.reads_label == "Reads"
    assert workflow.step_labels == ["Trim reads", "Assemble"]
    assert workflow.inputs["Minimum contig length"]["default"] == 1000
    assert workflow.inputs["Note"] == {"type": "string"}


def test_an_unchanged_workflow_is_imported_once_and_a_changed_one_again(workflow_file: Path) -> None:
    gi: Any = SimpleNamespace(workflows=FakeWorkflows())
    first = import_once(gi, Workflow.read(workflow_file))
    assert import_once(gi, Workflow.read(workflow_file)) == first
    workflow_file.write_text(FILE.replace("1000", "500"))
    assert import_once(gi, Workflow.read(workflow_file)) != first
    assert len(gi.workflows.stored) == 2


def test_the_uuid_is_of_the_version_that_galaxy_takes(workflow_file: Path) -> None:
    assert uuid.UUID(Workflow.read(workflow_file).uuid).version == 4


def test_a_workflow_deleted_in_galaxy_is_imported_again(workflow_file: Path) -> None:
    gi: Any = SimpleNamespace(workflows=FakeWorkflows())
    import_once(gi, Workflow.read(workflow_file))
    gi.workflows.stored[0]["deleted"] = True
    assert import_once(gi, Workflow.read(workflow_file)) == "w1"


@pytest.mark.parametrize("content", ["[1, 2]", "a: b", "a: [", ""])
def test_a_file_that_is_no_workflow_is_e702(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.gxwf.yml"
    path.write_text(content)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 x\.gxwf\.yml"):
        Workflow.read(path)


def test_a_missing_workflow_is_e201(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E201"):
        Workflow.read(tmp_path / "x.gxwf.yml")


def test_a_workflow_without_an_input_for_reads_is_e702(workflow_file: Path) -> None:
    workflow_file.write_text(FILE.replace("collection,", "File,"))
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 .*one collection input, found 0"):
        _ = Workflow.read(workflow_file).reads_label
