"""A warm session server of a test: started, watched and ended by process id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from marked_program import HERE, KEPT, PYTHON_PATH, allowed

from metapipe.runner.warm.session import ask_server


@dataclass
class WarmServer:
    process: subprocess.Popen[bytes]
    socket: Path

    def facts(self) -> dict[str, Any]:
        return ask_server(self.socket, "status") or {"state": "down", "clients": [], "restarts": 0}

    def wait(self, holds: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
        """Wait until the server says so."""
        deadline = time.monotonic() + seconds
        while not holds(facts := self.facts()):
            assert time.monotonic() < deadline, facts
            assert self.process.poll() is None, self.log
            time.sleep(0.1)
        return facts

    @property
    def log(self) -> str:
        return self.socket.with_suffix(".log").read_text()

    @property
    def java(self) -> psutil.Process:
        (found,) = [child for child in psutil.Process(self.process.pid).children() if child.name() == "java"]
        return found

    def below(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it and see that nothing of it is left."""
        below = self.below() if self.process.poll() is None else []
        self.process.send_signal(number)
        self.process.wait(timeout=60)
        KEPT.discard(self.process.pid)
        _, alive = psutil.wait_procs(below, timeout=allowed(10))
        assert not alive


def start_server(folder: Path, *words: str, slots: int = 2) -> WarmServer:
    folder.chmod(0o700)
    socket = folder / "warm.sock"
    with socket.with_suffix(".log").open("wb") as log:
        program = [sys.executable, str(HERE / "cli_with_test_stages.py"), "warm", "run"]
        process = subprocess.Popen(
            [*program, "--socket", str(socket), "--slots", str(slots), *words],
            env={**os.environ, "PYTHONPATH": PYTHON_PATH, "ONLY_THE_SERVER": "yes"},
            stdout=log,
            stderr=log,
        )
    KEPT.add(process.pid)
    server = WarmServer(process, socket)
    server.wait(lambda facts: facts["state"] == "ready", 90)
    return server
