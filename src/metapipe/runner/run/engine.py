"""One run of one stage: check, scan, plan, run, retry, merge, report. The order is the order of the methods below.

Everything that can be checked is checked before a session starts. Outputs appear whole, at the very end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe import machine
from metapipe.errors import MetapipeError
from metapipe.runner.account import summary as reports
from metapipe.runner.account.progress import Progress
from metapipe.runner.account.run_report import Run, run_report, settle_accounts
from metapipe.runner.attempt.attempt import load_stage, lost_attempts, part_folder
from metapipe.runner.attempt.preparation import prepare
from metapipe.runner.attempt.shared_folders import database_sizes
from metapipe.runner.attempt.task import Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.plan import Plan, make_plan
from metapipe.runner.declare.elements import PER_NODE, Database, WholeInput
from metapipe.runner.declare.stage import Stage
from metapipe.runner.guard import sandbox
from metapipe.runner.guard.limits import IDLE_DEFAULT, default_timeout
from metapipe.runner.run.choice import open_session
from metapipe.runner.run.deliver import Delivery, check_targets, quarantined_text
from metapipe.runner.run.identity import input_labels, input_rows, plan_hash, residue_unit
from metapipe.runner.run.inputs import StageInput, read_inputs
from metapipe.runner.run.retry import Outcome, run_all
from metapipe.runner.run.workfolder import job_folder, own_folder
from metapipe.runner.scan.side_files import readable_side_files
from metapipe.runner.sessions.cluster import Cluster, cluster_from
from metapipe.runner.sessions.event_log import event_log_settings
from metapipe.runner.sessions.jvm import java_binary
from metapipe.runner.sessions.session import Session
from metapipe.runner.warm.session import WarmOffer, look_for_warm


@dataclass(frozen=True)
class Request:
    """What to run on what, and where the results go.

    :param stage: ``module:Class``. :param inputs: record inputs by declared name. :param side: side files by name.
    :param labels: names of the input files as the user knows them, for messages and the summary.
    :param outputs: the outputs wanted; others are dropped. :param workdir: parts live here until merged.
    :param session: ``auto`` or a name of ``sessions``. :param blocks: force this many blocks (tests, benchmarks).
    :param memory_mb: for all slots together, enforced; None: the machine's is planned with and nothing is enforced.
    :param timeout: seconds the largest block may take (None: plenty, by the stage's rate).
    :param idle_timeout: seconds a block may go on without any sign of life (0: for ever).
    :param progress: called with one line of text now and then;
        :param live: it shows each in place of the one before, so it is called often (an empty line clears it).
    :param warn: called with a line the user should see in any case.
    :param event_log: folder in which Spark leaves its event log.
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
    memory_mb: int | None = None
    session: str = "auto"
    max_quarantined: int = 10
    blocks: int | None = None
    timeout: float | None = None
    idle_timeout: float = IDLE_DEFAULT
    summary: Path | None = None
    report: Path | None = None
    quarantine: Path | None = None
    progress: Callable[[str], None] | None = None
    warn: Callable[[str], None] | None = None
    live: bool = False
    event_log: Path | None = None
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

    :raises MetapipeError: with the code and exit code of what went wrong; then no output has appeared, but the run
        report has, with the code and the attempts made.
    """
    run = _Run(request)
    try:
        with run.progress.ticking():
            return run.complete()
    except BaseException as error:
        with contextlib.suppress(Exception):
            run.report_failure(error)
        raise
    finally:
        settle_accounts()
        run.warm.close()


class _Run:
    """The steps of one run and what is known so far."""

    def __init__(self, request: Request) -> None:
        # Absolute, as the workers of a cluster do not share our working folder.
        inputs = {name: path.absolute() for name, path in request.inputs.items()}
        self.request = request = dataclasses.replace(request, inputs=inputs, workdir=request.workdir.absolute())
        self.stage: Stage = load_stage(request.stage)()
        self.options = request.options if request.options is not None else self.stage.options()
        self.labels = input_labels(request.inputs, request.side, request.labels)
        self.memory_mb = machine.memory_mb() if request.memory_mb is None else request.memory_mb
        self.slots = max(1, min(request.slots, self.memory_mb // self.stage.memory_mb))
        self.side: Mapping[str, Sequence[Path]] = request.side
        self.sandbox = "auto"
        self.cluster: Cluster | None = None
        self.cores_per_block = 1
        self.rate = self.stage.rate_for(request.databases, self.options)
        self.fixed_cost = self.stage.fixed_cost_for(request.databases, self.options)
        self.outcome = Outcome()
        self.known = Run(
            self.stage,
            options=self.options,
            rate=self.rate,
            databases=request.databases,
            slots=self.slots,
            memory_mb=self.memory_mb,
        )
        self.phases = self.known.phases
        self.progress = Progress(self.stage.name, request.progress, live=request.live)
        self.warm = WarmOffer()

    def complete(self) -> RunResult:
        request, known = self.request, self.known
        self.phases.enter("check")
        self.check()
        with own_folder(request.workdir) as scratch:
            self.phases.enter("scan")
            self.progress.checking([*request.inputs.values()])
            atom = 1 if request.blocks is not None else None
            scanned = read_inputs(type(self.stage), request.inputs, self.labels, scratch, atom=atom)
            self.side = readable_side_files(self.stage.side, request.side, self.labels, scratch)
            known.inputs = input_rows(self.stage, scanned, request.inputs, request.side, self.labels)
            self.phases.enter("plan")
            known.plan = plan = self.make_plan(scanned)
            known.plan_hash = plan_hash(
                request.stage, self.stage, self.options, known.inputs, request.databases, request.labels, plan
            )
            with job_folder(request.workdir, self.stage.name, known.plan_hash) as folder:
                job = self.make_job(scanned, plan, folder)
                self.run_blocks(job, plan, scanned, scratch)
                self.phases.enter("merge")
                self.progress.doing("putting the results together")
                parts = [part_folder(job, self.outcome.done[key]) for key in sorted(self.outcome.done)]
                rules = {name: output.merge for name, output in self.stage.outputs.items()}
                with Delivery() as delivery:
                    delivery.merge(rules, parts, request.outputs)
                    result = self.account(job, scanned, delivery)
                    delivery.hand_over()
                return result

    def check(self) -> None:
        request = self.request
        self.sandbox = sandbox.policy_of(os.environ)
        if self.sandbox == "require":
            sandbox.is_sandboxed(self.sandbox)
        elif self.stage.programs and request.warn is not None and (open_door := sandbox.warning(self.sandbox)):
            request.warn(open_door)
        self.stage.check(self.options)
        self.find_cluster()
        for name, paths in request.side.items():
            for position, path in enumerate(paths):
                label = self.labels[f"{name}.{position}" if self.stage.side[name].multiple else name]
                try:
                    with path.open("rb"):
                        pass
                except OSError as error:
                    raise MetapipeError("E201", f"cannot be read ({error.strerror})", file=label) from error
        for program, package in self.stage.programs.items():
            if shutil.which(program) is None:
                raise MetapipeError("E301", f"the program '{program}' is not on the PATH (Debian package {package})")
        extra = {"the summary": request.summary, "the report": request.report, "the quarantine": request.quarantine}
        targets = {f"output {name}": path for name, path in request.outputs.items()}
        targets |= {what: path for what, path in extra.items() if path is not None}
        check_targets(targets, [*request.inputs.values(), *(path for paths in request.side.values() for path in paths)])

    def find_cluster(self) -> None:
        """Take the cluster of this destination, unless the stage cannot use it or another session is asked for."""
        request, per_node = self.request, self.stage.threads == PER_NODE
        if request.session not in ("auto", "cluster"):
            return
        found = cluster_from(os.environ)
        if found is None and request.session == "cluster":
            raise MetapipeError("E702", "METAPIPE_SPARK_MASTER is not set: there is no cluster for --session cluster")
        if found is None or (request.session == "auto" and per_node and found.executor_cores is None):
            return
        self.cores_per_block = found.cores_per_block(memory_mb=self.stage.memory_mb, per_node=per_node)
        self.cluster = found

    def make_plan(self, scanned: StageInput) -> Plan:
        """Plan for the cluster where there is one, and for this host when the work is not worth it."""
        if self.cluster is not None:
            plan = self.plan_for(scanned, self.cluster)
            if plan.session == "cluster":
                return plan
        self.cluster = None
        self.warm = look_for_warm(self.request.session, self.slots)
        plan = self.plan_for(scanned, None)
        if plan.session != "warm":
            self.warm.close()  # a client without work would keep the server from replacing its session
        return plan

    def plan_for(self, scanned: StageInput, cluster: Cluster | None) -> Plan:
        return make_plan(
            scanned.weights,
            rate=self.rate,
            fixed_cost=self.fixed_cost,
            slots=self.slots if cluster is None else cluster.slots(self.cores_per_block),
            whole=isinstance(self.stage.invariance, WholeInput),
            per_node=self.stage.threads == PER_NODE,
            session=self.request.session,
            cluster=cluster is not None,
            java=java_binary() is not None,
            warm="" if self.warm else self.warm.reason or None,
            blocks=self.request.blocks,
        )

    def make_job(self, scanned: StageInput, plan: Plan, folder: Path) -> Job:
        largest = max((block.residues for block in scanned.blocks(plan.borders)), default=0)
        request, per_node = self.request, self.stage.threads == PER_NODE
        threads, memory_mb = self.slots, self.memory_mb if per_node else self.memory_mb // self.slots
        if self.cluster is not None:
            threads, memory_mb = self.cores_per_block, self.cores_per_block * self.cluster.core_memory_mb
            self.slots = self.known.slots = self.cluster.slots(self.cores_per_block) * self.cores_per_block
            self.known.memory_mb = self.slots * self.cluster.core_memory_mb
        return Job(
            identifier=self.known.plan_hash,
            stage=request.stage,
            options=self.options,
            forms=dict.fromkeys(scanned.names, scanned.form),
            whole_files={
                name: (str(one.path), one.path.stat().st_size)
                for name, one in zip(scanned.names, scanned.scanned, strict=True)
                if not one.compressed
            },
            labels=self.labels,
            side={name: tuple(str(path.resolve()) for path in paths) for name, paths in self.side.items()},
            multiple=frozenset(name for name, declared in self.stage.side.items() if declared.multiple),
            databases=dict(request.databases),
            outputs=tuple(self.stage.outputs),
            totals=scanned.totals,
            threads=threads if per_node else self.stage.threads,
            memory_mb=memory_mb,
            folder=str(folder.resolve()),
            kept=frozenset(part.name for part in folder.glob("parts/*")),
            database_sizes=None if self.cluster is None else database_sizes(request.databases),
            timeout=request.timeout or default_timeout(largest, self.rate, self.fixed_cost),
            idle_timeout=request.idle_timeout,
            memory_enforced=request.memory_mb is not None,
            sandbox=self.sandbox,
            largest=largest,
            fixed_cost=self.fixed_cost,
            marks=scanned.marks,
        )

    def run_blocks(self, job: Job, plan: Plan, scanned: StageInput, scratch: Path) -> None:
        request = self.request
        blocks = scanned.blocks(plan.borders)
        todo = sum(not part_folder(job, block).is_dir() for block in blocks)
        if todo:
            prepare(self.stage, job, blocks[0])
        self.known.session = name = plan.session if todo else "inline"
        self.phases.enter("session start")
        self.progress.doing("starting Spark" if name == "local" else f"waiting for the session ({name})")
        session = open_session(
            name,
            slots=self.slots,
            per_node=self.stage.threads == PER_NODE,
            folder=scratch,
            offer=self.warm,
            insist=request.session != "auto",
            cluster=self.cluster,
            cores_per_block=self.cores_per_block,
            warn=request.warn,
            more=event_log_settings(request.event_log),
        )
        try:
            self.known.facts, self.known.remote = self.facts(session), session.remote
            self.phases.enter("blocks")
            weights = {block.name: block.residues for block in blocks}
            self.progress.running(Path(job.folder) / "parts", weights, residue_unit(self.stage), self.slots)
            run_all(
                request.order(blocks) if request.order else blocks,
                lambda pending: session.run(job, pending, self.progress.tick),
                scanned.split,
                self.outcome,
                max_quarantined=request.max_quarantined,
                may_split=not isinstance(self.stage.invariance, WholeInput),
            )
        finally:
            self.progress.end()
            self.phases.enter("session end")
            if session.name != name:  # a lost warm session has become a cold one
                self.known.session = session.name
                self.known.facts, self.known.remote = self.facts(session), session.remote
            session.stop()
            self.outcome.rows = sorted([*self.outcome.rows, *lost_attempts(job)], key=lambda row: row.started)

    def facts(self, session: Session) -> dict[str, Any]:
        return {**session.facts(), "sandbox": sandbox.facts(self.sandbox, bool(self.stage.programs))}

    def account(self, job: Job, scanned: StageInput, delivery: Delivery) -> RunResult:
        request, given_up = self.request, self.outcome.quarantined
        quarantine = request.quarantine
        if given_up and quarantine is None:
            quarantine = next(iter(request.outputs.values())).parent / f"quarantine.{scanned.form}"
        if quarantine is not None:
            delivery.write(quarantine, quarantined_text(given_up))
        summary = reports.summary(self.stage, job, scanned.counts, self.outcome.rows, given_up)
        if request.summary is not None:
            delivery.write(request.summary, reports.json_bytes(summary))
        self.phases.enter("digests")
        report = self.report({name: delivery.written(path) for name, path in request.outputs.items()})
        if request.report is not None:
            delivery.write(request.report, reports.json_bytes(report))  # the last to appear: it says that all is there
        return RunResult(summary, report, int(summary["quarantined"]), quarantine)

    def report(self, outputs: Mapping[str, Path], error: BaseException | None = None) -> dict[str, Any]:
        return run_report(
            self.known,
            self.outcome.rows,
            outputs,
            error,
            retries=self.outcome.retries,
            quarantined=sum(block.records for block in self.outcome.quarantined),
        )

    def report_failure(self, error: BaseException) -> None:
        if self.request.report is not None:
            check_targets({"the report": self.request.report}, list(self.request.inputs.values()))
            reports.write_json(self.report({}, error), self.request.report)
