"""The processes behind a warm session: what they use, and how those of one client are ended at once.

Spark's own cancelling waits for a worker to notice. Here the worker and all below it are killed: a client that has gone
must leave nothing running, whatever its program does about signals, sessions or children of its own.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from metapipe.proc import children, descendants, resident_bytes
from metapipe.runner.guard.launcher import kill_all
from metapipe.runner.warm.surroundings import at_work

_MEBIBYTE = 1 << 20


def end_workers(roll: Path, tag: str) -> bool:
    """Kill the workers that are at a block of that client, and all below them; returns whether there were any."""
    found = at_work(roll, tag)
    if not found:
        return False
    ours = set(descendants(os.getpid()))
    for worker in found:
        entry = roll / f"{tag}.{worker}"
        if worker in ours and entry.exists():  # a pid alone may be somebody else's by now
            kill_all([worker, *descendants(worker)])
        entry.unlink(missing_ok=True)
    return True


def end_orphans(java: int) -> None:
    """Kill and reap what was left to this process, the subreaper, by workers that died: everything but the JVM.

    A worker adopts the orphans of its own blocks, so what comes here belongs to nobody any more.

    :param java: pid of the JVM, 0 when there is none.
    """
    for child in children(os.getpid()):
        if child != java:
            kill_all([child, *descendants(child)])
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, os.WNOHANG)


def memory_mb(java: int) -> int:
    """Resident memory of the JVM and of pyspark's daemon below it, in MiB; workers are not counted."""
    held = 0
    for process in (java, *children(java)):
        with contextlib.suppress(OSError, ValueError, IndexError):
            held += resident_bytes(process)
    return held // _MEBIBYTE
