"""Measure an instance: first start, later start, overhead of a warm trivial job and of an upload.

Wall-clock times depend on what else the machine does, so the load beside ours and the CPU seconds of our own processes
are written next to them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from metapipe import machine, proc
from metapipe.galaxy import trivial_jobs
from metapipe.instance.local import parts, settings, starting
from metapipe.instance.local.settings import Settings


@dataclass(frozen=True)
class Start:
    """One start: seconds until ``up`` returns, CPU seconds of all parts by then, load average before."""

    seconds: float
    cpu_seconds: float
    load_before: float


@dataclass(frozen=True)
class Report:
    """What was measured, in wall seconds; ``load_during_jobs`` is the machine's load average beside the jobs."""

    cores: int
    first_start: Start
    later_start: Start
    warm_job_seconds: list[float]
    warm_upload_seconds: list[float]
    load_during_jobs: float
    stop_seconds: float


def measure(found: Settings, jobs: int, say: Callable[[str], None]) -> Report:
    """Start a new instance, stop it, start it again, run ``jobs`` uploads and jobs one after the other, stop it."""
    first = _start(found, say)
    starting.down(found, say)
    later = _start(found, say)
    try:
        overhead = _overhead(found, jobs)
    finally:
        load = os.getloadavg()[0]
        began = time.monotonic()
        starting.down(found, say)
    stopped = round(time.monotonic() - began, 1)
    return Report(machine.cores(), first, later, overhead.jobs, overhead.uploads, round(load, 2), stopped)


def markdown(report: Report) -> str:
    """Return the report as the table that the README quotes."""
    rows = [
        ("first start after installation", report.first_start.seconds, 60.0, report.first_start),
        ("later start", report.later_start.seconds, 40.0, report.later_start),
    ]
    lines = ["# Start and overhead of Galaxy", "", f"`scripts/bench-galaxy` on {report.cores} cores.", ""]
    lines += ["| | Measured | Target | CPU seconds | Load before |", "| --- | --- | --- | --- | --- |"]
    for title, seconds, target, start in rows:
        cells = f"{seconds:.1f} s | {target:.0f} s | {start.cpu_seconds:.0f} | {start.load_before:.1f}"
        lines.append(f"| {title} | {cells} |")
    for title, times in (("job", report.warm_job_seconds), ("upload", report.warm_upload_seconds)):
        worst, load = f"worst {max(times):.1f} s", report.load_during_jobs
        cells = f"{statistics.median(times):.1f} s ({worst}) | 3 s | | {load:.1f}"
        lines.append(f"| warm trivial {title}, submit to ok, median of {len(times)} | {cells} |")
    lines += ["", "Targets are meant for 2 idle cores. A load well above 0 before a start means that the machine did"]
    lines += ["something else at the same time; the CPU seconds tell what the start itself took."]
    return "\n".join(lines) + "\n"


def _start(found: Settings, say: Callable[[str], None]) -> Start:
    load, began = os.getloadavg()[0], time.monotonic()
    starting.up(found, say)
    return Start(round(time.monotonic() - began, 1), round(_cpu_seconds(found), 1), round(load, 2))


def _cpu_seconds(found: Settings) -> float:
    total = 0
    for identity in parts.belonging(found):
        try:
            total += proc.stat(identity.pid).ticks
        except OSError:
            continue
    return total * proc.TICK


def _overhead(found: Settings, count: int) -> trivial_jobs.Overhead:
    from bioblend.galaxy import GalaxyInstance

    from metapipe.galaxy.credentials import read_credentials

    credentials = read_credentials(found.state)
    return trivial_jobs.run(GalaxyInstance(credentials.url, key=credentials.user.api_key), count)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main() -> int:
    """Measure and write ``docs/benchmarks/galaxy.json`` and ``galaxy.md``."""
    parser = argparse.ArgumentParser("scripts/bench-galaxy", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--jobs", type=int, default=10, metavar="N", help="jobs and uploads to run (10)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the report (docs/benchmarks)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="metapipe-bench-") as folder:
        found = settings.load(Path(folder) / "galaxy")
        report = measure(found, options.jobs, _say)
    output = options.output or found.checkout / "docs" / "benchmarks"
    output.mkdir(parents=True, exist_ok=True)
    (output / "galaxy.json").write_text(json.dumps({"schema": 1} | asdict(report), indent=2) + "\n")
    (output / "galaxy.md").write_text(markdown(report))
    sys.stdout.write(markdown(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
