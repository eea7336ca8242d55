"""How long a block may take and how much memory it may use.

Memory is enforced only when somebody gave a limit (Galaxy's GALAXY_MEMORY_MB, ``--memory-mb``): what a block and its
programs hold in memory together is looked at while they run (:mod:`metapipe.runner.guard.block_watch`), and RLIMIT_DATA
refuses one process what no program of its share needs. Not RLIMIT_AS: databases are mapped into memory and cost none of
it.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

from metapipe.proc import status

#: A block gets so many times the time the stage's rate says, and never less than the minimum (seconds).
GENEROUS, SHORTEST_DEFAULT = 50.0, 1800.0
#: Whatever its size, a block gets the time to load databases so many times over, and these seconds (or the limit).
_LOADS, _START = 3.0, 5.0

#: RLIMIT_DATA counts what was asked for, not what is used: buffers half filled, a stack for every thread.
_DATA_FACTOR, _DATA_SLACK, _THREAD_STACK = 1.25, 64 << 20, 16 << 20
#: Programs ask for more than they ever use (measured: DIAMOND 4.2 GiB for 21 MiB held); this stops the boundless only.
_PROGRAM_SLACK = 8 << 30
#: A program that fails holding this share of its limit failed for lack of memory, whatever it says.
_NEARLY = 0.9


@dataclass(frozen=True)
class Limits:
    """Limits of one block: seconds of wall time, seconds without a sign of life, mebibytes. None: no limit."""

    wall: float | None = None
    idle: float | None = None
    memory_mb: int | None = None


@dataclass(frozen=True)
class Allowance:
    """What each block of a run may use.

    :param threads: of its programs. :param memory_mb: of all its processes together.
    :param enforced: whether a block that takes more than ``memory_mb`` is ended (somebody gave a limit).
    :param timeout: seconds for the block of ``largest`` residues, ``fixed_cost`` of which it takes whatever its size.
    :param idle: seconds without a sign of life; 0 or None: for ever.
    """

    threads: int
    memory_mb: int
    enforced: bool = False
    timeout: float | None = None
    idle: float | None = None
    largest: int = 0
    fixed_cost: float = 0.0

    @property
    def limit_mb(self) -> int | None:
        """Mebibytes at which a block is ended; None: at no size."""
        return self.memory_mb if self.enforced else None

    def limits(self, residues: int | None = None) -> Limits:
        """Limits of a block of so many residues; None: of work that has the time of the largest."""
        wall = self.timeout
        if wall is not None and residues is not None:
            wall = block_timeout(wall, residues, self.largest, self.fixed_cost)
        return Limits(wall, self.idle or None, self.limit_mb)


def default_timeout(residues: int, rate: float, fixed_cost: float) -> float:
    """Seconds for the largest block when nobody gave a limit: for hangs, not for slow machines."""
    return max(SHORTEST_DEFAULT, GENEROUS * (fixed_cost + residues / rate))


def block_timeout(timeout: float, residues: int, largest: int, fixed_cost: float) -> float:
    """Seconds a block may take when the largest of the run may take ``timeout``.

    In proportion to its letters, so that cutting a hanging block in two again and again, down to the record at fault,
    costs about twice ``timeout`` in all (T/2 + T/4 + …); but not less than a start takes.
    """
    share = residues / largest if largest > 0 else 1.0
    return min(timeout, max(timeout * share, _START + _LOADS * fixed_cost))


def limit_self(memory_mb: int | None, threads: int) -> None:
    """Limit what this process may take from now on; what it holds already is not counted. No core dumps in any case."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_mb is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        # Private writable memory held already, as RLIMIT_DATA counts it.
        wanted = _held_bytes("VmData") + _data_limit(memory_mb) + threads * _THREAD_STACK
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))


def limit_program(memory_mb: int | None) -> None:
    """Limit what this process, about to become a program, may take; it cannot lift that again."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_mb is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = _data_limit(memory_mb) + _PROGRAM_SLACK
        wanted = wanted if hard < 0 else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, wanted))


def ran_short(max_rss_kib: int, memory_mb: int | None) -> bool:
    """Whether a process forked from below this one, which crashed after holding ``max_rss_kib``, was refused more.

    What this process holds was shared with it from the beginning.
    """
    return memory_mb is not None and max_rss_kib - (_held_bytes("VmRSS") >> 10) >= _NEARLY * memory_mb * 1024


def _data_limit(memory_mb: int) -> int:
    return int(memory_mb * _DATA_FACTOR * (1 << 20)) + _DATA_SLACK


def _held_bytes(name: str) -> int:
    """Memory of this process that the kernel counts under that name."""
    return int(status(name)[0]) << 10
