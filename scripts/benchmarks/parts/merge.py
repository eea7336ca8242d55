"""Joining the parts of a result into one file, against ``cat``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks import datasets
from benchmarks.measure import BenchmarkError, rounds, run
from benchmarks.part import Asked, Part
from benchmarks.place import scratch
from benchmarks.results import Results
from benchmarks.variants import START, keep, python, speeds

SIZE = 200_000_000
MERGE = """
import sys
from pathlib import Path
from metapipe.runner.run.deliver import Delivery
from metapipe.runner.declare.merge import Concat, HeaderOnce
rule = Concat() if sys.argv[1] == "Concat" else HeaderOnce()
with Delivery() as delivery:
    delivery.merge({"out": rule}, sorted(Path(sys.argv[2]).iterdir()), {"out": Path(sys.argv[3])})
    delivery.hand_over()
"""


def measure(asked: Asked) -> None:
    """Measure it by rounds and keep it after each."""
    setting, results = asked.setting, Results("merge", asked.setting, asked.command)
    piece = 1_000_000 if setting.quick else 40_000_000
    text = datasets.reads(setting, SIZE, "plain").read_bytes()[:piece]
    with scratch(setting) as folder:
        parts = folder / "parts"
        for number in range(16):
            (parts / f"{number:06d}").mkdir(parents=True)
            (parts / f"{number:06d}" / "out").write_bytes(b"#head\n" + text)
        whole = [b"#head\n" + text] * 16
        expected = {"Concat": b"".join(whole), "HeaderOnce": b"#head\n" + text * 16}
        size = len(expected["Concat"])
        variants = {START: python("import metapipe.runner.run.deliver")}
        for rule in expected:
            variants[f"ours, {rule}"] = python(MERGE, rule, parts, folder / rule)
        shell = f"cat '{parts}'/*/out > '{folder}/cat'"
        variants["cat"] = lambda: run(["sh", "-c", shell])

        def more(variants: dict[str, Any]) -> Mapping[str, Any]:
            for rule, content in expected.items():
                if (folder / rule).read_bytes() != content:
                    raise BenchmarkError(f"merging by {rule} gives other bytes than the parts in order")
            sizes = dict.fromkeys(list(variants)[1:], size)
            return {"byte_identical": True, **speeds(sizes)(variants)}

        after = keep(results, setting, "merge", more)
        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=asked.say)


PART = Part(
    "merge",
    "joining parts into one file",
    measure,
    order=40,
    share=2,
    inputs=lambda setting: [datasets.reads(setting, SIZE, "plain")],
    titles={"merge": "Joining parts"},
)
