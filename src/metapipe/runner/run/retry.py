"""What becomes of blocks that failed: run again, cut in two down to the record at fault, or give up and say why.

Every failing block holds at least one record at fault, so as soon as more blocks fail than records may be
quarantined, the run ends: a broken program costs one round, a poison record at most twice its block (on top of the
attempt that failed). A block that was lost with its worker holds nobody's fault: it is run again as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import FINAL_CODES, Attempt
from metapipe.runner.blocks.block import Block

#: A program that did not finish but said so to nobody: worth one more try before anything is cut or set aside.
UNPROVEN = "E403"
#: The worker was lost, not the block: tried so often, wherever the session puts it.
LOST, LOST_TRIES = "E601", 4

RunBlocks = Callable[[Sequence[Block]], Iterator[Attempt]]
SplitBlock = Callable[[Block], Sequence[Block]]


@dataclass
class Outcome:
    """Blocks done (each with its last row), every row in order of arrival, and the blocks given up on."""

    done: dict[tuple[int, ...], Block] = field(default_factory=dict)
    rows: list[Attempt] = field(default_factory=list)
    quarantined: list[Block] = field(default_factory=list)
    retries: int = 0


def run_all(
    blocks: Sequence[Block],
    run: RunBlocks,
    split: SplitBlock,
    outcome: Outcome,
    *,
    max_quarantined: int,
    may_split: bool,
) -> None:
    """Run blocks until each is done or quarantined; ``outcome`` is filled on the way, for the report of a failed run.

    :param split: cuts a block into two of about half its records; a block of one record comes back alone.
    :param may_split: false for a stage that needs its whole input.
    :raises MetapipeError: the first failure that cannot be worked around.
    """
    pending = list(blocks)
    tried: Counter[tuple[int, ...]] = Counter()
    while pending:
        by_key = {block.key: block for block in pending}
        failed: list[tuple[Block, Attempt]] = []
        for row in run(pending):
            outcome.rows.append(row)
            block = by_key.pop(row.key)
            if row.outcome == "ok":
                outcome.done[block.key] = block
            else:
                failed.append((block, row))
        failed.sort(key=lambda pair: pair[0].key)
        pending = _next_round(failed, outcome, tried, split, max_quarantined, may_split)
        outcome.retries += len(pending)
    if not outcome.done:
        # Nothing is left that could be called a result: the program is at fault, not the records.
        raise _at_fault(first_failure(outcome), "every record")


def _next_round(
    failed: Sequence[tuple[Block, Attempt]],
    outcome: Outcome,
    tried: Counter[tuple[int, ...]],
    split: SplitBlock,
    max_quarantined: int,
    may_split: bool,
) -> list[Block]:
    again: list[Block] = []
    at_fault: list[tuple[Block, Attempt]] = []
    for _, row in failed:
        if row.code.startswith(FINAL_CODES):
            raise _error(row)
    for block, row in failed:
        tried[block.key] += 1
        if row.outcome == "skipped":
            # A final failure has stopped the others, and was lost itself on its way here.
            raise MetapipeError(LOST, "a worker was lost with the reason for which it had ended the run")
        if row.code == LOST and tried[block.key] >= LOST_TRIES:
            raise _error(row)
        # Halves on the way to a record are not tried twice: that would double the cost of every step.
        unproven = row.code == UNPROVEN and tried[block.key] == 1 and (len(block.key) == 1 or block.records < 2)
        if row.code == LOST or unproven:
            again.append(block)
        else:
            at_fault.append((block, row))
    if not at_fault:
        return again
    first_row = at_fault[0][1]
    if not may_split:
        raise _error(first_row)
    cut = [(block, row, split(block)) for block, row in at_fault]
    alone = [(block, row) for block, row, halves in cut if len(halves) < 2]
    for block, row in alone:
        if row.code == "E802":
            raise _error(row)
        outcome.quarantined.append(block)
    if len(outcome.quarantined) + len(at_fault) - len(alone) > max_quarantined:
        raise _at_fault(first_row, f"more than {max_quarantined} records" if max_quarantined else "")
    return again + [half for _, _, halves in cut if len(halves) > 1 for half in halves]


def _error(row: Attempt) -> MetapipeError:
    error = MetapipeError(row.code, row.message)
    error.detail = row.stderr
    return error


def first_failure(outcome: Outcome) -> Attempt:
    """The failed attempt that comes first in the input."""
    return min((row for row in outcome.rows if row.outcome != "ok"), key=lambda row: row.key)


def _at_fault(row: Attempt, which: str) -> MetapipeError:
    """E402 for a program that failed on ``which`` records; any other failure keeps its own code."""
    if not which or row.code not in ("E401", "E403"):
        return _error(row)
    error = MetapipeError("E402", f"{which} made the program fail; the first failure: {row.message}")
    error.detail = row.stderr
    return error
