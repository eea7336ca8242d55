"""``metapipe instance verify``: every workflow on known reads, as a new user, compared byte for byte."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from metapipe.commands.instances.places import Asked, Places, Say
from metapipe.commands.instances.target import Target
from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.galaxy import newcomer
from metapipe.galaxy.downloading import download_outputs
from metapipe.galaxy.pipelines import PIPELINES
from metapipe.galaxy.running import start_run, wait
from metapipe.galaxy.uploading import upload_reads, upload_samples
from metapipe.galaxy.workflow import Workflow, import_once
from metapipe.instance import flavours
from metapipe.instance.local import examples
from metapipe.instance.local.examples import Example
from metapipe.instance.planning import duration
from metapipe.samples.read_pairs import find_samples

if TYPE_CHECKING:
    from bioblend.galaxy import GalaxyInstance


def verify_instance(places: Places, asked: Asked, target: Target, say: Say) -> int:
    """Verify an instance; say each thing that was looked at; return 0 when all of it is right.

    A new user logs in with a password, uploads, runs and downloads, and is removed again, with all that came of it.

    :raises MetapipeError: E307 where the instance is not whole, E404 for a workflow that fails or gives other bytes.
    """
    began = time.monotonic()
    condition = target.condition()
    if condition.state != "up":
        raise MetapipeError(
            "E307", f"{asked.request.name} is {condition.state}; see `metapipe instance status {asked.request.name}`"
        )
    say(f"every part works, databases that are whole: {len(condition.databases)}")
    offered = flavours.read(places.home, asked.request.flavour).workflows
    known = [example for example in examples.known(places.home) if example.workflow in offered]
    with (
        tempfile.TemporaryDirectory(prefix="metapipe-verify-") as scratch,
        target.small_databases(_small(places.home, known)),
        newcomer.account(target.credentials()) as gi,
    ):
        say("a new user has logged in with a password")
        for example in known:
            count = _run(places.home, example, gi, Path(scratch), say)
            say(f"{example.workflow}: {count} results, all of them the known bytes")
        for name in (name for name in offered if name not in {example.workflow for example in known}):
            say(f"{name}: not run, for nobody has said what its results are")
    say(f"{asked.request.name} is right ({duration(time.monotonic() - began)})")
    return 0


def _run(home: Path, example: Example, gi: GalaxyInstance, scratch: Path, say: Say) -> int:
    """Run one workflow on its known reads and compare its results; return how many there were."""
    pipeline = next(each for each in PIPELINES.values() if each.workflow == example.workflow)
    workflow = Workflow.read(pipeline.workflow_file(home))
    name = example.name_in_archive.removeprefix(f"{pipeline.title} ")
    folder = scratch / name
    example.lay_out_reads(home, folder)
    samples = find_samples(folder, single_too=pipeline.takes_single)
    if workflow.takes_samples_together:
        reads = upload_samples(gi, samples, name, example.name_in_archive)
    else:
        reads = upload_reads(gi, samples[0], example.name_in_archive)
    say(f"{example.workflow}: reads are uploaded, the workflow runs")
    parameters = workflow.defaults | {pipeline.parameters[option]: value for option, value in pipeline.smallest.items()}
    run = start_run(gi, workflow, import_once(gi, workflow), reads, parameters)
    invocation = wait(gi, workflow, run, lambda _steps: None)
    files = download_outputs(gi, invocation, scratch / "results" / name)
    found = {str(file.relative_to(scratch / "results" / name)): sha256_of(file) for file in files.values()}
    _compare(example, found)
    return len(found)


def _compare(example: Example, found: dict[str, str]) -> None:
    expected = example.known_results()
    wrong = sorted(file for file in expected.keys() | found.keys() if expected.get(file) != found.get(file))
    if wrong:
        error = MetapipeError(
            "E404",
            f"{example.workflow}: {len(wrong)} of {len(expected)} results are not the known ones, the first {wrong[0]}",
        )
        error.detail = "\n".join(wrong[1:20])
        raise error


def _small(home: Path, known: list[Example]) -> list[Path]:
    """Return the folders of the databases that the known results were made with."""
    workflows = {example.workflow for example in known}
    labels = {
        label
        for pipeline in PIPELINES.values()
        if pipeline.workflow in workflows
        for label in pipeline.smallest.values()
    }
    return [home / "test-data" / "refdb" / name / version for name, _, version in sorted(map(_parted, labels))]


def _parted(label: str) -> tuple[str, str, str]:
    return label.partition(":")
