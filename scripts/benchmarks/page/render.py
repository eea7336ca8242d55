"""docs/benchmarks.md and its figures from the JSON files. The same files give the same page and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError
from benchmarks.page.figures import draw_all
from benchmarks.page.targets import judged, reasons
from benchmarks.parts import known
from benchmarks.results import read

_HEAD = """# Benchmarks of the runner

Made by `scripts/bench render` from the JSON files in [benchmarks/](benchmarks/); `scripts/bench all` measures
everything anew. Variants of one table ran by turns, all once, then all again; values are medians, in brackets the
quartiles. CPU-seconds are the kernel's, of the whole process tree. Before any time was looked at, the outputs of all
variants were compared: they are the same bytes, after comment lines, HMMER's order of hits and padding, and prodigal's
running number of a contig were taken away. How a Galaxy instance starts is in
[benchmarks/galaxy.md](benchmarks/galaxy.md), how the demo compares with its truth in
[benchmarks/demo-truth.md](benchmarks/demo-truth.md). Who is there, against known truth: rRNA in
[benchmarks/rrna.md](benchmarks/rrna.md), species by marker genes in
[benchmarks/marker-profile.md](benchmarks/marker-profile.md), taxa of reads in
[benchmarks/read-taxonomy.md](benchmarks/read-taxonomy.md), amplicons in
[benchmarks/amplicon-truth.md](benchmarks/amplicon-truth.md).

On one host Spark cannot beat GNU parallel on the same blocks, for both run the same program on the same cores; the
question there is what it costs more. It pays where a program threads badly, where there is more than one host, where a
worker dies, where one record makes a program fail, and where somebody is billed.
"""


def render(folder: Path, say: Callable[[str], None]) -> None:
    """Write ``benchmarks.md`` beside the folder of results, and the figures into it.

    :raises BenchmarkError: when there are no results.
    """
    shown = (part for part in known().values() if part.has_place)
    parts = sorted(shown, key=lambda part: (part.place_on_page, part.name))
    entries = {part.name: part.ordered(read(folder, part.name).get("sections", {})) for part in parts}
    if not any(entries.values()):
        raise BenchmarkError(f"no results in {folder}: run scripts/bench all first")
    sections = {part: {key: entry["results"] for key, entry in found.items()} for part, found in entries.items()}
    figures = {name: f"{folder.name}/{file}" for name, file in draw_all(sections, folder).items()}
    texts = [_HEAD, *_programs(entries), *_target_table(sections, folder)]
    for part in parts:
        texts += part.lines(entries[part.name], figures)
    page = folder.parent / f"{folder.name}.md"
    page.write_text("\n".join(texts).rstrip() + "\n")
    say(f"written: {page.name} and {len(figures)} figures")


def _programs(entries: Any) -> Iterator[str]:
    found: dict[str, set[str]] = {}
    for part in entries.values():
        for entry in part.values():
            machine = entry["machine"]
            what = f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_mib'] // 1024} GiB"
            found.setdefault("machine", set()).add(f"{what}, Linux {machine['kernel']}, Python {machine['python']}")
            for name, said in entry["programs"].items():
                found.setdefault(name, set()).add(said)
    yield from ("## Measured with", "")
    for name, said in sorted(found.items(), key=lambda pair: (pair[0] != "machine", pair[0])):
        yield f"- {name}: {'; '.join(sorted(said))}"


def _target_table(sections: Any, folder: Path) -> Iterator[str]:
    told = reasons(folder)
    yield from ("", "## Targets", "", "| | wanted | measured | |", "| --- | --- | --- | --- |")
    missed = []
    for target, value in judged(sections):
        if value is None:
            yield f"| {target.text} | {target.wanted} | not measured | |"
            continue
        verdict = target.too_little(sections) or ("met" if target.met(value) else "**MISSED**")
        if verdict == "**MISSED**":
            missed.append((target, value))
        shown = f"{value:.0f}" if value >= 100 else f"{value:.2f}"
        yield f"| {target.text} | {target.wanted} | {shown}{target.unit} | {verdict} |"
    if missed:
        yield from ("", "Missed, and why (from `benchmarks/reasons.toml`):", "")
        for target, _ in missed:
            yield f"- **{target.text}**: {told.get(target.name, 'no reason found yet')}"
