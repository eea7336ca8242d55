"""Starting, watching and ending third-party programs; what every module needs to know about processes below it.

Each process dies with its parent (PR_SET_PDEATHSIG): after a cancelled Spark job the measured alternative is a binary
that burns on for as long as it likes. A program runs inside a :class:`~metapipe.runner.guard.sandbox.Room` when there
is one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.proc import descendants
from metapipe.runner.guard.limits import limit_program
from metapipe.runner.guard.sandbox import Room, command

TAIL = 1 << 16
#: Standard error of a program that is passed on as it comes; of more than that, only the latest bytes now and then.
PASSED_ON = 1 << 20
_MURMUR_EVERY, _MURMUR = 1.0, 4096
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


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
        """Take what came next."""
        self._kept = (self._kept + piece)[-self.limit :]

    def bytes(self) -> bytes:
        """The last ``limit`` bytes of all that came."""
        return self._kept


def kill_all(processes: Iterable[int]) -> None:
    """Send SIGKILL to each; those that have gone meanwhile are no error."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def end_descendants() -> None:
    """Kill and wait for every process below this one, those included that have lost their own parent on the way."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return  # no child, so nothing below one: a look at all processes costs milliseconds
    while below := descendants(os.getpid()):
        kill_all(below)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)


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
    room: Room | None = None,
    memory_mb: int | None = None,
) -> tuple[int, bytes, bytes]:
    """Run a program to its end; returns exit code (negative: signal), standard output's and error's last bytes.

    No shell is involved. Standard error goes on to this process's own standard error too, so that the watcher sees it;
    of a flood, samples.

    :param room: what the program may see; None: all that this process may. :param memory_mb: enforced when given.
    :raises MetapipeError: E309 when the sandbox cannot be made for this program.
    """
    facts_read, facts_write = os.pipe() if room is not None else (-1, -1)

    def prepare() -> None:
        die_with_parent()
        limit_program(memory_mb)

    try:
        with (
            open(stdin or os.devnull, "rb") as source,
            stdout.open("wb") if stdout is not None else open(os.devnull, "wb") as sink,
        ):
            process = subprocess.Popen(
                argv if room is None else command(argv, room, cwd, facts_write),
                cwd=cwd,
                env=dict(environment),
                stdin=source,
                stdout=sink if stdout is not None else subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=() if room is None else (facts_write,),
                preexec_fn=prepare,
            )
            tails = _follow(process)
            code = process.wait()
        if room is not None:
            os.close(facts_write)
            facts_write = -1
            code = _code_inside(code, _facts(facts_read), tails[1].bytes())
        return code, tails[0].bytes(), tails[1].bytes()
    finally:
        for descriptor in (facts_read, facts_write):
            if descriptor >= 0:
                os.close(descriptor)


def _facts(descriptor: int) -> dict[str, int]:
    """What bubblewrap said of its child: ``child-pid`` when it started, ``exit-code`` when it ended."""
    said = b""
    # Not until its end: what the program left behind may still hold it open for a moment.
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 1 << 12):
            said += piece
    found: dict[str, int] = {}
    for line in said.splitlines():
        with contextlib.suppress(ValueError):
            found.update(json.loads(line))
    return found


def _code_inside(code: int, facts: Mapping[str, int], error: bytes) -> int:
    """The program's own exit code, as ``subprocess`` has it, from bubblewrap's.

    Waits for the first process of the sandbox, which bubblewrap leaves to us: only then is all of it gone and counted.
    """
    if "child-pid" in facts:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(facts["child-pid"], 0)
    if code < 0:
        return code
    if "exit-code" not in facts:
        words = error.decode("utf-8", "replace").strip().splitlines() or [f"exit code {code}"]
        raise MetapipeError("E309", words[-1][:200])
    inside = facts["exit-code"]
    return 128 - inside if 128 < inside <= 128 + signal.SIGRTMAX else inside


def _follow(process: subprocess.Popen[bytes]) -> tuple[Tail, Tail]:
    output, error = Tail(), Tail()
    passed_on, last_murmur = 0, 0.0

    def take_error(piece: bytes) -> None:
        nonlocal passed_on, last_murmur
        error.add(piece)
        if passed_on < PASSED_ON:
            passed_on += len(piece)
            os.write(2, piece)
        elif time.monotonic() - last_murmur > _MURMUR_EVERY:
            last_murmur = time.monotonic()
            os.write(2, piece[-_MURMUR:])

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
        drain(descriptor, take)
    os.close(exited)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    if passed_on >= PASSED_ON:
        os.write(2, error.bytes()[-_MURMUR:])
    return output, error


def drain(descriptor: int, take: Callable[[bytes], None]) -> None:
    """Read what is there without waiting for more: a pipe's worth, as what was left behind may write without end."""
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(64):
            if not (piece := os.read(descriptor, 1 << 16)):
                return
            take(piece)
