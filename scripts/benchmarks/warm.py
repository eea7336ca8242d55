"""How soon a warm session is at work: from ``open_session`` to the first block started, and a whole run of two blocks.

``measure(repeats)`` starts a server of its own, asks it so many times (each time as a new client, as a job would) and
ends it. Also a program: ``python -m benchmarks.warm 30`` (in ``scripts``) prints the figures as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.warm_server import warm_server
from metapipe.runner.blocks.resources import Resources, SessionKind
from metapipe.runner.declare.given import Given
from metapipe.runner.run.engine import run_stage
from metapipe.runner.run.request import Places, Request
from metapipe.runner.warm import session as warm_session
from metapipe.runner.warm.protocol import SOCKET_VARIABLE

_STAGE = "benchmarks.bench_stages:CountLines"


def measure(repeats: int = 30, slots: int = 2) -> dict[str, Any]:
    """Return seconds, each as ``{"median", "p90", "least", "most"}``: ``to_first_block``, ``to_session``, ``run``."""
    seen: dict[str, list[float]] = {"to_session": [], "to_first_block": [], "run": []}
    with tempfile.TemporaryDirectory(prefix="bench-warm-") as text, warm_server(slots, lambda _: None) as server:
        folder = Path(text)
        reads = folder / "reads.fastq"
        reads.write_text("".join(f"@r{number}\nACGT\n+\nIIII\n" for number in range(200)))
        before = os.environ.get(SOCKET_VARIABLE)
        os.environ[SOCKET_VARIABLE] = str(server.socket)
        try:
            for number in range(repeats + 1):
                once = _once(reads, folder / f"lines-{number}", slots)
                if number:  # the first loads code
                    for name, value in once.items():
                        seen[name].append(value)
        finally:
            os.environ.pop(SOCKET_VARIABLE)
            if before is not None:
                os.environ[SOCKET_VARIABLE] = before
    return {"repeats": repeats, **{name: _spread(values) for name, values in seen.items()}}


def _once(reads: Path, lines: Path, slots: int) -> dict[str, float]:
    asked: list[float] = []
    answered: list[float] = []
    look = warm_session.ask_for_session

    def timed(path: Path, wanted: int) -> warm_session.WarmOffer:
        asked.append(time.time())
        offer = look(path, wanted)
        answered.append(time.time())
        return offer

    warm_session.ask_for_session = timed
    try:
        began = time.monotonic()
        result = run_stage(
            Request(
                _STAGE,
                Given({"reads": reads}),
                Places({"lines": lines}, lines.with_suffix(".work")),
                Resources(slots=slots, blocks=2, session=SessionKind.WARM),
            )
        )
        run = time.monotonic() - began
    finally:
        warm_session.ask_for_session = look
    first = min(row["started"] for row in result.report["attempts"])
    return {"to_session": answered[0] - asked[0], "to_first_block": first - asked[0], "run": run}


def _spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "median": round(statistics.median(ordered), 4),
        "p90": round(ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))], 4),
        "least": round(ordered[0], 4),
        "most": round(ordered[-1], 4),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 30), indent=1))
