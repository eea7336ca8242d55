"""Keeps one machine running: a process of its own, which starts it again whenever it ends, until it is told to stop."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

#: Seconds a machine has for its shutdown. One that ends within SOON after its start, so many times, stays off.
PATIENCE, SOON, TIMES = 45, 3.0, 3
_PR_SET_PDEATHSIG = 1
_GROUPS = Path("/sys/fs/cgroup")


def main(lock: str, group: str, command: list[str]) -> int:
    """Hold ``lock`` and run ``command`` again and again in the control group ``group``."""
    with open(lock, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.write(f"{os.getpid()}\n")
        file.flush()
        asked: set[int] = set()
        # TERM: the machine is shut down and stays so; USR1: its power is cut, and it starts again.
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, lambda found, _frame: asked.add(found))
        groups = _enter(group)
        quick = 0
        while signal.SIGTERM not in asked and quick < TIMES:
            started = time.monotonic()
            _watch(subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent), asked)
            quick = quick + 1 if time.monotonic() - started < SOON else 0
        _leave(groups)
    return 0


def _watch(running: subprocess.Popen[bytes], asked: set[int]) -> None:
    """Until a machine has ended; do to it what is asked in the meantime."""
    deadline = None
    while running.poll() is None:
        if signal.SIGTERM in asked and deadline is None:
            deadline = time.monotonic() + PATIENCE
            running.terminate()
        if signal.SIGUSR1 in asked or (deadline is not None and time.monotonic() > deadline):
            asked.discard(signal.SIGUSR1)
            _cut_power(running.pid)
        time.sleep(0.05)


def _cut_power(nspawn: int) -> None:
    """End the machine's first process, and with it all of them; it would survive the end of systemd-nspawn alone."""
    for child in Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)


def _end_with_parent() -> None:
    """A keeper that is killed has its machine shut down."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _enter(group: str) -> list[Path]:
    """A control group of the machine's own: systemd makes one; where it does not run, all machines would share one."""
    if Path("/run/systemd/system").is_dir():
        return []
    made = []
    for tree in (_GROUPS / "systemd", _GROUPS / "unified", _GROUPS):
        if (tree / "cgroup.procs").exists():
            (tree / group).mkdir(exist_ok=True)
            (tree / group / "cgroup.procs").write_text(str(os.getpid()))
            made.append(tree / group)
    return made


def _leave(groups: list[Path]) -> None:
    for group in groups:
        (group.parent / "cgroup.procs").write_text(str(os.getpid()))
        for folder, _, _ in os.walk(group, topdown=False):
            # The kernel needs a moment to forget processes that have ended.
            for _ in range(50):
                try:
                    os.rmdir(folder)
                    break
                except OSError:
                    time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
