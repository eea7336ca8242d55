"""How fast records reach a program: ours, RDD.pipe and mapPartitions, each feeding ``wc``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import datasets
from benchmarks.measure import BenchmarkError, Spent, Variant, rounds, run, spread
from benchmarks.part import Asked, Part
from benchmarks.place import environment, metapipe, scratch
from benchmarks.results import Results
from benchmarks.variants import keep

SIZE = 250_000_000


def measure(asked: Asked) -> None:
    """Time of the job alone, in a session that has already run one: feeding is compared, not starting."""
    setting, results = asked.setting, Results("feed", asked.setting, asked.command, ["java"])
    path = datasets.reads(setting, SIZE, "plain")
    text, seconds = path.stat().st_size, {name: list[float]() for name in ("ours", "RDD.pipe", "mapPartitions")}
    with scratch(setting) as folder, path.open("rb") as file:
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

        def ours() -> Spent:
            report, counted = folder / "report.json", folder / "lines"
            words = ["count_lines", "--reads", str(path), "--out-lines", str(counted), "--report", str(report)]
            spent = run(
                metapipe(*words, "--session", "local", "--slots", str(setting.slots)), environment=environment()
            )
            rows = json.loads(report.read_bytes())["attempts"]
            first = min(row["started"] for row in rows)
            seconds["ours"].append(max(row["started"] + row["wall"] for row in rows) - first)
            _same(sum(int(line) for line in counted.read_text().split()), lines, "ours")
            return spent

        def rival(how: str) -> Spent:
            said = folder / "said"
            spent = run(
                [sys.executable, "-m", "benchmarks.competitors.rivals", "feed", how, str(path)],
                environment=environment(),
                log=said,
            )
            took, counted = said.read_text().strip().splitlines()[-1].split()[-2:]
            seconds[how].append(float(took))
            _same(int(counted), lines, how)
            return spent

        variants: dict[str, Variant] = {
            "ours": ours,
            "RDD.pipe": lambda: rival("RDD.pipe"),
            "mapPartitions": lambda: rival("mapPartitions"),
        }

        def more(_: dict[str, Any]) -> Mapping[str, Any]:
            return {
                "megabytes": round(text / 1e6, 1),
                "job_seconds": {name: spread(values) for name, values in seconds.items()},
                "mb_per_second": {
                    name: round(text / 1e6 / float(spread(values)["median"]), 1) for name, values in seconds.items()
                },
            }

        rounds(
            variants,
            setting.repeats,
            deadline=setting.deadline,
            after=keep(results, setting, "feed", more),
            say=asked.say,
        )


def _same(found: int, expected: int, how: str) -> None:
    if found != expected:
        raise BenchmarkError(f"{how} fed {found} lines to wc, not {expected}")


def words(_section: str, _results: Any) -> Iterator[str]:
    """What the columns are of."""
    yield "MB/s are of the job alone, in a session that has already run one; wall and CPU-seconds of everything."


PART = Part(
    "feed",
    "how fast records reach a program",
    measure,
    order=50,
    share=5,
    inputs=lambda setting: [datasets.reads(setting, SIZE, "plain")],
    titles={"feed": "Feeding a program"},
    words=words,
)
