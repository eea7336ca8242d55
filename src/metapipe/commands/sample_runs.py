"""Samples through Galaxy: reads up, the workflow started or found again, waited for, results down, each step said."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metapipe.commands.screen import Screen
from metapipe.errors import MetapipeError
from metapipe.formats.file_names import folder_names, safe_name
from metapipe.galaxy.connection import Account, connect, talking_to_galaxy
from metapipe.galaxy.downloading import download_outputs
from metapipe.galaxy.pipelines import Pipeline
from metapipe.galaxy.progress import Changes, Step, clock, status_line
from metapipe.galaxy.running import failures, find_run, start_run, wait
from metapipe.galaxy.uploading import upload_reads, upload_samples
from metapipe.galaxy.workflow import Workflow, import_once
from metapipe.samples.read_pairs import Sample

if TYPE_CHECKING:
    from bioblend.galaxy import GalaxyInstance


#: The output of workflows that says of each sample whether it is in the tables of all samples.
COMPARED = "Samples compared"


@dataclass(frozen=True)
class Run:
    """One sample's run of the workflow."""

    history_id: str
    id: str
    results: Path


@dataclass(frozen=True)
class Batch:
    """All runs of one call of the command.

    :param title: what histories are called. :param parameters: workflow input label → value.
    :param again: start a new run even where the same one is finished.
    """

    gi: GalaxyInstance
    account: Account
    workflow: Workflow
    workflow_id: str
    parameters: dict[str, Any]
    again: bool
    results: Path
    screen: Screen
    title: str

    def start(self, samples: Sequence[Sample], name: str, folder: str) -> Run:
        """Upload reads and start the workflow on them, or find both done before.

        :param samples: one, or all that the workflow takes together.
        :param folder: in the folder of results, for this run's.
        """

        def sending(file: str, share: float) -> None:
            self.screen.move(f"Uploading {file}: {share:.0%}")

        history = f"{self.title} {name}"
        if self.workflow.takes_samples_together:
            reads = upload_samples(self.gi, samples, name, history, sending)
        else:
            reads = upload_reads(self.gi, samples[0], history, sending)
        self.screen.tell(f"Reads of {name}: {'in Galaxy already' if reads.reused else 'uploaded'}")
        given = (self.gi, self.workflow, self.workflow_id, reads, self.parameters)
        run_id = None if self.again else find_run(*given)
        if run_id is None:
            run_id = start_run(*given)
            self.screen.tell(f"Workflow on {name}: started")
        else:
            self.screen.tell(f"Workflow on {name}: same reads, same settings; showing that run (--again starts anew)")
        return Run(reads.history_id, run_id, self.results / folder)

    def finish(self, run: Run) -> MetapipeError | None:
        """Wait for a run and fetch its results. A failure is printed and returned: other samples go on."""

        began = time.monotonic()
        changes = Changes()

        def look(steps: Sequence[Step]) -> None:
            seconds = time.monotonic() - began
            for line in changes.lines(steps, seconds):
                self.screen.tell(line)
            self.screen.move(status_line(steps, seconds, self.screen.width))

        failed: MetapipeError | None = None
        try:
            try:
                invocation = wait(self.gi, self.workflow, run.id, look)
            except MetapipeError as error:
                if not self.workflow.takes_samples_together:
                    raise
                # What failed is one sample's; the others have their results, and are compared.
                failed = error
                said = failures(self.gi, run.id)
                for each in said if len(said) > 1 else [error]:
                    self.screen.complain(each)
                invocation = self.gi.invocations.show_invocation(run.id)
            files = download_outputs(self.gi, invocation, run.results, whole=failed is None)
        except MetapipeError as error:
            self.screen.complain(error)
            self.screen.say(f"History   {self.account.history_url(run.history_id)}")
            return error
        if failed is None:
            self.screen.tell(f"Done in {clock(time.monotonic() - began)}.\n")
        elif files:
            self.screen.tell("What did not fail is done:\n")
        if files:
            self._show(run, invocation, files)
        self.screen.say(f"History   {self.account.history_url(run.history_id)}")
        return failed

    def _show(self, run: Run, invocation: Mapping[str, Any], files: Mapping[str, Path]) -> None:
        folders = Counter(path.parent.name for path in files.values() if path.parent != run.results)
        shown = [path.name for path in files.values() if path.parent == run.results]
        shown += [f"{folder}/ ({count} files)" for folder, count in folders.items()]
        self.screen.say(f"Results   {run.results}/: {', '.join(sorted(shown))}")
        for label, path in files.items():
            if label == COMPARED:
                for sample, why in left_out(path):
                    self.screen.say(f"Left out  {sample}: {why}")
            if label.partition("/")[0] in ("Report", "Reports"):
                self.screen.say(f"Report    {path}")
                if label in invocation["outputs"]:
                    self.screen.say(f"          {self.account.dataset_url(invocation['outputs'][label]['id'])}")


def left_out(compared: Path) -> list[tuple[str, str]]:
    """Return the samples that are not compared, each with the reason. :param compared: the table of that name."""
    header, *rows = (line.split("\t") for line in compared.read_text(encoding="utf-8").splitlines())
    why = header.index("left_out")
    return [(row[0], row[why]) for row in rows if row[why]]


def run_samples(
    pipeline: Pipeline,
    arguments: argparse.Namespace,
    state: Path,
    workflow: Path,
    samples: Sequence[Sample],
    name: str,
    screen: Screen,
) -> int:
    """Take samples through a Galaxy that is up; return the exit code.

    :param state: folder of that Galaxy. :param workflow: file of the workflow. :param name: of all samples together.
    :raises MetapipeError: what keeps all samples from being run; what one sample's run fails of is printed.
    """
    account = Account.read(state)
    described = Workflow.read(workflow)
    parameters = chosen_parameters(pipeline, described, arguments)
    gi = connect(account)
    with talking_to_galaxy(account.url):
        workflow_id = import_once(gi, described)
        given = (gi, account, described, workflow_id, parameters, arguments.again, arguments.results, screen)
        batch = Batch(*given, pipeline.title)
        if described.takes_samples_together or len(samples) == 1:
            runs = [batch.start(samples, name, safe_name(name))]
        else:
            folders = folder_names(sample.name for sample in samples)
            runs = [batch.start([sample], sample.name, folders[sample.name]) for sample in samples]
        failed = [error for run in runs if (error := batch.finish(run))]
    screen.say(f"Galaxy    {account.url}")
    password = account.password if arguments.show_password else f"in {account.password_file}"
    screen.say(f"Log in    as {account.email}, password {password}")
    return failed[0].exit_code if failed else 0


def chosen_parameters(pipeline: Pipeline, workflow: Workflow, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return input label → value: the workflow's defaults and what the user chose instead.

    :raises MetapipeError: E702 when the workflow has no input for an option given.
    """
    parameters = workflow.defaults
    for option, label in pipeline.parameters.items():
        value = getattr(arguments, option)
        if value is None:
            continue
        if label not in workflow.inputs:
            raise MetapipeError(
                "E702", f"workflow {workflow.title}: no input {label!r} for --{option.replace('_', '-')}"
            )
        parameters[label] = value
    return parameters
