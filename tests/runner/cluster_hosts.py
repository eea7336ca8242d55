"""Hosts for tests: network namespaces on a bridge, and a Spark cluster started on them as an administrator would.

The test itself is one more host: the bridge has an address in its own namespace. The shared folder of the hosts is the
file system that they all have in common here; each has its own network, addresses and name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marked_program import PYTHON_PATH, MarkedProgram, wait_until

#: Reserved for the benchmarking of networks (RFC 2544), so nobody's real network.
NETWORK = "198.19"
PORT = 7077
#: Seconds for each of 32 records in 16 blocks: about 4 s of work on four cores.
PACE = 0.5
COPY = {"copy.fasta": b"".join(b"contig_%d\n" % index for index in range(32))}


def ip(*words: str) -> str:
    ran = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert ran.returncode == 0, (words, ran.stderr)
    return ran.stdout


class Hosts:
    """A bridge with hosts on it, named after this process so that two runs of the tests do not meet."""

    def __init__(self) -> None:
        number = os.getpid() % 65536
        self.bridge = f"mpb{number}"
        self.network = f"{NETWORK}.{number % 250 + 1}"
        self.driver = f"{self.network}.1"
        self._number = number
        self._addresses: dict[str, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Hosts:
        try:
            ip("link", "add", self.bridge, "type", "bridge")
            ip("address", "add", f"{self.driver}/24", "dev", self.bridge)
            ip("link", "set", self.bridge, "up")
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        for name in list(self._addresses):
            subprocess.run(["ip", "netns", "del", self._space(name)], capture_output=True)
            subprocess.run(["ip", "link", "del", self._outer(name)], capture_output=True)
        subprocess.run(["ip", "link", "del", self.bridge], capture_output=True)

    def add(self, name: str) -> str:
        """Make a host; returns its address."""
        self._addresses[name] = address = f"{self.network}.{10 + len(self._addresses)}"
        space, outer, inner = self._space(name), self._outer(name), f"mpi{self._number}{name}"
        ip("netns", "add", space)
        ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        ip("link", "set", inner, "netns", space)
        ip("link", "set", outer, "master", self.bridge, "up")
        ip("-n", space, "link", "set", "lo", "up")
        ip("-n", space, "address", "add", f"{address}/24", "dev", inner)
        ip("-n", space, "link", "set", inner, "up")
        return address

    def start(self, name: str, *words: str | Path, environment: Mapping[str, str] | None = None, log: Path) -> int:
        """Start a program on a host under the host's own name; returns its process number."""
        enter = ["ip", "netns", "exec", self._space(name), "unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"']
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*enter, f"host-{name}", *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "PYTHONPATH": PYTHON_PATH, **(environment or {})},
            )
        self._processes.append(process)
        return process.pid

    def cut_off(self, name: str) -> None:
        """Pull the plug of a host's network: nothing arrives any more, not even the end of a connection."""
        ip("link", "set", self._outer(name), "down")

    def join(self, name: str) -> None:
        ip("link", "set", self._outer(name), "up")

    def _space(self, name: str) -> str:
        return f"mph{self._number}{name}"

    def _outer(self, name: str) -> str:
        return f"mpo{self._number}{name}"

    def stop(self) -> None:
        """SIGTERM to what was started, workers first, and wait for it."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()
        self._processes.clear()


class SparkCluster:
    """A master on host ``m`` and workers on hosts ``a`` and ``b``, each with two cores to give."""

    def __init__(self, hosts: Hosts, folder: Path, workers: str = "ab") -> None:
        self.hosts, self.folder = hosts, folder
        self.secret_file = folder / "secret"
        subprocess.run([*METAPIPE, "cluster", "secret", str(self.secret_file)], check=True, capture_output=True)
        self.secret = self.secret_file.read_text().strip()
        self.master = hosts.add("m")
        self.url = f"spark://{self.master}:{PORT}"
        self.workers = {name: hosts.add(name) for name in workers}
        self.pids: dict[str, int] = {}
        self.start_master()
        for name in self.workers:
            self.start_worker(name, wait=False)
        wait_until(lambda: all("ready" in self.log(name) for name in self.workers))

    def start_master(self) -> None:
        words = [*METAPIPE, "cluster", "master", "--host", self.master, "--secret-file", self.secret_file]
        self.pids["m"] = self.hosts.start("m", *words, log=self.folder / "m.log")
        wait_until(lambda: "ready" in self.log("m"))

    def start_worker(self, name: str, wait: bool = True) -> None:
        words = [*METAPIPE, "cluster", "worker", self.url, "--host", self.workers[name], "--cores", "2"]
        words += ["--secret-file", self.secret_file, "--folder", self.folder / f"{name}-executors"]
        self.pids[name] = self.hosts.start(name, *words, log=self.folder / f"{name}.log")
        if wait:
            wait_until(lambda: "ready" in self.log(name))

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "METAPIPE_SPARK_MASTER": self.url,
            "METAPIPE_SPARK_CORES": "4",
            "METAPIPE_SPARK_EXECUTOR_CORES": "2",
            "METAPIPE_SPARK_SECRET_FILE": str(self.secret_file),
            **more,
        }


METAPIPE = [sys.executable, "-m", "metapipe.cli"]


@contextlib.contextmanager
def spark_cluster(folder: Path) -> Iterator[SparkCluster]:
    """A cluster of two workers, gone afterwards whatever happened."""
    with Hosts() as hosts:
        try:
            yield SparkCluster(hosts, folder)
        finally:
            hosts.stop()


def executors(one: MarkedProgram, address: str = "") -> list[int]:
    return one.below("CoarseGrainedExecutorBackend", f"--hostname {address}")


def hosts_of(told: dict[str, Any]) -> set[str]:
    return {row["host"] for row in told["attempts"] if row["outcome"] == "ok"}
