"""Variants that are a few lines of Python in a process of their own, and what is kept of them.

Each measured program is a child process, so that its CPU-seconds are its own; the start of Python is measured, too,
and taken off where a speed is told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import Spent, Variant, run, summary
from benchmarks.place import Setting, environment
from benchmarks.results import Results

START = "start of Python"
IMPORTS = "import metapipe.runner.scan.scan"
SCAN = """
import sys
from pathlib import Path
from metapipe.runner.scan.scan import scan_file
scan_file(Path(sys.argv[1]), "bench", sys.argv[2], alphabet="dna")
"""


def python(code: str, *words: str | Path) -> Variant:
    """A variant that runs this code with these words."""
    return lambda: run([sys.executable, "-c", code, *words], environment=environment())


def keep(
    results: Results, setting: Setting, key: str, more: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> Callable[[Mapping[str, list[Spent]]], None]:
    """Keep a section after every round. :param more: what stands in it besides what each variant cost."""

    def after(seen: Mapping[str, list[Spent]]) -> None:
        variants = {name: summary(spent) for name, spent in seen.items()}
        finished = all(len(spent) >= setting.repeats for spent in seen.values())
        results.save(key, {"variants": variants, **more(variants)}, finished=finished)

    return after


def speeds(sizes: Mapping[str, int], idle: str = START) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    """MB (10^6 bytes) a CPU-second and a second of wall time, the start of Python taken off."""

    def work(variants: dict[str, Any]) -> Mapping[str, Any]:
        def less(name: str, unit: str) -> float:
            start = variants[idle][unit]["median"]
            return max(0.001, float(variants[name][unit]["median"]) - float(start))

        return {
            "megabytes": {name: round(size / 1e6, 1) for name, size in sizes.items()},
            "mb_per_cpu_second": {n: round(size / 1e6 / less(n, "cpu_seconds")) for n, size in sizes.items()},
            "mb_per_second": {n: round(size / 1e6 / less(n, "wall_seconds")) for n, size in sizes.items()},
        }

    return work
