"""The program with the test stages, run as a program, and what must hold when it has ended, however it ended.

Every process that it starts inherits a mark in its environment, so that one that left its session, lost its parent or
was started by a JVM is found as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from metapipe.errors import CODES

HERE = Path(__file__).parent
#: Where programs that a test starts find the test stages, and the package where it is not installed.
PYTHON_PATH = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
MARK = "METAPIPE_TEST_MARK"
#: Servers that the tests of a module share: what runs below them is theirs to end.
KEPT: set[int] = set()
#: Files of a run that are neither output nor report: parts that a rerun may use.
WORK = ".metapipe-work"
#: A time limit in seconds for runs of which some blocks have no fault: these need hundredths of a second on a machine
#: that has nothing else to do, and this on none.
LIMIT = 3.0


def allowed(seconds: float) -> float:
    """What a promise of so many seconds is here and now: a busy machine gives each process a share of a core.

    The load is the kernel's average of a minute, so it lags behind: twice the time is always allowed.
    """
    return seconds * max(2.0, 2.0 * os.getloadavg()[0] / len(os.sched_getaffinity(0)))


def wait_until(condition: Callable[[], bool], seconds: float = 240.0) -> None:
    """Wait for what is sure to come: the limit is for a machine that is very busy, and for faults."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.02)


def processes_with(mark: str) -> dict[int, str]:
    """Living processes that carry the mark: pid -> command line."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark.encode() in (entry / "environ").read_bytes():  # empty for a zombie
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


class MarkedProgram:
    """A started run.

    :param words: the command line without ``--outdir``, which is added. :param environment: on top of this one's.
    :param script: the program, when it is not the plain one.
    """

    def __init__(
        self,
        words: Iterable[str | Path],
        outdir: Path,
        *,
        environment: dict[str, str] | None = None,
        script: str = "cli_with_test_stages.py",
    ) -> None:
        self.outdir, self.mark = outdir, f"metapipe-{uuid.uuid4().hex}"
        self.output = self.errors = ""
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script), *map(str, words), "--outdir", str(outdir)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": PYTHON_PATH, MARK: self.mark, **(environment or {})},
        )

    def parts(self) -> list[str]:
        """Names of the blocks whose parts are whole."""
        return sorted(path.name for path in (self.outdir / WORK).glob("*/parts/*"))

    def alive(self) -> dict[int, str]:
        return processes_with(self.mark)

    def below(self, *words: str) -> list[int]:
        """Living processes of this run, the driver left out, whose command line holds all the words."""
        return [
            pid for pid, line in self.alive().items() if pid != self.process.pid and all(word in line for word in words)
        ]

    def kill(self) -> None:
        """``kill -9`` the driver alone."""
        self.process.kill()
        self.process.wait()

    def wait(self, seconds: float = 180.0) -> MarkedProgram:
        try:
            self.output, self.errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise
        return self

    def end(self) -> None:
        """Kill whatever is left (the finaliser of the fixture)."""
        for pid in [self.process.pid] * (self.process.poll() is None) + list(self.alive()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    # -------------------------------------------------------------------------------------- what must hold

    def report(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.outdir / "run_report.json").read_text())
        return told

    def must_be_gone(self, seconds: float = 5.0) -> None:
        """No process of the run is left ``seconds`` after its driver has ended."""
        deadline = time.monotonic() + allowed(seconds)
        while left := self.alive():
            assert time.monotonic() < deadline, left
            time.sleep(0.02)

    def must_have_no_output(self, *, report: bool = True) -> None:
        """Nothing lies where the outputs should: no output, no part of one, no temporary file."""
        found = {path.name for path in self.outdir.iterdir()} - {WORK}
        assert found == ({"run_report.json"} if report else set())

    def must_fail(self, code: str, text: str = "", *, report: bool = True, gone_after: float = 5.0) -> None:
        """It ended with the exit code of ``code`` and one line that says so, left nothing, and wrote its report.

        :param text: regular expression that the line must hold. :param report: false where it cannot be written.
        """
        lines = self.errors.splitlines()
        coded = [line for line in lines if re.match(r"METAPIPE-E\d{3} ", line)]
        assert len(coded) == 1, self.errors
        assert lines[0] == coded[0], self.errors
        assert coded[0].startswith(f"METAPIPE-{code} "), self.errors
        assert re.search(text, coded[0]), self.errors
        assert "Traceback" not in self.errors, self.errors
        assert self.process.returncode == CODES[code].exit_code
        self.must_be_gone(gone_after)
        self.must_have_no_output(report=report)
        if report:
            told = self.report()
            assert told["status"] == "failed"
            assert (told["error"]["code"], told["error"]["exit_code"]) == (code, CODES[code].exit_code)
            assert told["error"]["message"] == coded[0]

    def must_succeed(self, outputs: dict[str, bytes], *, quarantined: int = 0) -> dict[str, Any]:
        """It ended well with these bytes (file name -> content), and nothing else but its report; returns that."""
        assert self.process.returncode == 0, self.errors
        assert "Traceback" not in self.errors, self.errors
        assert not re.search(r"(?m)^METAPIPE-E", self.errors), self.errors
        self.must_be_gone()
        for name, content in outputs.items():
            assert (self.outdir / name).read_bytes() == content, name
        beside = {"run_report.json", "summary.json"} | ({"quarantine.fasta"} if quarantined else set())
        assert {path.name for path in self.outdir.iterdir()} == {*outputs, *beside}
        told = self.report()
        assert (told["status"], told["error"], told["totals"]["quarantined"]) == ("ok", None, quarantined)
        return told
