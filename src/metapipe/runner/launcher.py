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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from metapipe.errors import MetapipeError

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
    :param signal: number of the signal that ended it, 0 if none. :param exit_code: of a child that gave no result.
    """

    outcome: str
    payload: Any
    signal: int
    stderr: bytes
    usage: Usage
    exit_code: int = 0


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

    A crash, a hang or a leak in the child leaves this process whole. The usage counts the child, all it waited for and
    all it left behind, which is killed. The models this process has loaded are shared with the child copy-on-write.
    """
    adopt_orphans()
    sys.stdout.flush()
    sys.stderr.flush()
    result_read, result_write = os.pipe()
    error_read, error_write = os.pipe()
    started, parent = time.monotonic(), os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(result_read)
        os.close(error_read)
        _child(function, parent, result_write, error_write)
    os.close(result_write)
    os.close(error_write)
    deadline = None if timeout is None else started + timeout
    try:
        result, tail, timed_out = _listen(pid, result_read, error_read, deadline)
    except BaseException:  # interrupted: leave nothing behind
        _end_session(pid)
        raise
    status, user, system, max_rss = _end_session(pid)
    return _ended(status, result, tail, timed_out, Usage(user, system, max_rss, time.monotonic() - started))


def _end_session(leader: int) -> tuple[int, float, float, int]:
    """Kill what is left of the session and wait for all of it: exit status of the leader, CPU and memory of all."""
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(leader, signal.SIGKILL)
    _, status, used = os.wait4(leader, 0)
    user, system, max_rss = used.ru_utime, used.ru_stime, used.ru_maxrss
    while True:  # those whose own parent is gone are ours now
        try:
            _, _, used = os.wait4(-leader, 0)
        except ChildProcessError:
            return status, user, system, max_rss
        user, system, max_rss = user + used.ru_utime, system + used.ru_stime, max(max_rss, used.ru_maxrss)


def _child(function: Callable[[], Any], parent: int, result_write: int, error_write: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        die_with_parent()
        if os.getppid() != parent:
            os._exit(code)  # it ended before we could ask to be told
        adopt_orphans()
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
            if not isinstance(error, MetapipeError):  # whose one line says it all
                traceback.print_exc()
            message = ("error", _portable(error))
        sys.stdout.flush()
        end_descendants()
        with os.fdopen(result_write, "wb") as pipe:
            pickle.dump(message, pipe)
        code = 0
    finally:
        # No clean-up handlers of the parent may run here: the Spark gateway's would end the parent's session.
        sys.stderr.flush()
        os._exit(code)


def _portable(error: BaseException) -> BaseException:
    if isinstance(error, MemoryError):
        return MemoryError(str(error))  # NumPy's own kind cannot be sent
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _listen(pid: int, result_read: int, error_read: int, deadline: float | None) -> tuple[bytes, Tail, bool]:
    """Gather what the child says until it exits: its result, the end of its standard error, whether time ran out."""
    tail, result, timed_out = Tail(), bytearray(), False
    exited = os.pidfd_open(pid)
    takers: dict[int, Callable[[bytes], None]] = {result_read: result.extend, error_read: tail.add}
    poller = select.poll()
    for descriptor in (exited, *takers):
        poller.register(descriptor, select.POLLIN)
    try:
        while True:
            left = None if deadline is None or timed_out else max(0.0, deadline - time.monotonic()) * 1000
            events = [descriptor for descriptor, _ in poller.poll(left)]
            if not events and left is not None:
                timed_out = True
                signal.pidfd_send_signal(exited, signal.SIGKILL)
                continue
            for descriptor in events:
                if descriptor in takers:
                    piece = os.read(descriptor, 1 << 16)
                    takers[descriptor](piece)
                    if not piece:
                        poller.unregister(descriptor)
            if exited in events:
                # Not "until the pipes end": a descendant that outlives the child may hold them open.
                for descriptor, take in takers.items():
                    _drain(descriptor, take)
                return bytes(result), tail, timed_out
    finally:
        for descriptor in (exited, *takers):
            os.close(descriptor)


def _drain(descriptor: int, take: Callable[[bytes], None]) -> None:
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 1 << 16):
            take(piece)


def _ended(status: int, result: bytes, tail: Tail, timed_out: bool, usage: Usage) -> Ended:
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if timed_out:
        return Ended("timeout", None, ended_by, tail.bytes(), usage)
    if ended_by == signal.SIGKILL:
        # Nobody here sends SIGKILL without a time-out: it is the kernel's memory killer.
        return Ended("memory", None, ended_by, tail.bytes(), usage)
    try:
        outcome, payload = pickle.loads(result)  # noqa: S301  (from our own child)
    except Exception:  # none, or cut off in the middle
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        return Ended("crashed", None, ended_by, tail.bytes(), usage, code)
    if isinstance(payload, MemoryError):
        outcome = "memory"
    return Ended(outcome, payload, 0, tail.bytes(), usage)


def end_descendants() -> None:
    """Kill and wait for every process below this one, those included that have lost their own parent on the way."""
    while below := descendants(os.getpid()):
        for process in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)


def descendants(ancestor: int) -> list[int]:
    """Processes below ``ancestor``, itself left out."""
    parents: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                text = Path(entry.path, "stat").read_bytes()
                # The name in brackets may hold anything; the parent is the second word after it.
                parents.setdefault(int(text[text.rindex(b")") + 1 :].split()[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def wait_for(processes: Iterable[int], patience: float) -> None:
    """Wait until processes that are or have become our children have ended; kill those that have not in time."""
    deadline = time.monotonic() + patience
    for process in processes:
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            while os.waitpid(process, os.WNOHANG) == (0, 0):
                if time.monotonic() > deadline:
                    os.kill(process, signal.SIGKILL)
                time.sleep(0.01)


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

    def take_error(piece: bytes) -> None:
        error.add(piece)
        os.write(2, piece)

    takers: dict[int, Callable[[bytes], None]] = {}
    if process.stdout is not None:
        takers[process.stdout.fileno()] = output.add
    if process.stderr is not None:
        takers[process.stderr.fileno()] = take_error
    exited = os.pidfd_open(process.pid)
    poller = select.poll()
    for descriptor in (exited, *takers):
        poller.register(descriptor, select.POLLIN)
    while exited not in (events := [descriptor for descriptor, _ in poller.poll()]):
        for descriptor in events:
            piece = os.read(descriptor, 1 << 16)
            takers[descriptor](piece)
            if not piece:
                poller.unregister(descriptor)
    for descriptor, take in takers.items():
        _drain(descriptor, take)
    os.close(exited)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    return output, error
