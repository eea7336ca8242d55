"""How many blocks, how large, and whether starting Spark is worth it. Pure arithmetic over the scan's atoms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metapipe.runner.blocks.resources import Resources, SessionKind

#: Seconds of work below which a JVM costs more than it brings.
INLINE_BELOW = 10.0
#: The same for a warm session, which is there already. Measured (two blocks, a loaded machine with two cores): 1.3 s
#: against 1.2 s inline for 0.5 s of work, 1.5 against 2.2 for 1 s, 1.4 against 2.4 for 2 s.
INLINE_BELOW_WARM, SHORTEST_WARM_BLOCK = 2.0, 1.0
BLOCKS_PER_SLOT = 8
SHORTEST_BLOCK, LONGEST_BLOCK = 4.0, 60.0
#: A block of a tool with a fixed cost must be worth this many times that cost.
FIXED_COST_FACTOR = 10.0


@dataclass(frozen=True)
class Work:
    """What a stage's work costs, with the databases and options given.

    :param rate: residues a second on one core. :param fixed_cost: seconds each block costs whatever its size.
    :param whole: the stage needs all records in one block. :param per_node: one block uses every slot of a host.
    """

    rate: float
    fixed_cost: float = 0.0
    whole: bool = False
    per_node: bool = False


@dataclass(frozen=True)
class Warm:
    """Whether a warm session takes the run. :param why_not: why none does where there should be one, else empty."""

    at_hand: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class Within:
    """Sessions within reach. :param java: whether Spark can be started at all."""

    cluster: bool = False
    java: bool = True
    warm: Warm = Warm()


@dataclass(frozen=True)
class Plan:
    """Borders of the blocks in atoms (``len(blocks) + 1`` values) and what was reckoned, for the run report."""

    borders: tuple[int, ...]
    estimated_seconds: float
    session: SessionKind
    reason: str


def make_plan(residues: npt.NDArray[np.int64], work: Work, resources: Resources, within: Within = Within()) -> Plan:
    """Plan the blocks.

    :param residues: letters in each atom, in file order. :param resources: its slots are tasks that can run at once.
    """
    slots, asked, fixed_cost = resources.slots, resources.session, work.fixed_cost
    seconds = int(residues.sum()) / work.rate
    if work.whole or len(residues) == 0:
        wanted, why = 1, "the stage needs its whole input at once" if work.whole else "there are no records"
    elif resources.blocks is not None:
        wanted, why = resources.blocks, "as asked"
    elif work.per_node:
        wanted = max(1, int(seconds / max(LONGEST_BLOCK, FIXED_COST_FACTOR * fixed_cost)))
        why = f"one fat task per host, each worth {FIXED_COST_FACTOR:.0f} times its fixed cost"
    else:
        longest = max(LONGEST_BLOCK, FIXED_COST_FACTOR * fixed_cost)
        shortest = max(SHORTEST_BLOCK, FIXED_COST_FACTOR * fixed_cost)
        # A fixed cost argues for few blocks, but not for fewer than slots: an idle core saves nothing.
        could_be_warm = within.warm.at_hand and asked in (None, SessionKind.WARM)
        least = SHORTEST_WARM_BLOCK if could_be_warm else SHORTEST_BLOCK
        busy = min(slots, int(seconds / max(least, 2 * fixed_cost)))
        wanted = max(int(seconds / longest), min(slots * BLOCKS_PER_SLOT, int(seconds / shortest)), busy, 1)
        why = f"{BLOCKS_PER_SLOT} blocks per slot, each {shortest:.0f} to {longest:.0f} s of work"
    borders = cut_evenly(residues, wanted)
    estimated = seconds + fixed_cost * (len(borders) - 1)
    if asked is not None:
        return Plan(borders, estimated, asked, f"{why}; session {asked} as asked")
    gains = len(borders) > 2 and slots > 1 and estimated >= INLINE_BELOW_WARM
    if within.warm.at_hand and gains and not (within.cluster and estimated >= INLINE_BELOW):
        return Plan(borders, estimated, SessionKind.WARM, f"{why}; the warm session with {slots} slots")
    chosen, reason = _session(within, estimated, len(borders) - 1, slots)
    if within.warm.why_not and gains:
        reason += f" (not warm: {within.warm.why_not})"
    return Plan(borders, estimated, chosen, f"{why}; {reason}")


def _session(within: Within, estimated: float, blocks: int, slots: int) -> tuple[SessionKind, str]:
    if estimated < INLINE_BELOW:
        return SessionKind.INLINE, f"inline, because about {estimated:.0f} s of work do not repay a Spark start"
    if within.cluster and within.java:
        return SessionKind.CLUSTER, "on the cluster of this destination"
    if blocks == 1:
        return SessionKind.INLINE, "inline, because one block on one host gains nothing from Spark"
    if slots == 1:
        return SessionKind.INLINE, "inline, because there is one slot"
    if not within.java:
        return SessionKind.INLINE, "inline, because there is no Java for Spark"
    return SessionKind.LOCAL, f"Spark with {slots} slots on this host"


def cut_evenly(residues: npt.NDArray[np.int64], wanted: int) -> tuple[int, ...]:
    """Cut atoms into at most ``wanted`` runs of about equal letters; returns their borders.

    An atom goes to the run in which its middle lies, so one huge contig has a run of its own.
    """
    count = len(residues)
    if count == 0:
        return (0, 0)
    ends = np.cumsum(residues, dtype=np.float64)
    middle = ends - residues / 2.0
    total = max(float(ends[-1]), 1.0)
    # Records without letters still need a place: number them along by position.
    group = (
        np.minimum((middle / total * wanted).astype(np.int64), wanted - 1) if total > 1 else np.zeros(count, np.int64)
    )
    first = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    return (*(int(value) for value in first), count)


def launch_order(weights: list[int]) -> list[int]:
    """Positions of blocks, heaviest first: the last block to end is then a small one."""
    return sorted(range(len(weights)), key=lambda position: (-weights[position], position))
