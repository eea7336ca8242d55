"""The run report has the published shape whatever became of the run, and says what happened."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from metapipe.errors import MetapipeError
from metapipe.runner.accounting import model as run_report_model
from metapipe.runner.accounting.energy import PUE, WATTS_PER_CORE, WATTS_PER_GIB, energy_estimate
from metapipe.runner.accounting.model import fields_markdown, json_schema
from metapipe.runner.accounting.phases import PHASES, Phases
from metapipe.runner.accounting.run_report import _most_at_once
from metapipe.runner.attempt.attempt import Attempt

HOME = Path(__file__).parents[3]
SCHEMA = json.loads((HOME / "src/metapipe/runner/accounting/run_report.schema.json").read_text())


def read(path: Path) -> dict[str, Any]:
    """The report as JSON, held against the published shape."""
    report: dict[str, Any] = json.loads(path.read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def test_the_published_schema_is_that_of_the_model() -> None:
    published = HOME / "src/metapipe/runner/accounting/run_report.schema.json"
    assert published.read_text() == json_schema(), "metapipe report --schema > " + str(published)


def test_the_documentation_has_every_field() -> None:
    text = (HOME / "docs/run-report.md").read_text()
    assert fields_markdown().strip() in text, "replace the tables by what `metapipe report --fields` prints"


def test_every_field_is_described() -> None:
    schema = json.loads(json_schema())
    for part in (schema, *schema["$defs"].values()):
        for name, declared in part["properties"].items():
            assert declared.get("description"), name
        assert sorted(part["required"]) == sorted(part["properties"])


@pytest.mark.parametrize("session", ["inline", "local"])
def test_a_run_says_what_it_was_given_what_it_did_and_what_came_out(
    session: str, start: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    path, out = fasta(12), tmp_path / "out"
    words = ["identity", "--contigs", path, "--outdir", out, "--session", session, "--slots", "2", "--blocks", "4"]
    process = start(*words)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    report = read(out / "run_report.json")
    assert (report["status"], report["error"], report["session"]) == ("ok", None, session)
    assert report["inputs"]["contigs"] == {
        "name": "contigs.fasta",
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "records": 12,
        "residues": sum(len(line) for line in path.read_text().splitlines() if not line.startswith(">")),
    }
    copy = out / "copy.fasta"
    assert report["outputs"]["copy"]["sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert [phase["name"] for phase in report["phases"]] == list(PHASES)
    edges = [edge for phase in report["phases"] for edge in (phase["start"], phase["end"])]
    assert edges == sorted(edges)
    assert edges[-1] <= report["totals"]["wall_seconds"]
    assert [row["key"] for row in report["attempts"]] == [[0], [1], [2], [3]]
    assert {row["try"] for row in report["attempts"]} == {1}
    assert report["plan"]["blocks"] == 4
    assert report["totals"]["max_rss_together_mib"] >= report["totals"]["max_rss_mib"] > 1
    if session == "local":
        assert report["session_facts"]["master"].startswith("local[2")
        assert "spark.eventLog.enabled" not in report["session_facts"]["settings"]  # it was not asked for
        start_up = next(phase for phase in report["phases"] if phase["name"] == "session start")
        assert start_up["end"] - start_up["start"] > 0.3


def test_a_run_that_fails_before_its_plan_has_a_report_of_the_same_shape(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "bad.fasta").write_text("no fasta\n")
    with pytest.raises(MetapipeError) as caught:
        run("identity", {"contigs": tmp_path / "bad.fasta"}, report=tmp_path / "r.json")
    report = read(tmp_path / "r.json")
    assert report["status"] == "failed"
    assert report["error"] == {"code": "E101", "exit_code": 65, "message": str(caught.value), "detail": ""}
    assert (report["plan"], report["plan_hash"], report["attempts"], report["outputs"]) == (None, "", [], {})
    assert [phase["name"] for phase in report["phases"]] == ["check", "scan"]


def test_a_run_whose_blocks_fail_shows_them_with_code_and_last_words(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(MetapipeError):
        run("poisoned", {"contigs": fasta(4, (1,))}, how="code", max_quarantined=0, report=tmp_path / "r.json")
    report = read(tmp_path / "r.json")
    failed = [row for row in report["attempts"] if row["outcome"] != "ok"]
    assert {(row["code"], "the reason" in row["message"]) for row in failed} == {("E401", True)}
    assert "the reason" in failed[0]["stderr"]


def test_a_quarantined_record_and_the_halves_on_the_way_to_it_are_in_the_report(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    run("poisoned", {"contigs": fasta(4, (1,))}, how="segfault", blocks=1, report=tmp_path / "r.json")
    report = read(tmp_path / "r.json")
    assert report["totals"]["quarantined"] == 1
    assert report["totals"]["retries"] == 4
    shown = [(row["key"], row["outcome"]) for row in report["attempts"]]
    assert shown == [
        ([0], "crashed"),
        ([0, 0], "crashed"),
        ([0, 0, 0], "ok"),
        ([0, 0, 1], "crashed"),
        ([0, 1], "ok"),
    ]


def test_a_block_tried_again_has_its_tries_numbered(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(MetapipeError):
        run(
            "poisoned",
            {"contigs": fasta(1, (0,))},
            how="no-sentinel",
            max_quarantined=0,
            report=tmp_path / "r.json",
        )
    tries = [(row["key"], row["try"], row["code"]) for row in read(tmp_path / "r.json")["attempts"]]
    assert tries == [([0], 1, "E403"), ([0], 2, "E403")]


def test_a_resumed_run_counts_kept_blocks_and_what_it_used_itself(
    start: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    words = ["slow", "--contigs", fasta(6), "--outdir", tmp_path / "out", "--flag", flag, "--session", "inline"]
    words += ["--blocks", "6", "--seconds", "0.3"]
    process = start(*words)
    deadline = time.monotonic() + 60
    while (not flag.exists() or len(flag.read_text().splitlines()) < 3) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    process = start(*words)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    report = read(tmp_path / "out" / "run_report.json")
    kept = [row for row in report["attempts"] if row["kept"]]
    assert report["totals"]["kept"] == len(kept) >= 1
    assert {(row["wall"], row["user"], row["system"]) for row in kept} == {(0, 0, 0)}


def test_programs_that_blocks_launched_are_named_once_without_the_folder_of_the_attempt(
    run: Callable[..., Any], pairs: Callable[..., dict[str, Path]], tmp_path: Path
) -> None:
    run("whole", pairs(4), report=tmp_path / "r.json")
    (command,) = read(tmp_path / "r.json")["commands"]
    assert command["times"] == 1
    assert command["argv"][0].endswith("/sort")
    assert all(word.startswith("{block}/") for word in command["argv"][-2:])


def test_a_second_run_in_the_same_process_does_not_answer_for_the_first(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    path = fasta(1)
    run("burning", {"contigs": path}, seconds=1.0, report=tmp_path / "1.json")
    run("burning", {"contigs": path}, seconds=0.2, report=tmp_path / "2.json")
    assert 0.2 <= read(tmp_path / "2.json")["totals"]["core_seconds_used"] < 1.0


def test_memory_together_is_the_largest_sum_of_attempts_that_overlap() -> None:
    def row(started: float, wall: float, peak: int, *, kept: bool = False) -> Attempt:
        return Attempt((0,), "ok", started=started, wall=wall, max_rss_kib=peak, kept=kept)

    assert _most_at_once([]) == 0
    assert _most_at_once([row(0, 10, 5), row(10, 10, 7)]) == 7
    assert _most_at_once([row(0, 10, 5), row(9, 10, 7), row(0, 0, 100, kept=True)]) == 12


def test_the_energy_is_cores_and_memory_times_the_overhead_of_the_centre() -> None:
    estimate = energy_estimate(3600, 2048, 1800, {})
    expected = (WATTS_PER_CORE * 1 + 2 * WATTS_PER_GIB * 0.5) * PUE / 1000
    assert estimate["estimated_kwh"] == pytest.approx(expected, rel=1e-3)
    assert "Green Algorithms" in estimate["watts_per_core_source"]


@pytest.mark.parametrize(
    ("given", "watts", "pue"),
    [
        ({"METAPIPE_WATTS_PER_CORE": "5", "METAPIPE_PUE": "1.2"}, 5.0, 1.2),
        ({"METAPIPE_WATTS_PER_CORE": "-1", "METAPIPE_PUE": "0.5"}, WATTS_PER_CORE, PUE),
        ({"METAPIPE_WATTS_PER_CORE": "many", "METAPIPE_PUE": "inf"}, WATTS_PER_CORE, PUE),
    ],
)
def test_the_assumptions_of_the_energy_can_be_set_and_nonsense_is_left_out(
    given: dict[str, str], watts: float, pue: float
) -> None:
    estimate = energy_estimate(1, 1, 1, given)
    assert (estimate["watts_per_core"], estimate["pue"]) == (watts, pue)
    assert (estimate["pue_source"] == "METAPIPE_PUE") == (pue != PUE)


def test_phases_have_known_names() -> None:
    with pytest.raises(ValueError, match="no such phase"):
        Phases().enter("lunch")


def test_the_schema_version_of_the_model_is_the_one_written() -> None:
    from metapipe.runner.accounting.run_report import REPORT_SCHEMA

    declared = run_report_model.RunReport.model_fields["schema_"].annotation
    assert str(declared) == f"typing.Literal[{REPORT_SCHEMA}]"


def test_the_rate_that_a_stage_gives_for_its_databases_and_options_is_the_one_planned_with(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stages_for_tests import Identity

    monkeypatch.setattr(Identity, "rate_for", lambda self, databases, options: 10.0)
    monkeypatch.setattr(Identity, "fixed_cost_for", lambda self, databases, options: 3.0)
    path = fasta(40)
    run("identity", {"contigs": path}, report=tmp_path / "r.json")
    report = read(tmp_path / "r.json")
    plan = report["plan"]
    assert plan["residues_per_core_second"] == 10.0
    assert plan["estimated_seconds"] == pytest.approx(report["inputs"]["contigs"]["residues"] / 10 + 3 * plan["blocks"])
