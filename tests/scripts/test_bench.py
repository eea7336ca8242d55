"""The benchmarks themselves: what they refuse, what they keep, and that the page is made from that alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmarks import measure
from benchmarks.bench_stages import WrappedProdigal
from benchmarks.competitors.cutting import check_same_blocks, cut
from benchmarks.competitors.workloads import WORKLOADS
from benchmarks.measure import BenchmarkError, Spent, rounds
from benchmarks.page import targets
from benchmarks.page.render import render
from benchmarks.parts.amplicon_speed import best_of, judged
from benchmarks.parts.compare import COLD, PARALLEL, Ready, check_outputs
from benchmarks.parts.skew import makespan
from benchmarks.place import Setting, need

from metapipe.runner.declare.elements import Totals

HOME = Path(__file__).parents[2]
SOURCES = os.pathsep.join([str(HOME / "scripts"), str(HOME / "src")])


def bench(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": SOURCES})


@pytest.fixture
def ready(tmp_path: Path) -> Ready:
    """Gene calling as if both variants had just run over one block."""
    setting = Setting(data=tmp_path, results=tmp_path / "results", quick=True)
    block = tmp_path / "000000.fasta"
    block.write_text(">a\nACGT\n")
    made = Ready(WORKLOADS["genes"](setting), [block], Totals(1, 4), tmp_path, setting, None)
    for variant in (PARALLEL, COLD):
        made.target(variant).parent.mkdir()
        made.target(variant).write_text("# a comment\na\tCDS\tID=1_1;score=1\n")
    attempt = {"key": [0], "bytes_in": block.stat().st_size, "outcome": "ok"}
    made.report(COLD).write_text(json.dumps({"session": "local", "attempts": [attempt]}))
    return made


def test_outputs_may_differ_in_comments_and_running_numbers_only(ready: Ready) -> None:
    ready.target(COLD).write_text("a\tCDS\tID=7_1;score=1\n")
    digests = {entry["output_sha256"] for entry in check_outputs(ready, [PARALLEL, COLD]).values()}
    assert len(digests) == 1


def test_a_variant_whose_output_differs_is_named_before_any_time_is_kept(ready: Ready) -> None:
    ready.target(COLD).write_text("a\tCDS\tID=1_1;score=2\n")
    with pytest.raises(BenchmarkError, match=r"genes: the output of 'ours, cold' differs from that of 'GNU parallel'"):
        check_outputs(ready, [PARALLEL, COLD])


def test_an_empty_output_is_no_output(ready: Ready) -> None:
    ready.target(PARALLEL).write_text("")
    with pytest.raises(BenchmarkError, match="no output"):
        check_outputs(ready, [PARALLEL, COLD])


def test_runs_over_other_blocks_are_not_compared(ready: Ready) -> None:
    ready.blocks[0].write_text(">a\nACGTACGT\n")
    with pytest.raises(BenchmarkError, match="blocks of other sizes"):
        check_outputs(ready, [PARALLEL, COLD])


def test_a_warm_run_that_was_in_truth_a_cold_one_is_not_compared(ready: Ready) -> None:
    report = json.loads(ready.report(COLD).read_bytes())
    ready.report(COLD).write_text(json.dumps({**report, "session": "inline"}))
    with pytest.raises(BenchmarkError, match="'ours, cold' ran in a session 'inline'"):
        check_outputs(ready, [PARALLEL, COLD])


def test_the_block_files_are_the_input_in_order(tmp_path: Path) -> None:
    source = tmp_path / "contigs.fasta"
    source.write_text("".join(f">c{number}\n{'ACGT' * 20_000}\n" for number in range(30)))
    stage = f"benchmarks.bench_stages:{WrappedProdigal.__name__}"
    blocks, totals = cut(stage, source, tmp_path / "blocks", 2)
    assert len(blocks) > 1
    assert totals == Totals(30, 2_400_000)
    assert b"".join(path.read_bytes() for path in blocks) == source.read_bytes()
    rows = [{"key": [n], "bytes_in": path.stat().st_size, "outcome": "ok"} for n, path in enumerate(blocks)]
    check_same_blocks({"attempts": rows[::-1]}, blocks)


def variant(order: list[str], name: str, seconds: float = 1.0) -> Callable[[], Spent]:
    def once() -> Spent:
        order.append(name)
        return Spent(seconds, seconds, 1.0, 0.0)

    return once


def test_variants_run_by_turns() -> None:
    order: list[str] = []
    rounds({name: variant(order, name) for name in "abc"}, 2)
    assert "".join(order) == "abcabc"


def test_when_time_is_short_the_essential_variants_still_have_their_rounds() -> None:
    order: list[str] = []
    variants = {"a": variant(order, "a", 10), "b": variant(order, "b", 1000)}
    rounds(variants, 3, deadline=time.monotonic() + 100, essential={"a"})
    assert "".join(order) == "abaa"


def test_no_further_round_begins_when_the_time_is_used_up() -> None:
    order: list[str] = []
    rounds({"a": variant(order, "a", 10)}, 3, deadline=time.monotonic() + 5)
    assert order == ["a"]


def test_cpu_seconds_are_those_of_the_whole_tree(tmp_path: Path) -> None:
    code = "import time\nwhile time.process_time() < 0.5: pass"
    spent = measure.run(["sh", "-c", f"{sys.executable} -S -c '{code}'; exit 0"])
    assert 0.45 < spent.cpu < 2


def test_memory_is_the_commands_and_not_that_of_who_measures_it() -> None:
    held = bytearray(b"x" * 200_000_000)
    spent = measure.run(["sh", "-c", "exit 0"])
    assert len(held) > 1_000_000 * spent.rss_mib
    large = measure.run([sys.executable, "-S", "-c", "bytes(range(256)) * 1_000_000"])
    assert large.rss_mib > 240


def test_a_command_that_is_not_there_is_told_as_one_that_fails() -> None:
    with pytest.raises(BenchmarkError, match="no-such-program ended with 1: FileNotFoundError"):
        measure.run(["no-such-program"])


def test_a_command_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="ended with 3: the reason"):
        measure.run(["sh", "-c", "echo the reason >&2; exit 3"], log=tmp_path / "log")


def test_missing_programs_are_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BenchmarkError, match=r"^not installed: parallel, hmmsearch \(Debian: apt-get install parallel"):
        need("parallel", "hmmsearch")


def test_a_makespan_is_that_of_the_slot_which_ends_last() -> None:
    assert makespan([4.0, 3.0, 2.0, 1.0], 2) == 5.0
    assert makespan([1.0, 1.0, 4.0], 2) == 5.0


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    ran = bench("merge", "--quick", "--repeats", "2", "--data", folder / "data", "--results", folder / "benchmarks")
    assert ran.returncode == 0, ran.stderr
    return folder / "benchmarks"


def test_a_part_is_kept_with_its_command_its_machine_and_its_spread(measured: Path) -> None:
    kept: dict[str, Any] = json.loads((measured / "merge.json").read_bytes())
    entry = kept["sections"]["merge"]
    assert kept["schema"] == 1
    assert entry["command"].startswith("scripts/bench merge --repeats 2")
    assert entry["finished"]
    assert entry["quick"]
    assert {"cores", "cpu", "kernel"} <= entry["machine"].keys()
    assert entry["results"]["byte_identical"]
    for values in entry["results"]["variants"].values():
        assert values["wall_seconds"]["n"] == len(values["runs"]) == 2
        assert values["wall_seconds"]["first_quartile"] <= values["wall_seconds"]["third_quartile"]


def test_the_page_is_the_same_bytes_from_the_same_results(measured: Path, tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        folder = tmp_path / name / "benchmarks"
        folder.mkdir(parents=True)
        (folder / "skew.json").write_text(json.dumps(SKEWED))
        (folder / "merge.json").write_bytes((measured / "merge.json").read_bytes())
        render(folder, lambda line: None)
        pages.append({path.name: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()})
    assert pages[0] == pages[1]
    assert {"benchmarks.md", "skew.svg"} <= pages[0].keys()
    assert len(pages[0]["skew.svg"]) < 200_000


def test_a_missed_target_is_told_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "skew.json").write_text(json.dumps(SKEWED))
    (folder / "reasons.toml").write_text('skew = "one contig is longer than a block"\n')
    render(folder, lambda line: None)
    page = (tmp_path / "benchmarks.md").read_text()
    assert "| ≤ 1.1 | 1.30 | **MISSED** |" in page
    assert "one contig is longer than a block" in page


def test_a_ratio_over_too_little_work_is_not_held_against_its_target() -> None:
    target = next(target for target in targets.TARGETS if target.name == "parallel-cold-reads")
    variants = {PARALLEL: {"wall_seconds": {"median": 5}, "cpu_seconds": {"median": 10}}}
    sections = {"compare": {"reads": {"variants": variants}}}
    assert target.too_little(sections) == "only 10 core-seconds of work"


def test_the_reasons_kept_belong_to_targets() -> None:
    assert targets.reasons(HOME / "docs" / "benchmarks").keys() <= {target.name for target in targets.TARGETS}


def test_a_page_without_results_is_refused_in_one_line(tmp_path: Path) -> None:
    ran = bench("render", "--results", tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "no results" in ran.stderr


def test_help_shows_examples_and_every_part() -> None:
    said = bench("--help").stdout
    assert "examples:" in said
    assert all(
        part in said for part in ("compare", "scaling", "feed", "gz", "merge", "session", "scan", "warm", "skew")
    )


@pytest.mark.slow
def test_gene_calling_is_compared_with_gnu_parallel_on_the_same_blocks(tmp_path: Path) -> None:
    words = ["--only", "genes", "--variants", "prodigal (has no threads)", PARALLEL, COLD, "--repeats", "1", "--quick"]
    ran = bench("compare", *words, "--data", tmp_path / "data", "--results", tmp_path / "benchmarks")
    assert ran.returncode == 0, ran.stderr
    results = json.loads((tmp_path / "benchmarks" / "compare.json").read_bytes())["sections"]["genes"]["results"]
    assert len({values["output_sha256"] for values in results["variants"].values()}) == 1
    accounting = results["accounting"]
    assert accounting["reported"] == pytest.approx(accounting["kernel"], rel=0.02, abs=0.25)


SKEWED: dict[str, Any] = {
    "schema": 1,
    "sections": {
        "skew": {
            "command": "scripts/bench skew",
            "measured": "2026-01-01 00:00 UTC",
            "commit": "0000000",
            "programs": {},
            "machine": {"cores": 2, "cpu": "a CPU", "memory_mib": 8192, "kernel": "6", "python": "3.11"},
            "quick": True,
            "load_before": 0.0,
            "load_after": 0.0,
            "finished": True,
            "results": {
                "contigs": 10,
                "letters": 1000,
                "longest": 500,
                "recorded_blocks": 4,
                "letters_per_second": 100,
                "makespan_over_ideal": {"ours": {"1": 1.0, "1024": 1.3}, "record count": {"1": 1.0, "1024": 30.0}},
            },
        }
    },
}


def test_the_search_is_judged_by_all_its_steps_together_and_by_sintax() -> None:
    def spent(seconds: float) -> dict[str, Any]:
        return {"wall_seconds": {"median": seconds / 2}, "cpu_seconds": {"median": seconds}}

    own = {"map": spent(10), "filter": spent(4), "assign": spent(4), "summarise": spent(2)}
    found = judged({**own, "vsearch --sintax": spent(40)}, 1000)
    assert {key: value for key, value in found.items() if key != "variants"} == {
        "reads": 1000,
        "reads_per_minute": 6000,
        "core_ms_a_read": 20.0,
        "wall_against_sintax": 0.5,
        "cpu_against_sintax": 0.5,
    }
    assert "wall_against_sintax" not in judged({"map": spent(10)}, 1000)


def test_the_best_references_of_a_read_are_those_with_the_fewest_differences_on_either_strand() -> None:
    held = {
        "same": "AAAACGTGCTTGGCATTA",
        "turned": "TAATGCCAAGCACGTTTT",
        "other": "AAAACGTGCTAGGCATTA",
        "none": "A" * 18,
    }
    assert best_of("ACGTGCTTGGCATT", held, held) == {"same", "turned"}
    assert best_of("ACGTGCTTGGCATT", held, ["other"]) == {"other"}
    assert best_of("ACGTGCTTGGCATT", held, ["none"]) == set()
