"""One attempt at one block, on whatever host it landed: run it in a child, account for it, commit its part.

A failure is a row, not an exception: the driver decides what becomes of it (see ``retry``). A part is visible only
when whole (written beside, then renamed; the first of two attempts wins), so any worker may die at any moment.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import socket
import threading
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.part import bytes_in, commit, kept_row, staging_folder
from metapipe.runner.attempt.shared_folders import check_host
from metapipe.runner.attempt.task import Job, last_words
from metapipe.runner.attempt.zygote import Zygote
from metapipe.runner.blocks.block import Block
from metapipe.runner.declare.declaration import check_declaration
from metapipe.runner.declare.stage import Stage
from metapipe.runner.guard.forked import Ended
from metapipe.runner.guard.limits import ran_short

#: Made by the first attempt whose failure ends the run; the others need not start.
STOP = "stopped"
#: Codes of such failures: the same input would fail the same way on any host and in any block.
FINAL_CODES = ("E1", "E2", "E3", "E5", "E7")


@dataclass(frozen=True)
class Attempt:
    """What became of one attempt at one block.

    :param outcome: ``ok``, ``error``, ``crashed``, ``timeout``, ``memory``,
        ``skipped`` (another's failure ends the run) or ``lost`` (with its worker, so it has no other figures).
    :param code: code of the error for the user, empty when ok. :param message: its sentence.
    :param cpu: seconds of CPU of the child and all it waited for; :param worker_cpu: of the worker itself meanwhile.
    :param commands: programs launched by a block that was done, ``{block}`` for the block's own folder.
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
    commands: list[list[str]] = field(default_factory=list)


class _OfThread(threading.local):
    """The zygote dies with the thread that forked it, so each thread has its own."""

    zygote: Zygote | None = None


_of_thread = _OfThread()


def load_stage(reference: str) -> type[Stage]:
    """Import the stage class named ``module:Class``."""
    module, _, name = reference.partition(":")
    stage = getattr(importlib.import_module(module), name)
    if not (isinstance(stage, type) and issubclass(stage, Stage)):
        raise TypeError(f"{reference} is not a stage")
    check_declaration(stage)  # a class without a name was not looked at when it was made
    return stage


def part_folder(job: Job, block: Block) -> Path:
    """Where the part of a block appears, by renaming, once it is whole."""
    return Path(job.folder) / "parts" / block.name


def run_attempt(job: Job, block: Block) -> Attempt:
    """Run one block and return its row. Never raises for a failure of the block."""
    part = part_folder(job, block)
    kept = kept_row(part)
    if kept is not None:
        row = Attempt(**kept)  # perhaps of this very run: its worker was lost after the part was whole
        return replace(row, kept=True, user=0.0, system=0.0, worker_cpu=0.0, wall=0.0) if part.name in job.kept else row
    started, worker_before = time.time(), time.process_time()
    row = Attempt(
        block.key,
        "skipped",
        records=block.records,
        residues=block.residues,
        host=socket.gethostname(),
        pid=os.getpid(),
        started=started,
        bytes_in=sum(extent.length for extent in block.ranges),
    )
    stop = Path(job.folder) / STOP
    if stop.exists():
        return row
    try:
        check_host(job, block)
        with staging_folder(Path(job.folder), block.name, block.key) as staging:
            row = _attempt(job, block, row, staging, part)
    except Exception as error:  # of the set-up or of the disk: report it as this block's failure
        row = _failed(row, error)
    if row.code.startswith(FINAL_CODES):
        with contextlib.suppress(OSError):
            stop.touch()
    return replace(row, worker_cpu=row.worker_cpu + time.process_time() - worker_before)


def _attempt(job: Job, block: Block, row: Attempt, staging: Path, part: Path) -> Attempt:
    folder = _made(staging / "part")
    ended, setup_cpu = _run(job, block, folder, _made(staging / "scratch"))
    row = replace(
        row,
        outcome=ended.outcome,
        wall=ended.usage.wall,
        user=ended.usage.user,
        system=ended.usage.system,
        max_rss_kib=ended.usage.max_rss_kib,
        worker_cpu=setup_cpu,
    )
    if ended.outcome != "ok":
        return _judge(row, ended, job)
    notes, commands = ended.payload
    row = replace(row, notes=notes, commands=commands, bytes_out=bytes_in(folder))
    try:
        # Not asdict(): it copies notes entry by entry, seconds where reads of 100,000 bases are counted by position.
        commit(vars(row), folder, part)
    except OSError as error:
        return _failed(row, error)
    return row


def _failed(row: Attempt, error: BaseException) -> Attempt:
    code, message, is_bug = describe(error)
    outcome = "memory" if code == "E802" else "error"
    detail = "".join(traceback.format_exception(error))[-4096:] if is_bug else ""
    return replace(row, outcome=outcome, code=code, message=message, is_bug=is_bug, stderr=detail, notes={})


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(job: Job, block: Block, folder: Path, scratch: Path) -> tuple[Ended, float]:
    while True:
        zygote = _of_thread.zygote
        if zygote is None or zygote.owner != os.getpid() or zygote.is_over or zygote.job != job:
            end_setup()
            zygote = _of_thread.zygote = Zygote(job, load_stage)
        answer = zygote.run(block, folder, scratch)
        if answer is not None:
            return answer


def end_setup() -> None:
    """Give back what the last job of this worker has loaded, and count what it cost."""
    zygote, _of_thread.zygote = _of_thread.zygote, None
    if zygote is not None:
        zygote.end()


def _judge(row: Attempt, ended: Ended, job: Job) -> Attempt:
    """Put a failure of the block's child into a code and a sentence."""
    # What is only a traceback of ours helps nobody whose disk or memory is full.
    said = b"" if isinstance(ended.payload, OSError | MemoryError) and not describe(ended.payload)[2] else ended.stderr
    row = replace(row, stderr=said.decode("utf-8", "replace")[-4096:])
    if ended.outcome == "memory":
        return replace(row, code="E802", message=ended.sentence or "a block ran out of memory")
    if ended.outcome == "timeout":
        return replace(row, code="E801", message=ended.sentence)
    if ended.outcome == "crashed" and ran_short(ended.usage.max_rss_kib, job.allowance.limit_mb):
        return replace(row, outcome="memory", code="E802", message="a block ran out of memory and crashed")
    if ended.outcome == "crashed":
        how = f"was killed by signal {ended.signal}" if ended.signal else f"ended with exit code {ended.exit_code}"
        return replace(row, code="E401", message=f"the worker {how}; last words: {last_words(ended.stderr)}")
    return replace(_failed(row, ended.payload), stderr=row.stderr)


def describe(error: BaseException) -> tuple[str, str, bool]:
    """Code, sentence and whether it is our bug, for any exception."""
    if isinstance(error, MetapipeError):
        return error.code, str(error).partition(" ")[2], False
    if isinstance(error, MemoryError):
        return "E802", "a block ran out of memory", False
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
        return "E501", f"cannot write ({error.strerror})", False
    return "E901", f"{type(error).__name__}: {error}", True
