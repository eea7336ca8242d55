"""The summary of a run (a result: the same bytes every time), and writing JSON files whole.

What the run cost, which differs from run to run, is in :mod:`metapipe.runner.accounting.run_report`.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import Attempt
from metapipe.runner.attempt.task import Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.whole_files import written_beside
from metapipe.runner.declare.merge import add_counts
from metapipe.runner.declare.stage import Stage

SUMMARY_SCHEMA = 1


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
            name: {"name": job.given.labels[name], "records": records, "residues": residues}
            for name, (records, residues) in counts.items()
        },
        "options": dataclasses.asdict(job.given.options),
        "programs": stage.tool_versions(),
        "databases": {
            name: {"name": db.name, "version": db.version, "kind": db.kind, "digest": db.digest}
            for name, db in job.given.databases.items()
        },
        "quarantined": sum(block.records for block in quarantined),
        "results": add_notes(rows),
    }


def json_bytes(value: object) -> bytes:
    """JSON with sorted keys."""
    return json.dumps(value, sort_keys=True, indent=1).encode() + b"\n"


def write_json(value: object, path: Path) -> None:
    """Write JSON with sorted keys; the file appears whole or not at all."""
    write_whole(path, json_bytes(value))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, then rename it there.

    :raises MetapipeError: E501.
    """
    real = Path(os.path.realpath(path))
    try:
        with written_beside(real) as (file, temporary):
            file.write(content)
            file.flush()
            os.replace(temporary, real)
    except OSError as error:
        raise MetapipeError("E501", f"cannot write ({error.strerror})", file=path) from error
