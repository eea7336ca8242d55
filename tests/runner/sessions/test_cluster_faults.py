"""What happens to a run when a host, a program on it, the driver or the whole cluster is lost in the middle."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from cluster_hosts import COPY, PACE, SparkCluster, executors, hosts_of
from marked_program import KEPT, MarkedProgram, allowed, wait_until

pytestmark = pytest.mark.slow

Job = Callable[..., MarkedProgram]


def workers_of(executor: int) -> list[psutil.Process]:
    """Python workers of an executor that have a block in hand, children of its daemon; none that ends meanwhile."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for daemon in psutil.Process(executor).children():
            found += [worker for worker in daemon.children() if worker.children()]
    return found


def test_a_killed_python_worker_on_a_host_costs_its_block_once_more(job: Job, cluster: SparkCluster) -> None:
    one = job()

    def one_is_killed() -> bool:
        for executor in executors(one, cluster.workers["a"]):
            for worker in workers_of(executor):
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
                    return True
        return False

    wait_until(lambda: bool(one.parts()) and one_is_killed())
    told = one.wait().must_succeed(COPY)
    assert hosts_of(told) == {"host-a", "host-b"}


def test_a_host_that_is_cut_off_costs_its_blocks_and_ten_seconds_and_ends_its_own_processes(
    job: Job, cluster: SparkCluster
) -> None:
    one = job()
    wait_until(lambda: len(one.parts()) > 2)
    (lost,) = executors(one, cluster.workers["a"])
    burning = [lost, *(process.pid for process in psutil.Process(lost).children(recursive=True))]
    assert len(burning) >= 4, "the executor, its daemon, two workers"
    cluster.hosts.cut_off("a")
    try:
        cut = time.monotonic()
        one.process.wait(180)
        # At most two blocks were lost, and the other host's two cores had to do everything that was left.
        assert time.monotonic() - cut < allowed(10 + 32 * PACE / 2)
        wait_until(lambda: not any(map(alive, burning)), allowed(60))
    finally:
        cluster.hosts.join("a")
    told = one.wait().must_succeed(COPY)
    assert "host-b" in hosts_of(told)
    again = job(outdir=one.outdir.with_name("again")).wait()
    assert hosts_of(again.must_succeed(COPY)) == {"host-a", "host-b"}, "the host is back"


def test_a_killed_driver_leaves_nothing_on_the_hosts_and_a_rerun_does_what_is_missing(job: Job, tmp_path: Path) -> None:
    one = job()
    wait_until(lambda: len(one.parts()) > 2)
    one.kill()
    one.must_be_gone(15)
    kept = one.parts()
    (tmp_path / "log").unlink()
    told = job().wait().must_succeed(COPY)
    assert told["totals"]["kept"] == len(kept)
    done_before = sum(row["records"] for row in told["attempts"] if row["kept"])  # blocks are not of equal numbers
    anew = (tmp_path / "log").read_text().splitlines()
    assert len(set(anew)) == len(anew) == 32 - done_before


def test_a_cancelled_run_leaves_nothing_on_the_hosts_after_five_seconds(job: Job) -> None:
    one = job()
    wait_until(lambda: len(one.parts()) > 2)
    one.process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    one.process.wait(60)
    one.must_be_gone(max(0.1, allowed(5) - (time.monotonic() - asked)))
    one.wait()
    assert one.process.returncode == 128 + signal.SIGTERM


def test_a_cluster_that_is_lost_ends_the_run_as_temporary_and_parts_are_kept(job: Job, cluster: SparkCluster) -> None:
    one = job()
    wait_until(lambda: len(one.parts()) > 2)
    for name in cluster.workers:
        cluster.hosts.cut_off(name)
    try:
        one.wait(120)
        one.must_fail("E601", "lost all its workers", gone_after=60)
    finally:
        for name in cluster.workers:
            cluster.hosts.join(name)
    kept = one.parts()
    assert len(kept) > 2
    told = job().wait().must_succeed(COPY)
    assert told["totals"]["kept"] >= len(kept)


def test_a_host_without_the_working_folder_is_named(job: Job, cluster: SparkCluster, tmp_path: Path) -> None:
    """A folder that is not mounted on one host: nothing may be written there, unseen by the driver."""
    inside = ["nsenter", "-t", str(cluster.pids["b"]), "-m"]
    subprocess.run([*inside, "mount", "-t", "tmpfs", "none", str(tmp_path)], check=True)
    try:
        one = job().wait()
    finally:
        subprocess.run([*inside, "umount", str(tmp_path)], check=True)
    one.must_fail("E312", "the working folder of the run is not there on host host-b$")


def test_a_host_that_fails_is_left_out_and_the_others_do_its_blocks(job: Job, cluster: SparkCluster) -> None:
    """Host b has no Python where the driver has it: Spark sees tasks fail there and stops sending any."""
    inside = ["nsenter", "-t", str(cluster.pids["b"]), "-m"]
    python = os.path.realpath(sys.executable)
    subprocess.run([*inside, "mount", "--bind", "/dev/null", python], check=True)
    try:
        one = job().wait()
    finally:
        subprocess.run([*inside, "umount", python], check=True)
    told = one.must_succeed(COPY)
    assert hosts_of(told) == {"host-a"}


def test_a_busy_cluster_is_waited_for_and_the_user_is_told_once(job: Job, tmp_path: Path) -> None:
    first = job()
    wait_until(lambda: bool(first.parts()))
    first.process.send_signal(signal.SIGSTOP)  # holds all cores
    try:
        second = job(outdir=tmp_path / "second", environment={"METAPIPE_SPARK_WAIT": "20"}).wait()
    finally:
        first.process.send_signal(signal.SIGCONT)
    waiting = [line for line in second.errors.splitlines() if "waiting for cores" in line]
    assert len(waiting) == 1
    assert re.search("METAPIPE-E310 the Spark cluster had no free cores for 20 s", second.errors)
    assert second.process.returncode == 69
    second.must_be_gone()
    assert second.report()["error"]["code"] == "E310"
    first.wait().must_succeed(COPY)


def test_a_stage_that_uses_whole_hosts_gets_an_executor_for_each_block(job: Job, fasta: Callable[..., Path]) -> None:
    one = job("fat", "--contigs", fasta(8), "--blocks", "4").wait()
    told = one.must_succeed({"copy.fasta": b"".join(b"contig_%d 2\n" % index for index in range(8))})
    assert told["slots"] == 4, "two blocks at once, each of two cores"


def test_who_does_not_hold_the_secret_cannot_run_anything(cluster: SparkCluster, tmp_path: Path) -> None:
    """A plain Spark application, as anybody in the network could start one."""
    marker = tmp_path / "ran"
    stranger = subprocess.Popen(
        [sys.executable, "-c", STRANGER, cluster.url, str(marker), cluster.hosts.driver],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "SPARK_LOCAL_IP": cluster.hosts.driver},
    )
    try:
        stranger.wait(40)
    except subprocess.TimeoutExpired:
        pass  # Spark tries for a minute
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(stranger.pid, signal.SIGKILL)
        _, errors = stranger.communicate()
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if str(marker) in " ".join(process.cmdline()) or "stranger" in " ".join(process.cmdline()):
                    process.kill()
    assert "Failed to connect to master" in errors
    assert not marker.exists()


STRANGER = """
import sys
from pathlib import Path
from pyspark import SparkConf, SparkContext
conf = SparkConf().setMaster(sys.argv[1]).setAppName("stranger").set("spark.driver.host", sys.argv[3])
context = SparkContext(conf=conf.set("spark.ui.enabled", "false"))
context.parallelize([1], 1).map(lambda x: Path(sys.argv[2]).touch()).collect()
Path(sys.argv[2]).touch()
"""


def test_workers_end_with_everything_they_started(job: Job, cluster: SparkCluster) -> None:
    """SIGTERM to a worker in the middle of a run, as systemd sends it; the other worker goes on."""
    one = job()
    wait_until(lambda: len(one.parts()) > 2)
    below = [process.pid for process in psutil.Process(cluster.pids["b"]).children(recursive=True)]
    os.kill(cluster.pids["b"], signal.SIGTERM)
    wait_until(lambda: not any(map(alive, below)), allowed(15))
    one.wait().must_succeed(COPY)
    cluster.start_worker("b")
    KEPT.add(cluster.pids["b"])


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
