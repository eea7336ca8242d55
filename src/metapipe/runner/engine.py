"""One run of one stage: check, scan, plan, run, retry, merge, report. The order is the order of the functions below.

Everything that can be checked is checked before a session starts. Outputs appear whole, at the very end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe import __version__
from metapipe.errors import MetapipeError
from metapipe.runner import report as reports
from metapipe.runner.attempt import load_stage, part_folder
from metapipe.runner.blocks import Block
from metapipe.runner.inputs import StageInput, read_inputs
from metapipe.runner.plan import Plan, make_plan
from metapipe.runner.retry import Outcome, run_all
from metapipe.runner.session import InlineSession, Session, SparkSession
from metapipe.runner.stage import PER_NODE, Database, Stage, WholeInput
from metapipe.runner.task import Job


@dataclass(frozen=True)
class Request:
    """What to run on what, and where the results go.

    :param stage: ``module:Class``. :param inputs: record inputs by declared name. :param side: side files by name.
    :param labels: names of the input files as the user knows them, for messages and the summary.
    :param outputs: the outputs wanted; others are dropped. :param workdir: parts live here until merged.
    :param session: ``auto``, ``inline`` or ``local``. :param blocks: force this many blocks (tests, benchmarks).
    :param timeout: seconds one block may take. :param progress: called with one line of text now and then.
    :param order: permutes the launch of blocks (tests).
    """

    stage: str
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    workdir: Path
    side: Mapping[str, Sequence[Path]] = dataclasses.field(default_factory=dict)
    databases: Mapping[str, Database] = dataclasses.field(default_factory=dict)
    options: Any = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    slots: int = 1
    memory_mb: int = 4096
    session: str = "auto"
    max_quarantined: int = 10
    blocks: int | None = None
    timeout: float | None = None
    summary: Path | None = None
    report: Path | None = None
    quarantine: Path | None = None
    progress: Callable[[str], None] | None = None
    order: Callable[[list[Block]], list[Block]] | None = None


@dataclass(frozen=True)
class RunResult:
    """What came out: the summary, the run report, and where records that were given up on went."""

    summary: dict[str, Any]
    report: dict[str, Any]
    quarantined: int
    quarantine: Path | None


def run_stage(request: Request) -> RunResult:
    """Run a stage to its end.

    :raises MetapipeError: with the code and exit code of what went wrong; then no output has appeared.
    """
    started = time.monotonic()
    stage_class = load_stage(request.stage)
    stage = stage_class()
    options = request.options if request.options is not None else stage_class.options()
    _check(stage, options, request)
    labels = _labels(request)
    with tempfile.TemporaryDirectory(prefix="metapipe-", dir=_writable(request.workdir)) as temporary:
        scanned = read_inputs(
            stage_class, request.inputs, labels, Path(temporary), atom=1 if request.blocks is not None else None
        )
        slots = max(1, min(request.slots, request.memory_mb // stage.memory_mb))
        plan = _plan(stage, scanned, slots, request)
        digest = plan_hash(stage, options, scanned, request, plan)
        folder = _writable(request.workdir / digest[:16])
        with (folder / "lock").open("w") as lock:
            _lock(lock.fileno(), folder)
            job = _job(stage, options, scanned, request, labels, slots, digest, folder)
            outcome, session_name = _run(stage, job, plan, scanned, slots, Path(temporary), request)
            done = [outcome.done[key] for key in sorted(outcome.done)]
            _merge(stage, job, done, request)
            quarantine = _write_quarantine(scanned, outcome.quarantined, request)
            result = _account(
                stage, job, plan, digest, session_name, slots, scanned, outcome, request, started, quarantine
            )
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        request.workdir.rmdir()  # only when nothing of another run waits in it
    return result


def _check(stage: Stage, options: Any, request: Request) -> None:
    stage.check(options)
    for name, paths in request.side.items():
        for path in paths:
            if not path.is_file():
                raise MetapipeError("E201", "no such file", file=request.labels.get(name, path.name))
    for program, package in stage.programs.items():
        if shutil.which(program) is None:
            raise MetapipeError("E301", f"the program '{program}' is not on the PATH (Debian package {package})")
    for path in [*request.outputs.values(), *filter(None, (request.summary, request.report))]:
        if not os.access(path.parent, os.W_OK):
            raise MetapipeError("E501", "the folder does not exist or is not writable", file=path)


def _labels(request: Request) -> dict[str, str]:
    labels = {name: path.name for name, path in request.inputs.items()}
    for name, paths in request.side.items():
        labels[name] = paths[0].name if paths else ""
        labels.update({f"{name}.{position}": path.name for position, path in enumerate(paths)})
    return {**labels, **request.labels}


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MetapipeError("E501", f"cannot make the working folder ({error.strerror})", file=folder) from error
    return folder


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise MetapipeError("E601", "another run of the same job is using the working folder", file=folder) from error


def _plan(stage: Stage, scanned: StageInput, slots: int, request: Request) -> Plan:
    whole = isinstance(stage.invariance, WholeInput)
    return make_plan(
        scanned.weights,
        rate=stage.rate,
        fixed_cost=stage.fixed_cost,
        slots=slots,
        whole=whole,
        per_node=stage.threads == PER_NODE,
        session=request.session,
        blocks=request.blocks,
    )


def plan_hash(stage: Stage, options: Any, scanned: StageInput, request: Request, plan: Plan) -> str:
    """Digest of everything the parts depend on: a rerun with the same digest may use them again."""
    identity = {
        "package": __version__,
        "stage": [request.stage, stage.name, stage.version],
        "programs": stage.tool_versions(),
        "options": dataclasses.asdict(options),
        "inputs": [one.sha256 for one in scanned.scanned],
        "side": {name: [reports.file_digest(path) for path in paths] for name, paths in request.side.items()},
        "databases": {name: database.digest for name, database in request.databases.items()},
        "borders": plan.borders,
        "labels": sorted(request.labels.items()),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()


def _job(
    stage: Stage,
    options: Any,
    scanned: StageInput,
    request: Request,
    labels: Mapping[str, str],
    slots: int,
    digest: str,
    folder: Path,
) -> Job:
    per_node = stage.threads == PER_NODE
    return Job(
        identifier=digest,
        stage=request.stage,
        options=options,
        forms=dict.fromkeys(scanned.names, scanned.form),
        whole_files={
            name: (str(one.path), one.path.stat().st_size)
            for name, one in zip(scanned.names, scanned.scanned, strict=True)
            if not one.compressed
        },
        labels=labels,
        side={name: tuple(str(path.resolve()) for path in paths) for name, paths in request.side.items()},
        multiple=frozenset(name for name, declared in stage.side.items() if declared.multiple),
        databases=dict(request.databases),
        outputs=tuple(stage.outputs),
        totals=scanned.totals,
        threads=slots if per_node else stage.threads,
        memory_mb=request.memory_mb if per_node else request.memory_mb // slots,
        folder=str(folder.resolve()),
        timeout=request.timeout,
    )


def _run(
    stage: Stage, job: Job, plan: Plan, scanned: StageInput, slots: int, scratch: Path, request: Request
) -> tuple[Outcome, str]:
    blocks = scanned.blocks(plan.borders)
    todo = sum(not part_folder(job, block).is_dir() for block in blocks)
    name = plan.session if todo else "inline"
    session: Session = (
        SparkSession(1 if stage.threads == PER_NODE else slots, scratch) if name == "local" else InlineSession()
    )
    progress = _Progress(job, len(blocks), request.progress)
    try:
        outcome = run_all(
            request.order(blocks) if request.order else blocks,
            lambda pending: session.run(job, pending, progress.tick),
            scanned.split,
            max_quarantined=request.max_quarantined,
            may_split=not isinstance(stage.invariance, WholeInput),
        )
    finally:
        session.stop()
    return outcome, name


class _Progress:
    """Counts parts as they appear in the folder, wherever the blocks run."""

    def __init__(self, job: Job, blocks: int, say: Callable[[str], None] | None) -> None:
        self.parts, self.blocks, self.say = Path(job.folder) / "parts", blocks, say
        self.started, self.shown = time.monotonic(), -1

    def tick(self) -> None:
        if self.say is None or self.blocks < 2 or not self.parts.is_dir():
            return
        done = min(self.blocks, sum(1 for _ in self.parts.iterdir()))
        if done == self.shown or done == 0:
            return
        self.shown = done
        left = (time.monotonic() - self.started) / done * (self.blocks - done)
        self.say(f"{done} of {self.blocks} blocks done, about {left:.0f} s left")


def _merge(stage: Stage, job: Job, done: Sequence[Block], request: Request) -> None:
    merged: list[tuple[Path, Path]] = []
    try:
        for name, target in request.outputs.items():
            parts = [part_folder(job, block) / name for block in done]
            temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
            merged.append((temporary, target))
            with temporary.open("wb") as file:
                stage.outputs[name].merge.merge(parts, file)
        for temporary, target in merged:
            os.replace(temporary, target)
    except OSError as error:
        for temporary, _ in merged:
            temporary.unlink(missing_ok=True)
        raise MetapipeError("E501", f"cannot write ({error.strerror})", file=merged[-1][1]) from error


def _write_quarantine(scanned: StageInput, blocks: Sequence[Block], request: Request) -> Path | None:
    if not blocks:
        if request.quarantine is not None:
            reports.write_whole(request.quarantine, b"")
        return request.quarantine
    from metapipe.runner.records import to_text

    target = request.quarantine or request.workdir.parent / f"quarantine.{scanned.form}"
    text = b"".join(
        to_text(record)
        for block in sorted(blocks, key=lambda b: b.key)
        for group in scanned.records(block)
        for record in group
    )
    reports.write_whole(target, text)
    return target


def _account(
    stage: Stage,
    job: Job,
    plan: Plan,
    digest: str,
    session: str,
    slots: int,
    scanned: StageInput,
    outcome: Outcome,
    request: Request,
    started: float,
    quarantine: Path | None,
) -> RunResult:
    summary = reports.summary(stage, job, scanned.counts, outcome.rows, outcome.quarantined)
    given_up = summary["quarantined"]
    run_report = reports.run_report(
        stage,
        job,
        plan,
        digest,
        session,
        slots,
        outcome.rows,
        request.outputs,
        wall=time.monotonic() - started,
        retries=outcome.retries,
        quarantined=given_up,
    )
    if request.summary is not None:
        reports.write_json(summary, request.summary)
    if request.report is not None:
        reports.write_json(run_report, request.report)
    return RunResult(summary, run_report, given_up, quarantine)
