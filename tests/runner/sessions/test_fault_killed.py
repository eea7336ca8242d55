"""Processes of a Spark session that are killed in the middle of their work: the run goes on, or ends so that it can."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from marked_program import MarkedProgram, wait_until

BLOCKS = 8


class HeldRun:
    """A Spark run with two parts whole, that is in the middle of two more blocks until it may go on."""

    expected = {"copy.fasta": b"".join(b"contig_%d\n" % index for index in range(2 * BLOCKS))}

    def __init__(self, program: Callable[..., MarkedProgram], folder: Path) -> None:
        contigs, self.log = folder / "contigs.fasta", folder / "log"
        # All of one length: blocks then start in their order.
        contigs.write_text("".join(f">contig_{index}\nACGT\n" for index in range(2 * BLOCKS)))
        self.words = ["held", "--contigs", contigs, "--flag", self.log, "--blocks", BLOCKS]
        self.words += ["--slots", 2, "--session", "local"]
        self.program = program
        self.run = program(*self.words)
        wait_until(lambda: len(self.run.parts()) == 2 and len(self.begun()) == 4)

    def begun(self) -> list[tuple[int, int]]:
        """Ordinal and process of each block that has begun."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(int(line.split()[0]), int(line.split()[1])) for line in lines if len(line.split()) == 2]

    def daemon_and_worker(self) -> tuple[int, int]:
        """pyspark's daemon, and the worker it forked that is in the middle of the block that began last."""
        above = [process.pid for process in psutil.Process(self.begun()[-1][1]).parents()]
        (java,) = self.run.below("org.apache.spark.deploy.SparkSubmit")
        place = above.index(java)
        return above[place - 1], above[place - 2]

    def go_on(self) -> MarkedProgram:
        self.log.with_name("log.go").touch()
        return self.run.wait()

    def again(self) -> MarkedProgram:
        return self.program(*self.words).wait()


@pytest.fixture
def held(program: Callable[..., MarkedProgram], tmp_path: Path) -> HeldRun:
    return HeldRun(program, tmp_path)


def test_a_killed_python_worker_costs_its_block_once_more_and_nothing_else(held: HeldRun) -> None:
    _, worker = held.daemon_and_worker()
    os.kill(worker, signal.SIGKILL)
    told = held.go_on().must_succeed(held.expected)
    lost = [row for row in told["attempts"] if row["outcome"] == "lost"]
    assert [row["pid"] for row in lost] == [worker]
    assert (lost[0]["code"], lost[0]["message"]) == ("E601", "the worker was lost")
    done = [tuple(row["key"]) for row in told["attempts"] if row["outcome"] == "ok"]
    assert sorted(done) == [(ordinal,) for ordinal in range(BLOCKS)]


def test_a_killed_daemon_of_the_python_workers_is_replaced(held: HeldRun) -> None:
    daemon, _ = held.daemon_and_worker()
    os.kill(daemon, signal.SIGKILL)
    held.go_on().must_succeed(held.expected)


def test_a_killed_jvm_ends_the_run_as_temporary_and_a_rerun_does_only_what_is_missing(held: HeldRun) -> None:
    (java,) = held.run.below("org.apache.spark.deploy.SparkSubmit")
    os.kill(java, signal.SIGKILL)
    held.go_on().must_fail("E601", "the Java process of Spark was killed$")
    kept = len(held.run.parts())
    assert 2 <= kept < BLOCKS
    assert held.again().must_succeed(held.expected)["totals"]["kept"] == kept


def test_a_killed_child_of_a_worker_is_taken_for_lack_of_memory(
    program: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    """Nobody here sends SIGKILL to it without a time-out, so it was the kernel; Galaxy then gives the job more."""
    words = ["poisoned", "--contigs", fasta(4, poison=(1,)), "--how", "killed", "--session", "local", "--slots", 2]
    program(*words, "--blocks", 2).wait().must_fail("E802", "a block ran out of memory")
