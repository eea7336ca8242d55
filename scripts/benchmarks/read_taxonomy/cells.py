"""One engine on one draw of reads with one database: measured once, and kept until something of it changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.place import HOME
from benchmarks.read_taxonomy.databases import OURS, Databases
from benchmarks.read_taxonomy.engines import Calls, Run, classify
from benchmarks.results import digest

#: What decides over the calls of our stage.
_OURS = (
    *(f"stages/taxonomy/{name}.py" for name in ("classify_reads", "read_verdicts", "translated_search")),
    *(f"taxa/{name}.py" for name in ("ancestry", "rank_identities", "taxonomy")),
)


@dataclass(frozen=True)
class Cell:
    """What an engine said of each read, and what that cost."""

    calls: Calls
    costs: dict[str, float]


def cell(
    one: Run, reads: tuple[Path, Path], databases: Databases, work: Path, programs: Mapping[str, str], slots: int
) -> tuple[Cell, bool]:
    """Return what is kept of a run, or run it; and whether it was run now.

    It is kept below ``work`` by what it depends on: the engine and its settings, the reads, the genomes, the versions
    of the programs, and of ours the sources.
    """
    what = [
        [one.engine, one.options, one.paired],
        [digest(path) for path in reads],
        databases.identity(),
        dict(programs),
    ]
    key = hashlib.sha256(json.dumps([*what, _sources() if one.engine == OURS else ""]).encode()).hexdigest()
    kept = work / "cells" / f"{key}.json"
    if kept.exists():
        return Cell(**json.loads(kept.read_text())), False
    calls, spent = classify(one, reads, databases, work / "run", slots)
    costs = {"cpu_seconds": round(spent.cpu, 2), "wall_seconds": round(spent.wall, 2), "mib": round(spent.rss_mib)}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.with_suffix(".new").write_text(json.dumps({"calls": calls, "costs": costs}))
    kept.with_suffix(".new").replace(kept)
    return Cell(calls, costs), True


@cache
def _sources() -> str:
    files = (HOME / "src" / "metapipe" / name for name in _OURS)
    return hashlib.sha256("".join(map(digest, files)).encode()).hexdigest()
