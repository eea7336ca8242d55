"""What a run may use: slots, memory, time, records to be given up on, and where its blocks may run."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

IDLE_DEFAULT = 900.0


class SessionKind(enum.StrEnum):
    """Where the blocks of a run are run; the values are the words of ``--session`` and of the run report."""

    INLINE = "inline"
    LOCAL = "local"
    CLUSTER = "cluster"
    WARM = "warm"


@dataclass(frozen=True)
class Slots:
    """How many blocks, or threads of one fat block, run at once, and the memory of all of them together in MB."""

    count: int = 1
    memory_mb: int = 0


@dataclass(frozen=True)
class Resources:
    """What a run may use, handed on whole.

    :param slots: blocks at once, or threads of the one fat block.
    :param memory_mb: for all slots together, enforced; None: the machine's is planned with and nothing is enforced.
    :param timeout: seconds the largest block may take (None: plenty, by the stage's rate).
    :param idle_timeout: seconds a block may go on without any sign of life (0: for ever).
    :param max_quarantined: records that may make the program fail before the run does.
    :param blocks: force this many blocks (tests, benchmarks). :param session: None: the one that pays.
    """

    slots: int = 1
    memory_mb: int | None = None
    timeout: float | None = None
    idle_timeout: float = IDLE_DEFAULT
    max_quarantined: int = 10
    blocks: int | None = None
    session: SessionKind | None = None

    def on(self, machine_mb: int, block_mb: int) -> Slots:
        """Slots on a machine of so much memory, for blocks that need so much of it each (both in MB)."""
        memory_mb = machine_mb if self.memory_mb is None else self.memory_mb
        return Slots(max(1, min(self.slots, memory_mb // block_mb)), memory_mb)

    def of(self, slots: int) -> Resources:
        """The same with another number of slots."""
        return replace(self, slots=slots)
