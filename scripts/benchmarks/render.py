"""docs/benchmarks.md and its figures from the JSON files. The same files give the same page and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import draw_all
from benchmarks.measure import BenchmarkError
from benchmarks.results import read
from benchmarks.targets import judged, reasons

PARTS = ("session", "scan", "gz", "merge", "feed", "compare", "warm", "scaling", "faults", "mapping", "tango", "skew")
_TITLES = {
    "session": "Starting Spark",
    "scan": "Checking input files",
    "gz": "Reading gzip",
    "merge": "Joining parts",
    "feed": "Feeding a program",
    "warm": "Submitting a small job",
    "cores": "One and two cores",
    "input": "Input ×1, ×3, ×10",
    "hosts": "One and two hosts",
    "faults": "What faults cost",
    "mapping": "Amplicon reads to a classified sample",
    "tango": "Giving reads a taxon (TANGO)",
}
_ORDER = ("hmm", "genes", "diamond", "reads", "cores", "input", "hosts")
#: Speeds that a section may have, as its table shows them.
_UNITS = {
    "megabytes": "MB",
    "mb_per_second": "MB/s",
    "mb_per_cpu_second": "MB/CPU-s",
    "reads_per_cpu_second": "reads/CPU-s",
}
_HEAD = """# Benchmarks of the runner

Made by `scripts/bench render` from the JSON files in [benchmarks/](benchmarks/); `scripts/bench all` measures
everything anew. Variants of one table ran by turns, all once, then all again; values are medians, in brackets the
quartiles. CPU-seconds are the kernel's, of the whole process tree. Before any time was looked at, the outputs of all
variants were compared: they are the same bytes, after comment lines, HMMER's order of hits and padding, and prodigal's
running number of a contig were taken away. How a Galaxy instance starts is in
[benchmarks/galaxy.md](benchmarks/galaxy.md), how the demo compares with its truth in
[benchmarks/demo-truth.md](benchmarks/demo-truth.md).

On one host Spark cannot beat GNU parallel on the same blocks, for both run the same program on the same cores; the
question there is what it costs more. It pays where a program threads badly, where there is more than one host, where a
worker dies, where one record makes a program fail, and where somebody is billed.
"""


def render(folder: Path, say: Callable[[str], None]) -> None:
    """Write ``benchmarks.md`` beside the folder of results, and the figures into it.

    :raises BenchmarkError: when there are no results.
    """
    entries = {part: _ordered(read(folder, part).get("sections", {})) for part in PARTS}
    if not any(entries.values()):
        raise BenchmarkError(f"no results in {folder}: run scripts/bench all first")
    sections = {part: {key: entry["results"] for key, entry in found.items()} for part, found in entries.items()}
    figures = draw_all(sections, folder)
    texts = [_HEAD, *_programs(entries), *_target_table(sections, folder), *_compared(entries["compare"], figures)]
    for part in PARTS:
        for key, entry in entries[part].items():
            if part not in ("compare", "skew"):
                texts += [
                    "",
                    f"## {_TITLES[key]}",
                    "",
                    *_conditions(entry),
                    *_table(entry["results"]),
                    *_extra(key, entry),
                ]
            if part == "skew":
                texts += _skew(entry, figures)
        if part == "scaling" and "scaling" in figures:
            texts += ["", f"![Time and memory against input]({folder.name}/{figures['scaling']})"]
    page = folder.parent / f"{folder.name}.md"
    page.write_text("\n".join(texts).rstrip() + "\n")
    say(f"written: {page.name} and {len(figures)} figures")


def _ordered(sections: Any) -> Any:
    """Sections in the order they are measured in, whenever each was."""
    return {key: sections[key] for key in sorted(sections, key=lambda key: (*_ORDER, key).index(key))}


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


def _spread(values: Any) -> str:
    return f"{values['median']:.2f} ({values['first_quartile']:.2f}–{values['third_quartile']:.2f})"


def _conditions(entry: Any) -> Iterator[str]:
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


def _table(results: Any) -> Iterator[str]:
    variants = results.get("variants", {})
    speeds = [key for key in _UNITS if key in results]
    yield f"| | wall s | CPU-s | largest process MiB | n |{''.join(f' {_UNITS[key]} |' for key in speeds)}"
    yield f"|{' --- |' * (5 + len(speeds))}"
    for name, values in variants.items():
        cells = [_spread(values["wall_seconds"]), _spread(values["cpu_seconds"])]
        cells += [f"{values['largest_process_mib']['median']:.0f}", str(values["wall_seconds"]["n"])]
        cells += [_cell(results[key], name) for key in speeds]
        yield f"| {name} | {' | '.join(cells)} |"


def _cell(values: Any, name: str) -> str:
    return str(values.get(name, "")) if isinstance(values, dict) else str(values)


def _extra(key: str, entry: Any) -> Iterator[str]:
    """What a section has besides its table, in words."""
    results = entry["results"]
    yield ""
    if key == "feed":
        yield "MB/s are of the job alone, in a session that has already run one; wall and CPU-seconds of everything."
    elif key == "warm":
        times = results["request_seconds"]
        for session, values in times.items():
            yield f"- one request of a process with everything loaded, {session}: {_spread(values)} s, n={values['n']}"
    elif key == "cores":
        yield f"1 → 2 cores: **{results['speedup']}×**, pinned with taskset, the same 16 blocks, Spark started in both."
        yield ""
        yield from _phases(results["phases"])
    elif key == "input":
        yield f"×10 input takes **{results['time_ratio']}×** the time. Peak memory in MiB (shared pages shared out):"
        yield ""
        roles = list(next(iter(results["peak_mib"].values())))
        yield f"| | {' | '.join(roles)} |"
        yield f"|{' --- |' * (1 + len(roles))}"
        for name, peaks in results["peak_mib"].items():
            yield f"| {name} | {' | '.join(f'{peaks[role]:.0f}' for role in roles)} |"
    elif key == "hosts":
        yield results["text"]
    elif key == "tango":
        yield f"100,000 references, {results['matches']} matches a read: anywhere, or clustered as a mapper finds them"
        yield "(97 in a neighbourhood of 100 to 2,000 references, three anywhere). Reads a CPU-second: without those of"
        yield "the start. The stage also checks the table, looks names up and writes lineages."
    elif key == "mapping":
        yield from _mapping(results)
    elif key == "faults":
        yield (
            f"A killed worker costs {results['killed_costs_seconds']} s of wall time (largest block "
            f"{results['largest_block_wall']} s); a poison record {results['poison_costs_blocks']} times the "
            f"CPU-seconds of the largest block ({results['largest_block_cpu']}). The outputs are the same bytes."
        )


def _mapping(results: Any) -> Iterator[str]:
    ratios = [results[f"{kind}_against_bowtie2"] for kind in ("wall", "cpu", "mapping_cpu")]
    yield f"{results['sample']:,} distinct merged reads (V4, 292 bases, with all of ART's errors) against ssu-refseq."
    yield f"Ours, from reads to a summarised sample, takes {ratios[0]}× the wall time and **{ratios[1]}×** the"
    yield "CPU-seconds of Bowtie 2 alone (same command lines, its answer thrown away); mapping by itself"
    yield f"{ratios[2]}× the CPU-seconds. A minute is worth {results['distinct_per_minute']:,} distinct reads,"
    yield f"{results['bowtie2_distinct_per_minute']:,} of Bowtie 2 alone. In merged reads, were all of a case mapped:"
    yield ""
    yield "| mock of 100 species | merged reads | kept | distinct | merged reads a minute |"
    yield "| --- | --- | --- | --- | --- |"
    for name, case in results["cases"].items():
        speed = results["reads_per_minute"][name]
        yield f"| {name} | {case['reads']:,} | {case['kept_reads']:,} | {case['distinct']:,} | {speed:,} |"
    yield ""
    yield "What each search brings, in distinct reads of the sample:"
    yield ""
    yield "| search | upper | lower | none | another tier than with both | other references kept |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for search, one in results["searches"].items():
        tiers = " | ".join(str(one["tiers"].get(tier, 0)) for tier in ("upper", "lower", "none"))
        yield f"| {search} | {tiers} | {one['other_tier']} | {one['other_references']} |"


def _phases(phases: Any) -> Iterator[str]:
    names = list(next(iter(phases.values())))
    yield f"| seconds of | {' | '.join(names)} |"
    yield f"|{' --- |' * (1 + len(names))}"
    for what, values in phases.items():
        yield f"| {what} | {' | '.join(f'{values.get(name, 0):.2f}' for name in names)} |"


def _compared(entries: Any, figures: dict[str, str]) -> Iterator[str]:
    if not entries:
        return
    yield from ("", "## Against the competitors", "")
    if "compare" in figures:
        yield from (f"![Wall time against GNU parallel](benchmarks/{figures['compare']})", "")
    yield "*GNU parallel* has the block files, cut by our planner, for nothing; ours and RDD.pipe are charged for"
    yield "everything from the start of the command to the whole output file. *The real stage* is the one users run."
    for entry in entries.values():
        results = entry["results"]
        yield from ("", f"### {results['title']}", "")
        yield from _conditions(entry)
        yield f"{results['records']:,} records, {results['residues']:,} letters, {results['blocks']} blocks;"
        yield f"input {results['input_bytes'] / 1e6:,.0f} MB, uncompressed {results['block_bytes'] / 1e6:,.0f} MB."
        yield ""
        base = results["variants"].get("GNU parallel", {}).get("wall_seconds", {}).get("median")
        yield "| | wall s | CPU-s | wall against GNU parallel | largest process MiB | n |"
        yield f"|{' --- |' * 6}"
        for name, values in results["variants"].items():
            ratio = "" if not base else f"{values['wall_seconds']['median'] / base:.2f}"
            cells = [_spread(values["wall_seconds"]), _spread(values["cpu_seconds"]), ratio]
            cells += [f"{values['largest_process_mib']['median']:.0f}", str(values["wall_seconds"]["n"])]
            yield f"| {name} | {' | '.join(cells)} |"
        yield from _agreement(results)


def _agreement(results: Any) -> Iterator[str]:
    accounting = results.get("accounting")
    if accounting:
        off = 100 * (accounting["reported"] / accounting["kernel"] - 1)
        yield ""
        yield f"Core-seconds reported: {accounting['reported']}, by the kernel: {accounting['kernel']} ({off:+.1f} %)."
        yield ""
        yield from _phases({"ours, cold": accounting["phases"]})
    real = results["variants"].get("ours, the real stage", {})
    if "shared" in real:
        yield ""
        yield (
            f"The real stage writes {real['rows']:,} rows, the program {real['rows_of_program']:,} (it resolves "
            f"overlaps or judges further); {100 * real['shared']:.1f} % of the stage's rows are among the program's."
        )


def _skew(entry: Any, figures: dict[str, str]) -> Iterator[str]:
    results = entry["results"]
    yield from ("", "## Skew, simulated", "")
    yield f"`{entry['command']}`, from {results['recorded_blocks']} recorded block times of gene calling"
    yield f"({results['letters_per_second']:,} letters a second): {results['contigs']:,} contigs of Pareto lengths,"
    yield f"{results['letters']:,} letters, the longest {results['longest']:,}. Makespan over the ideal, which is the"
    yield "larger of all work over all slots and the longest contig. What the driver needs to send tasks is not in it."
    yield ""
    curves = results["makespan_over_ideal"]
    slots = sorted(next(iter(curves.values())), key=int)
    yield f"| slots | {' | '.join(slots)} |"
    yield f"|{' --- |' * (1 + len(slots))}"
    for name, curve in curves.items():
        yield f"| {name} | {' | '.join(f'{curve[slot]:.2f}' for slot in slots)} |"
    if "skew" in figures:
        yield from ("", f"![Makespan over the ideal](benchmarks/{figures['skew']})")
