"""Running a command and knowing what it cost: wall time, CPU-seconds of its whole tree, memory, what else ran.

CPU-seconds are the kernel's (``wait4``), so they hold on a busy machine where wall times do not.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from metapipe.machine import cores, memory_mb

#: Cores kept busy by others above which a measurement is marked as disturbed.
DISTURBED = 0.5


#: Starts a command and says what it used. The kernel counts the memory that a process has before it becomes another
#: program as that program's: of a benchmark that holds a taxonomy, 650 MiB of ``cat``. This one holds next to nothing.
_STARTER = """
import json, os, signal, sys, time
report = os.fdopen(int(sys.argv[1]), "w")
os.set_inheritable(report.fileno(), False)
signal.signal(signal.SIGINT, signal.SIG_IGN)
started = time.monotonic()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, setsigdef=[signal.SIGINT])
signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
print(child, file=report, flush=True)
_, status, used = os.wait4(child, 0)
wall, cpu = time.monotonic() - started, used.ru_utime + used.ru_stime
said = {"code": os.waitstatus_to_exitcode(status), "wall": wall, "cpu": cpu, "rss_mib": used.ru_maxrss / 1024}
print(json.dumps(said), file=report)
"""


class BenchmarkError(Exception):
    """A benchmark that cannot go on; its text is one line for the user."""


@dataclass(frozen=True)
class Spent:
    """What one run cost.

    :param wall: seconds. :param cpu: seconds of CPU of the command and all it waited for.
    :param rss_mib: peak resident memory of its largest process. :param others: cores other work kept busy meanwhile.
    """

    wall: float
    cpu: float
    rss_mib: float
    others: float


Variant = Callable[[], Spent]


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    log: Path | None = None,
    meanwhile: Callable[[int], None] | None = None,
) -> Spent:
    """Run a command to its end.

    :param log: file for its output and errors; thrown away afterwards when None.
    :param meanwhile: called with its process id in a thread while it runs; must end when the process has.
    :raises BenchmarkError: when it fails, with its last words.
    """
    words = [str(word) for word in command]
    busy = _busy_seconds()
    with contextlib.ExitStack() as stack:
        # Kept even when nobody asked for it: a failure is told with its last words.
        log = log or Path(stack.enter_context(TemporaryDirectory(prefix="bench-"))) / "log"
        output = stack.enter_context(log.open("wb"))
        words_read, words_written = os.pipe()
        report = stack.enter_context(os.fdopen(words_read))
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _STARTER, str(words_written), *words],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(words_written,),
        )
        os.close(words_written)
        try:
            used = _used(report, meanwhile)
            process.wait()
        except BaseException:  # interrupted: our command ends its own children on SIGTERM
            process.terminate()
            process.wait()
            raise
        if used is None or used["code"]:
            code = process.returncode if used is None else used["code"]
            raise BenchmarkError(f"{_name(words)} ended with {code}: {last_line(log)}")
    others = max(0.0, (_busy_seconds() - busy - used["cpu"]) / max(used["wall"], 0.01))
    return Spent(used["wall"], used["cpu"], used["rss_mib"], others)


def _used(report: TextIO, meanwhile: Callable[[int], None] | None) -> dict[str, float] | None:
    """Wait for what the starter says; None where it could not start the command."""
    first = report.readline()
    companion = threading.Thread(target=meanwhile or (lambda pid: None), args=(int(first or 0),), daemon=True)
    if first:
        companion.start()
    last = report.readline()
    if first:
        companion.join(5.0)
    return json.loads(last) if last else None


def call(command: Sequence[str | Path], **keywords: Any) -> bytes:
    """Standard output of a command outside of any measurement."""
    ran = subprocess.run([str(word) for word in command], capture_output=True, check=False, **keywords)
    if ran.returncode:
        last = (ran.stderr.decode(errors="replace").strip().splitlines() or ["(no word)"])[-1]
        raise BenchmarkError(f"{command[0]} ended with {ran.returncode}: {last}")
    return ran.stdout


def last_line(log: Path) -> str:
    """The last line of a log, or the last that has one of our codes."""
    lines = log.read_text(errors="replace").strip().splitlines()
    said = [line for line in lines if "METAPIPE-" in line] or lines
    return said[-1][:300] if said else "(no word)"


def _name(words: Sequence[str]) -> str:
    shown = (word if "\n" not in word else "…" for word in words)
    return " ".join(Path(word).name if word.startswith("/") else word for word in shown)[:120]


def _busy_seconds() -> float:
    """CPU-seconds all processes of this host have used since it started (steal and idle not counted)."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system = fields[0], fields[1], fields[2]
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def rounds(
    variants: Mapping[str, Variant],
    repeats: int,
    *,
    deadline: float | None = None,
    essential: Collection[str] = (),
    after: Callable[[Mapping[str, list[Spent]]], None] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, list[Spent]]:
    """Run all variants one after the other, then all of them again: a busy spell is unfair to all alike.

    :param deadline: ``time.monotonic()`` that is to be kept; the first round always runs whole.
    :param essential: variants that later rounds are kept for when time does not suffice for all; all when empty.
    :param after: called with all that was measured so far after each round, to keep it.
    """
    seen: dict[str, list[Spent]] = {name: [] for name in variants}
    for number in range(repeats):
        chosen = list(variants)
        if number and deadline is not None:
            cost = {name: max(spent.wall for spent in runs) for name, runs in seen.items()}
            least = [name for name in variants if name in essential] or list(variants)
            left, short = deadline - time.monotonic(), sum(cost[name] for name in least)
            if left < short:
                say(f"  stopping after {number} of {repeats} rounds: the time given is used up")
                break
            if left < sum(cost.values()) + short * (repeats - number - 1):
                chosen = least
        for name in chosen:
            spent = variants[name]()
            seen[name].append(spent)
            say(f"  {name:40} {spent.wall:8.2f} s wall {spent.cpu:8.2f} s CPU   others {spent.others:.1f} cores")
        if after is not None:
            after(seen)
    return seen


def with_cpu(spent: Spent, more: float) -> Spent:
    """Add CPU-seconds that were used in a process that the command did not start (a warm server)."""
    return replace(spent, cpu=spent.cpu + more, others=max(0.0, spent.others - more / max(spent.wall, 0.01)))


def spread(values: Sequence[float]) -> dict[str, float | int]:
    """Median, quartiles, least and number of some values."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    names = ("median", "first_quartile", "third_quartile", "least")
    return {**{k: round(v, 4) for k, v in zip(names, (middle, low, high, min(values)), strict=True)}, "n": len(values)}


def summary(spent: Sequence[Spent]) -> dict[str, Any]:
    """What the results keep of all runs of one variant."""
    worst = max(one.others for one in spent)
    return {
        "wall_seconds": spread([one.wall for one in spent]),
        "cpu_seconds": spread([one.cpu for one in spent]),
        "largest_process_mib": spread([one.rss_mib for one in spent]),
        "others_cores": round(worst, 2),
        "disturbed": worst > DISTURBED,
        "runs": [[round(one.wall, 3), round(one.cpu, 3)] for one in spent],
    }


def machine() -> dict[str, Any]:
    """The machine a result belongs to. No host name: it says nothing about speed."""
    models = [line.partition(":")[2] for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cores": cores(),
        "cpu": models[0].strip() if models else platform.machine(),
        "memory_mib": memory_mb(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def load() -> float:
    """Load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
