"""Two accounts of a run: the *summary* (a result: the same bytes every time) and the *run report* (what it cost).

Spark's own accounting does not see child processes (measured: 6 ms shown for 2 s burned), so core-seconds come from
``wait4`` of every child and from this process's own clock.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import resource
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.runner.attempt import Attempt
from metapipe.runner.blocks import Block
from metapipe.runner.merge import add_counts
from metapipe.runner.plan import Plan
from metapipe.runner.stage import Database, Stage
from metapipe.runner.task import Job

SUMMARY_SCHEMA = 1
REPORT_SCHEMA = 1


def add_notes(rows: Sequence[Attempt]) -> dict[str, Any]:
    """Add up the notes of all blocks, in input order."""
    total: dict[str, Any] = {}
    for row in sorted((row for row in rows if row.outcome == "ok"), key=lambda row: row.key):
        for key, value in row.notes.items():
            total[key] = add_counts(total[key], value) if key in total else value
    return total


def summary(
    stage: Stage, job: Job, counts: Mapping[str, tuple[int, int]], rows: Sequence[Attempt], quarantined: Sequence[Block]
) -> dict[str, Any]:
    """The stage's summary: inputs, options, engines, databases, results. Nothing that differs between two runs."""
    return {
        "schema": SUMMARY_SCHEMA,
        "stage": stage.name,
        "version": stage.version,
        "inputs": {
            name: {"name": job.labels[name], "records": records, "residues": residues}
            for name, (records, residues) in counts.items()
        },
        "options": dataclasses.asdict(job.options),
        "programs": stage.tool_versions(),
        "databases": {
            name: {"name": db.name, "version": db.version, "kind": db.kind, "digest": db.digest}
            for name, db in job.databases.items()
        },
        "quarantined": sum(block.records for block in quarantined),
        "results": add_notes(rows),
    }


def run_report(
    stage: Stage,
    databases: Mapping[str, Database],
    plan: Plan | None,
    plan_hash: str,
    session: str,
    slots: int,
    rows: Sequence[Attempt],
    outputs: Mapping[str, Path],
    error: BaseException | None = None,
    *,
    wall: float,
    retries: int,
    quarantined: int,
) -> dict[str, Any]:
    """What the run cost and how it went. Holds times and hosts, so it is never part of a result.

    ``core_seconds_used`` counts this process and every process it waited for, the JVM among them.

    :param plan: None when the run failed before it was made. :param error: what ended a failed run.
    """
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    used = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    tasks = sum(row.user + row.system for row in rows)
    busy = sum(row.wall for row in rows)
    done = [row for row in rows if row.outcome == "ok" and not row.kept]
    spent = sum(row.user + row.system for row in done)
    return {
        "schema": REPORT_SCHEMA,
        "status": "ok" if error is None else "failed",
        "error": None if error is None else _error_entry(error),
        "stage": stage.name,
        "version": stage.version,
        "plan_hash": plan_hash,
        "plan": None
        if plan is None
        else {
            "blocks": len(plan.borders) - 1,
            "estimated_seconds": round(plan.estimated_seconds, 3),
            "reason": plan.reason,
        },
        "session": session,
        "slots": slots,
        "programs": stage.tool_versions() if error is None else {},
        "databases": {name: f"{db.name}:{db.version}@{db.digest}" for name, db in databases.items()},
        "attempts": [_attempt_row(row) for row in sorted(rows, key=lambda row: row.key)],
        "totals": {
            "wall_seconds": round(wall, 3),
            "core_seconds_used": round(used, 3),
            "core_seconds_in_blocks": round(tasks, 3),
            "core_seconds_allocated": round(wall * slots, 3),
            "efficiency": round(tasks / (wall * slots), 3) if wall > 0 else 0.0,
            "overhead_seconds": round(max(0.0, wall - busy / max(1, slots)), 3),
            "max_rss_mib": round(max((row.max_rss_kib for row in rows), default=0) / 1024, 1),
            "residues_per_core_second": round(sum(row.residues for row in done) / spent, 1) if spent > 0 else None,
            "retries": retries,
            "kept": sum(row.kept for row in rows),
            "quarantined": quarantined,
        },
        "outputs": {
            name: {"bytes": path.stat().st_size, "sha256": file_digest(path)} for name, path in outputs.items()
        },
    }


def _error_entry(error: BaseException) -> dict[str, Any]:
    if isinstance(error, MetapipeError):
        return {"code": error.code, "exit_code": error.exit_code, "message": str(error), "detail": error.detail}
    if isinstance(error, KeyboardInterrupt):
        return {"code": "", "exit_code": 130, "message": "interrupted", "detail": ""}
    return {"code": "E901", "exit_code": 70, "message": f"{type(error).__name__}: {error}", "detail": ""}


def _attempt_row(row: Attempt) -> dict[str, Any]:
    values = dataclasses.asdict(row)
    del values["notes"], values["is_bug"]
    values["key"] = list(row.key)
    for name in ("started", "wall", "user", "system", "worker_cpu"):
        values[name] = round(values[name], 4)
    return values


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(value: object, path: Path) -> None:
    """Write JSON with sorted keys; the file appears whole or not at all."""
    write_whole(path, json.dumps(value, sort_keys=True, indent=1).encode() + b"\n")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, then rename it there.

    :raises MetapipeError: E501.
    """
    real, temporary = Path(os.path.realpath(path)), None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name[:200]}-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, real)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise MetapipeError("E501", f"cannot write ({error.strerror})", file=path) from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
