"""One run of one stage: check, scan, plan, run, retry, merge, report. Each step returns a value the next ones take.

Outputs appear whole, at the very end.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.runner.accounting import summary as reports
from metapipe.runner.accounting.progress import Progress
from metapipe.runner.accounting.run_report import Run, SessionFacts, run_report, settle_accounts
from metapipe.runner.attempt.attempt import part_folder
from metapipe.runner.attempt.lost_workers import lost_attempts
from metapipe.runner.attempt.preparation import prepare
from metapipe.runner.attempt.task import Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.resources import SessionKind
from metapipe.runner.guard import sandbox
from metapipe.runner.run.deliver import Delivery, check_targets, quarantined_text
from metapipe.runner.run.identity import plan_hash, residue_unit
from metapipe.runner.run.request import Request, RunResult
from metapipe.runner.run.retry import Outcome, run_all
from metapipe.runner.run.session_choice import open_session
from metapipe.runner.run.steps import Loaded, Planned, Scanned, check, load, make_job, plan, scan
from metapipe.runner.run.workfolder import job_folder, own_folder
from metapipe.runner.sessions.event_log import event_log_settings
from metapipe.runner.sessions.session import Session


@dataclass(frozen=True)
class Done:
    """All blocks have come to an end. :param parts: folders, in input order. :param given_up: blocks set aside."""

    job: Job
    parts: list[Path]
    given_up: list[Block]


def run_stage(request: Request) -> RunResult:
    """Run a stage to its end.

    :raises MetapipeError: with the code and exit code of what went wrong; then no output has appeared, but the run
        report has, with the code and the attempts made.
    """
    run = load(request)
    book = _Book(run)
    with contextlib.ExitStack() as until:
        until.callback(settle_accounts)
        try:
            with book.progress.ticking():
                return _complete(run, book, until)
        except BaseException as error:
            with contextlib.suppress(Exception):
                book.report_failure(error)
            raise


def _complete(run: Loaded, book: _Book, until: contextlib.ExitStack) -> RunResult:
    places = run.request.places
    book.phases.enter("check")
    checked = check(run)
    with own_folder(places.workdir) as scratch:
        book.phases.enter("scan")
        book.progress.checking([*run.given.records.values()])
        scanned = scan(run, scratch)
        book.note(inputs=scanned.rows)
        book.phases.enter("plan")
        planned = plan(run, checked, scanned, until)
        book.note(plan=planned.plan)
        digest = plan_hash(run.request, run.stage, run.given, scanned.rows, planned.plan)
        book.note(plan_hash=digest)
        with job_folder(places.workdir, run.stage.name, digest) as folder:
            job = make_job(run, checked, scanned, planned, digest, folder)
            book.note(slots=planned.slots)
            done = _run_blocks(job, run, scanned, planned, book, scratch)
            return _deliver(done, run, scanned, book)


def _run_blocks(job: Job, run: Loaded, scanned: Scanned, planned: Planned, book: _Book, scratch: Path) -> Done:
    blocks, opening, places = planned.blocks, planned.opening, run.request.places
    if all(part_folder(job, block).is_dir() for block in blocks):
        opening = dataclasses.replace(opening, kind=SessionKind.INLINE)
    else:
        prepare(run.stage, job, blocks[0])
    book.note(session=SessionFacts(opening.kind))
    book.phases.enter("session start")
    is_own = opening.kind is SessionKind.LOCAL
    book.progress.doing("starting Spark" if is_own else f"waiting for the session ({opening.kind})")
    more = event_log_settings(places.event_log)
    session = open_session(opening, scratch, warn=run.request.voice.warn, more=more)
    try:
        book.note(session=_facts(session, job, run))
        book.phases.enter("blocks")
        weights = {block.name: block.residues for block in blocks}
        book.progress.running(Path(job.folder) / "parts", weights, residue_unit(run.stage), planned.slots.count)
        run_all(
            run.request.order(blocks) if run.request.order else blocks,
            lambda pending: session.run(job, pending, book.progress.tick),
            scanned.records.split,
            book.outcome,
            max_quarantined=run.resources.max_quarantined,
            may_split=not run.work.whole,
        )
    finally:
        book.progress.end()
        book.phases.enter("session end")
        if session.name != opening.kind:  # a lost warm session has become a cold one
            book.note(session=_facts(session, job, run))
        session.stop()
        book.outcome.rows = sorted([*book.outcome.rows, *lost_attempts(job)], key=lambda row: row.started)
    done = book.outcome.done
    return Done(job, [part_folder(job, done[key]) for key in sorted(done)], book.outcome.quarantined)


def _facts(session: Session, job: Job, run: Loaded) -> SessionFacts:
    facts = {**session.facts(), "sandbox": sandbox.facts(job.sandbox, bool(run.stage.programs))}
    return SessionFacts(session.name, facts, session.remote)


def _deliver(done: Done, run: Loaded, scanned: Scanned, book: _Book) -> RunResult:
    places = run.request.places
    book.phases.enter("merge")
    book.progress.doing("putting the results together")
    rules = {name: output.merge for name, output in run.stage.outputs.items()}
    with Delivery() as delivery:
        delivery.merge(rules, done.parts, places.outputs)
        quarantine = places.quarantine
        if done.given_up and quarantine is None:
            quarantine = next(iter(places.outputs.values())).parent / f"quarantine.{scanned.records.form}"
        if quarantine is not None:
            delivery.write(quarantine, quarantined_text(done.given_up))
        summary = reports.summary(run.stage, done.job, scanned.records.counts, book.outcome.rows, done.given_up)
        if places.summary is not None:
            delivery.write(places.summary, reports.json_bytes(summary))
        book.phases.enter("digests")
        report = book.report({name: delivery.written(path) for name, path in places.outputs.items()})
        if places.report is not None:
            delivery.write(places.report, reports.json_bytes(report))  # the last to appear: it says that all is there
        delivery.hand_over()
    return RunResult(summary, report, int(summary["quarantined"]), quarantine)


class _Book:
    """What is written down of a run on its way, for its report, should it fail now, and what is shown of it."""

    def __init__(self, run: Loaded) -> None:
        self._run = run
        self._known = Run(run.stage, run.given, run.work, run.slots)
        self.outcome = Outcome()
        self.phases = self._known.phases
        self.progress = Progress(run.stage.name, run.request.voice.progress, live=run.request.voice.live)

    def note(self, **known: Any) -> None:
        """Write down fields of :class:`Run` that are known from now on."""
        self._known = dataclasses.replace(self._known, **known)

    def report(self, outputs: Mapping[str, Path], error: BaseException | None = None) -> dict[str, Any]:
        return run_report(
            self._known,
            self.outcome.rows,
            outputs,
            error,
            retries=self.outcome.retries,
            quarantined=sum(block.records for block in self.outcome.quarantined),
        )

    def report_failure(self, error: BaseException) -> None:
        place = self._run.request.places.report
        if place is not None:
            check_targets({"the report": place}, [*self._run.given.records.values()])
            reports.write_json(self.report({}, error), place)
