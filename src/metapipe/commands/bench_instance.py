"""Measure an instance of a request: nothing to ready, to verified, ``up`` again, a job's overhead, many clients.

What is measured is what an operator types, ``metapipe instance …``. The instance is taken away afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metapipe import machine
from metapipe.commands.instances.actions import target_of
from metapipe.commands.instances.places import Places
from metapipe.errors import MetapipeError
from metapipe.galaxy import clients, newcomer, trivial_jobs

#: Section of the report → targets in seconds of ready, verified and ``up`` again; a job's, and the clients' p95.
_TARGETS = {"here": (240.0, None, 45.0), "hosts": (None, 720.0, 45.0)}
_JOB_TARGET, _P95_TARGET = 2.0, 1.0


@dataclass(frozen=True)
class Report:
    """What was measured of one target; times are wall seconds, ``load_before`` the machine's load average."""

    hosts: int
    cores: int
    load_before: float
    ready: float
    verified: float
    again: float
    changed_again: bool
    job: list[float]
    clients: clients.Load


def measure(request: Path, count: int, seconds: float, program: Sequence[str]) -> Report:
    """Make the instance, verify it, make it again, run jobs and clients on it, take it away.

    :param program: what runs ``metapipe``. :raises MetapipeError: E701 when it is there already.
    """
    places = Places.find()
    asked = places.asked(str(request))
    if asked.folder.is_there:
        raise MetapipeError("E701", "REQUEST", expected="an instance that is not there yet", found=asked.request.name)

    def instance(*words: str) -> tuple[float, str]:
        began = time.monotonic()
        done = subprocess.run([*program, "instance", *words], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise MetapipeError("E404", f"metapipe instance {' '.join(words)}: exit code {done.returncode}")
        sys.stderr.write(done.stdout)
        return time.monotonic() - began, done.stdout

    load = os.getloadavg()[0]
    try:
        ready, _ = instance("up", str(request))
        verified, _ = instance("verify", asked.request.name)
        again, said = instance("up", str(request))
        credentials = target_of(places, places.asked(asked.request.name)).credentials()
        with newcomer.account(credentials) as gi:
            overhead = trivial_jobs.run(gi, count)
            keys = dict.fromkeys(range(50), str(gi.key))
            seen = clients.put_load_on(credentials.url, keys, overhead.history, seconds)
    finally:
        instance("down", asked.request.name, "--yes")
    changed = "nothing had to change" not in said and asked.request.target == "hosts"
    hosts = 1 if asked.request.hosts is None else len(asked.request.hosts.every)
    return Report(
        hosts,
        machine.cores(),
        round(load, 1),
        round(ready, 1),
        round(ready + verified, 1),
        round(again, 1),
        changed,
        overhead.jobs,
        seen,
    )


def markdown(reports: dict[str, Report]) -> str:
    """Return the reports as a page; a target that was missed says so."""
    lines = ["# Instances", "", "`scripts/bench-instance REQUEST.yml`; wall time, so the load before counts.", ""]
    lines += ["| | Measured | Wanted |", "| --- | --- | --- |"]
    for target, report in reports.items():
        ready, verified, again = _TARGETS[target]
        where = f"{target}, {report.hosts} host{'s' if report.hosts > 1 else ''} on {report.cores} cores"
        lines.append(f"| **{where}** (load before {report.load_before}) | | |")
        for title, seconds, wanted in (
            ("nothing to a login", report.ready, ready),
            ("nothing to verified", report.verified, verified),
            ("`up` with nothing to change", report.again, again),
            ("a trivial job, median", statistics.median(report.job), _JOB_TARGET),
            (f"{report.clients.clients} clients list a history, 95 %", report.clients.p95, _P95_TARGET),
        ):
            lines.append(f"| {title} | {seconds:.1f} s | {_wanted(seconds, wanted)} |")
        errors = f"{report.clients.errors} of {report.clients.requests:,}"
        lines.append(f"| their errors | {errors} | {'0' if not report.clients.errors else '0, missed'} |")
    return "\n".join(lines) + "\n"


def _wanted(seconds: float, wanted: float | None) -> str:
    if wanted is None:
        return ""
    return f"≤ {wanted:.0f} s" if seconds <= wanted else f"≤ {wanted:.0f} s, missed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write ``instances.json`` and ``instances.md`` into the folder of reports."""
    parser = argparse.ArgumentParser("scripts/bench-instance", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("request", type=Path, metavar="REQUEST.yml")
    parser.add_argument("--jobs", type=int, default=10, metavar="N", help="trivial jobs to run (10)")
    parser.add_argument("--seconds", type=float, default=120.0, metavar="S", help="that 50 clients go on (120)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the report (docs/benchmarks)")
    options = parser.parse_args(arguments)
    try:
        places = Places.find()
        target = places.read(options.request).target
        program = [str(places.home / "scripts" / "metapipe")]
        report = measure(options.request, options.jobs, options.seconds, program)
    except MetapipeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    output = options.output or places.home / "docs" / "benchmarks"
    output.mkdir(parents=True, exist_ok=True)
    file = output / "instances.json"
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"schema": 1}
    kept[target] = asdict(report)
    file.write_text(json.dumps(kept, indent=2) + "\n")
    reports = {
        name: Report(**{**kept[name], "clients": clients.Load(**kept[name]["clients"])})
        for name in _TARGETS
        if name in kept
    }
    (output / "instances.md").write_text(markdown(reports))
    sys.stdout.write(markdown(reports))
    return 0


if __name__ == "__main__":
    sys.exit(main())
