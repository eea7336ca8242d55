"""What faults cost: a Python worker killed in the middle of its block, and one record that makes the program fail."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import datasets
from benchmarks.bench_stages import WrappedProdigal
from benchmarks.measure import BenchmarkError, Spent, rounds, run, summary
from benchmarks.memory import kill_a_worker
from benchmarks.part import Asked, Part
from benchmarks.place import Setting, environment, metapipe, need, scratch
from benchmarks.results import Results, digest

#: Share of the work asked for: what a fault costs does not depend on the size of the rest.
SHARE = 0.4
NAMES = ("undisturbed", "a worker killed", "a poison record")


def measure(asked: Asked) -> None:
    """Measure the three runs by rounds; the outputs must be those of the undisturbed one.

    :raises BenchmarkError: also when the fault did not happen.
    """
    need("prodigal", "grep")
    setting = asked.setting
    results = Results("faults", setting, asked.command, ["prodigal", "java"])
    contigs = _contigs(setting)
    with scratch(setting) as folder:
        poisoned = _poisoned(contigs, folder / "poisoned.fasta")
        reports: dict[str, list[dict[str, object]]] = {name: [] for name in NAMES}
        walls: list[float] = []

        def once(name: str) -> Spent:
            target, report = folder / name.replace(" ", "-"), folder / "report"
            source = poisoned if name == NAMES[2] else contigs
            words = ["careful_prodigal", "--contigs", source, "--out-genes", target, "--report", report]
            words += ["--quarantine", folder / "quarantine", "--slots", str(setting.slots), "--session", "local"]
            killed: list[int] = []
            meanwhile = kill_a_worker(0.6 * min(walls), killed) if name == NAMES[1] else None
            spent = run(
                metapipe(*words, "--blocks", "8"), environment=environment(), log=folder / "log", meanwhile=meanwhile
            )
            if name == NAMES[1] and not killed:
                raise BenchmarkError("no worker was there to be killed")
            if name == NAMES[0]:
                walls.append(spent.wall)
            reports[name].append(json.loads(report.read_bytes()))
            return spent

        def after(seen: Mapping[str, list[Spent]]) -> None:
            if len({digest(folder / name.replace(" ", "-")) for name in NAMES}) > 1:
                raise BenchmarkError("a fault has changed the output")
            variants = {name: summary(spent) for name, spent in seen.items()}
            rows = [row for report in reports[NAMES[0]] for row in report["attempts"]]  # type: ignore[attr-defined]
            block_wall = max(row["wall"] for row in rows)
            block_cpu = max(row["user"] + row["system"] for row in rows)
            wall = {name: variants[name]["wall_seconds"]["median"] for name in NAMES}
            cpu = {name: variants[name]["cpu_seconds"]["median"] for name in NAMES}
            result = {
                "variants": variants,
                "largest_block_wall": round(block_wall, 2),
                "largest_block_cpu": round(block_cpu, 2),
                "killed_costs_seconds": round(wall[NAMES[1]] - wall[NAMES[0]], 2),
                "poison_costs_blocks": round((cpu[NAMES[2]] - cpu[NAMES[0]]) / block_cpu, 2),
                "quarantined": [report["totals"]["quarantined"] for report in reports[NAMES[2]]],  # type: ignore[index]
            }
            results.save("faults", result, finished=len(seen[NAMES[0]]) >= setting.repeats)

        variants = {name: (lambda name=name: once(name)) for name in NAMES}  # type: ignore[misc]
        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=asked.say)


def _poisoned(contigs: Path, target: Path) -> Path:
    """The same contigs with one more in the middle, which holds no gene."""
    records = contigs.read_bytes().split(b">")[1:]
    middle = len(records) // 2
    target.write_bytes(b"".join(b">" + record for record in [*records[:middle], b"poison\nTTAA\n", *records[middle:]]))
    return target


def _contigs(setting: Setting) -> Path:
    return datasets.contigs(setting, int(SHARE * setting.work * WrappedProdigal.rate))


def words(_section: str, results: Any) -> Iterator[str]:
    """What each fault costs."""
    yield (
        f"A killed worker costs {results['killed_costs_seconds']} s of wall time (largest block "
        f"{results['largest_block_wall']} s); a poison record {results['poison_costs_blocks']} times the "
        f"CPU-seconds of the largest block ({results['largest_block_cpu']}). The outputs are the same bytes."
    )


PART = Part(
    "faults",
    "what a killed worker and a poison record cost",
    measure,
    order=90,
    share=7,
    inputs=lambda setting: [_contigs(setting)],
    titles={"faults": "What faults cost"},
    words=words,
)
