"""Processes of an instance: started in sessions of their own, known by pid *and* start time, never by name.

A pid alone may be somebody else's tomorrow. Every process we start carries a random mark of the instance in its
environment, and so does every job that it starts; so all of them are found again, even when the starter, the web
server or the record of it is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from metapipe import proc
from metapipe.instance.local.secrets import write_private

INSTANCE_MARK = "METAPIPE_INSTANCE"
PART_MARK = "METAPIPE_PART"
_KILL_SECONDS = 5.0
_ROUNDS = 20
_started: set[int] = set()


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for another one.

    :param pid: process id.
    :param started: clock ticks from boot to its start (field 22 of ``/proc/PID/stat``).
    :param boot: the kernel's id of that boot.
    """

    pid: int
    started: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether this very process runs (a zombie does not)."""
        return identify(self.pid) == self

    def send(self, number: int) -> bool:
        """Send a signal if this very process still runs; the pid cannot change hands in between."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return False
        try:
            if not self.alive:
                return False
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True


def identify(pid: int) -> Identity | None:
    """Return the identity of a living process, ``None`` if there is none."""
    stat = _stat(pid)
    if stat is None or stat.state in "ZX":
        return None
    return Identity(pid, stat.started, proc.boot_id())


def start(part: str, command: Sequence[str], environ: Mapping[str, str], log: Path, cwd: Path, mark: str) -> Identity:
    """Start a process that outlives us: own session, output appended to ``log``."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            env={**environ, INSTANCE_MARK: mark, PART_MARK: part},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            start_new_session=True,
        )
    process.returncode = 0  # it is to outlive this object; reap() takes its exit status
    _started.add(process.pid)
    identity = identify(process.pid)
    # Gone at once: its log says why; an identity that was never alive says "not running".
    return identity or Identity(process.pid, -1, proc.boot_id())


def write_record(file: Path, identity: Identity) -> None:
    """Note a process for :func:`read_record`, for this user's eyes only."""
    write_private(file, json.dumps(asdict(identity)) + "\n")


def read_record(file: Path) -> Identity | None:
    """Return the identity kept in ``file``; ``None`` if there is no (readable) record."""
    try:
        record = json.loads(file.read_text())
        return Identity(int(record["pid"]), int(record["started"]), str(record["boot"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def belonging(mark: str, roots: Iterable[Identity | None] = (), part: str | None = None) -> list[Identity]:
    """Return the living processes of an instance, this one excepted.

    :param mark: the instance's random mark.
    :param roots: recorded processes; their sessions and descendants belong, too (a program may clear its environment).
    :param part: only those that this part (``web``, ``celery``, ``broker``) started.
    """
    stats = {pid: stat for pid in proc.process_ids() if (stat := _stat(pid)) is not None}
    marks = [f"{INSTANCE_MARK}={mark}".encode()]
    if part is not None:
        marks.append(f"{PART_MARK}={part}".encode())
    members = {pid for pid in stats if _has_marks(pid, marks)}
    members |= {root.pid for root in roots if root is not None and root.alive}
    while True:
        sessions = {stats[pid].session for pid in members if stats[pid].session == pid}
        more = {
            pid for pid, s in stats.items() if pid not in members and (s.parent in members or s.session in sessions)
        }
        if not more:
            break
        members |= more
    members.discard(os.getpid())
    return [identity for pid in sorted(members) if (identity := identify(pid)) is not None]


def stop(
    identities: Iterable[Identity], grace: float, find_more: Callable[[], list[Identity]] = list
) -> list[Identity]:
    """Ask processes to end, wait up to ``grace`` seconds, then end them; again for those that came meanwhile.

    :param find_more: returns what else has to go; asked until it returns nothing new, at most so many times as
        processes that start each other need.
    :return: those that go on: a process that waits in the kernel, for a disk or a network drive, ends only after that.
    """
    waiting, undying = list(identities), set[Identity]()
    for _ in range(_ROUNDS):
        if not waiting:
            break
        for identity in waiting:
            identity.send(signal.SIGTERM)
        if not wait_until(lambda: not any(i.alive for i in waiting), grace):  # noqa: B023 - called at once
            for identity in waiting:
                identity.send(signal.SIGKILL)
            wait_until(lambda: not any(i.alive for i in waiting), _KILL_SECONDS)  # noqa: B023
        undying |= {identity for identity in waiting if identity.alive}
        waiting, grace = [identity for identity in find_more() if identity not in undying], min(grace, 3.0)
    return sorted((i for i in {*undying, *waiting} if i.alive), key=lambda identity: identity.pid)


def name_of(identity: Identity) -> str:
    """Return e.g. ``process 4711 (python3)``."""
    try:
        return f"process {identity.pid} ({proc.name_of(identity.pid)})"
    except OSError:
        return f"process {identity.pid}"


def wait_until(holds: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Return whether ``holds()`` came true within ``seconds``; reaps children of ours on the way."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        reap()
    return True


def reap() -> None:
    """Take the exit status of processes started here that ended, so that no zombie is left in our name.

    Of those alone: other children of this process are waited for by whoever started them.
    """
    for pid in tuple(_started):
        try:
            ended = os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            ended = True
        if ended:
            _started.discard(pid)


def _stat(pid: int) -> proc.Stat | None:
    try:
        return proc.stat(pid)
    except OSError:
        return None


def _has_marks(pid: int, marks: Iterable[bytes]) -> bool:
    try:
        environment = proc.environment_of(pid)
    except OSError:
        return False
    return all(mark in environment for mark in marks)
