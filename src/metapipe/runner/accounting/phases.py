"""The phases of a run, one after the other, with the seconds at which each began and ended."""

from __future__ import annotations

import time
from typing import Any

#: In this order. A run that fails early, or has nothing to do, lacks the later ones.
PHASES = ("check", "scan", "plan", "session start", "blocks", "session end", "merge", "digests")


class Phases:
    """A clock that knows what is being done.

    :ivar began: Unix time in seconds at which the run began.
    """

    def __init__(self) -> None:
        self.began = time.time()
        self._zero = time.monotonic()
        self._entered: list[tuple[str, float]] = []

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._zero

    def enter(self, name: str) -> None:
        """End the phase before and begin the one named (one of :data:`PHASES`)."""
        if name not in PHASES:
            raise ValueError(f"no such phase: {name}")
        self._entered.append((name, self.elapsed()))

    def rows(self) -> list[dict[str, Any]]:
        """Name, start and end in seconds since the run began; the last phase ends now."""
        ends = [start for _, start in self._entered[1:]] + [self.elapsed()]
        return [
            {"name": name, "start": round(start, 3), "end": round(end, 3)}
            for (name, start), end in zip(self._entered, ends, strict=True)
        ]
