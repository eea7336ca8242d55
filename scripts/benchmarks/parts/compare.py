"""The comparison: the program's own threads, GNU parallel, RDD.pipe, ours cold and warm, on the same blocks.

Outputs are compared before any time is looked at: a variant whose output differs ends the benchmark.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import datasets
from benchmarks.competitors.cutting import check_same_blocks, cut
from benchmarks.competitors.workloads import WORKLOADS, Workload
from benchmarks.measure import BenchmarkError, Spent, rounds, run, summary, with_cpu
from benchmarks.part import Asked, Entries, Figures, Part
from benchmarks.place import Setting, environment, metapipe, need, scratch
from benchmarks.results import Results, digest
from benchmarks.warm_server import WarmServer, warm_server
from benchmarks.words import conditions, phases, spread
from metapipe.runner.declare.elements import Totals

Say = Callable[[str], None]

PARALLEL, PIPE, COLD, WARM = "GNU parallel", "RDD.pipe", "ours, cold", "ours, warm"
REAL, STREAMED, MEMBERS = "ours, the real stage", "GNU parallel --pipe", "ours, cold, many gzip members"

_SESSIONS = {COLD: "local", WARM: "warm"}


@dataclass(frozen=True)
class Ready:
    """A workload with its block files and the folder its outputs go to."""

    workload: Workload
    blocks: list[Path]
    totals: Totals
    folder: Path
    setting: Setting
    warm: WarmServer | None

    def target(self, variant: str) -> Path:
        return self.folder / variant.replace(" ", "_").replace(",", "") / "output"

    def report(self, variant: str) -> Path:
        return self.target(variant).with_name("report.json")


def measure(asked: Asked) -> None:
    """Measure the workloads named.

    :raises BenchmarkError: a program is missing or fails, or outputs differ.
    """
    setting, wanted, variants, say = asked.setting, asked.sections, asked.variants, asked.say
    need("parallel", *(WORKLOAD_PROGRAMS[name] for name in wanted))
    programs = ["parallel", "java", *(WORKLOAD_PROGRAMS[name] for name in wanted)]
    kept = Results("compare", setting, asked.command, programs)
    for number, name in enumerate(wanted):
        say(f"{name}: making the input and its blocks")
        share = setting
        if setting.deadline is not None:
            left = setting.deadline - time.monotonic()
            share = replace(setting, deadline=time.monotonic() + left / (len(wanted) - number))
        with ready(name, share, say, warm=not variants or WARM in variants) as prepared:
            _compare(prepared, kept, say, variants)


@contextlib.contextmanager
def ready(name: str, setting: Setting, say: Say, *, warm: bool) -> Iterator[Ready]:
    """Make the input, its block files and, when ``warm``, a warm session server; all but the input go afterwards."""
    workload = WORKLOADS[name](setting)
    plain = workload.source
    if name == "reads":
        plain = datasets.reads(setting, int(setting.reads_gb * 1e9), "plain")
    server = warm_server(setting.slots, say) if warm else contextlib.nullcontext()
    with scratch(setting) as folder, server as running:
        blocks, totals = cut(workload.stage_reference, plain, folder / "blocks", setting.slots)
        yield Ready(workload, blocks, totals, folder, setting, running)


def _compare(ready: Ready, kept: Results, say: Say, wanted: Sequence[str]) -> None:
    workload = ready.workload
    variants = {name: make for name, make in _variants(ready).items() if not wanted or name in wanted}
    say(f"{workload.name}: {len(ready.blocks)} blocks, variants: {', '.join(variants)}")
    outputs: dict[str, dict[str, Any]] = {}

    def keep(seen: Mapping[str, list[Spent]]) -> None:
        if not outputs:
            outputs.update(check_outputs(ready, list(variants)))
        result = {
            "title": workload.title,
            "blocks": len(ready.blocks),
            "records": ready.totals.records,
            "residues": ready.totals.residues,
            "input_bytes": workload.source.stat().st_size,
            "block_bytes": sum(path.stat().st_size for path in ready.blocks),
            "native": workload.native_title,
            "variants": {name: {**summary(spent), **outputs.get(name, {})} for name, spent in seen.items()},
            "accounting": _accounting(ready, seen),
        }
        finished = len(seen.get(COLD, [0] * 99)) >= ready.setting.repeats
        kept.save(workload.name, result, finished=finished)

    essential = {PARALLEL, COLD, WARM} | ({REAL, workload.native_title} if workload.name == "hmm" else set())
    deadline = ready.setting.deadline
    rounds(variants, ready.setting.repeats, deadline=deadline, essential=essential, after=keep, say=say)


def _variants(ready: Ready) -> dict[str, Callable[[], Spent]]:
    workload, slots = ready.workload, ready.setting.slots
    native = workload.native(str(workload.source), str(ready.target(workload.native_title)), ready.totals)
    found: dict[str, Callable[[], Spent]] = {
        workload.native_title: lambda: _run(ready, workload.native_title, native),
        PARALLEL: lambda: _run(ready, PARALLEL, ["sh", _parallel_script(ready)]),
        PIPE: lambda: _run(ready, PIPE, _pipe_command(ready)),
        COLD: lambda: _ours(ready, COLD, workload.inputs),
        WARM: lambda: _warm(ready),
    }
    if workload.real is not None:
        real = workload.real
        target = ["--session", "local", f"--out-{workload.real_output}", str(ready.target(REAL))]
        report = ["--report", str(ready.report(REAL)), "--slots", str(slots)]
        found[REAL] = lambda: _run(ready, REAL, metapipe(*real, *target, *report))
    if workload.name == "reads":
        found[STREAMED] = lambda: _run(ready, STREAMED, ["sh", _streamed_script(ready)])
        several = datasets.reads(ready.setting, int(ready.setting.reads_gb * 1e9), "members")
        found[MEMBERS] = lambda: _ours(ready, MEMBERS, ["--reads", str(several)])
    return found


def _run(ready: Ready, variant: str, command: Sequence[str | Path], **more: str) -> Spent:
    target = ready.target(variant)
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    return run(command, environment=environment(**more), folder=target.parent, log=target.with_name("log"))


def _ours(ready: Ready, variant: str, inputs: Sequence[str], **more: str) -> Spent:
    words = [ready.workload.stage.name, *inputs, f"--out-{ready.workload.output}", str(ready.target(variant))]
    words += ["--report", str(ready.report(variant)), "--slots", str(ready.setting.slots)]
    return _run(ready, variant, metapipe(*words, "--session", _SESSIONS.get(variant, "local")), **more)


def _warm(ready: Ready) -> Spent:
    assert ready.warm is not None
    before = ready.warm.cpu_seconds()
    spent = _ours(ready, WARM, ready.workload.inputs, METAPIPE_WARM_SOCKET=str(ready.warm.socket))
    return with_cpu(spent, ready.warm.cpu_seconds() - before)


def _parallel_script(ready: Ready) -> Path:
    """GNU parallel over the block files, heaviest first as ours (``ls -S``), then the parts in order in one file."""
    tool, blocks = shlex.quote(str(_tool_script(ready))), shlex.quote(str(ready.folder / "blocks"))
    parts = shlex.quote(str(ready.folder / "parallel-parts"))
    lines = [
        f"rm -rf {parts} && mkdir {parts} && ls -S {blocks} |",
        f"parallel --will-cite --halt now,fail=1 -j {ready.setting.slots}",
        f"sh {tool} {blocks}/{{}} {parts}/{{}} &&",
        f"cat {parts}/* > {shlex.quote(str(ready.target(PARALLEL)))}",
    ]
    return _script(ready.folder / "parallel.sh", " ".join(lines))


def _streamed_script(ready: Ready) -> Path:
    """GNU parallel's own way with a gzip file: one process decompresses and cuts, the program reads its stdin."""
    words = ready.workload.block("/dev/stdin", "/dev/stdout", ready.totals)
    words = [*words[:1], "--stdin", "--stdout", *words[5:]]
    lines = [
        f"gzip -dc {shlex.quote(str(ready.workload.source))} |",
        f"parallel --will-cite --halt now,fail=1 -j {ready.setting.slots} -k --pipe -L 4 --block 32M",
        f"{shlex.quote(shlex.join(words) + ' 2>/dev/null')} > {shlex.quote(str(ready.target(STREAMED)))}",
    ]
    return _script(ready.folder / "streamed.sh", " ".join(lines))


def _tool_script(ready: Ready) -> Path:
    """``sh tool.sh BLOCK OUTPUT``: the program on one block, the same words as in our stage."""
    words = ready.workload.block("$1", "$2", ready.totals)
    return _script(ready.folder / "tool.sh", "exec " + " ".join(_shell_word(word) for word in words))


def _pipe_command(ready: Ready) -> list[str]:
    """RDD.pipe's command keeps what it is piped as a file, which all four programs can read; then the program runs."""
    tool, blocks = _tool_script(ready), [str(path) for path in ready.blocks]
    text = f"""d=$(mktemp -d {shlex.quote(str(ready.folder))}/pipe-XXXXXX) && cat > "$d/in" &&
sh {shlex.quote(str(tool))} "$d/in" "$d/out" && cat "$d/out" && rm -r "$d\""""
    script = _script(ready.folder / "pipe.sh", text)
    command = f"sh {shlex.quote(str(script))}"
    shutil.rmtree(ready.target(PIPE).with_suffix(".parts"), ignore_errors=True)
    return [sys.executable, "-m", "benchmarks.competitors.rivals", "pipe", command, str(ready.target(PIPE)), *blocks]


def _shell_word(word: str) -> str:
    return f'"{word}"' if word.startswith("$") else shlex.quote(word)


def _script(path: Path, text: str) -> Path:
    path.write_text(f"set -e\n{text}\n")
    return path


def check_outputs(ready: Ready, variants: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Digest of every variant's output; the real stage's agreement with the program's own.

    :raises BenchmarkError: naming the variants whose outputs differ, or when our blocks were others.
    """
    workload = ready.workload
    found: dict[str, dict[str, Any]] = {}
    for variant in variants:
        if variant != REAL:
            found[variant] = {"output_sha256": _digest(ready.target(variant), workload.normalise)}
    reference = next(iter(found))
    for variant, entry in found.items():
        if entry["output_sha256"] != found[reference]["output_sha256"]:
            raise BenchmarkError(f"{workload.name}: the output of '{variant}' differs from that of '{reference}'")
        if variant in (COLD, WARM):
            report = json.loads(ready.report(variant).read_bytes())
            check_same_blocks(report, ready.blocks)
            # A warm session that is lost becomes a cold one: right for a user, wrong for a comparison.
            if report["session"] != _SESSIONS[variant]:
                raise BenchmarkError(f"{workload.name}: '{variant}' ran in a session '{report['session']}'")
    if REAL in variants and workload.real_keys and workload.keys:
        ours = workload.real_keys(ready.target(REAL).read_bytes())
        theirs = workload.keys(ready.target(reference).read_bytes())
        shared = len(ours & theirs) / max(1, len(ours))
        found[REAL] = {"rows": len(ours), "rows_of_program": len(theirs), "shared": round(shared, 4)}
    return found


def _digest(path: Path, normalise: Callable[[bytes], bytes] | None) -> str:
    if not path.is_file() or not path.stat().st_size:
        raise BenchmarkError(f"no output at {path.parent.name}")
    return digest(path) if normalise is None else hashlib.sha256(normalise(path.read_bytes())).hexdigest()


def _accounting(ready: Ready, seen: Mapping[str, list[Spent]]) -> dict[str, Any]:
    """What our run report says of the last cold run, and the kernel's word on it."""
    if COLD not in seen:
        return {}
    report = json.loads(ready.report(COLD).read_bytes())
    return {
        "reported": report["totals"]["core_seconds_used"],
        "kernel": round(seen[COLD][-1].cpu, 3),
        "phases": {phase["name"]: round(phase["end"] - phase["start"], 3) for phase in report["phases"]},
        # Letters and CPU-seconds of each block: what the skew simulation draws from.
        "block_seconds": [[row["residues"], round(row["user"] + row["system"], 3)] for row in report["attempts"]],
    }


WORKLOAD_PROGRAMS = {"hmm": "hmmsearch", "genes": "prodigal", "diamond": "diamond", "reads": "fastp"}


def page(entries: Entries, figures: Figures) -> Iterator[str]:
    """A table a workload, with the ratio to GNU parallel."""
    if not entries:
        return
    yield from ("", "## Against the competitors", "")
    if "compare" in figures:
        yield from (f"![Wall time against GNU parallel]({figures['compare']})", "")
    yield "*GNU parallel* has the block files, cut by our planner, for nothing; ours and RDD.pipe are charged for"
    yield "everything from the start of the command to the whole output file. *The real stage* is the one users run."
    for entry in entries.values():
        results = entry["results"]
        yield from ("", f"### {results['title']}", "")
        yield from conditions(entry)
        yield f"{results['records']:,} records, {results['residues']:,} letters, {results['blocks']} blocks;"
        yield f"input {results['input_bytes'] / 1e6:,.0f} MB, uncompressed {results['block_bytes'] / 1e6:,.0f} MB."
        yield ""
        base = results["variants"].get("GNU parallel", {}).get("wall_seconds", {}).get("median")
        yield "| | wall s | CPU-s | wall against GNU parallel | largest process MiB | n |"
        yield f"|{' --- |' * 6}"
        for name, values in results["variants"].items():
            ratio = "" if not base else f"{values['wall_seconds']['median'] / base:.2f}"
            cells = [spread(values["wall_seconds"]), spread(values["cpu_seconds"]), ratio]
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
        yield from phases({"ours, cold": accounting["phases"]})
    real = results["variants"].get("ours, the real stage", {})
    if "shared" in real:
        yield ""
        yield (
            f"The real stage writes {real['rows']:,} rows, the program {real['rows_of_program']:,} (it resolves "
            f"overlaps or judges further); {100 * real['shared']:.1f} % of the stage's rows are among the program's."
        )


def inputs(setting: Setting) -> Iterator[Path]:
    """The workloads' own, and the reads in every packing."""
    for make in WORKLOADS.values():
        yield make(setting).source
    for packing in ("plain", "gzip", "members"):
        yield datasets.reads(setting, int(setting.reads_gb * 1e9), packing)


PART = Part(
    "compare",
    "the program's own threads, GNU parallel, RDD.pipe, ours cold and warm",
    measure,
    order=60,
    share=66,
    inputs=inputs,
    sections=tuple(WORKLOADS),
    page=page,
    on_page=0,
)
