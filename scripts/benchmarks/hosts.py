"""Weak scaling over hosts: one host with one core, then two with one each and twice the input.

A host is a network namespace with an address and a core of its own (``taskset``), so that it talks to the others over
a network. The driver is one more host; it runs beside them on the same two cores.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import datasets
from benchmarks.bench_stages import WrappedProdigal
from benchmarks.measure import BenchmarkError, Spent, Variant, call, last_line, rounds, run, summary
from benchmarks.place import Setting, environment, metapipe, need, scratch
from benchmarks.results import Results

#: Reserved for the benchmarking of networks (RFC 2544), so nobody's real network.
NETWORK = "198.18"
PORT = 7077
_PATIENCE = 60.0


def measure_hosts(setting: Setting, results: Results, say: Callable[[str], None]) -> None:
    """Measure both by rounds; each run has a cluster of its own, started before its time is taken.

    :raises BenchmarkError: not root, a program is missing, or blocks ran elsewhere than they should.
    """
    need("ip", "taskset", "prodigal", "unshare")
    if os.geteuid() != 0:
        raise BenchmarkError("hosts: only root may make network namespaces")
    contigs = datasets.contigs(setting, int(setting.work * WrappedProdigal.rate))
    with scratch(setting) as folder:
        inputs = {1: contigs, 2: _twice(contigs, folder / "twice.fasta")}

        def on(count: int) -> Variant:
            return lambda: _once(inputs[count], count, folder)

        def after(seen: Mapping[str, list[Spent]]) -> None:
            variants = {name: summary(spent) for name, spent in seen.items()}
            one, two = (variants[name]["wall_seconds"]["median"] for name in ("1 host", "2 hosts"))
            result = {
                "variants": variants,
                "efficiency": round(one / two, 3),
                "text": f"Twice the input on two hosts: **{one / two:.2f}** of the ideal. Each host is a network "
                "namespace with one core; the driver runs beside them on the same cores. CPU-seconds are the driver's.",
            }
            results.save("hosts", result, finished=len(seen["2 hosts"]) >= setting.repeats)

        variants = {"1 host": on(1), "2 hosts": on(2)}
        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def _twice(contigs: Path, target: Path) -> Path:
    text = contigs.read_bytes()
    target.write_bytes(text + text.replace(b">", b">second_"))
    return target


def _once(contigs: Path, count: int, folder: Path) -> Spent:
    report, target = folder / "report.json", folder / f"genes-{count}"
    with cluster(folder, count) as variables:
        words = ["wrapped_prodigal", "--contigs", contigs, "--out-genes", target, "--report", report]
        words += ["--slots", str(count), "--blocks", str(8 * count)]
        # A low rate, so that the planner takes even a tiny input to be worth the cluster; the blocks are given.
        variables = environment(**variables, METAPIPE_BENCH_RATE="1000")
        spent = run(metapipe(*words), environment=variables, log=folder / "log")
    written: dict[str, Any] = json.loads(report.read_bytes())
    hosts = {row["host"] for row in written["attempts"]}
    if written["session"] != "cluster" or len(hosts) != count:
        raise BenchmarkError(f"hosts: session {written['session']} on {len(hosts)} hosts, not cluster on {count}")
    return spent


@contextlib.contextmanager
def cluster(folder: Path, count: int) -> Iterator[dict[str, str]]:
    """A master and so many workers of one core each; gives the variables of a job. Gone afterwards."""
    number = os.getpid() % 60_000
    net, bridge = f"{NETWORK}.{number % 250 + 1}", f"mbb{number}"
    secret = folder / "secret"
    secret.unlink(missing_ok=True)
    call(metapipe("cluster", "secret", secret), env={**os.environ, **environment()})
    started: list[subprocess.Popen[bytes]] = []
    names = ["m", *(f"w{worker}" for worker in range(count))]
    try:
        call(["ip", "link", "add", bridge, "type", "bridge"])
        call(["ip", "address", "add", f"{net}.1/24", "dev", bridge])
        call(["ip", "link", "set", bridge, "up"])
        for position, name in enumerate(names):
            _add_host(
                f"mbh{number}{name}", f"mbo{number}{name}", f"mbi{number}{name}", bridge, f"{net}.{10 + position}"
            )
        url = f"spark://{net}.10:{PORT}"
        words = ["cluster", "master", "--host", f"{net}.10", "--secret-file", str(secret)]
        started.append(_start(f"mbh{number}m", "m", metapipe(*words), folder / "m.log"))
        _wait(folder / "m.log", started[0])
        for worker in range(count):
            words = ["cluster", "worker", url, "--host", f"{net}.{11 + worker}", "--cores", "1"]
            words += ["--secret-file", str(secret), "--folder", str(folder / f"executors-{worker}")]
            pinned = ["taskset", "--cpu-list", cpu_list(1, first=worker), *metapipe(*words)]
            started.append(_start(f"mbh{number}w{worker}", f"w{worker}", pinned, folder / f"w{worker}.log"))
        for worker in range(count):
            _wait(folder / f"w{worker}.log", started[1 + worker])
        yield {
            "METAPIPE_SPARK_MASTER": url,
            "METAPIPE_SPARK_CORES": str(count),
            "METAPIPE_SPARK_EXECUTOR_CORES": "1",
            "METAPIPE_SPARK_SECRET_FILE": str(secret),
        }
    finally:
        _stop(started)
        for name in names:
            subprocess.run(["ip", "netns", "del", f"mbh{number}{name}"], capture_output=True, check=False)
            subprocess.run(["ip", "link", "del", f"mbo{number}{name}"], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", bridge], capture_output=True, check=False)


def cpu_list(count: int, first: int = 0) -> str:
    """So many of our own cores, from that one on, as taskset takes them: core 0 may not be ours."""
    mine = sorted(os.sched_getaffinity(0))
    if first + count > len(mine):
        raise BenchmarkError(f"{first + count} cores are needed, {len(mine)} are there")
    return ",".join(map(str, mine[first : first + count]))


def _add_host(space: str, outer: str, inner: str, bridge: str, address: str) -> None:
    call(["ip", "netns", "add", space])
    call(["ip", "link", "add", outer, "type", "veth", "peer", "name", inner])
    call(["ip", "link", "set", inner, "netns", space])
    call(["ip", "link", "set", outer, "master", bridge, "up"])
    call(["ip", "-n", space, "link", "set", "lo", "up"])
    call(["ip", "-n", space, "address", "add", f"{address}/24", "dev", inner])
    call(["ip", "-n", space, "link", "set", inner, "up"])


def _start(space: str, name: str, command: list[str], log: Path) -> subprocess.Popen[bytes]:
    enter = ["ip", "netns", "exec", space, "unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', f"bench-{name}"]
    with log.open("wb") as output:
        variables = {**os.environ, **environment(), "PYSPARK_PYTHON": sys.executable}
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        return subprocess.Popen([*enter, *command], env=variables, **streams)  # type: ignore[call-overload,no-any-return]


def _wait(log: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while "ready" not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > end:
            raise BenchmarkError(f"hosts: {log.stem} did not start: {last_line(log)}")
        time.sleep(0.1)


def _stop(started: list[subprocess.Popen[bytes]]) -> None:
    for process in reversed(started):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in reversed(started):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
