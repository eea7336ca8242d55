"""The targets of the runner and how each is read from the results. Why one is missed stands in reasons.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Sections = Mapping[str, Mapping[str, Any]]
#: Core-seconds of work from which on a ratio to GNU parallel is held against its target.
ENOUGH_WORK = 55.0
WORKLOADS = ("hmm", "genes", "diamond", "reads")


@dataclass(frozen=True)
class Target:
    """One line of the table of targets.

    :param name: key of its reason in reasons.toml. :param limit: with ``at_least`` the lowest value, else the highest.
    :param work: core-seconds of work measured, for targets that hold from 60 on.
    """

    name: str
    text: str
    limit: float
    at_least: bool
    unit: str
    read: Callable[[Sections], float | None]
    work: Callable[[Sections], float] | None = None

    def met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def too_little(self, sections: Sections) -> str:
        """Why the value cannot be held against the target; empty when it can."""
        work = ENOUGH_WORK if self.work is None else self.work(sections)
        return "" if work >= ENOUGH_WORK else f"only {work:.0f} core-seconds of work"

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{self.unit}"


def _wall(results: Any, variant: str) -> float:
    return float(results["variants"][variant]["wall_seconds"]["median"])


def _against_parallel(workload: str, variant: str, rival: str = "GNU parallel") -> Callable[[Sections], float | None]:
    def read(sections: Sections) -> float | None:
        results = sections["compare"][workload]
        return _wall(results, variant) / _wall(results, rival)

    return read


def _work(workload: str) -> Callable[[Sections], float]:
    return lambda s: float(s["compare"][workload]["variants"]["GNU parallel"]["cpu_seconds"]["median"])


def _memory_growth(sections: Sections) -> float:
    peaks = sections["scaling"]["input"]["peak_mib"]
    return max(float(peaks["x10"][role]) / max(1.0, float(peaks["x1"][role])) for role in ("driver", "JVM", "workers"))


def _accounting(sections: Sections) -> float:
    kept = [section["accounting"] for section in sections["compare"].values() if section.get("accounting")]
    return max(abs(one["reported"] / one["kernel"] - 1) * 100 for one in kept)


def _poison(sections: Sections) -> float:
    return float(sections["faults"]["faults"]["poison_costs_blocks"])


def _killed(sections: Sections) -> float:
    found = sections["faults"]["faults"]
    return float(found["killed_costs_seconds"]) - float(found["largest_block_wall"])


def _trimming(unit: str) -> Callable[[Sections], float]:
    return lambda s: float(s["trimming"]["trimming"][f"{unit}_against_fastp"])


def _taxonomy(sections: Sections) -> float:
    return float(sections["taxonomy-speed"]["chain"]["ratios"]["the shell"]["cpu_seconds"])


def _tango(kind: str) -> Callable[[Sections], float | None]:
    return lambda s: float(s["tango"]["tango"]["reads_per_cpu_second"][f"TANGO alone, {kind} matches"])


def _targets() -> Iterator[Target]:
    for name in WORKLOADS:
        for kind, limit in (("cold", 1.10), ("warm", 1.05)):
            text = f"{name}: ours {kind} against GNU parallel, same blocks"
            read = _against_parallel(name, f"ours, {kind}")
            yield Target(f"parallel-{kind}-{name}", text, limit, False, "", read, _work(name))
    for kind, limit in (("cold", 1.10), ("warm", 1.05)):
        text = f"reads: ours {kind} against GNU parallel --pipe, both from the gzip file"
        read = _against_parallel("reads", f"ours, {kind}", "GNU parallel --pipe")
        yield Target(f"parallel-pipe-{kind}", text, limit, False, "", read, _work("reads"))
    yield Target(
        "hmm-native",
        "HMM search: ours against hmmsearch --cpu 2",
        2.0,
        True,
        "×",
        lambda s: _wall(s["compare"]["hmm"], "hmmsearch --cpu 2") / _wall(s["compare"]["hmm"], "ours, the real stage"),
    )
    yield Target(
        "feed", "feeding a program", 400, True, " MB/s", lambda s: float(s["feed"]["feed"]["mb_per_second"]["ours"])
    )
    yield Target(
        "feed-pipe",
        "feeding against RDD.pipe",
        8,
        True,
        "×",
        lambda s: s["feed"]["feed"]["mb_per_second"]["ours"] / s["feed"]["feed"]["mb_per_second"]["RDD.pipe"],
    )
    yield Target(
        "gz-reading",
        "gzip, our reader alone, per core",
        500,
        True,
        " MB/s",
        lambda s: float(s["gz"]["gz"]["mb_per_cpu_second"]["our reader alone, gzip"]),
    )
    yield Target(
        "gz-ingest",
        "gzip, reading and checking, per core",
        500,
        True,
        " MB/s",
        lambda s: float(s["gz"]["gz"]["mb_per_cpu_second"]["reading and checking, gzip"]),
    )
    yield Target(
        "merge",
        "joining parts, byte-identical",
        300,
        True,
        " MB/s",
        lambda s: float(s["merge"]["merge"]["mb_per_second"]["ours, Concat"]),
    )
    yield Target(
        "session",
        "starting and ending a Spark session",
        3.5,
        False,
        " CPU-s",
        lambda s: float(s["session"]["session"]["variants"]["ours, no block"]["cpu_seconds"]["median"]),
    )
    yield Target(
        "submit",
        "submitting to a warm session, median",
        0.5,
        False,
        " s",
        lambda s: float(s["warm"]["warm"]["request_seconds"]["warm"]["median"]),
    )
    yield Target("cores", "1 → 2 cores", 1.9, True, "×", lambda s: float(s["scaling"]["cores"]["speedup"]))
    yield Target(
        "hosts", "weak scaling, 1 → 2 hosts", 0.90, True, "", lambda s: float(s["scaling"]["hosts"]["efficiency"])
    )
    yield Target("input-time", "input ×10: time", 10.5, False, "×", lambda s: s["scaling"]["input"]["time_ratio"])
    yield Target("input-memory", "input ×10: memory of driver, JVM and workers", 1.25, False, "×", _memory_growth)
    yield Target("killed", "a killed worker costs, beyond one block", 10, False, " s", _killed)
    yield Target("poison", "a poison record costs", 2, False, " blocks", _poison)
    yield Target("accounting", "core-seconds reported against the kernel's", 2, False, " %", _accounting)
    for unit, what in (("wall", "wall time"), ("cpu", "CPU-seconds")):
        yield Target(f"trimming-{unit}", f"trimming pairs against fastp: {what}", 1.5, False, "×", _trimming(unit))
    text = "trimming and taxa of pairs against a shell: CPU-seconds"
    yield Target("taxonomy", text, 1.15, False, "×", _taxonomy)
    for name, text, limit, at_least, unit, section, key in (
        ("amplicons", "distinct merged reads mapped to summarised", 100_000, True, "/min", "reads", "reads_per_minute"),
        ("sintax", "the same, wall time against SINTAX", 0.5, False, "×", "reads", "wall_against_sintax"),
        ("amplicon-pairs", "pairs mapped to summarised", 100_000, True, "/min", "pairs", "reads_per_minute"),
        ("silva", "reads mapped to 500,000 references", 20_000, True, "/min", "many references", "reads_per_minute"),
    ):
        yield Target(name, text, limit, at_least, unit, _of_search(section, key))
    yield Target("amplicon-memory", "memory of mapping to 500,000 references", 2_048, False, " MiB", _search_memory)
    for kind in ("random", "clustered"):
        text, read = f"TANGO, 100 {kind} matches a read, 100,000 references, one core", _tango(kind)
        yield Target(f"tango-{kind}", text, 20_000, True, " reads/s", read)
    yield Target(
        "skew",
        "simulated skew, 1,024 slots: makespan over the ideal",
        1.10,
        False,
        "",
        lambda s: float(s["skew"]["skew"]["makespan_over_ideal"]["ours"]["1024"]),
    )


def _of_search(section: str, key: str) -> Callable[[Sections], float | None]:
    return lambda s: float(s["amplicon-speed"][section][key])


def _search_memory(sections: Sections) -> float:
    return float(sections["amplicon-speed"]["many references"]["variants"]["map"]["largest_process_mib"]["median"])


TARGETS = tuple(_targets())


def reasons(folder: Path) -> dict[str, str]:
    """Why targets are missed, as somebody has written it: ``name = "reason"`` in reasons.toml."""
    path = folder / "reasons.toml"
    return {name: str(text) for name, text in tomllib.loads(path.read_text()).items()} if path.is_file() else {}


def judged(sections: Sections) -> Iterator[tuple[Target, float | None]]:
    """Each target with its value; None where it was not measured."""
    for target in TARGETS:
        try:
            yield target, target.read(sections)
        except (KeyError, ZeroDivisionError, ValueError):
            yield target, None
