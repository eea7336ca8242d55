"""What a run cost and how it went: ``run_report.json``. Holds times, hosts and paths, so it is never part of a result.

Spark's own accounting does not see child processes (measured: 6 ms shown for 2 s burned), so core-seconds come from
``wait4`` of every child and from this process's own clock. The shape is :mod:`metapipe.runner.accounting.model`'s.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import resource
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metapipe import __version__, machine
from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.runner.accounting.energy import energy_estimate
from metapipe.runner.accounting.phases import Phases
from metapipe.runner.attempt.attempt import Attempt
from metapipe.runner.blocks.plan import Plan, Work
from metapipe.runner.blocks.resources import SessionKind, Slots
from metapipe.runner.declare.given import Given
from metapipe.runner.declare.stage import Stage

#: Raised whenever a field changes its meaning, goes away or becomes required.
REPORT_SCHEMA = 2

#: Digests of program binaries, which no run changes: (path, size, time of change) -> sha256.
_binary_digests: dict[tuple[str, int, int], str] = {}


@dataclass
class _Settled:
    """CPU seconds of this process that earlier runs in it answer for: 0 in a process that runs one stage."""

    seconds: float = 0.0


_settled = _Settled()


def settle_accounts() -> None:
    """What this process has used so far belongs to the run that ends now, not to the next one."""
    _settled.seconds = cpu_seconds()


@dataclass(frozen=True)
class SessionFacts:
    """The session of a run.

    :param facts: what it says of itself. :param remote: blocks ran in processes this one did not wait for, so their
        rows are added to what it used.
    """

    kind: SessionKind
    facts: Mapping[str, Any] = field(default_factory=dict)
    remote: bool = False


@dataclass(frozen=True)
class Run:
    """What is known of a run: one that fails early has little to tell.

    :param given: with the options in force. :param inputs: name of an input -> its row (label, bytes, sha256, records,
        residues). :param session: None before it was chosen.
    :param used_before: CPU seconds of this process before the run.
    """

    stage: Stage
    given: Given
    work: Work
    slots: Slots
    inputs: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    plan: Plan | None = None
    plan_hash: str = ""
    session: SessionFacts | None = None
    phases: Phases = field(default_factory=Phases)
    used_before: float = field(default_factory=lambda: _settled.seconds)


def run_report(
    run: Run,
    rows: Sequence[Attempt],
    outputs: Mapping[str, Path],
    error: BaseException | None = None,
    *,
    retries: int = 0,
    quarantined: int = 0,
) -> dict[str, Any]:
    """Put the report together.

    :param rows: of all attempts, in order of arrival. :param outputs: what was written; empty for a failed run.
    :param error: what ended a failed run. :param quarantined: records given up on.
    """
    binaries = _binaries(run.stage)
    written = {name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for name, path in outputs.items()}
    return {
        "schema": REPORT_SCHEMA,
        "status": "ok" if error is None else "failed",
        "error": None if error is None else _error_entry(error),
        "metapipe": __version__,
        "stage": run.stage.name,
        "version": run.stage.version,
        "started": round(run.phases.began, 3),
        "host": {
            "name": socket.gethostname(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "python": platform.python_version(),
            "cores": machine.cores(),
        },
        "options": dataclasses.asdict(run.given.options),
        "inputs": dict(run.inputs),
        "plan_hash": run.plan_hash,
        "plan": None if run.plan is None else _plan_entry(run.plan, run.work.rate),
        "session": "" if run.session is None else run.session.kind,
        "session_facts": {} if run.session is None else dict(run.session.facts),
        "slots": run.slots.count,
        "memory_mb": run.slots.memory_mb,
        "programs": run.stage.tool_versions() if error is None else {},
        "binaries": binaries,
        "commands": _commands(rows),
        "databases": {
            name: {"name": db.name, "version": db.version, "kind": db.kind, "digest": db.digest}
            for name, db in run.given.databases.items()
        },
        "phases": run.phases.rows(),
        "attempts": _attempts(rows),
        "totals": _totals(run, rows, retries, quarantined),
        "outputs": written,
    }


def cpu_seconds() -> float:
    """CPU time of this process and of every process it waited for, the JVM among them."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _plan_entry(plan: Plan, rate: float) -> dict[str, Any]:
    return {
        "blocks": len(plan.borders) - 1,
        "estimated_seconds": round(plan.estimated_seconds, 3),
        "residues_per_core_second": round(rate, 1),
        "reason": plan.reason,
    }


def _totals(run: Run, rows: Sequence[Attempt], retries: int, quarantined: int) -> dict[str, Any]:
    wall = run.phases.elapsed()
    in_blocks = sum(row.user + row.system for row in rows)
    used = cpu_seconds() - run.used_before
    if run.session is not None and run.session.remote:
        used += in_blocks + sum(row.worker_cpu for row in rows)
    busy = sum(row.wall for row in rows)
    fresh = [row for row in rows if row.outcome == "ok" and not row.kept]
    spent = sum(row.user + row.system for row in fresh)
    return {
        "wall_seconds": round(wall, 3),
        "core_seconds_used": round(used, 3),
        "core_seconds_in_blocks": round(in_blocks, 3),
        "core_seconds_allocated": round(wall * run.slots.count, 3),
        "efficiency": round(in_blocks / (wall * run.slots.count), 3) if wall > 0 else 0.0,
        "overhead_seconds": round(max(0.0, wall - busy / max(1, run.slots.count)), 3),
        "max_rss_mib": round(max((row.max_rss_kib for row in rows if not row.kept), default=0) / 1024, 1),
        "max_rss_together_mib": round(_most_at_once(rows) / 1024, 1),
        "residues_per_core_second": round(sum(row.residues for row in fresh) / spent, 1) if spent > 0 else None,
        "retries": retries,
        "kept": sum(row.kept for row in rows),
        "quarantined": quarantined,
        "energy": energy_estimate(used, run.slots.memory_mb, wall),
    }


def _most_at_once(rows: Sequence[Attempt]) -> int:
    """Largest sum of the peaks (KiB) of attempts that ran at the same time: the real peak is at most this."""
    edges = [
        edge
        for row in rows
        if not row.kept
        for edge in ((row.started, row.max_rss_kib), (row.started + row.wall, -row.max_rss_kib))
    ]
    most = held = 0
    for _, change in sorted(edges):  # an end sorts before a start at the same moment
        held += change
        most = max(most, held)
    return most


def _attempts(rows: Sequence[Attempt]) -> list[dict[str, Any]]:
    tries: dict[tuple[int, ...], int] = {}
    entries = []
    for row in rows:
        tries[row.key] = tries.get(row.key, 0) + 1
        entries.append((row.key, tries[row.key], _attempt_entry(row, tries[row.key])))
    return [entry for _, _, entry in sorted(entries, key=lambda one: one[:2])]


def _attempt_entry(row: Attempt, number: int) -> dict[str, Any]:
    values = dict(vars(row))
    for name in ("notes", "is_bug", "commands"):
        del values[name]
    values["key"], values["try"] = list(row.key), number
    for name in ("started", "wall", "user", "system", "worker_cpu"):
        values[name] = round(values[name], 4)
    return values


def _binaries(stage: Stage) -> dict[str, dict[str, str]]:
    found = {name: shutil.which(name) for name in stage.programs}
    return {name: {"path": path, "sha256": _binary_digest(path)} for name, path in found.items() if path is not None}


def _binary_digest(path: str) -> str:
    status = os.stat(path)
    key = (os.path.realpath(path), status.st_size, status.st_mtime_ns)
    if key not in _binary_digests:
        _binary_digests[key] = sha256_of(Path(path))
    return _binary_digests[key]


def _commands(rows: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Each different command line once, with the number of times it was run."""
    counts: dict[tuple[str, ...], int] = {}
    for row in sorted(rows, key=lambda row: row.key):
        for argv in row.commands:
            counts[tuple(argv)] = counts.get(tuple(argv), 0) + 1
    return [{"argv": list(argv), "times": times} for argv, times in counts.items()]


def _error_entry(error: BaseException) -> dict[str, Any]:
    if isinstance(error, MetapipeError):
        return {"code": error.code, "exit_code": error.exit_code, "message": str(error), "detail": error.detail}
    if isinstance(error, KeyboardInterrupt):
        return {"code": "", "exit_code": 130, "message": "interrupted", "detail": ""}
    if type(error).__name__ == "Terminated":  # of the command line, which is above us
        return {"code": "", "exit_code": 143, "message": "ended from outside", "detail": ""}
    return {"code": "E901", "exit_code": 70, "message": f"{type(error).__name__}: {error}", "detail": ""}
