"""Submitting a small job: to a warm session, to a cold one, and without Spark; how long each takes from end to end.

The time to submit is that of the request itself, asked for in a process that has everything imported: one block of
``wc -l`` over a few reads.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from benchmarks import datasets
from benchmarks.measure import Spent, Variant, rounds, run, spread, summary, with_cpu
from benchmarks.part import Asked, Part
from benchmarks.place import environment, metapipe, scratch
from benchmarks.results import Results
from benchmarks.warm_server import warm_server
from benchmarks.words import spread as told

SIZE = 2_000_000
#: Prints the seconds of every request but the first, which still loads code.
REQUESTS = """
import sys, time
from pathlib import Path
from metapipe.runner.blocks.resources import Resources, SessionKind
from metapipe.runner.declare.given import Given
from metapipe.runner.run.engine import run_stage
from metapipe.runner.run.request import Places, Request
reads, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for number in range(count + 1):
    started = time.monotonic()
    run_stage(Request("benchmarks.bench_stages:CountLines", Given({"reads": reads}),
        Places({"lines": folder / f"lines-{number}"}, folder / "work"),
        Resources(slots=2, session=SessionKind(sys.argv[4]))))
    if number:
        print(time.monotonic() - started)
"""


def measure(asked: Asked) -> None:
    """Measure whole commands by rounds, and twenty requests of one process to the server for the median."""
    setting, say = asked.setting, asked.say
    results = Results("warm", setting, asked.command, ["java"])
    reads = datasets.reads(setting, SIZE, "plain")
    with scratch(setting) as folder, warm_server(setting.slots, say) as server:
        requests: dict[str, list[float]] = {"warm": [], "inline": []}

        def command(session: str) -> Variant:
            def once() -> Spent:
                words = ["count_lines", "--reads", reads, "--out-lines", folder / "lines", "--session", session]
                before = server.cpu_seconds()
                named = environment(METAPIPE_WARM_SOCKET=str(server.socket))
                spent = run(metapipe(*words, "--slots", str(setting.slots)), environment=named, log=folder / "log")
                return with_cpu(spent, server.cpu_seconds() - before) if session == "warm" else spent

            return once

        def asked(session: str) -> Variant:
            def once() -> Spent:
                said = folder / "said"
                named = environment(METAPIPE_WARM_SOCKET=str(server.socket))
                count = "3" if setting.quick else "20"
                words = [sys.executable, "-c", REQUESTS, reads, folder, count, session]
                spent = run(words, environment=named, log=said)
                requests[session] += [float(line) for line in said.read_text().splitlines()]
                return spent

            return once

        variants = {f"the whole command, {session}": command(session) for session in ("warm", "local", "inline")}
        variants |= {f"requests of one process, {session}": asked(session) for session in requests}

        def after(seen: Any) -> None:
            result = {
                "variants": {name: summary(spent) for name, spent in seen.items()},
                "request_seconds": {session: spread(seconds) for session, seconds in requests.items()},
            }
            finished = all(len(spent) >= setting.repeats for spent in seen.values())
            results.save("warm", result, finished=finished)

        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def words(_section: str, results: Any) -> Iterator[str]:
    """How long one request takes."""
    for session, values in results["request_seconds"].items():
        yield f"- one request of a process with everything loaded, {session}: {told(values)} s, n={values['n']}"


PART = Part(
    "warm",
    "submitting to a warm session",
    measure,
    order=70,
    share=2,
    inputs=lambda setting: [datasets.reads(setting, SIZE, "plain")],
    titles={"warm": "Submitting a small job"},
    words=words,
)
