"""A warm session server for the length of a benchmark, and what it uses meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import call
from benchmarks.place import environment, metapipe
from metapipe.proc import TICK, descendants, stat


@dataclass(frozen=True)
class WarmServer:
    """A running server: its socket and its process."""

    socket: Path
    pid: int

    def cpu_seconds(self) -> float:
        """CPU-seconds used so far by the server, what it waited for, and all its living descendants."""
        return tree_cpu(self.pid)


def tree_cpu(pid: int) -> float:
    """CPU-seconds of a process and its living descendants, those waited for included."""
    total = 0
    for process in (pid, *descendants(pid)):
        with contextlib.suppress(OSError):
            total += stat(process).ticks
    return total * TICK


@contextlib.contextmanager
def warm_server(slots: int, say: Callable[[str], None]) -> Iterator[WarmServer]:
    """Start a server, wait until it answers, stop it afterwards.

    :raises BenchmarkError: when it does not start.
    """
    # Not below the data: a socket's path may have 100 bytes only.
    with TemporaryDirectory(prefix="bench-warm-") as folder:
        socket = Path(folder) / "socket"
        keywords = {"env": {**os.environ, **environment()}, "timeout": 120}
        call([*metapipe("warm", "up", "--socket", socket, "--slots", str(slots))], **keywords)
        try:
            facts = json.loads(call(metapipe("warm", "status", "--socket", socket, "--json"), **keywords))
            say(f"a warm session server with {facts['slots']} slots is ready")
            yield WarmServer(socket, int(facts["pid"]))
        finally:
            call(metapipe("warm", "down", "--socket", socket), **keywords)
