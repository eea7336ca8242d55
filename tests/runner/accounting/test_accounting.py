"""The core-seconds we report are those the kernel counted for the whole tree."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spent_seconds import BURNT, ENDING, WORDS, four_records, must_be_what_was_burnt, spent_by


@pytest.mark.parametrize("program", [False, True], ids=["itself", "program"])
@pytest.mark.parametrize("session", ["inline", "local"])
def test_core_seconds_reported_agree_with_the_kernel_within_2_percent(
    session: str, program: bool, start: Callable[..., Any], tmp_path: Path
) -> None:
    """And what the driver needs to end after its report: less than any block or worker that were not counted."""
    words = ["burning", "--contigs", four_records(tmp_path), "--outdir", tmp_path / "out", *WORDS]
    words += ["--session", session, *(["--program"] if program else [])]
    spent = spent_by(start(*words))
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    reported = report["totals"]["core_seconds_used"]
    assert spent > 4 * BURNT
    assert abs(reported - spent) < 0.02 * spent + ENDING
    must_be_what_was_burnt(report)


def test_what_a_block_left_running_is_counted_too(run: Callable[..., Any], fasta: Callable[..., Path]) -> None:
    ran = run("burning", {"contigs": fasta(1)}, seconds=0.5, program=True)
    (row,) = ran.result.report["attempts"]
    assert 0.5 <= row["user"] + row["system"] < 1.0
    assert ran.result.report["totals"]["core_seconds_in_blocks"] == pytest.approx(row["user"] + row["system"], abs=0.01)
