"""The core-seconds we report are those the kernel counted for the whole tree."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest


def spent_by(process: subprocess.Popen[str]) -> float:
    """CPU seconds of a program and all it waited for, from ``wait4``."""
    assert process.stdout is not None
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, errors
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("program", [False, True], ids=["itself", "program"])
@pytest.mark.parametrize("session", ["inline", "local"])
def test_core_seconds_reported_agree_with_the_kernel_within_2_percent(
    session: str, program: bool, start: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "four.fasta"
    path.write_text(">a\nA\n>b\nA\n>c\nA\n>d\nA\n")
    words = ["burning", "--contigs", path, "--outdir", tmp_path / "out", "--seconds", "1.5", "--blocks", "4"]
    words += ["--slots", "2", "--session", session, *(["--program"] if program else [])]
    spent = spent_by(start(*words))
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    reported = report["totals"]["core_seconds_used"]
    assert spent > 6
    assert abs(reported - spent) < 0.02 * spent + 0.05
    for row in report["attempts"]:
        assert 1.5 <= row["user"] + row["system"] < 2.0


WORDS = ["--seconds", "1.5", "--blocks", "4", "--slots", "2", "--program"]


@pytest.fixture
def four(tmp_path: Path) -> Path:
    path = tmp_path / "four.fasta"
    path.write_text(">a\nA\n>b\nA\n>c\nA\n>d\nA\n")
    return path


def must_be_the_sum_of_our_tree_and_the_rows(report: dict[str, Any], spent: float) -> float:
    """Where blocks run in processes of others; returns what the rows say these used."""
    in_rows = sum(row["user"] + row["system"] + row["worker_cpu"] for row in report["attempts"])
    assert report["totals"]["core_seconds_used"] == pytest.approx(spent + in_rows, rel=0.02, abs=0.05)
    for row in report["attempts"]:
        assert 1.5 <= row["user"] + row["system"] < 2.0
    return in_rows


def test_core_seconds_of_a_warm_session_are_ours_and_those_of_its_workers(
    start: Callable[..., Any], four: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from warm_servers import start_server

    server = start_server(tmp_path_factory.mktemp("warm"))
    try:
        before = used_below(server.process.pid)
        words = ["burning", "--contigs", four, "--outdir", tmp_path / "out", *WORDS, "--session", "warm"]
        spent = spent_by(start(*words, environment={"METAPIPE_WARM_SOCKET": str(server.socket)}))
        of_the_server = used_below(server.process.pid) - before
    finally:
        server.end()
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert report["session"] == "warm"
    in_rows = must_be_the_sum_of_our_tree_and_the_rows(report, spent)
    # The kernel's word on the workers; they also read and send, which no row can hold.
    assert in_rows == pytest.approx(of_the_server, rel=0.02, abs=0.3)


def test_core_seconds_of_a_cluster_are_ours_and_those_of_the_blocks_on_other_hosts(
    cluster: Any, start: Callable[..., Any], four: Path, tmp_path: Path
) -> None:
    words = ["burning", "--contigs", four, "--outdir", tmp_path / "out", *WORDS, "--session", "cluster"]
    spent = spent_by(start(*words, environment=cluster.environment()))
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert report["session"] == "cluster"
    must_be_the_sum_of_our_tree_and_the_rows(report, spent)


def used_below(pid: int) -> float:
    """CPU seconds of the living Python processes below one, and of all that these have waited for."""
    total = 0.0
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() != "java":  # the session's own, shared by all its clients
                total += sum(process.cpu_times()[:4])
    return total


def test_what_a_block_left_running_is_counted_too(run: Callable[..., Any], fasta: Callable[..., Path]) -> None:
    ran = run("burning", {"contigs": fasta(1)}, seconds=0.5, program=True)
    (row,) = ran.result.report["attempts"]
    assert 0.5 <= row["user"] + row["system"] < 1.0
    assert ran.result.report["totals"]["core_seconds_in_blocks"] == pytest.approx(row["user"] + row["system"], abs=0.01)
