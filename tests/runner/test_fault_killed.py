"""Processes of a Spark session that are killed in the middle of their work: the run goes on, or ends so that it can."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from marked_program import MarkedProgram, wait_until

#: Seconds for each of 16 records in 8 blocks: about 5 s of work on two slots.
PACE = 0.6


@pytest.fixture
def busy(
    program: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> Callable[[], tuple[MarkedProgram, dict[str, bytes]]]:
    """Start a Spark run and wait until a part is whole; also what it must write in the end."""

    def start() -> tuple[MarkedProgram, dict[str, bytes]]:
        words = ["slow", "--contigs", fasta(16), "--flag", tmp_path / "log", "--seconds", PACE, "--blocks", 8]
        one = program(*words, "--slots", 2, "--session", "local")
        wait_until(one.parts)
        return one, {"copy.fasta": b"".join(b"contig_%d\n" % index for index in range(16))}

    return start


def daemons_and_workers(one: MarkedProgram) -> tuple[list[int], list[int]]:
    """pyspark's daemon, and the workers it forked that are in the middle of a block (it runs below them)."""
    begun = PACE / 2  # of the 2 * PACE that a block takes
    while True:
        processes = [psutil.Process(pid) for pid in one.below("metapipe.runner.worker_daemon")]
        with contextlib.suppress(psutil.NoSuchProcess):
            (daemon,) = (p for p in processes if "SparkSubmit" in " ".join(p.parent().cmdline()))
            at_work = [
                worker.pid
                for worker in daemon.children()
                if any(0 < time.time() - child.create_time() < begun for child in worker.children(recursive=True))
            ]
            if at_work:
                return [daemon.pid], at_work
        time.sleep(0.05)


def test_a_killed_python_worker_costs_its_block_once_more_and_nothing_else(busy: Callable[..., Any]) -> None:
    one, expected = busy()
    _, workers = daemons_and_workers(one)
    os.kill(workers[0], signal.SIGKILL)
    told = one.wait().must_succeed(expected)
    lost = [row for row in told["attempts"] if row["outcome"] == "lost"]
    assert [row["pid"] for row in lost] == workers[:1]
    assert (lost[0]["code"], lost[0]["message"]) == ("E601", "the worker was lost")
    done = [tuple(row["key"]) for row in told["attempts"] if row["outcome"] == "ok"]
    assert sorted(done) == [(ordinal,) for ordinal in range(8)]


def test_a_killed_daemon_of_the_python_workers_is_replaced(busy: Callable[..., Any]) -> None:
    one, expected = busy()
    daemons, _ = daemons_and_workers(one)
    assert len(daemons) == 1
    os.kill(daemons[0], signal.SIGKILL)
    one.wait().must_succeed(expected)


def test_a_killed_jvm_ends_the_run_as_temporary_and_a_rerun_does_only_what_is_missing(busy: Callable[..., Any]) -> None:
    one, expected = busy()
    (java,) = one.below("org.apache.spark.deploy.SparkSubmit")
    os.kill(java, signal.SIGKILL)
    one.wait().must_fail("E601", "the Java process of Spark was killed$")
    kept = len(one.parts())
    assert 1 <= kept < 8
    again, _ = busy()
    assert again.wait().must_succeed(expected)["totals"]["kept"] == kept


def test_a_killed_child_of_a_worker_is_taken_for_lack_of_memory(
    program: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    """Nobody here sends SIGKILL to it without a time-out, so it was the kernel; Galaxy then gives the job more."""
    words = ["poisoned", "--contigs", fasta(4, poison=(1,)), "--how", "killed", "--session", "local", "--slots", 2]
    program(*words, "--blocks", 2).wait().must_fail("E802", "a block ran out of memory")
