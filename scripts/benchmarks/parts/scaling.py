"""How time and memory grow: 1 and 2 cores, input times 1, 3 and 10, 1 and 2 hosts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import datasets
from benchmarks.bench_stages import WrappedProdigal
from benchmarks.hosts import cpu_list, measure_hosts
from benchmarks.measure import BenchmarkError, Spent, Variant, rounds, run, summary
from benchmarks.memory import MemoryWatch
from benchmarks.part import Asked, Entries, Figures, Part
from benchmarks.place import Setting, environment, metapipe, need, scratch
from benchmarks.results import Results, digest
from benchmarks.words import phases

Say = Callable[[str], None]
SECTIONS = ("cores", "input", "hosts")
#: Shares of the time given. The first is the longest: its input is 1.5 times the work asked for.
_SHARES = {"cores": 5, "input": 3, "hosts": 4}
#: Blocks of the strong scaling, the same on one core and on two.
BLOCKS = "16"


def measure(asked: Asked) -> None:
    """Measure the sections named.

    :raises BenchmarkError:
    """
    setting, wanted, say = asked.setting, asked.sections, asked.say
    results = Results("scaling", setting, asked.command, ["prodigal", "fastp", "java"])
    for position, name in enumerate(wanted):
        share = setting
        if setting.deadline is not None:
            weights = [_SHARES[later] for later in wanted[position:]]
            left = setting.deadline - time.monotonic()
            share = replace(setting, deadline=time.monotonic() + left * weights[0] / sum(weights))
        say(f"{name}:")
        if name == "cores":
            _cores(share, results, say)
        elif name == "input":
            _input(share, results, say)
        else:
            measure_hosts(share, results, say)


def _cores(setting: Setting, results: Results, say: Say) -> None:
    need("taskset", "prodigal")
    contigs = datasets.contigs(setting, int(1.5 * setting.work * WrappedProdigal.rate))
    with scratch(setting) as folder:
        reports: dict[int, Any] = {}

        def on(cores: int) -> Variant:
            def once() -> Spent:
                report, target = folder / f"report-{cores}", folder / f"genes-{cores}"
                words = ["wrapped_prodigal", "--contigs", contigs, "--out-genes", target, "--report", report]
                words += ["--slots", str(cores), "--session", "local", "--blocks", BLOCKS]
                # The first of our own cores: 0 may not be ours.
                pinned = ["taskset", "--cpu-list", cpu_list(cores)]
                spent = run([*pinned, *metapipe(*words)], environment=environment(), log=folder / "log")
                reports[cores] = json.loads(report.read_bytes())
                return spent

            return once

        def after(seen: Mapping[str, list[Spent]]) -> None:
            if digest(folder / "genes-1") != digest(folder / "genes-2"):
                raise BenchmarkError("one core and two give different genes")
            variants = {name: summary(spent) for name, spent in seen.items()}
            one, two = (variants[name]["wall_seconds"]["median"] for name in ("1 core", "2 cores"))
            result = {
                "variants": variants,
                "speedup": round(one / two, 3),
                "phases": {
                    f"{cores} cores": {p["name"]: round(p["end"] - p["start"], 3) for p in report["phases"]}
                    for cores, report in reports.items()
                },
            }
            results.save("cores", result, finished=len(seen["2 cores"]) >= setting.repeats)

        variants = {"1 core": on(1), "2 cores": on(2)}
        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def _reads(setting: Setting, factor: int) -> Path:
    return datasets.reads(setting, factor * (200_000 if setting.quick else 100_000_000), "gzip")


def _input(setting: Setting, results: Results, say: Say) -> None:
    """Filter reads, gzip in one member: the whole way of the data, with the memory of each role."""
    need("fastp")
    peaks: dict[str, list[dict[str, float]]] = {}
    with scratch(setting) as folder:

        def times(factor: int) -> Variant:
            reads = _reads(setting, factor)

            def once() -> Spent:
                words = [
                    "wrapped_fastp",
                    "--reads",
                    reads,
                    "--out-kept",
                    folder / "kept",
                    "--slots",
                    str(setting.slots),
                ]
                watch = MemoryWatch()
                command = metapipe(*words, "--session", "local", "--blocks", str(BLOCKS))
                spent = run(command, environment=environment(), log=folder / "log", meanwhile=watch)
                peaks.setdefault(f"x{factor}", []).append(watch.peaks)
                return spent

            return once

        def after(seen: Mapping[str, list[Spent]]) -> None:
            variants = {name: summary(spent) for name, spent in seen.items()}
            first, last = (variants[name]["wall_seconds"]["median"] for name in ("x1", "x10"))
            memory = {name: {r: round(max(p[r] for p in taken), 1) for r in taken[0]} for name, taken in peaks.items()}
            result = {"variants": variants, "time_ratio": round(last / first, 2), "peak_mib": memory}
            results.save("input", result, finished=len(seen["x10"]) >= setting.repeats)

        variants = {f"x{factor}": times(factor) for factor in (1, 3, 10)}
        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def words(section: str, results: Any) -> Iterator[str]:
    """Speed-up and phases, memory by role, or the efficiency of two hosts."""
    if section == "cores":
        yield f"1 → 2 cores: **{results['speedup']}×**, pinned with taskset, the same 16 blocks, Spark started in both."
        yield ""
        yield from phases(results["phases"])
    elif section == "input":
        yield f"×10 input takes **{results['time_ratio']}×** the time. Peak memory in MiB (shared pages shared out):"
        yield ""
        roles = list(next(iter(results["peak_mib"].values())))
        yield f"| | {' | '.join(roles)} |"
        yield f"|{' --- |' * (1 + len(roles))}"
        for name, peaks in results["peak_mib"].items():
            yield f"| {name} | {' | '.join(f'{peaks[role]:.0f}' for role in roles)} |"
    else:
        yield results["text"]


def picture(_entries: Entries, figures: Figures) -> Iterator[str]:
    """The figure below all sections."""
    if "scaling" in figures:
        yield from ("", f"![Time and memory against input]({figures['scaling']})")


def inputs(setting: Setting) -> Iterator[Path]:
    """Contigs for cores and hosts, reads in one gzip member for the sizes of the input."""
    for factor in (1.5, 1.0):
        yield datasets.contigs(setting, int(factor * setting.work * WrappedProdigal.rate))
    for factor in (1, 3, 10):
        yield _reads(setting, factor)


PART = Part(
    "scaling",
    "1 and 2 cores, input x1 x3 x10 with memory, 1 and 2 hosts",
    measure,
    order=80,
    share=22,
    inputs=inputs,
    sections=SECTIONS,
    titles={"cores": "One and two cores", "input": "Input ×1, ×3, ×10", "hosts": "One and two hosts"},
    words=words,
    below=picture,
)
