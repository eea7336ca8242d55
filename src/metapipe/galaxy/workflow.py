"""The workflow as this checkout describes it, and its one copy in Galaxy.

The copy is known by its uuid, which is made from the file's content: an unchanged file is imported once, a changed
one is a new workflow, and results are never taken for those of another version.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError


@dataclass(frozen=True)
class Workflow:
    """A gxformat2 workflow file.

    :param description: the parsed file.
    :param uuid: made from the file's bytes.
    """

    description: dict[str, Any]
    uuid: str

    @classmethod
    def read(cls, path: Path) -> Workflow:
        """Read ``x.gxwf.yml``.

        :raises MetapipeError: E201 when it cannot be read, E702 when it is no such file.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise MetapipeError("E201", file=path, message=error.strerror or "cannot be read") from error
        try:
            description = yaml.safe_load(content)
        except yaml.YAMLError as error:
            raise MetapipeError("E702", file=path, message=" ".join(str(error).split())) from error
        if not isinstance(description, dict) or description.get("class") != "GalaxyWorkflow":
            raise MetapipeError("E702", file=path, expected="class: GalaxyWorkflow")
        # Galaxy's API takes version 4 only; a name-based uuid breaks the page with the workflow's form.
        return cls(description, str(uuid.UUID(bytes=hashlib.sha256(content).digest()[:16], version=4)))

    @property
    def title(self) -> str:
        """Its name, as Galaxy shows it."""
        return str(self.description["label"])

    @property
    def inputs(self) -> Mapping[str, Mapping[str, Any]]:
        """Input label → its declaration (``type``, ``default`` …), in the order of the form."""
        return {label: entry if isinstance(entry, dict) else {"type": entry} for label, entry in self._named("inputs")}

    @property
    def defaults(self) -> dict[str, Any]:
        """Its inputs' values where nobody chooses: label → value."""
        return {label: entry["default"] for label, entry in self.inputs.items() if "default" in entry}

    @property
    def reads_label(self) -> str:
        """Label of the one input that takes the read pairs."""
        labels = [label for label, entry in self.inputs.items() if entry["type"] in {"collection", "data_collection"}]
        if len(labels) != 1:
            raise MetapipeError("E702", f"workflow {self.title}: expected one collection input, found {len(labels)}")
        return labels[0]

    @property
    def takes_samples_together(self) -> bool:
        """Whether the reads of all samples go into one run, as a list."""
        return str(self.inputs[self.reads_label].get("collection_type")).startswith("list:")

    @property
    def step_labels(self) -> list[str]:
        """Labels of the steps, in the order of the file."""
        return [label for label, _ in self._named("steps")]

    def _named(self, section: str) -> list[tuple[str, Any]]:
        entries = self.description[section]
        if isinstance(entries, dict):
            return list(entries.items())
        return [(entry.get("label") or entry["id"], entry) for entry in entries]


def import_once(gi: GalaxyInstance, workflow: Workflow) -> str:
    """Return Galaxy's id of this workflow, importing it when this very version is not there."""
    for stored in gi.workflows.get_workflows():
        if stored.get("latest_workflow_uuid") == workflow.uuid and not stored["deleted"]:
            return str(stored["id"])
    description = {**workflow.description, "uuid": workflow.uuid}
    return str(gi.workflows.import_workflow_dict(description)["id"])
