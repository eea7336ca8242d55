"""Blocks on the hosts of a Spark cluster: the bytes of the inline session, whatever happens to a host meanwhile."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import pytest
from cluster_hosts import COPY, METAPIPE, PACE, SparkCluster, executors, hosts_of
from marked_program import MarkedProgram, allowed, wait_until
from spent_seconds import must_be_the_sum_of_our_tree_and_the_rows


def test_two_hosts_give_the_bytes_of_one_count_all_seconds_and_no_secret_is_seen(
    job: Callable[..., MarkedProgram], cluster: SparkCluster, fasta: Callable[..., Path]
) -> None:
    burning = ["burning", "--contigs", fasta(32), "--program", "--seconds", 0.1, "--pause", PACE - 0.1, "--blocks", 16]
    with Sniffer(cluster.hosts.bridge) as sniffer:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        one = job(*burning)
        wait_until(one.parts)
        lines = told_by_proc(one.alive(), "cmdline")
        environments = told_by_proc(one.below("metapipe.runner.sessions.worker_daemon"), "environ")
        told = one.wait().must_succeed(COPY)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the run alone: the cluster has not ended
    assert (told["session"], hosts_of(told)) == ("cluster", {"host-a", "host-b"})
    assert told["totals"]["retries"] == 0
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    must_be_the_sum_of_our_tree_and_the_rows(told, spent, each=0.1)
    for pid in cluster.pids.values():
        below = [process.pid for process in psutil.Process(pid).children(recursive=True)]
        lines |= told_by_proc([pid, *below], "cmdline")
    assert len(lines) > 8
    assert not [pid for pid, line in lines.items() if cluster.secret.encode() in line]
    assert environments
    assert not cluster_zombies(cluster)
    assert sniffer.seen > 100_000
    assert not sniffer.found(cluster.secret.encode(), b"contig_", b"run_attempt", b"metapipe.runner")


def told_by_proc(processes: Iterable[int], what: str) -> dict[int, bytes]:
    """What the kernel tells of each process; one that has ended since it was listed tells nothing any more."""
    told = {}
    for pid in processes:
        with contextlib.suppress(OSError):
            told[pid] = Path(f"/proc/{pid}/{what}").read_bytes()
    return told


def test_a_killed_executor_costs_its_blocks_once_more_and_nothing_else(
    job: Callable[..., MarkedProgram], cluster: SparkCluster
) -> None:
    one = job()
    wait_until(lambda: len(one.parts()) > 2)
    (executor,) = executors(one, cluster.workers["a"])
    os.kill(executor, signal.SIGKILL)
    told = one.wait().must_succeed(COPY)
    assert "host-b" in hosts_of(told)


def test_a_wrong_secret_ends_the_run_in_time(job: Callable[..., MarkedProgram], tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("0123456789" * 4)
    (tmp_path / "wrong").chmod(0o600)
    started = time.monotonic()
    one = job(environment={"METAPIPE_SPARK_SECRET_FILE": str(tmp_path / "wrong")}).wait()
    assert time.monotonic() - started < allowed(15)
    one.must_fail("E303", r"the Spark master \S+ refuses our secret \(METAPIPE_SPARK_SECRET_FILE\)$")


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("{master}:7099", "Connection refused"),
        ("{network}.99:7077", "no answer|No route to host"),
        ("no-such-host.invalid:7077", "the name does not resolve"),
    ],
    ids=["refuses", "is silent", "has no address"],
)
def test_a_master_that_is_down_ends_the_run_in_time(
    job: Callable[..., MarkedProgram], cluster: SparkCluster, host: str, reason: str
) -> None:
    address = host.format(master=cluster.master, network=cluster.hosts.network)
    started = time.monotonic()
    one = job(environment={"METAPIPE_SPARK_MASTER": f"spark://{address}", "METAPIPE_SPARK_DRIVER_HOST": "127.0.0.1"})
    one.wait()
    assert time.monotonic() - started < allowed(15)
    one.must_fail("E303", rf"the Spark master cannot be reached \({re.escape(address)} ({reason})")


def test_master_and_workers_show_nothing_to_those_without_the_secret(cluster: SparkCluster) -> None:
    for name in cluster.pids:
        ports = listening(cluster, name)
        address = cluster.workers.get(name, cluster.master)
        assert {port for where, port in ports if where == address} >= {7077 if name == "m" else 7078}
        assert {where for where, _ in ports} <= {address, "127.0.0.1"}
        pages = [port for where, port in ports if where == "127.0.0.1"]
        assert len(pages) == 1, "one web page, and no submission server"
        for path in ("/", "/json/", "/environment/", "/logPage/", "/metrics/json/", "/workers/kill/"):
            answer = subprocess.run(
                ["ip", "netns", "exec", cluster.hosts._space(name), METAPIPE[0], "-c", FETCH, f"{pages[0]}", path],
                capture_output=True,
                text=True,
            ).stdout
            assert answer.strip() in ("403", "404", "405"), (path, answer)


def cluster_zombies(cluster: SparkCluster) -> list[int]:
    below = [child for pid in cluster.pids.values() for child in psutil.Process(pid).children(recursive=True)]
    return [child.pid for child in below if child.status() == psutil.STATUS_ZOMBIE]


FETCH = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}{sys.argv[2]}", timeout=10).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


def listening(cluster: SparkCluster, name: str) -> list[tuple[str, int]]:
    """Addresses and ports on which a host listens."""
    words = ["ip", "netns", "exec", cluster.hosts._space(name), "ss", "-ltnH"]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [line.split()[3].rsplit(":", 1) for line in lines]
    return [(where.strip("[]").removeprefix("::ffff:"), int(port)) for where, port in found]


class Sniffer:
    """Takes every packet that crosses the bridge."""

    def __init__(self, bridge: str) -> None:
        self._bridge, self._kept, self._stop = bridge, bytearray(), threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Sniffer:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
        self._socket.bind((self._bridge, 0))
        self._socket.settimeout(0.2)
        self._thread.start()
        return self

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._kept += self._socket.recv(1 << 17)
            except TimeoutError:
                continue

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    @property
    def seen(self) -> int:
        return len(self._kept)

    def found(self, *words: bytes) -> list[bytes]:
        return [word for word in words if word in self._kept]
