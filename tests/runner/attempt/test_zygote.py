"""The set-up of a stage: once for a worker and a job, in a child that the blocks are forked from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marked_program import HERE, PYTHON_PATH
from spent_seconds import ENDING

from metapipe.runner.attempt import zygote
from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.attempt.task import Job, RecordFiles
from metapipe.runner.attempt.zygote import Zygote
from metapipe.runner.blocks.block import Block, ByteRange
from metapipe.runner.declare.elements import Totals
from metapipe.runner.declare.given import Given
from metapipe.runner.guard.limits import Allowance

STAGE = "hostile_stages:SettingUp"


def test_the_set_up_is_done_once_and_not_in_the_driver(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    ran = run(STAGE, {"contigs": fasta(12)}, blocks=6, log=str(log))
    (process,) = log.read_text().split()
    assert int(process) != os.getpid()
    assert set(ran.outputs["tries"].splitlines()) == {f"{process} {process}".encode()}


def test_the_next_job_has_a_set_up_of_its_own(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    """Nothing is left of the first: the autouse fixture of this folder looks for processes."""
    log = tmp_path / "log"
    for _ in range(2):
        run(STAGE, {"contigs": fasta(3)}, log=str(log))
    assert len(set(log.read_text().split())) == 2


@pytest.mark.parametrize("session", ["inline", "local"])
def test_what_the_set_up_costs_is_counted(session: str, fasta: Callable[..., Path], tmp_path: Path) -> None:
    words = ["setting_up", "--contigs", fasta(4), "--outdir", tmp_path / "out", "--seconds", "1", "--blocks", "2"]
    process = subprocess.Popen(
        [sys.executable, HERE / "cli_with_hostile_stages.py", *map(str, words), "--slots", "2", "--session", session],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": PYTHON_PATH},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    spent = used.ru_utime + used.ru_stime
    told = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert abs(told["totals"]["core_seconds_used"] - spent) < 0.02 * spent + ENDING
    set_ups = [row["worker_cpu"] for row in told["attempts"] if row["worker_cpu"] > 0.95]
    assert 1 <= len(set_ups) <= 2  # one for each worker that had a block
    assert max(set_ups) < 1.6


@pytest.fixture
def job_and_block(fasta: Callable[..., Path], tmp_path: Path) -> tuple[Job, Block]:
    path = fasta(1)
    size = path.stat().st_size
    job = Job(
        identifier="x",
        stage=STAGE,
        given=Given(labels={"contigs": "contigs"}, options=load_stage(STAGE).options()),
        records=RecordFiles({"contigs": "fasta"}, Totals(1, 4)),
        allowance=Allowance(threads=1, memory_mb=100),
        outputs=("tries",),
        folder=str(tmp_path),
    )
    return job, Block((0,), 0, 1, 4, (ByteRange(str(path), 0, 0, size, False),))


def test_a_worker_that_waits_for_work_keeps_no_set_up(
    job_and_block: tuple[Job, Block], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zygote, "_PATIENCE", 3.0)  # between its orders, on a busy machine too
    job, block = job_and_block
    one = Zygote(job, load_stage)
    answer = one.run(block, tmp_path, tmp_path)
    assert answer is not None
    assert answer[0].outcome == "ok"
    os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)  # it ends by itself
    assert one.run(block, tmp_path, tmp_path) is None
    assert one.is_over


def test_a_set_up_killed_between_blocks_is_made_again(job_and_block: tuple[Job, Block], tmp_path: Path) -> None:
    job, block = job_and_block
    one = Zygote(job, load_stage)
    assert one.run(block, tmp_path, tmp_path) is not None
    os.kill(one.pid, 9)
    os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)
    assert one.run(block, tmp_path, tmp_path) is None
