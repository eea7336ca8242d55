"""The steps of a run before its blocks: each takes the values of those before it and returns its own.

Loaded, checked, scanned, planned; then :mod:`metapipe.runner.run.engine` has the blocks done and delivers. Everything
that can be checked is checked before a session starts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe import machine
from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.attempt.shared_folders import database_sizes
from metapipe.runner.attempt.task import Job, RecordFiles
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.plan import Plan, Within, Work, make_plan
from metapipe.runner.blocks.resources import Resources, SessionKind, Slots
from metapipe.runner.declare.elements import PER_NODE, WholeInput
from metapipe.runner.declare.given import Given
from metapipe.runner.declare.stage import Stage
from metapipe.runner.guard import sandbox
from metapipe.runner.guard.limits import Allowance, default_timeout
from metapipe.runner.run.deliver import check_targets
from metapipe.runner.run.identity import input_rows
from metapipe.runner.run.inputs import StageInput, read_inputs
from metapipe.runner.run.request import Request
from metapipe.runner.run.session_choice import ClusterShare, Opening, find_cluster
from metapipe.runner.scan.side_files import readable_side_files
from metapipe.runner.sessions.jvm import java_binary
from metapipe.runner.warm.session import look_for_warm


@dataclass(frozen=True)
class Loaded:
    """A request whose stage is known, and so what it leaves open.

    :param given: with all labels and options. :param slots: of this host, as many as its memory is enough for.
    """

    request: Request
    stage: Stage
    given: Given
    work: Work
    slots: Slots

    @property
    def resources(self) -> Resources:
        """Those asked for, with the slots there are."""
        return self.request.resources.of(self.slots.count)


@dataclass(frozen=True)
class Checked:
    """What the surroundings allow. :param policy: of the sandbox. :param cluster: None: blocks run on this host."""

    policy: sandbox.Policy
    cluster: ClusterShare | None


@dataclass(frozen=True)
class Scanned:
    """What was read. :param given: with the side files to read. :param rows: of the input files, for the run report."""

    records: StageInput
    given: Given
    rows: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Planned:
    """How and where the blocks will run. :param opening: of the session that pays, or was asked for."""

    plan: Plan
    blocks: list[Block]
    opening: Opening
    slots: Slots

    @property
    def cluster(self) -> ClusterShare | None:
        """The cluster, when the blocks run there."""
        return self.opening.cluster


def load(request: Request) -> Loaded:
    """Load the stage and fill in what the request leaves to it."""
    stage: Stage = load_stage(request.stage)()
    given = request.given.complete(stage.options)
    work = Work(
        stage.rate_for(given.databases, given.options),
        stage.fixed_cost_for(given.databases, given.options),
        whole=isinstance(stage.invariance, WholeInput),
        per_node=stage.threads == PER_NODE,
    )
    places = dataclasses.replace(request.places, workdir=request.places.workdir.absolute())
    slots = request.resources.on(machine.memory_mb(), stage.memory_mb)
    return Loaded(dataclasses.replace(request, places=places), stage, given, work, slots)


def check(run: Loaded) -> Checked:
    """Check all that can be checked without reading the input.

    :raises MetapipeError: E201, E301, E304, E501, E701, E702, and what the stage's own check raises.
    """
    stage, given, warn = run.stage, run.given, run.request.voice.warn
    policy = sandbox.policy_of(os.environ)
    if policy is sandbox.Policy.REQUIRE:
        sandbox.is_sandboxed(policy)
    elif stage.programs and warn is not None and (open_door := sandbox.warning(policy)):
        warn(open_door)
    stage.check(given.options)
    cluster = find_cluster(run.resources.session, memory_mb=stage.memory_mb, per_node=run.work.per_node)
    for key, path in given.side_files(stage.side):
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise MetapipeError("E201", f"cannot be read ({error.strerror})", file=given.labels[key]) from error
    for program, package in stage.programs.items():
        if shutil.which(program) is None:
            raise MetapipeError("E301", f"the program '{program}' is not on the PATH (Debian package {package})")
    check_targets(run.request.places.targets, given.files)
    return Checked(policy, cluster)


def scan(run: Loaded, scratch: Path) -> Scanned:
    """Read all input once. :param scratch: for what has to be copied to be read.

    :raises MetapipeError: everything of :func:`read_inputs` and :func:`readable_side_files`.
    """
    stage, given = run.stage, run.given
    atom = 1 if run.resources.blocks is not None else None
    records = read_inputs(type(stage), given.records, given.labels, scratch, atom=atom)
    side = readable_side_files(stage.side, given, scratch)
    rows = input_rows(stage, records, given)
    return Scanned(records, dataclasses.replace(given, side=side), rows)


def plan(run: Loaded, checked: Checked, scanned: Scanned, until: contextlib.ExitStack) -> Planned:
    """Plan for the cluster where there is one, and for this host when the work is not worth it.

    :param until: at its end an offer of a warm session is given back.
    """
    weights, java = scanned.records.weights, java_binary() is not None
    resources, per_node = run.resources, run.work.per_node
    if checked.cluster is not None:
        share = checked.cluster
        made = make_plan(weights, run.work, resources.of(share.blocks), Within(cluster=True, java=java))
        if made.session is SessionKind.CLUSTER:
            opening = Opening(made.session, share.slots.count, per_node, cluster=share)
            return Planned(made, scanned.records.blocks(made.borders), opening, share.slots)
    offer = look_for_warm(resources.session, resources.slots)
    until.callback(offer.close)
    made = make_plan(weights, run.work, resources, Within(java=java, warm=offer.found))
    if made.session is not SessionKind.WARM:
        offer.close()  # a client without work would keep the server from replacing its session
    opening = Opening(made.session, resources.slots, per_node, offer, insist=resources.session is not None)
    return Planned(made, scanned.records.blocks(made.borders), opening, run.slots)


def make_job(run: Loaded, checked: Checked, scanned: Scanned, planned: Planned, digest: str, folder: Path) -> Job:
    """What the workers are sent. :param digest: of the plan. :param folder: of the job, in which parts appear."""
    return Job(
        identifier=digest,
        stage=run.request.stage,
        given=dataclasses.replace(
            scanned.given,
            side={name: tuple(path.resolve() for path in paths) for name, paths in scanned.given.side.items()},
        ),
        records=_record_files(scanned.records),
        allowance=_allowance(run, planned),
        outputs=tuple(run.stage.outputs),
        folder=str(folder.resolve()),
        multiple=frozenset(name for name, declared in run.stage.side.items() if declared.multiple),
        kept=frozenset(part.name for part in folder.glob("parts/*")),
        database_sizes=None if planned.cluster is None else database_sizes(run.given.databases),
        sandbox=checked.policy,
    )


def _record_files(records: StageInput) -> RecordFiles:
    whole = {
        name: (str(one.path), one.path.stat().st_size)
        for name, one in zip(records.names, records.scanned, strict=True)
        if not one.compressed
    }
    forms: Mapping[str, str] = dict.fromkeys(records.names, records.form)
    return RecordFiles(forms, records.totals, whole, records.marks)


def _allowance(run: Loaded, planned: Planned) -> Allowance:
    asked, work = run.resources, run.work
    threads, memory_mb = run.slots.count, run.slots.memory_mb
    if planned.cluster is not None:
        threads, memory_mb = planned.cluster.cores_per_block, planned.cluster.block_mb
    elif not work.per_node:
        memory_mb //= run.slots.count
    largest = max((block.residues for block in planned.blocks), default=0)
    return Allowance(
        threads if work.per_node else run.stage.threads,
        memory_mb,
        enforced=asked.memory_mb is not None,
        timeout=asked.timeout or default_timeout(largest, work.rate, work.fixed_cost),
        idle=asked.idle_timeout,
        largest=largest,
        fixed_cost=work.fixed_cost,
    )
