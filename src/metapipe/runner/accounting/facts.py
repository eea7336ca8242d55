"""What a reader of a run report wants to know, in words: used by the printed table and by the page alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from metapipe.runner.accounting.model import RunReport, Try
from metapipe.runner.accounting.quantities import counted, duration, letters, mebibytes, megabytes, number, percent

#: Rows of the lists of slowest, heaviest and failed blocks.
SHOWN = 5
#: Phases shorter than this (seconds) are not worth a word.
_SHORT = 0.05


def heading(report: RunReport) -> str:
    """One line: the stage and what became of it."""
    if report.error is None:
        return f"{report.stage}: ok in {duration(report.totals.wall_seconds)}"
    code = f" ({report.error.code})" if report.error.code else ""
    return f"{report.stage}: FAILED{code} after {duration(report.totals.wall_seconds)}"


def facts(report: RunReport) -> list[tuple[str, str]]:
    """Rows of (what, figure) from the most to the least asked for."""
    totals, rows = report.totals, []
    if report.error is not None:
        rows.append(("error", report.error.message))
    rows.append(("what ran", f"{report.stage}, rules {report.version}, metapipe {report.metapipe}"))
    rows += [("input", _input(name, report)) for name in report.inputs]
    rows += [("database", f"{db.name}:{db.version} ({db.kind})") for db in report.databases.values()]
    if report.programs:
        rows.append(("programs", ", ".join(f"{name} {version}" for name, version in report.programs.items())))
    rows.append(("where", _session(report)))
    if report.plan is not None:
        rows.append(("why so", report.plan.reason))
    rows.append(("blocks", _blocks(report)))
    rows.append(("wall time", duration(totals.wall_seconds)))
    spent = [(phase.name, phase.end - phase.start) for phase in report.phases]
    rows.append(("of which", ", ".join(f"{name} {duration(took)}" for name, took in spent if took >= _SHORT) or "–"))
    rows.append(
        (
            "core-seconds",
            f"{number(totals.core_seconds_used)} used ({number(totals.core_seconds_in_blocks)} in blocks) "
            f"of {number(totals.core_seconds_allocated)} allocated",
        )
    )
    rows.append(
        (
            "efficiency",
            f"{percent(totals.efficiency)} in blocks; overhead {duration(totals.overhead_seconds)} of wall time",
        )
    )
    rows.append(
        (
            "memory",
            f"{mebibytes(totals.max_rss_mib)} in the largest process, at most {mebibytes(totals.max_rss_together_mib)} "
            f"together, of {mebibytes(report.memory_mb)}",
        )
    )
    rows.append(
        (
            "retries",
            f"{totals.retries} run again, {counted(totals.quarantined, 'record')} quarantined, "
            f"{counted(totals.kept, 'block')} kept",
        )
    )
    rows.append(("learned rate", _rate(report)))
    rows.append(("energy", _energy(report)))
    return rows


def _energy(report: RunReport) -> str:
    energy = report.totals.energy
    watts = f"{energy.watts_per_core:g} W per core, {energy.watts_per_gib:g} W per GiB"
    pue = f"PUE {energy.pue:g}"
    if energy.watts_per_core_source == energy.pue_source:
        assumed = f"{watts}, {pue} ({energy.pue_source})"
    else:
        assumed = f"{watts} ({energy.watts_per_core_source}), {pue} ({energy.pue_source})"
    return f"about {number(energy.estimated_kwh * 1000)} Wh, an estimate: {assumed}"


def _input(name: str, report: RunReport) -> str:
    given = report.inputs[name]
    size = megabytes(given.bytes)
    if given.records is None or given.residues is None:
        return f"{given.name} ({name}), {size}"
    return f"{given.name} ({name}), {size}, {counted(given.records, 'record')}, {letters(given.residues)}"


def _session(report: RunReport) -> str:
    if not report.session:
        return f"not chosen yet, on {report.host.name}"
    words = [report.session]
    for key, value in report.session_facts.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            words.append(f"{key.replace('_', ' ')} {value}")
    return ", ".join(words)


def hosts(report: RunReport) -> list[str]:
    """Hosts that ran blocks, in order of their names (``node2`` before ``node10``)."""
    return sorted({row.host for row in report.attempts if row.host and not row.kept}, key=natural)


def natural(name: str) -> list[tuple[int, str]]:
    """Key to sort names that end in or hold numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _blocks(report: RunReport) -> str:
    where = hosts(report)
    named = ", ".join(where[:4]) + (f" and {len(where) - 4} more" if len(where) > 4 else "")
    number_of = "–" if report.plan is None else str(report.plan.blocks)
    return f"{number_of} on {counted(report.slots, 'slot')}" + (f" ({named})" if named else "")


def _rate(report: RunReport) -> str:
    learned = report.totals.residues_per_core_second
    if learned is None:
        return "none: nothing was done"
    assumed = report.plan.residues_per_core_second if report.plan is not None else None
    return f"{letters(learned)} per core-second" + (f" ({letters(assumed)} assumed)" if assumed else "")


def block_name(row: Try) -> str:
    """``17``, or ``17.0`` for its first half; a later try says so."""
    name = ".".join(str(part) for part in row.key)
    return name if row.try_ == 1 else f"{name} (try {row.try_})"


def slowest(report: RunReport) -> list[Try]:
    """Attempts that took the longest."""
    ran = [row for row in report.attempts if not row.kept and row.outcome != "skipped"]
    return sorted(ran, key=lambda row: (-row.wall, row.key))[:SHOWN]


def heaviest(report: RunReport) -> list[Try]:
    """Attempts that held the most memory."""
    ran = [row for row in report.attempts if not row.kept and row.outcome != "skipped"]
    return sorted(ran, key=lambda row: (-row.max_rss_kib, row.key))[:SHOWN]


def failures(report: RunReport) -> list[Try]:
    """Attempts that failed; those merely skipped are left out."""
    return [row for row in report.attempts if row.outcome not in ("ok", "skipped")]


def last_words(row: Try) -> str:
    """The last line the program said, or nothing."""
    lines = [line.strip() for line in row.stderr.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def together(reports: Sequence[RunReport]) -> dict[str, Any]:
    """Sums over several runs (of one workflow, say)."""
    totals = [report.totals for report in reports]
    return {
        "runs": len(reports),
        "failed": sum(report.status == "failed" for report in reports),
        "wall_seconds": round(sum(one.wall_seconds for one in totals), 3),
        "core_seconds_used": round(sum(one.core_seconds_used for one in totals), 3),
        "core_seconds_in_blocks": round(sum(one.core_seconds_in_blocks for one in totals), 3),
        "core_seconds_allocated": round(sum(one.core_seconds_allocated for one in totals), 3),
        "max_rss_mib": max((one.max_rss_mib for one in totals), default=0.0),
        "retries": sum(one.retries for one in totals),
        "kept": sum(one.kept for one in totals),
        "quarantined": sum(one.quarantined for one in totals),
        "estimated_kwh": round(sum(one.energy.estimated_kwh for one in totals), 9),
    }
