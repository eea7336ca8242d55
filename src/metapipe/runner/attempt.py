"""One attempt at one block, on whatever host it landed: run it in a child, account for it, commit its part.

A failure is a row, not an exception: the driver decides what becomes of it (see ``retry``). A part is visible only
when whole (written beside, then renamed; the first of two attempts wins), so any worker may die at any moment.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import shutil
import socket
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.runner.blocks import Block
from metapipe.runner.launcher import run_forked
from metapipe.runner.stage import Stage
from metapipe.runner.task import BlockTask, Job, last_words

ROW = ".attempt.json"


@dataclass(frozen=True)
class Attempt:
    """What became of one attempt at one block.

    :param outcome: ``ok``, ``error``, ``crashed``, ``timeout`` or ``memory``.
    :param code: code of the error for the user, empty when ok. :param message: its sentence.
    :param cpu: seconds of CPU of the child and all it waited for; :param worker_cpu: of the worker itself meanwhile.
    :param kept: the part was there already (a resumed run), so nothing was spent on it now.
    """

    key: tuple[int, ...]
    outcome: str
    code: str = ""
    message: str = ""
    is_bug: bool = False
    records: int = 0
    residues: int = 0
    host: str = ""
    pid: int = 0
    started: float = 0.0
    wall: float = 0.0
    user: float = 0.0
    system: float = 0.0
    worker_cpu: float = 0.0
    max_rss_kib: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    kept: bool = False
    stderr: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


_loaded: dict[str, tuple[Stage, Any]] = {}


def load_stage(reference: str) -> type[Stage]:
    """Import the stage class named ``module:Class``."""
    module, _, name = reference.partition(":")
    stage = getattr(importlib.import_module(module), name)
    if not issubclass(stage, Stage):
        raise TypeError(f"{reference} is not a stage")
    return stage  # type: ignore[no-any-return]


def part_folder(job: Job, block: Block) -> Path:
    return Path(job.folder) / "parts" / block.name


def run_attempt(job: Job, block: Block) -> Attempt:
    """Run one block and return its row. Never raises for a failure of the block."""
    part = part_folder(job, block)
    if (part / ROW).is_file():
        return _read_row(part)
    started, worker_before = time.time(), time.process_time()
    host = socket.gethostname()
    try:
        staging = Path(tempfile.mkdtemp(prefix=f"{block.name}-", dir=_made(Path(job.folder) / "staging")))
        folder, scratch = _made(staging / "part"), _made(staging / "scratch")
        task = BlockTask(job, block, folder, scratch)
        stage, state = _ready(job, task)
    except Exception as error:  # set-up failed: report it as this block's failure
        code, message, is_bug = describe(error)
        return Attempt(
            block.key, "error", code, message, is_bug, block.records, block.residues, host, os.getpid(), started
        )
    try:
        ended = run_forked(lambda: _work(stage, state, task), timeout=job.timeout)
        worker_cpu = time.process_time() - worker_before
        outcome, code, message, is_bug, notes = _judge(ended.outcome, ended.payload, ended.signal, ended.stderr)
        row = Attempt(
            key=block.key,
            outcome=outcome,
            code=code,
            message=message,
            is_bug=is_bug,
            records=block.records,
            residues=block.residues,
            host=host,
            pid=os.getpid(),
            started=started,
            wall=ended.usage.wall,
            user=ended.usage.user,
            system=ended.usage.system,
            worker_cpu=worker_cpu,
            max_rss_kib=ended.usage.max_rss_kib,
            bytes_in=sum(extent.length for extent in block.ranges),
            bytes_out=sum(path.stat().st_size for path in folder.iterdir()) if outcome == "ok" else 0,
            stderr="" if outcome == "ok" else ended.stderr.decode("utf-8", "replace")[-4096:],
            notes=notes,
        )
        if outcome == "ok":
            _commit(row, folder, part)
        return row
    except OSError as error:
        code, message, is_bug = describe(error)
        return Attempt(
            block.key, "error", code, message, is_bug, block.records, block.residues, host, os.getpid(), started
        )
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _ready(job: Job, task: BlockTask) -> tuple[Stage, Any]:
    if job.identifier not in _loaded:
        # A reused worker must not keep the models of earlier jobs.
        _loaded.clear()
        stage = load_stage(job.stage)()
        _loaded[job.identifier] = (stage, stage.setup(task))
    return _loaded[job.identifier]


def _work(stage: Stage, state: Any, task: BlockTask) -> dict[str, Any]:
    stage.run(task, state)
    task.close()
    return task.notes


def _judge(outcome: str, payload: Any, signal: int, stderr: bytes) -> tuple[str, str, str, bool, dict[str, Any]]:
    if outcome == "ok":
        return "ok", "", "", False, payload
    if outcome == "memory":
        return outcome, "E802", "a block ran out of memory", False, {}
    if outcome == "timeout":
        return outcome, "E801", "a block reached its time limit", False, {}
    if outcome == "crashed":
        return outcome, "E401", f"the worker was killed by signal {signal}; last words: {last_words(stderr)}", False, {}
    code, message, is_bug = describe(payload)
    return "error", code, message, is_bug, {}


def describe(error: BaseException) -> tuple[str, str, bool]:
    """Code, sentence and whether it is our bug, for any exception."""
    if isinstance(error, MetapipeError):
        return error.code, str(error).partition(" ")[2], False
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return "E501", f"cannot write ({error.strerror})", False
    return "E901", f"{type(error).__name__}: {error}", True


def _commit(row: Attempt, folder: Path, part: Path) -> None:
    with (folder / ROW).open("w") as file:
        json.dump(asdict(row), file)
        file.flush()
        os.fsync(file.fileno())
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(part)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # Another attempt at the same block was first; its bytes are the same.


def _read_row(part: Path) -> Attempt:
    values = json.loads((part / ROW).read_text())
    values["key"] = tuple(values["key"])
    values.update(kept=True, user=0.0, system=0.0, worker_cpu=0.0, wall=0.0)
    return Attempt(**values)
