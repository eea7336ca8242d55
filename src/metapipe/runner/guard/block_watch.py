"""Is a block still alive, in time and within its memory? Looks at its whole process tree from outside."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from metapipe.proc import TICK, descendants, stat, status
from metapipe.runner.guard.limits import Limits

#: Seconds between two looks, for memory and for signs of life; between, a glance at the processes known already, which
#: costs a hundredth of a look: a program can take gigabytes a second.
_MEMORY_EVERY, _LIFE_EVERY, _GLANCE_EVERY = 0.5, 10.0, 0.05
#: Less CPU than this share of the time is none: a program that waits for ever may look around now and then.
_ALIVE_SHARE = 0.001


@dataclass(frozen=True)
class Verdict:
    """Why a block must end: ``timeout`` or ``memory``, and the sentence for the user."""

    outcome: str
    sentence: str


@dataclass(frozen=True)
class Tree:
    """CPU seconds a process tree has used so far, KiB of memory of its own that it holds now."""

    cpu: float
    memory_kib: int
    processes: tuple[int, ...]


def look_at(root: int) -> Tree:
    """Sum over the processes from ``root`` downwards. Memory mapped from files (databases) is not counted."""
    cpu, memory = 0.0, 0
    processes = (root, *descendants(root))
    for process in processes:
        with contextlib.suppress(OSError, ValueError, IndexError):
            cpu += stat(process).ticks * TICK
            memory += own_memory(process)
    return Tree(cpu, memory, processes)


def own_memory(process: int) -> int:
    """KiB a process holds that are mapped from no file, those shared with the process it was forked from included."""
    return sum(map(int, status("RssAnon", "RssShmem", process=process)))


class Watch:
    """Watches one process tree against its limits.

    :param inherited_kib: memory that the root shares with its parent since it was forked, which is not its own doing.
    :param what: how messages call it. :param outputs: folder whose growth is a sign of life.
    """

    def __init__(
        self,
        root: int,
        limits: Limits,
        *,
        inherited_kib: int = 0,
        what: str = "a block",
        outputs: Path | None = None,
    ) -> None:
        self.root, self.limits, self.inherited_kib, self.what, self.outputs = (
            root,
            limits,
            inherited_kib,
            what,
            outputs,
        )
        self.started = self._alive_at = time.monotonic()
        self._cpu, self._heard = 0.0, -1
        self._every = min(
            _MEMORY_EVERY if limits.memory_mb is not None else _LIFE_EVERY,
            limits.idle / 8 if limits.idle else _LIFE_EVERY,
        )
        self._next_look = self.started + self._every
        self._next_glance = self.started
        self._known: tuple[int, ...] = (root,)

    def pause(self) -> float | None:
        """Seconds until :meth:`look` is due, None for never."""
        due = []
        if self.limits.wall is not None:
            due.append(self.started + self.limits.wall)
        if self.limits.idle or self.limits.memory_mb is not None:
            due.append(self._next_look)
        if self.limits.memory_mb is not None:
            due.append(self._next_glance)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def look(self, heard: int) -> Verdict | None:
        """Look if it is time to; ``heard`` is the number of bytes the tree has written to its standard error."""
        now, limits = time.monotonic(), self.limits
        if limits.wall is not None and now - self.started >= limits.wall:
            return Verdict("timeout", f"{self.what} reached its time limit of {_seconds(limits.wall)} s")
        if now < self._next_look or not (limits.idle or limits.memory_mb is not None):
            return self._glance(now)
        self._next_look = now + self._every
        tree = look_at(self.root)
        self._known = tree.processes
        if self._is_too_much(tree.memory_kib):
            return self._too_much()
        if limits.idle:
            heard += self._written()
            if tree.cpu - self._cpu > _ALIVE_SHARE * limits.idle or tree.cpu < self._cpu or heard != self._heard:
                self._cpu, self._heard, self._alive_at = tree.cpu, heard, now
            elif now - self._alive_at >= limits.idle:
                return Verdict("timeout", f"{self.what} gave no sign of life for {_seconds(limits.idle)} s")
        return None

    def _glance(self, now: float) -> Verdict | None:
        if self.limits.memory_mb is None or now < self._next_glance:
            return None
        self._next_glance = now + _GLANCE_EVERY
        held = 0
        for process in self._known:
            with contextlib.suppress(OSError, ValueError, IndexError):
                held += own_memory(process)
        return self._too_much() if self._is_too_much(held) else None

    def _is_too_much(self, held_kib: int) -> bool:
        limit = self.limits.memory_mb
        return limit is not None and held_kib - self.inherited_kib > limit * 1024

    def _too_much(self) -> Verdict:
        return Verdict("memory", f"{self.what} used more than its {self.limits.memory_mb} MB of memory")

    def _written(self) -> int:
        if self.outputs is None:
            return 0
        with contextlib.suppress(OSError), os.scandir(self.outputs) as entries:
            return sum(entry.stat().st_size for entry in entries)
        return 0


def _seconds(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
