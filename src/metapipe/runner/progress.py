"""Progress of a run, told from the parts that have appeared, wherever the blocks run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


class Progress:
    """Counts parts and says how many there are.

    :param parts: folder in which they appear. :param say: called with one line when the number has changed.
    """

    def __init__(self, parts: Path, blocks: int, say: Callable[[str], None] | None) -> None:
        self.parts, self.blocks, self.say = parts, blocks, say
        self.started, self.shown = time.monotonic(), -1

    def tick(self) -> None:
        if self.say is None or self.blocks < 2 or not self.parts.is_dir():
            return
        done = min(self.blocks, sum(1 for _ in self.parts.iterdir()))
        if done == self.shown or done == 0:
            return
        self.shown = done
        left = (time.monotonic() - self.started) / done * (self.blocks - done)
        self.say(f"{done} of {self.blocks} blocks done, about {left:.0f} s left")
