"""Peak memory of a run by role: our driver, the JVM, the Python workers, the programs they start."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from metapipe.proc import command_line, descendants, stat

ROLES = ("driver", "JVM", "workers", "programs")
_EVERY = 0.1


class MemoryWatch:
    """Samples the proportional memory (Pss: shared pages divided by those that share them) of a process tree.

    :ivar peaks: role -> most MiB all its processes held at one time.
    """

    def __init__(self) -> None:
        self.peaks = dict.fromkeys(ROLES, 0.0)

    def __call__(self, pid: int) -> None:
        while True:
            now = dict.fromkeys(ROLES, 0.0)
            for process in (pid, *descendants(pid)):
                with contextlib.suppress(OSError, ValueError):
                    now[_role(process, pid)] += _pss_mib(process)
            for role, value in now.items():
                self.peaks[role] = max(self.peaks[role], value)
            if not _runs(pid):
                return
            time.sleep(_EVERY)


def _role(process: int, root: int) -> str:
    if process == root:
        return "driver"
    words = command_line(process)
    if b"org.apache.spark" in words:
        return "JVM"
    return "workers" if b"worker_daemon" in words or b"pyspark.daemon" in words else "programs"


def _pss_mib(process: int) -> float:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _runs(pid: int) -> bool:
    try:
        return stat(pid).state != "Z"
    except OSError:
        return False


def kill_a_worker(after: float, killed: list[int]) -> Callable[[int], None]:
    """Kill one Python worker (``SIGKILL``) so many seconds after the start of the run; note its id in ``killed``."""
    import os
    import signal

    def companion(pid: int) -> None:
        end = time.monotonic() + after
        while _runs(pid) and not killed:
            time.sleep(0.1)
            if time.monotonic() < end:
                continue
            for process in descendants(pid):
                with contextlib.suppress(OSError):
                    parent = stat(process).parent
                    # A worker: a child of the daemon, which has the same command line.
                    if _role(process, pid) == "workers" and parent != pid and _role(parent, pid) == "workers":
                        os.kill(process, signal.SIGKILL)
                        killed.append(process)
                        return

    return companion
