"""How tests compare the core-seconds that a run reports with those that the kernel counted."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

#: CPU seconds that each of four blocks burns for its one record.
BURNT = 0.6
#: CPU seconds that a driver may need to end after it has written its report, on a busy machine whose cores are shared
#: with others: half of what one block or worker takes that were not counted.
ENDING = 0.3
#: Options of such a run.
WORDS = ["--seconds", str(BURNT), "--blocks", "4", "--slots", "2"]


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


def four_records(tmp_path: Path) -> Path:
    path = tmp_path / "four.fasta"
    path.write_text(">a\nA\n>b\nA\n>c\nA\n>d\nA\n")
    return path


def must_be_the_sum_of_our_tree_and_the_rows(report: dict[str, Any], spent: float, each: float = BURNT) -> float:
    """Where blocks run in processes of others; returns what the rows say these used.

    :param each: seconds that a record burnt.
    """
    in_rows = sum(row["user"] + row["system"] + row["worker_cpu"] for row in report["attempts"])
    assert report["totals"]["core_seconds_used"] == pytest.approx(
        spent + in_rows, rel=0.02, abs=0.02 + min(ENDING, each)
    )
    must_be_what_was_burnt(report, each)
    return in_rows


def must_be_what_was_burnt(report: dict[str, Any], each: float = BURNT) -> None:
    """Each row has the seconds of its own block."""
    assert len(report["attempts"]) >= 4
    for row in report["attempts"]:
        assert each * row["records"] <= row["user"] + row["system"] < each * row["records"] + 0.5


def used_below(pid: int) -> float:
    """CPU seconds of the living Python processes below one, and of all that these have waited for."""
    total = 0.0
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() != "java":  # the session's own, shared by all its clients
                total += sum(process.cpu_times()[:4])
    return total
