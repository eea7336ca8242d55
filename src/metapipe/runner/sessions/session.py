"""A session: where blocks run. What all kinds have in common, and the simplest: in children of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from metapipe.runner.attempt.attempt import Attempt, end_setup, run_attempt
from metapipe.runner.attempt.task import Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.plan import launch_order
from metapipe.runner.blocks.resources import SessionKind

Tick = Callable[[], None]


class Session(Protocol):
    """A place where blocks run.

    :ivar remote: blocks run in processes that this process does not wait for, so the kernel does not add what they
        used to ours: the rows have to be added.
    """

    name: SessionKind
    remote: bool

    def run(self, job: Job, blocks: Sequence[Block], tick: Tick, tag: str = "") -> Iterator[Attempt]:
        """Run blocks and yield their rows in any order; ``tick`` is called now and then while waiting.

        :param tag: name by which ``cancel`` may end this run; runs of several threads at once have their own.
        :raises MetapipeError: E601 when the session lost its workers or the run was cancelled.
        """

    def cancel(self, tag: str) -> None:
        """End the blocks of the run with this tag; blocks that are done stay done."""

    def facts(self) -> dict[str, Any]:
        """What the run report shows of the session, as JSON has it."""

    def stop(self) -> None:
        """Give back everything; no process may be left."""


class InlineSession:
    """Blocks one after the other in children of this process. Needs no Java; also the oracle of the tests."""

    name: SessionKind = SessionKind.INLINE
    remote = False

    def run(self, job: Job, blocks: Sequence[Block], tick: Tick, tag: str = "") -> Iterator[Attempt]:  # noqa: ARG002
        """Run the blocks, those with most to do first; ``tick`` is called after each."""
        for position in launch_order([block.residues for block in blocks]):
            row = run_attempt(job, blocks[position])
            tick()
            yield row

    def cancel(self, tag: str) -> None:
        """A run ends when its rows are no longer asked for."""

    def facts(self) -> dict[str, Any]:
        """Nothing: only what a session adds to its name is shown."""
        return {}

    def stop(self) -> None:
        """End what a stage's setup keeps in memory for the next block."""
        end_setup()
