"""Words and tables that several parts have on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Speeds that a section may have, as its table shows them.
_UNITS = {
    "megabytes": "MB",
    "mb_per_second": "MB/s",
    "mb_per_cpu_second": "MB/CPU-s",
    "reads_per_cpu_second": "reads/CPU-s",
}


def spread(values: Any) -> str:
    """Median and quartiles."""
    return f"{values['median']:.2f} ({values['first_quartile']:.2f}–{values['third_quartile']:.2f})"


def conditions(entry: Any) -> Iterator[str]:
    """How and when a section was measured, and whether others disturbed it."""
    variants = entry["results"].get("variants", {})
    disturbed = [name for name, values in variants.items() if values["disturbed"]]
    yield (
        f"`{entry['command']}`, {entry['measured']}, commit {entry['commit']}; load {entry['load_before']} before and "
        f"{entry['load_after']} after{', tiny inputs' if entry['quick'] else ''}."
    )
    if disturbed:
        yield ""
        yield f"*Disturbed: other work kept more than half a core busy while measuring {', '.join(disturbed)}.*"
    yield ""


def table(results: Any) -> Iterator[str]:
    """What each variant of a section cost."""
    variants = results.get("variants", {})
    speeds = [key for key in _UNITS if key in results]
    yield f"| | wall s | CPU-s | largest process MiB | n |{''.join(f' {_UNITS[key]} |' for key in speeds)}"
    yield f"|{' --- |' * (5 + len(speeds))}"
    for name, values in variants.items():
        cells = [spread(values["wall_seconds"]), spread(values["cpu_seconds"])]
        cells += [f"{values['largest_process_mib']['median']:.0f}", str(values["wall_seconds"]["n"])]
        cells += [_cell(results[key], name) for key in speeds]
        yield f"| {name} | {' | '.join(cells)} |"


def _cell(values: Any, name: str) -> str:
    return str(values.get(name, "")) if isinstance(values, dict) else str(values)


def phases(of_runs: Any) -> Iterator[str]:
    """Seconds of each phase of some runs."""
    names = list(next(iter(of_runs.values())))
    yield f"| seconds of | {' | '.join(names)} |"
    yield f"|{' --- |' * (1 + len(names))}"
    for what, values in of_runs.items():
        yield f"| {what} | {' | '.join(f'{values.get(name, 0):.2f}' for name in names)} |"
