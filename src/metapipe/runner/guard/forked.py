"""A function in a forked child: watched, accounted for, and unable to harm this process however it ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from metapipe.errors import MetapipeError
from metapipe.proc import descendants
from metapipe.runner.guard.block_watch import Verdict, Watch
from metapipe.runner.guard.launcher import (
    Tail,
    adopt_orphans,
    die_with_parent,
    drain,
    end_descendants,
    kill_all,
)
from metapipe.runner.guard.limits import Limits


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
    :param sentence: what the watch said when it ended the child.
    """

    outcome: str
    payload: Any
    signal: int
    stderr: bytes
    usage: Usage
    exit_code: int = 0
    sentence: str = ""


def run_forked(
    function: Callable[[], Any],
    *,
    limits: Limits | None = None,
    inherited_kib: int = 0,
    outputs: Path | None = None,
) -> Ended:
    """Run ``function`` in a forked child of its own session and return how it ended; never raises for its failures.

    A crash, a hang or a leak in the child leaves this process whole. The usage counts the child, all it waited for and
    all it left behind, which is killed. The models this process has loaded are shared with the child copy-on-write.

    :param inherited_kib: memory it holds from the beginning that is not its own doing.
    :param outputs: folder whose growth is a sign of life.
    """
    limits = limits or Limits()
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
    tail, result = Tail(), bytearray()
    exited = os.pidfd_open(pid)
    try:
        takers = {result_read: result.extend, error_read: tail.add}
        watch = Watch(pid, limits, inherited_kib=inherited_kib, outputs=outputs)
        verdict = attend(exited, takers, watch)
        if verdict is not None:
            signal.pidfd_send_signal(exited, signal.SIGKILL)
            attend(exited, takers)
    except BaseException:  # interrupted: leave nothing behind
        end_tree(pid, os.getpid())
        raise
    finally:
        for descriptor in (exited, result_read, error_read):
            os.close(descriptor)
    # One that has told its result has ended all that was below it before; else orphans have become ours.
    status, user, system, max_rss = _wait(pid) if result and verdict is None else end_tree(pid, os.getpid())
    return judge(status, bytes(result), tail, verdict, Usage(user, system, max_rss, time.monotonic() - started))


def attend(
    exited: int, takers: Mapping[int, Callable[[bytes], None]], watch: Watch | None = None, until: int | None = None
) -> Verdict | None:
    """Gather what a process says until it exits, ``until`` can be read, or its watch wants it ended.

    :param exited: its pidfd. :param takers: descriptor -> what takes the bytes that come from it.
    """
    poller, heard = select.poll(), 0
    for descriptor in (exited, *takers, *(() if until is None else (until,))):
        poller.register(descriptor, select.POLLIN)
    while True:
        pause = watch.pause() if watch is not None else None
        events = [descriptor for descriptor, _ in poller.poll(None if pause is None else pause * 1000 + 1)]
        for descriptor in events:
            if descriptor in takers:
                piece = os.read(descriptor, 1 << 16)
                takers[descriptor](piece)
                heard += len(piece)
                if not piece:
                    poller.unregister(descriptor)
        if exited in events or until in events:
            # Not "until the pipes end": a descendant that outlives the child may hold them open.
            for descriptor, take in takers.items():
                drain(descriptor, take)
                os.set_blocking(descriptor, True)
            return None
        verdict = watch.look(heard) if watch is not None else None
        if verdict is not None:
            return verdict


def end_tree(root: int, top: int | None = None) -> tuple[int, float, float, int]:
    """Kill a child of ours and all below it and wait for them: its status, CPU seconds and peak memory of all.

    Those whose own parent ends become our children (:func:`~metapipe.runner.guard.launcher.adopt_orphans`), whatever
    session they went to.

    :param top: this process, when nothing below it is to live on: then also orphans that are here already.
    """
    below = [process for process in descendants(root if top is None else top) if process != root]
    kill_all([root, *below])
    status, user, system, max_rss = _wait(root)
    for process in below:  # parents before children
        kill_all([*descendants(process), process])
        with contextlib.suppress(ChildProcessError):  # its own parent has waited for it
            _, _, used = os.wait4(process, 0)
            user, system, max_rss = user + used.ru_utime, system + used.ru_stime, max(max_rss, used.ru_maxrss)
    return status, user, system, max_rss


def _wait(child: int) -> tuple[int, float, float, int]:
    _, status, used = os.wait4(child, 0)
    return status, used.ru_utime, used.ru_stime, used.ru_maxrss


def stand_apart(parent: int, error_write: int) -> None:
    """Make this forked child a session of its own that dies with its parent and says everything to ``error_write``."""
    os.setsid()
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)  # it ended before we could ask to be told
    adopt_orphans()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(error_write, 1)
    os.dup2(error_write, 2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _child(function: Callable[[], Any], parent: int, result_write: int, error_write: int) -> NoReturn:
    code = 1
    try:
        stand_apart(parent, error_write)
        message = outcome_of(function)
        sys.stdout.flush()
        end_descendants()
        with os.fdopen(result_write, "wb") as pipe:
            pickle.dump(message, pipe)
        code = 0
    finally:
        # No clean-up handlers of the parent may run here: the Spark gateway's would end the parent's session.
        sys.stderr.flush()
        os._exit(code)


def outcome_of(function: Callable[[], Any]) -> tuple[str, Any]:
    """``ok`` and its result, or ``error`` and an exception that can be sent."""
    try:
        return "ok", function()
    except BaseException as error:  # all of it travels to the parent
        if not isinstance(error, MetapipeError):  # whose one line says it all
            traceback.print_exc()
        return "error", _portable(error)


def _portable(error: BaseException) -> BaseException:
    if isinstance(error, MemoryError):
        return MemoryError(str(error))  # NumPy's own kind cannot be sent
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def judge(status: int, result: bytes, tail: Tail, verdict: Verdict | None, usage: Usage) -> Ended:
    """How a child ended, from its wait status, the pickled outcome it sent and what its watch said."""
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if verdict is not None:
        return Ended(verdict.outcome, None, ended_by, tail.bytes(), usage, sentence=verdict.sentence)
    if ended_by == signal.SIGKILL:
        # Nobody here sends SIGKILL without a verdict: it is the kernel's memory killer.
        return Ended("memory", None, ended_by, tail.bytes(), usage)
    try:
        outcome, payload = pickle.loads(result)  # noqa: S301  (from our own child)
    except Exception:  # none, or cut off in the middle
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        return Ended("crashed", None, ended_by, tail.bytes(), usage, code)
    if isinstance(payload, MemoryError):
        outcome = "memory"
    return Ended(outcome, payload, 0, tail.bytes(), usage)
