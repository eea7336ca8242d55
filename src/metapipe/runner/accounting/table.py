"""Run reports as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from metapipe.errors import one_line
from metapipe.runner.accounting.facts import (
    SHOWN,
    block_name,
    facts,
    failures,
    heading,
    heaviest,
    last_words,
    slowest,
    together,
)
from metapipe.runner.accounting.model import RunReport, Try
from metapipe.runner.accounting.quantities import duration, letters, mebibytes, number

_BLOCK_COLUMNS = ("block", "outcome", "wall", "CPU", "memory", "letters", "host")


def text_of(reports: Sequence[tuple[str, RunReport]]) -> str:
    """All reports one after the other, then their sums when there are several.

    :param reports: (file name, report).
    """
    pieces = [_one(report) for _, report in reports]
    if len(reports) > 1:
        pieces.append(_together(reports))
    return "\n\n".join(pieces)


def _one(report: RunReport) -> str:
    lines = [heading(report)]
    label_before = ""
    for label, value in facts(report):
        lines.append(f"  {'' if label == label_before else label:<14}{one_line(value)}")
        label_before = label
    failed = failures(report)
    if failed:
        lines += ["", f"  failures ({len(failed)})"]
        for row in failed[:SHOWN]:
            lines.append(f"    block {block_name(row)} on {row.host}: {row.code} {one_line(row.message)}")
            words = last_words(row)
            if words and words not in row.message:
                lines.append(f"      last words: {one_line(words)}")
        if len(failed) > SHOWN:
            lines.append(f"    and {len(failed) - SHOWN} more")
    if len(report.attempts) > 1:
        lines += [
            "",
            "  slowest blocks",
            *_blocks(slowest(report)),
            "",
            "  heaviest blocks",
            *_blocks(heaviest(report)),
        ]
    return "\n".join(lines)


def _blocks(rows: Sequence[Try]) -> list[str]:
    return aligned([_BLOCK_COLUMNS, *(_cells(row) for row in rows)], indent=4)


def _cells(row: Try) -> tuple[str, ...]:
    cpu = row.user + row.system
    return (
        block_name(row),
        row.outcome,
        duration(row.wall),
        f"{number(cpu)} s",
        mebibytes(row.max_rss_kib / 1024),
        letters(row.residues, " ").strip(),
        row.host,
    )


def _together(reports: Sequence[tuple[str, RunReport]]) -> str:
    columns = ("run", "stage", "status", "where", "wall", "core-seconds", "efficiency", "memory", "again", "Wh")
    rows = [columns]
    for name, report in reports:
        totals = report.totals
        rows.append(
            (
                name,
                report.stage,
                report.status if report.error is None else f"failed {report.error.code}".strip(),
                report.session,
                duration(totals.wall_seconds),
                number(totals.core_seconds_used),
                f"{100 * totals.efficiency:.0f} %",
                mebibytes(totals.max_rss_mib),
                str(totals.retries),
                number(totals.energy.estimated_kwh * 1000),
            )
        )
    sums = together([report for _, report in reports])
    rows.append(
        (
            "together",
            "",
            f"{sums['failed']} failed" if sums["failed"] else "ok",
            "",
            duration(sums["wall_seconds"]),
            number(sums["core_seconds_used"]),
            "",
            mebibytes(sums["max_rss_mib"]),
            str(sums["retries"]),
            number(sums["estimated_kwh"] * 1000),
        )
    )
    return "\n".join([f"{len(reports)} runs together", *aligned(rows, indent=2)])


def aligned(rows: Sequence[Sequence[str]], *, indent: int) -> list[str]:
    """Columns of equal width, two blanks apart; no blanks at the end of a line."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        " " * indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
