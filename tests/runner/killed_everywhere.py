"""Runs the program again and again, each time killed one step later than before, and once more to its end after each.

A *step* is something the driver does to the world: open a file for writing, make, rename or remove a file or folder,
start a process. Python announces each (``sys.addaudithook``), so nothing in the program knows of this. Every run is a
fork of this process, in which all is imported already. Prints one line of JSON for each kill: the step, and what was
seen after it.

usage: killed_everywhere.py WHICH OUTDIR word…   (WHICH: "every N" steps, or a regular expression for their names)
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

from cli_with_test_stages import main
from marked_program import MARK, WORK, processes_with

STEPS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "subprocess.Popen", "os.fork"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def step_name(event: str, arguments: tuple[object, ...]) -> str:
    """A word for what is about to happen, empty when it changes nothing outside the process."""
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING and arguments[0] != os.devnull:
        return f"open {Path(str(arguments[0])).name}"
    if event in STEPS:
        return f"{event} {Path(str(arguments[0])).name if arguments else ''}".strip()
    return ""


def run(words: list[str], kill_at: int, log: Path | None = None) -> int:
    """Fork, run the program, kill it before its step number ``kill_at`` (0: never); returns the wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    me, count = os.getpid(), 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event == "open" and log is not None and arguments[0] == str(log):
            return
        if os.getpid() == me and (name := step_name(event, arguments)):
            count += 1
            if log is not None:
                with log.open("a") as file:
                    file.write(name + "\n")
            if count == kill_at:
                os.kill(me, signal.SIGKILL)

    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    sys.addaudithook(hook)
    code = 70
    with contextlib.suppress(BaseException):
        code = main(words)
    sys.stderr.flush()
    os._exit(code)


def seconds_until_gone(mark: str, limit: float = 600.0) -> float:
    started = time.monotonic()
    while processes_with(mark) and time.monotonic() - started < limit:
        time.sleep(0.01)
    return time.monotonic() - started


def contents(outdir: Path) -> dict[str, str]:
    """Files beside the targets, as text; the run report by name alone, since it holds times."""
    return {
        path.name: "" if path.name == "run_report.json" else path.read_text()
        for path in sorted(outdir.iterdir())
        if path.name != WORK
    }


def chosen(which: str, steps: list[str]) -> list[int]:
    every = re.fullmatch(r"every (\d+)", which)
    numbers = range(1, len(steps) + 1)
    return list(numbers[:: int(every[1])]) if every else [n for n in numbers if re.search(which, steps[n - 1])]


def explore(which: str, outdir: Path, words: list[str]) -> None:
    log = outdir.with_suffix(".steps")
    mark = os.environ[MARK]
    words = [*words, "--outdir", str(outdir)]
    assert run(words, 0, log) == 0
    steps, expected = log.read_text().splitlines(), contents(outdir)
    print(json.dumps({"steps": len(steps), "expected": expected}), flush=True)
    for number in chosen(which, steps):
        shutil.rmtree(outdir)
        status = run(words, number)
        gone = seconds_until_gone(mark)
        after = contents(outdir) if outdir.is_dir() else {}
        parts = len(list(outdir.glob(f"{WORK}/*/parts/*")))
        again = run(words, 0)
        kept = json.loads((outdir / "run_report.json").read_text())["totals"]["kept"] if again == 0 else -1
        told = {"step": number, "what": steps[number - 1], "killed": os.WIFSIGNALED(status), "gone": gone}
        told |= {"after": after, "parts": parts, "again": again, "kept": kept}
        told["left"] = [path.name for path in outdir.rglob("*") if path.is_dir() or path.name not in expected]
        print(json.dumps({**told, "same": contents(outdir) == expected}), flush=True)


if __name__ == "__main__":
    explore(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
