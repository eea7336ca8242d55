"""Who may run next on a warm session: the slots are shared by turns, and nobody gets more than they may use.

Pure bookkeeping without threads or clocks. A client never has more slots in use than its own (``GALAXY_SLOTS``),
however idle the session is: its job was given so much and is billed for so much.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Share(Generic[T]):
    """One client's part. :param limit: slots it may use at once; :param threads: slots each of its blocks uses."""

    limit: int
    threads: int = 1
    waiting: deque[T] = field(default_factory=deque)
    running: int = 0

    @property
    def in_use(self) -> int:
        """Slots that its running blocks use."""
        return self.running * self.threads

    @property
    def wants(self) -> bool:
        """Whether a block waits that its own limit lets start; free slots are another question."""
        return bool(self.waiting) and self.in_use + self.threads <= self.limit


class FairShare(Generic[T]):
    """Slots of one session and the clients that take turns.

    :param slots: tasks of one thread that can run at once.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._shares: dict[str, Share[T]] = {}
        self._turns: deque[str] = deque()

    def join(self, client: str, limit: int) -> None:
        """Let a client take its turns, after all others. :param limit: slots it may use at once, at least 1."""
        self._shares[client] = Share(max(1, min(limit, self.slots)))
        self._turns.append(client)

    def add(self, client: str, blocks: Sequence[T], threads: int) -> None:
        """Queue blocks, in the order in which they are to start."""
        share = self._shares[client]
        share.threads = max(1, min(threads, share.limit))
        share.waiting.extend(blocks)

    def next(self) -> tuple[str, T] | None:
        """Take the next block to start and count its slots as used; None when nothing can start now.

        The client whose turn it is may need more slots than are free. Then nobody starts: else clients of small blocks
        would keep one of large blocks waiting for ever.
        """
        for _ in range(len(self._turns)):
            client = self._turns[0]
            share = self._shares[client]
            if share.wants:
                if share.threads > self.free:
                    return None
                self._turns.rotate(-1)
                share.running += 1
                return client, share.waiting.popleft()
            self._turns.rotate(-1)
        return None

    def done(self, client: str) -> None:
        """One running block of the client has ended."""
        self._shares[client].running -= 1

    def drop(self, client: str) -> list[T]:
        """Forget what the client has waiting; returns it."""
        dropped = list(self._shares[client].waiting)
        self._shares[client].waiting.clear()
        return dropped

    def leave(self, client: str) -> None:
        """The client has gone, and so have its blocks."""
        del self._shares[client]
        self._turns.remove(client)

    def running(self, client: str) -> int:
        """Blocks of the client that run."""
        return self._shares[client].running

    def waiting(self, client: str) -> int:
        """Blocks of the client that wait."""
        return len(self._shares[client].waiting)

    @property
    def free(self) -> int:
        """Slots that no block uses."""
        return self.slots - sum(share.in_use for share in self._shares.values())
