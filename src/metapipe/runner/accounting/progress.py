"""Progress of a run, told from what can be seen from outside: files being read, parts that have appeared.

So it is the same wherever the blocks run, and nothing has to report to anybody. Shares and rates are of residues, not
of blocks: the heaviest blocks go first. A block that is cut or tried again counts when it is done at last; blocks kept
from an interrupted run count as done but not in the rate.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from metapipe.proc import offset, open_files
from metapipe.runner.accounting.quantities import counted, duration, letters, megabytes, percent
from metapipe.runner.attempt.part import residues_of

#: Seconds after which a phase is worth a word.
PATIENCE = 2.0
#: Seconds between two looks on a terminal, and where lines are kept (a Galaxy job's standard error).
LIVE_LOOK, PLAIN_LOOK = 0.5, 1.0
#: Least seconds between two plain lines; one for each tenth done may come a second after the last.
PLAIN_PAUSE, STEP = 10.0, 0.1
#: Least seconds between two plain lines that say the same.
UNCHANGED_PAUSE = 60.0


class Progress:
    """Looks when told to (``tick``) and says what it sees.

    :param name: of the stage. :param say: called with one line; None: nothing is said.
    :param live: ``say`` rewrites one line of a terminal (an empty line clears it); else lines stay, so few are said.
    :param clock: seconds, for tests.
    """

    def __init__(
        self,
        name: str,
        say: Callable[[str], None] | None,
        *,
        live: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.live, self.clock = name, live, clock
        self._say = say
        self._busy = False
        self._look: Callable[[], tuple[str, float] | None] = lambda: None
        self._begun = self._last = clock()
        self._shown = ""
        self._share = 0.0
        self._blocks: BlocksSeen | None = None

    def checking(self, paths: Sequence[Path]) -> None:
        """From now on the input files are being read."""
        reading = FilesRead(paths)
        self._start(lambda: (f"checking the input, {reading.words()}", 0.0) if paths else None)

    def doing(self, words: str) -> None:
        """From now on something is being done that has no measure."""
        self._start(lambda: (f"{words}, for {duration(self.clock() - self._begun)}", 0.0))

    def running(self, parts: Path, weights: Mapping[str, int], unit: str, slots: int = 1) -> None:
        """From now on blocks are being run.

        :param parts: folder in which they appear under their names. :param weights: residues of each, by name.
        :param unit: of residues: ``b``, ``aa`` or empty. :param slots: blocks at once.
        """
        seen = self._blocks = BlocksSeen(parts, weights, unit, self.clock, slots)
        self._start(lambda: (seen.words(), seen.share))

    def tick(self) -> None:
        """Look, and say something when it is time to."""
        now = self.clock()
        if self._say is None or self._busy or now - self._begun < PATIENCE:
            return
        if not self.live and self._shown and now - self._last < PLAIN_LOOK:
            return
        self._busy = True  # a timer may ring while we look
        try:
            found = self._look()
            # The last of the plain lines is the closing words.
            if found is not None and (self.live or (found[1] < 1 and self._is_time(found[1], now))):
                self._tell(*found, now)
        finally:
            self._busy = False

    def end(self) -> None:
        """The run is over: clear the line of a terminal; elsewhere round off what was begun."""
        if self._say is None or not self._shown:
            return
        if self.live:
            self._say("")
        elif self._blocks is not None and self._blocks.all_done():
            self._say(f"{self.name}: {self._blocks.closing_words()}")
        self._shown, self._blocks, self._look = "", None, lambda: None

    @contextlib.contextmanager
    def ticking(self) -> Iterator[None]:
        """Tick by a timer of this process for as long as this lasts, whatever the process waits for meanwhile.

        A timer rather than a thread, because blocks are forked off this process; where somebody else holds the timer
        or this is not the main thread, the sessions' own ticks have to do.
        """
        rings = (
            self._say is not None
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
            and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        )
        if rings:
            look = LIVE_LOOK if self.live else PLAIN_LOOK
            signal.signal(signal.SIGALRM, lambda *_: self._ring())
            signal.setitimer(signal.ITIMER_REAL, look, look)
        try:
            yield
        finally:
            if rings:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
            with contextlib.suppress(Exception):
                self.end()

    def _ring(self) -> None:
        with contextlib.suppress(Exception):  # whatever was interrupted must not fail because of this
            self.tick()

    def _start(self, look: Callable[[], tuple[str, float] | None]) -> None:
        self._look, self._begun, self._share = look, self.clock(), 0.0

    def _is_time(self, share: float, now: float) -> bool:
        since = now - self._last
        if not self._shown:
            return True
        long = max(1.0, (now - self._begun) / 600)  # a run of many hours needs fewer lines
        if int(share / STEP) > int(self._share / STEP):
            return True
        return since >= (PLAIN_PAUSE if share > self._share or share == 0 else UNCHANGED_PAUSE) * long

    def _tell(self, words: str, share: float, now: float) -> None:
        self._last, self._shown, self._share = now, words, share
        if self._say is not None:
            self._say(f"{self.name}: {words}")


class FilesRead:
    """How far this process has read some files, one after the other, by the places of its open descriptors."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._sizes = {os.path.realpath(path): _size(path) for path in paths}
        self._read = dict.fromkeys(self._sizes, 0)

    def words(self) -> str:
        """Say how much is read: ``12 MB of 40 MB``, or the size alone at the beginning."""
        total, done = sum(self._sizes.values()), self._done()
        return megabytes(total) if done == 0 else f"{megabytes(min(done, total))} of {megabytes(total)}"

    def _done(self) -> int:
        for descriptor, path in open_files():
            with contextlib.suppress(OSError, ValueError):
                if path in self._read:
                    self._read[path] = max(self._read[path], offset(descriptor))
        begun = [path for path, place in self._read.items() if place]
        for path in begun[:-1]:  # the next was opened, so this one is done
            self._read[path] = self._sizes[path]
        return sum(self._read.values())


class BlocksSeen:
    """How many blocks, and how many of their residues, are done, by the parts in a folder."""

    def __init__(
        self, parts: Path, weights: Mapping[str, int], unit: str, clock: Callable[[], float], slots: int = 1
    ) -> None:
        self.parts, self.unit, self.slots, self._clock = parts, unit, slots, clock
        self._weights = dict(weights)
        self.total = sum(weights.values())
        self._done: dict[str, int] = {}
        self._began = clock()
        self._look()
        self._kept = self._letters()
        self._changed: float | None = None

    @property
    def share(self) -> float:
        """Fraction of the residues that is done; of the blocks where there are no residues."""
        if self.total:
            return min(1.0, self._letters() / self.total)
        return min(1.0, self._whole() / max(1, len(self._weights)))

    def all_done(self) -> bool:
        """Look at the parts again; whether every block has left one."""
        self._look()
        return self.share >= 1.0

    def words(self) -> str:
        """Look at the parts again, and say how many blocks are done and how long the rest may take.

        The rate is that since this run began: parts that an earlier run had left cost nothing.
        """
        self._look()
        elapsed = self._clock() - self._began
        if len(self._weights) == 1 and not self._done:
            return f"one block, running for {duration(elapsed)}"
        blocks = f"{self._whole():.10g} of {counted(len(self._weights), 'block')} done"
        fresh = self._letters() - self._kept
        if fresh <= 0 or elapsed <= 0 or self._changed is None:
            share = f", {percent(self.share)} of {letters(self.total, self.unit)}" if self.total else ""
            return f"{blocks}{share}, {duration(elapsed)} so far"
        # As of the last part, when the other slots were, on average, half through blocks of their own.
        missing = self.total - self._letters()
        under_way = min(0.5 * (self.slots - 1) * self.total / max(1, len(self._weights)), missing / 2)
        rate = (fresh + under_way) / max(self._changed - self._began, 1e-3)
        left = max(0.0, (missing - under_way) / rate - (self._clock() - self._changed))
        return (
            f"{blocks}, {percent(self.share)} of {letters(self.total, self.unit)}, {letters(rate, self.unit)}/s, "
            f"about {_whole_seconds(left)} left"
        )

    def closing_words(self) -> str:
        """Say that all blocks are done, and in what time."""
        return f"all {counted(len(self._weights), 'block')} done in {duration(self._clock() - self._began)}"

    def _look(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            fresh = [entry.name for entry in os.scandir(self.parts) if entry.name not in self._done]
            for name in fresh:
                self._done[name] = self._weight(name)
            if fresh:
                self._changed = self._clock()

    def _weight(self, name: str) -> int:
        """Residues of a part; one that is a piece of a block says so itself."""
        if name in self._weights:
            return self._weights[name]
        return residues_of(self.parts / name)

    def _letters(self) -> int:
        return sum(self._done.values())

    def _whole(self) -> float:
        """Blocks done; pieces count as their share of the block they were cut from."""
        pieces = 0.0
        for name in self._done:
            block = name.partition(".")[0]
            whole = self._weights.get(block, 0)
            pieces += 1.0 if name in self._weights or not whole else self._done[name] / whole
        return round(pieces, 1)


def _whole_seconds(seconds: float) -> str:
    return duration(seconds) if seconds > 10 else f"{seconds:.0f} s"


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
