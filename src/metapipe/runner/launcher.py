"""Starting, watching and ending one child process, and knowing afterwards what it cost.

Two kinds of children: a forked copy of this Python worker that runs one block (``run_forked``), and inside it the
third-party programs (``run_program``). Each dies with its parent (PR_SET_PDEATHSIG): after a cancelled Spark job the
measured alternative is a binary that burns on for as long as it likes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

TAIL = 1 << 16
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Usage:
    """What a process tree used: seconds of CPU, peak resident KiB of its largest process, seconds of wall time."""

    user: float
    system: float
    max_rss_kib: int
    wall: float


@dataclass(frozen=True)
class Ended:
    """How a forked block ended.

    :param outcome: ``ok``, ``error`` (``payload`` is the exception), ``crashed``, ``timeout`` or ``memory``.
    :param signal: number of the signal that ended it, 0 if none.
    """

    outcome: str
    payload: Any
    signal: int
    stderr: bytes
    usage: Usage


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent ends, so that they can be waited for and counted."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Tail:
    """The last bytes of a stream, whatever its length."""

    def __init__(self, limit: int = TAIL) -> None:
        self.limit = limit
        self._kept = b""

    def add(self, piece: bytes) -> None:
        self._kept = (self._kept + piece)[-self.limit :]

    def bytes(self) -> bytes:
        return self._kept


def run_forked(function: Callable[[], Any], *, timeout: float | None = None) -> Ended:
    """Run ``function`` in a forked child of its own session and return how it ended; never raises for its failures.

    A crash, a hang or a leak in the child leaves this process whole, and ``wait4`` counts the child and every
    descendant it waited for. The models this process has loaded are shared with the child copy-on-write.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    result_read, result_write = os.pipe()
    error_read, error_write = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(result_read)
        os.close(error_read)
        _child(function, result_write, error_write)
    os.close(result_write)
    os.close(error_write)
    deadline = None if timeout is None else started + timeout
    result, tail, timed_out = _listen(pid, result_read, error_read, deadline)
    _, status, used = os.wait4(pid, 0)
    kill_session(pid)
    usage = Usage(used.ru_utime, used.ru_stime, used.ru_maxrss, time.monotonic() - started)
    return _ended(status, result, tail, timed_out, usage)


def _child(function: Callable[[], Any], result_write: int, error_write: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        die_with_parent()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(error_write, 1)
        os.dup2(error_write, 2)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            message = ("ok", function())
        except BaseException as error:  # all of it travels to the parent
            traceback.print_exc()
            message = ("error", _portable(error))
        with os.fdopen(result_write, "wb") as pipe:
            pickle.dump(message, pipe)
        code = 0
    finally:
        # No clean-up handlers of the parent may run here: the Spark gateway's would end the parent's session.
        sys.stderr.flush()
        os._exit(code)


def _portable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _listen(pid: int, result_read: int, error_read: int, deadline: float | None) -> tuple[bytes, Tail, bool]:
    poller = select.poll()
    tail, result, timed_out = Tail(), bytearray(), False
    exited = os.pidfd_open(pid)
    for descriptor in (result_read, error_read, exited):
        poller.register(descriptor, select.POLLIN)
    waiting = {result_read, error_read, exited}
    while exited in waiting or result_read in waiting:
        left = None if deadline is None or timed_out else max(0.0, deadline - time.monotonic()) * 1000
        events = poller.poll(left)
        if not events and deadline is not None and not timed_out:
            timed_out = True
            kill_session(pid)
            continue
        for descriptor, _ in events:
            piece = b"" if descriptor == exited else os.read(descriptor, 1 << 16)
            if descriptor == error_read:
                tail.add(piece)
            elif descriptor == result_read:
                result += piece
            if not piece:
                poller.unregister(descriptor)
                waiting.discard(descriptor)
        if exited not in waiting and result_read in waiting and not any(fd == result_read for fd, _ in events):
            # A descendant inherited the pipe and outlives the child: nothing more will come from the child itself.
            break
    _drain(error_read, tail)
    for descriptor in (result_read, error_read, exited):
        os.close(descriptor)
    return bytes(result), tail, timed_out


def _drain(descriptor: int, tail: Tail) -> None:
    os.set_blocking(descriptor, False)
    try:
        while piece := os.read(descriptor, 1 << 16):
            tail.add(piece)
    except BlockingIOError:
        pass


def _ended(status: int, result: bytes, tail: Tail, timed_out: bool, usage: Usage) -> Ended:
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if timed_out:
        return Ended("timeout", None, ended_by, tail.bytes(), usage)
    if ended_by == signal.SIGKILL:
        # Nobody here sends SIGKILL without a time-out: it is the kernel's memory killer.
        return Ended("memory", None, ended_by, tail.bytes(), usage)
    if ended_by or not result:
        return Ended("crashed", None, ended_by, tail.bytes(), usage)
    outcome, payload = pickle.loads(result)  # noqa: S301  (from our own child)
    if isinstance(payload, MemoryError):
        outcome = "memory"
    return Ended(outcome, payload, 0, tail.bytes(), usage)


def kill_session(leader: int) -> None:
    """Kill the process group that ``leader`` leads, if any is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: Path | None = None,
    stdout: Path | None = None,
) -> tuple[int, bytes, bytes]:
    """Run a program to its end; returns exit code (negative: signal), standard output's and error's last bytes.

    No shell is involved. Standard error goes on to this process's own standard error too, so that the watcher sees it.
    """
    with (
        open(stdin or os.devnull, "rb") as source,
        stdout.open("wb") if stdout is not None else open(os.devnull, "wb") as sink,
    ):
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(environment),
            stdin=source,
            stdout=sink if stdout is not None else subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        tails = _follow(process)
        return process.wait(), tails[0].bytes(), tails[1].bytes()


def _follow(process: subprocess.Popen[bytes]) -> tuple[Tail, Tail]:
    output, error = Tail(), Tail()
    poller = select.poll()
    streams: dict[int, Tail] = {}
    for stream, tail in ((process.stdout, output), (process.stderr, error)):
        if stream is not None:
            poller.register(stream.fileno(), select.POLLIN)
            streams[stream.fileno()] = tail
    open_streams = set(streams)
    while open_streams:
        for descriptor, _ in poller.poll():
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                poller.unregister(descriptor)
                open_streams.discard(descriptor)
            streams[descriptor].add(piece)
            if streams[descriptor] is error and piece:
                os.write(2, piece)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    return output, error
