"""The core-seconds we report are those the kernel counted for the whole tree."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spent_seconds import spent_by


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


def test_what_a_block_left_running_is_counted_too(run: Callable[..., Any], fasta: Callable[..., Path]) -> None:
    ran = run("burning", {"contigs": fasta(1)}, seconds=0.5, program=True)
    (row,) = ran.result.report["attempts"]
    assert 0.5 <= row["user"] + row["system"] < 1.0
    assert ran.result.report["totals"]["core_seconds_in_blocks"] == pytest.approx(row["user"] + row["system"], abs=0.01)
