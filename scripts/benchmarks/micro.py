"""The parts of the runner by themselves: starting Spark, checking inputs, reading gzip, joining parts, feeding.

Each measured program is a child process, so that its CPU-seconds are its own; the start of Python is measured, too,
and taken off where a speed is told.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import datasets
from benchmarks.measure import BenchmarkError, Spent, Variant, rounds, run, spread, summary
from benchmarks.place import Setting, environment, metapipe, scratch
from benchmarks.results import Part

Say = Callable[[str], None]

SESSION = """
import os, sys, tempfile
from pathlib import Path
from metapipe.runner.sessions import jvm
from metapipe.runner.sessions.local import LocalSession
if sys.argv[1] == "without archive":
    jvm.archive_path = lambda: None
with tempfile.TemporaryDirectory() as folder:
    session = LocalSession(2, Path(folder))
    if sys.argv[2] == "with blocks":
        session.try_out()
    session.stop()
"""
DEFAULT_SESSION = """
from benchmarks.rivals import session, stop
context = session(2)
if __import__("sys").argv[2] == "with blocks":
    context.parallelize([1, 2], 2).map(str).collect()
stop(context)
"""
IMPORTS = "import metapipe.runner.scan.scan"
SCAN = """
import sys
from pathlib import Path
from metapipe.runner.scan.scan import scan_file
scan_file(Path(sys.argv[1]), "bench", sys.argv[2], alphabet="dna")
"""
DECOMPRESS = """
import sys
import metapipe.runner.scan.scan
from pathlib import Path
from metapipe.runner.blocks.stream import gzip_chunks
with open(sys.argv[1], "rb") as raw:
    for chunk in gzip_chunks(raw, "bench"):
        pass
"""
ZLIB = """
import sys, gzip
import metapipe.runner.scan.scan
with gzip.open(sys.argv[1], "rb") as raw:
    while raw.read(1 << 20):
        pass
"""
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


def measure_micro(name: str, setting: Setting, say: Say, command: str) -> None:
    """Measure one of the small parts and keep it after every round."""
    part = Part(name, setting, command, ["java"] if name in ("session", "feed", "warm") else [])
    {"session": _session, "scan": _scan, "gz": _gz, "merge": _merge, "feed": _feed, "warm": _warm}[name](
        setting, part, say
    )


def _python(code: str, *words: str | Path) -> Variant:
    return lambda: run([sys.executable, "-c", code, *words], environment=environment())


def _keep(
    part: Part, setting: Setting, key: str, more: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> Callable[[Mapping[str, list[Spent]]], None]:
    def after(seen: Mapping[str, list[Spent]]) -> None:
        variants = {name: summary(spent) for name, spent in seen.items()}
        finished = all(len(spent) >= setting.repeats for spent in seen.values())
        part.save(key, {"variants": variants, **more(variants)}, finished=finished)

    return after


def _session(setting: Setting, part: Part, say: Say) -> None:
    variants: dict[str, Variant] = {}
    for blocks in ("no block", "with blocks"):
        variants[f"ours, {blocks}"] = _python(SESSION, "with archive", blocks)
        if not setting.quick:
            variants[f"ours without class archive, {blocks}"] = _python(SESSION, "without archive", blocks)
            variants[f"pyspark's own, {blocks}"] = _python(DEFAULT_SESSION, "", blocks)
    after = _keep(part, setting, "session", lambda _: {})
    rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def _speeds(sizes: Mapping[str, int], idle: str) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
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


def _scan(setting: Setting, part: Part, say: Say) -> None:
    letters, size = (30_000_000, 200_000_000)
    fasta = datasets.contigs(setting, letters)
    variants: dict[str, Variant] = {"start of Python": _python(IMPORTS)}
    sizes: dict[str, int] = {}
    for packing in ("plain", "gzip", "members"):
        path = datasets.reads(setting, size, packing)
        variants[f"FASTQ, {packing}"] = _python(SCAN, path, "fastq")
        sizes[f"FASTQ, {packing}"] = datasets.uncompressed(setting, size)
    variants["FASTA, plain"] = _python(SCAN, fasta, "fasta")
    sizes["FASTA, plain"] = fasta.stat().st_size
    after = _keep(part, setting, "scan", _speeds(sizes, "start of Python"))
    rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def _gz(setting: Setting, part: Part, say: Say) -> None:
    size = 500_000_000
    variants: dict[str, Variant] = {"start of Python": _python(IMPORTS)}
    for packing in ("gzip", "members"):
        path = datasets.reads(setting, size, packing)
        variants[f"our reader alone, {packing}"] = _python(DECOMPRESS, path)
        variants[f"reading and checking, {packing}"] = _python(SCAN, path, "fastq")
    variants["Python's gzip, gzip"] = _python(ZLIB, datasets.reads(setting, size, "gzip"))
    sizes = dict.fromkeys(list(variants)[1:], datasets.uncompressed(setting, size))
    after = _keep(part, setting, "gz", _speeds(sizes, "start of Python"))
    rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def _merge(setting: Setting, part: Part, say: Say) -> None:
    piece = 1_000_000 if setting.quick else 40_000_000
    text = datasets.reads(setting, 200_000_000, "plain").read_bytes()[:piece]
    with scratch(setting) as folder:
        parts = folder / "parts"
        for number in range(16):
            (parts / f"{number:06d}").mkdir(parents=True)
            (parts / f"{number:06d}" / "out").write_bytes(b"#head\n" + text)
        whole = [b"#head\n" + text] * 16
        expected = {"Concat": b"".join(whole), "HeaderOnce": b"#head\n" + text * 16}
        size = len(expected["Concat"])
        variants = {"start of Python": _python("import metapipe.runner.run.deliver")}
        for rule in expected:
            variants[f"ours, {rule}"] = _python(MERGE, rule, parts, folder / rule)
        shell = f"cat '{parts}'/*/out > '{folder}/cat'"
        variants["cat"] = lambda: run(["sh", "-c", shell])

        def more(variants: dict[str, Any]) -> Mapping[str, Any]:
            for rule, content in expected.items():
                if (folder / rule).read_bytes() != content:
                    raise BenchmarkError(f"merging by {rule} gives other bytes than the parts in order")
            sizes = dict.fromkeys(list(variants)[1:], size)
            return {"byte_identical": True, **_speeds(sizes, "start of Python")(variants)}

        after = _keep(part, setting, "merge", more)
        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def _feed(setting: Setting, part: Part, say: Say) -> None:
    """Time of the job alone, in a session that has already run one: feeding is compared, not starting."""
    size = 250_000_000
    path = datasets.reads(setting, size, "plain")
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
                [sys.executable, "-m", "benchmarks.rivals", "feed", how, str(path)], environment=environment(), log=said
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

        rounds(variants, setting.repeats, deadline=setting.deadline, after=_keep(part, setting, "feed", more), say=say)


def _same(found: int, expected: int, how: str) -> None:
    if found != expected:
        raise BenchmarkError(f"{how} fed {found} lines to wc, not {expected}")


def _warm(setting: Setting, part: Part, say: Say) -> None:
    from benchmarks.submit import measure_submit

    measure_submit(setting, part, say)
