"""What a warm worker takes over from the run it works for: environment, umask, folder and import path.

A cold session is started by the run itself and inherits them. A warm worker was started by the server, long before,
perhaps elsewhere; it puts them on for each block and takes them off afterwards, so that nothing of one run is seen by
the next.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from metapipe.runner.attempt.attempt import Attempt, run_attempt
from metapipe.runner.attempt.task import Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.whole_files import own_umask
from metapipe.runner.guard import sandbox


@dataclass(frozen=True)
class Surroundings:
    """What a process inherits from the one that starts it."""

    environment: Mapping[str, str]
    umask: int
    folder: str
    path: tuple[str, ...]

    @classmethod
    def of_this_process(cls) -> Surroundings:
        """Take down this process's own."""
        return cls(dict(os.environ), own_umask(), os.getcwd(), tuple(sys.path))

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Wear these surroundings for a while. Not for processes with several threads."""
        environment, path, folder = dict(os.environ), list(sys.path), os.getcwd()
        umask = os.umask(self.umask)
        try:
            _set_environment({**self.environment, **_of_this_host(environment)})
            # Behind the client's own: what pyspark's worker needs beyond it.
            sys.path[:] = [*self.path, *(entry for entry in path if entry not in self.path)]
            os.chdir(self.folder)
            yield
        finally:
            os.umask(umask)
            _set_environment(environment)
            sys.path[:] = path
            os.chdir(folder)


@dataclass(frozen=True)
class SentJob:
    """A job on its way to a worker.

    :param tag: of the client's connection: a worker that meets another tag drops what it has loaded.
    :param content: the pickled :class:`Job`; the server never looks into it, so no stage is ever imported there.
    :param roll: folder in which workers say whose block they are at, filled in by the server.
    """

    tag: str
    content: bytes
    surroundings: Surroundings
    roll: str = ""


_unpacked: dict[str, Job] = {}


def attempt_sent(sent: SentJob, block: Block) -> Attempt:
    """Run one block in the surroundings of its client; what ``run_attempt`` is to a cold session."""
    with _on_the_roll(sent), sent.surroundings.entered():
        if sent.tag not in _unpacked:
            _unpacked.clear()
            job: Job = pickle.loads(sent.content)  # noqa: S301  (of this user, the same package)
            # Two runs of the same plan are two jobs here: the first one's folders are gone.
            _unpacked[sent.tag] = replace(job, identifier=f"{job.identifier}-{sent.tag}")
        return run_attempt(_unpacked[sent.tag], block)


@contextlib.contextmanager
def _on_the_roll(sent: SentJob) -> Iterator[None]:
    """Let the server know that this process is at work for that client, so that it can end it when the client goes."""
    entry = Path(sent.roll, f"{sent.tag}.{os.getpid()}")
    entry.touch()
    try:
        yield
    finally:
        entry.unlink(missing_ok=True)


def at_work(roll: Path, tag: str) -> list[int]:
    """Workers on the roll for that client; a killed worker stays on it."""
    return [int(entry.suffix[1:]) for entry in roll.glob(f"{tag}.*")]


def _of_this_host(environment: Mapping[str, str]) -> dict[str, str]:
    """What no run may take away: the host's word that programs are sandboxed."""
    return {sandbox.VARIABLE: "require"} if environment.get(sandbox.VARIABLE) == "require" else {}


def _set_environment(wanted: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
