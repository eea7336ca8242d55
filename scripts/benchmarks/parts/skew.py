"""Skew, simulated: what a split costs on up to 1,024 slots when contigs have Pareto lengths.

Nothing here has more than two cores, so the time of a block is drawn from recorded ones: letters times the recorded
seconds a letter, times the relative error of a recorded block drawn at random (fixed seed). The blocks of ours are the
planner's own. What the driver needs to send tasks is not simulated.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.datasets import pareto_lengths
from benchmarks.measure import BenchmarkError
from benchmarks.part import Asked, Entries, Figures, Part
from benchmarks.results import Results, read
from metapipe.runner.blocks.plan import Within, Work, cut_evenly, launch_order, make_plan
from metapipe.runner.blocks.resources import Resources, SessionKind
from metapipe.runner.scan.scan import ATOM_RESIDUES

Ints = npt.NDArray[np.int64]
SLOTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
#: Letters of the assembly simulated: a minute of gene calling on each of 1,024 slots.
LETTERS = 9_000_000_000
#: The longest contig possible: a bacterial chromosome in one piece.
LONGEST = 5_000_000


def measure(asked: Asked) -> None:
    """Simulate from the block times that the compare part has kept for gene calling.

    :raises BenchmarkError: when there are none.
    """
    setting = asked.setting
    kept = read(setting.results, "compare").get("sections", {}).get("genes")
    if kept is None:
        raise BenchmarkError("skew needs recorded block times: run scripts/bench compare --only genes first")
    recorded = [(letters, seconds) for letters, seconds in kept["results"]["accounting"]["block_seconds"] if seconds]
    rate = sum(letters for letters, _ in recorded) / sum(seconds for _, seconds in recorded)
    errors = np.array([seconds * rate / letters for letters, seconds in recorded])
    contigs = pareto_lengths(LETTERS // (1000 if setting.quick else 1), np.random.default_rng(7), LONGEST)
    asked.say(
        f"{len(contigs)} contigs, longest {contigs.max()}, {rate:.0f} letters a second, {len(recorded)} recorded blocks"
    )
    curves: dict[str, dict[str, float]] = {}
    for slots in SLOTS:
        for name, weights, in_order in _splits(contigs, rate, slots):
            seconds = weights / rate * np.random.default_rng(11).choice(errors, len(weights))
            order = list(range(len(weights))) if in_order else launch_order(weights.tolist())
            ideal = max(float(contigs.sum()) / rate * float(errors.mean()) / slots, float(contigs.max()) / rate)
            curves.setdefault(name, {})[str(slots)] = round(makespan(seconds[order].tolist(), slots) / ideal, 3)
    result: dict[str, Any] = {
        "contigs": len(contigs),
        "letters": int(contigs.sum()),
        "longest": int(contigs.max()),
        "recorded_blocks": len(recorded),
        "letters_per_second": round(rate),
        "makespan_over_ideal": curves,
    }
    Results("skew", setting, asked.command).save("skew", result, finished=True)


def _splits(contigs: Ints, rate: float, slots: int) -> list[tuple[str, Ints, bool]]:
    """Name, letters of each part, and whether parts are started in input order (else heaviest first)."""
    atoms = _atoms(contigs)
    plan = make_plan(atoms, Work(rate), Resources(slots=slots, session=SessionKind.CLUSTER), Within(cluster=True))
    longest_first = np.sort(contigs)[::-1]
    return [
        ("ours", np.add.reduceat(atoms, plan.borders[:-1]), False),
        ("letters, one part a slot", np.add.reduceat(contigs, cut_evenly(contigs, slots)[:-1]), True),
        ("record count, one part a slot", _by_count(contigs, slots), True),
        ("record count, longest contig first", _by_count(longest_first, slots), True),
    ]


def _atoms(contigs: Ints) -> Ints:
    """Letters of the atoms that the scan would make of these contigs."""
    group = (np.cumsum(contigs) - contigs) // ATOM_RESIDUES
    return np.add.reduceat(contigs, np.flatnonzero(np.r_[True, group[1:] != group[:-1]]))


def _by_count(contigs: Ints, parts: int) -> Ints:
    borders = np.linspace(0, len(contigs), parts + 1).astype(np.int64)[:-1]
    return np.add.reduceat(contigs, np.unique(borders))


def makespan(seconds: list[float], slots: int) -> float:
    """Time until all tasks have ended when each goes to the slot that is free first, in the order given."""
    free = [0.0] * slots
    for task in seconds:
        heapq.heapreplace(free, free[0] + task)
    return max(free)


def _section(entry: Any, figures: Figures) -> Iterator[str]:
    results = entry["results"]
    yield from ("", "## Skew, simulated", "")
    yield f"`{entry['command']}`, from {results['recorded_blocks']} recorded block times of gene calling"
    yield f"({results['letters_per_second']:,} letters a second): {results['contigs']:,} contigs of Pareto lengths,"
    yield f"{results['letters']:,} letters, the longest {results['longest']:,}. Makespan over the ideal, which is the"
    yield "larger of all work over all slots and the longest contig. What the driver needs to send tasks is not in it."
    yield ""
    curves = results["makespan_over_ideal"]
    slots = sorted(next(iter(curves.values())), key=int)
    yield f"| slots | {' | '.join(slots)} |"
    yield f"|{' --- |' * (1 + len(slots))}"
    for name, curve in curves.items():
        yield f"| {name} | {' | '.join(f'{curve[slot]:.2f}' for slot in slots)} |"
    if "skew" in figures:
        yield from ("", f"![Makespan over the ideal]({figures['skew']})")


def page(entries: Entries, figures: Figures) -> Iterator[str]:
    """The table and the figure of the simulation."""
    for entry in entries.values():
        yield from _section(entry, figures)


PART = Part("skew", "simulated up to 1,024 slots from recorded block times", measure, order=120, share=1, page=page)
