"""The timeline of a run as SVG: phases on top, below them a lane for each slot, by host, with the blocks they ran.

Attempts are given lanes greedily by start, as processes come and go and their ids mean nothing to a reader.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from metapipe.runner.accounting.facts import block_name, natural
from metapipe.runner.accounting.model import Phase, RunReport, Try
from metapipe.runner.accounting.quantities import counted, duration, letters, mebibytes, number

WIDTH, LEFT, RIGHT = 1100.0, 150.0, 12.0
_AXIS, _PHASES, _GAP = 22.0, 20.0, 8.0
#: Steps of the time axis in seconds, up to a week; longer runs get multiples of weeks.
_STEPS = [
    *(step * scale for scale in (0.001, 0.01, 0.1, 1) for step in (1, 2, 5)),
    *(10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800),
]
_MOST_TICKS = 10
#: A letter of a label in a bar is about so wide.
_LETTER = 6.2


@dataclass(frozen=True)
class Bar:
    """One attempt on the timeline: seconds from the start of the run, and the lane it is drawn in."""

    row: Try
    start: float
    end: float
    lane: int


@dataclass(frozen=True)
class Lanes:
    """The lanes of one host."""

    host: str
    count: int
    bars: tuple[Bar, ...]


def lanes(report: RunReport) -> list[Lanes]:
    """Place every attempt that ran in this run; clocks of other hosts may be off, so starts are not below 0."""
    by_host: dict[str, list[Try]] = {}
    for row in report.attempts:
        if not row.kept and row.outcome != "skipped":
            by_host.setdefault(row.host, []).append(row)
    found = []
    for host, rows in sorted(by_host.items(), key=lambda one: natural(one[0])):
        free: list[float] = []  # when each lane is free again
        bars = []
        for row in sorted(rows, key=lambda row: (row.started, row.key)):
            start = max(0.0, row.started - report.started)
            # Starts are rounded and a worker needs no time between two blocks.
            lane = next((at for at, until in enumerate(free) if until <= start + 0.002), len(free))
            if lane == len(free):
                free.append(0.0)
            free[lane] = start + row.wall
            bars.append(Bar(row, start, start + row.wall, lane))
        found.append(Lanes(host, len(free), tuple(bars)))
    return found


def ticks(end: float) -> list[float]:
    """Places of the marks of the time axis: round numbers from 0, at most ten or so."""
    wanted = max(end, 0.001) / _MOST_TICKS
    step = next((one for one in _STEPS if one >= wanted), math.ceil(wanted / 604800) * 604800)
    return [step * position for position in range(int(end / step + 1e-9) + 1)]


def tick_label(seconds: float, end: float) -> str:
    """``0``, ``0.5 s``, ``30 s``, ``2:30`` (minutes), ``1:05 h``, ``2 d``."""
    if seconds == 0:
        return "0"
    if end < 120:
        return f"{seconds:.10g} s"
    if end < 7200:
        return f"{int(seconds // 60)}:{round(seconds % 60):02d} min"
    if end < 259200:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d} h"
    return f"{seconds / 86400:.3g} d"


def kind(row: Try) -> str:
    """Which colour: by outcome, and for blocks that are done whether they are pieces of one that failed."""
    if row.outcome != "ok":
        return row.outcome
    return "again" if row.try_ > 1 or len(row.key) > 1 else "ok"


def timeline(report: RunReport) -> str:
    """The drawing, as wide as its place."""
    hosts = lanes(report)
    end = max([report.totals.wall_seconds, *(bar.end for host in hosts for bar in host.bars), 0.001])
    count = sum(host.count for host in hosts)
    height = 22.0 if count <= 12 else 14.0 if count <= 40 else 6.0 if count <= 160 else 3.0
    scale = (WIDTH - LEFT - RIGHT) / end
    top = _AXIS + _PHASES + _GAP
    total = top + sum(host.count * height + _GAP for host in hosts)
    pieces = [
        f'<svg class="timeline" viewBox="0 0 {WIDTH:g} {total:g}" role="img" '
        f'aria-label="Timeline of {escape(report.stage)}: {len(report.attempts)} blocks over {count} slots">'
    ]
    for tick in ticks(end):
        x = LEFT + tick * scale
        anchor = "end" if x > WIDTH - 40 else "middle"
        pieces.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_AXIS - 4:g}" y2="{total - _GAP:g}"/>')
        pieces.append(f'<text class="tick" x="{x:.1f}" y="12" text-anchor="{anchor}">{tick_label(tick, end)}</text>')
    pieces.append(f'<text class="lane" x="{LEFT - 8:g}" y="{_AXIS + 14:g}" text-anchor="end">phases</text>')
    pieces += [_phase(phase, position, scale) for position, phase in enumerate(report.phases)]
    y = top
    for host in hosts:
        pieces.append(_host(host, y, height))
        pieces += [_bar(bar, y, height, scale) for bar in host.bars]
        y += host.count * height + _GAP
    pieces.append("</svg>")
    return "\n".join(pieces)


def _phase(phase: Phase, position: int, scale: float) -> str:
    x, width = LEFT + phase.start * scale, max((phase.end - phase.start) * scale, 0.0)
    title = f"<title>{escape(phase.name)}: {duration(phase.end - phase.start)}</title>"
    name = escape(phase.name) if width > len(phase.name) * _LETTER + 6 else ""
    label = (
        f'<text class="in" x="{x + width / 2:.1f}" y="{_AXIS + 14:g}" text-anchor="middle">{name}</text>'
        if name
        else ""
    )
    colour = "p" + str(position % 2) + (" waiting" if phase.name.startswith("session") else "")
    rect = (
        f'<rect class="phase {colour}" x="{x:.1f}" y="{_AXIS:g}" width="{max(width, 0.5):.1f}" height="{_PHASES:g}"/>'
    )
    return f"<g>{title}{rect}{label}</g>"


def _host(host: Lanes, y: float, height: float) -> str:
    bottom = y + host.count * height
    name = host.host if len(host.host) <= 20 else host.host[:19] + "…"
    slots = counted(host.count, "slot")
    middle = (y + bottom) / 2
    rect = f'<rect class="ground" x="{LEFT:g}" y="{y:g}" width="{WIDTH - LEFT - RIGHT:g}" height="{bottom - y:g}"/>'
    two_lines = bottom - y > 26
    at = middle - 2 if two_lines else middle + 4
    text = f'<text class="lane" x="{LEFT - 8:g}" y="{at:g}" text-anchor="end">{escape(name)}</text>'
    if two_lines:
        text += f'<text class="tick" x="{LEFT - 8:g}" y="{at + 13:g}" text-anchor="end">{slots}</text>'
    return f"<g><title>{escape(host.host)}: {slots}</title>{rect}{text}</g>"


def _bar(bar: Bar, y: float, height: float, scale: float) -> str:
    x, width = LEFT + bar.start * scale, max((bar.end - bar.start) * scale, 0.8)
    top, inner = y + bar.lane * height, height - (2 if height > 8 else 0.6)
    edge = " thin" if width < 3 else ""
    rect = (
        f'<rect class="{kind(bar.row)}{edge}" x="{x:.1f}" y="{top + (height - inner) / 2:.1f}" '
        f'width="{width:.1f}" height="{inner:.1f}"/>'
    )
    name = block_name(bar.row)
    label = ""
    if height > 12 and width > len(name) * _LETTER + 4:
        at = f'x="{x + width / 2:.1f}" y="{top + height / 2 + 4:.1f}"'
        label = f'<text class="in" {at} text-anchor="middle">{name}</text>'
    return f"<g><title>{escape(_tip(bar.row, bar.start))}</title>{rect}{label}</g>"


def _tip(row: Try, start: float) -> str:
    lines = [
        f"block {block_name(row)}: {row.outcome}" + (f" {row.code}" if row.code else ""),
        f"{duration(row.wall)} from {duration(start)}, {number(row.user + row.system)} core-s, "
        f"{mebibytes(row.max_rss_kib / 1024)}",
        f"{counted(row.records, 'record')}, {letters(row.residues)}",
        f"{row.host}, process {row.pid}",
    ]
    return "\n".join(lines + ([row.message] if row.message else []))


def legend(reports: Sequence[RunReport]) -> list[tuple[str, str]]:
    """Colours that occur, with what they mean."""
    meaning = {
        "ok": "done",
        "again": "done after a failure (tried again, or a piece of a block that was cut)",
        "error": "failed",
        "crashed": "crashed",
        "timeout": "ran out of time",
        "memory": "ran out of memory",
        "lost": "lost with its worker",
    }
    found = {kind(row) for report in reports for row in report.attempts if not row.kept}
    return [(name, words) for name, words in meaning.items() if name in found]
