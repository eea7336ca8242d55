"""Stages whose programs, blocks or set-up attack, hog, hang or flood. Importable by the workers (see conftest)."""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages_for_tests import Identity

from metapipe.runner.declare.elements import Exact, Output, RefDB, WholeInput, option
from metapipe.runner.declare.stage import Task

SHELL = "/bin/sh"
PYTHON = [sys.executable, "-I", "-S", "-c"]
#: Ends in a way that does not say why.
#: At most 200 MB a second: how far a faster one gets before the next look depends on the machine's load.
HOG = """
import time
held = []
try:
    while True: held.append(bytearray(b'x') * (1 << 20)); time.sleep(0.005)
except MemoryError:
    raise SystemExit('something went wrong')
"""
#: Each process stays below the limit of one, all together do not.
HOGS = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        held = bytearray(b'x') * (60 << 20)
        time.sleep(300)
time.sleep(300)
"""
FILES = "for n in range(10000): open(str(n), 'w').write('x')\nimport sys; sys.stderr.write('[ok]')"
STUBBORN = """
import os, signal, time
for number in range(1, signal.NSIG):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
if os.fork(): os.wait()
else:
    os.setsid()
    os.fork()
    time.sleep(300)
"""
FLOOD = "head -c {} /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo 'the end' >&2; exit 1"


@dataclass(frozen=True)
class Attack:
    targets: str = option("{}", "what to attack, as JSON")


class Attacking(Identity):
    """Runs the hostile tool; the table of its tries is the result."""

    name = "attacking"
    options = Attack
    databases = {"db": RefDB(kind="test", help="db")}
    outputs = {"tries": Output("tsv", "tries")}
    invariance = WholeInput()
    programs = {"sh": "dash"}

    def run(self, task: Task, state: Any) -> None:
        task.output("tries")
        task.input_file("contigs")
        tool = task.scratch / "tool.py"
        tool.write_text((Path(__file__).parent / "hostile_tool.py").read_text())
        words = [sys.executable, "-I", tool, task.options.targets]
        task.launch(words, stdout=task.output_path("tries"), finished="[ok]")


class Calling(Identity):
    """Tries the network itself, in its set-up and in its block."""

    name = "calling"
    outputs = {"tries": Output("tsv", "tries")}
    invariance = Exact()

    def setup(self, task: Task) -> str:
        return call()

    def run(self, task: Task, state: str) -> None:
        for _ in task.records():
            task.output("tries").write(f"{state} {call()}\n".encode())


def call() -> str:
    try:
        socket.socket(socket.AF_INET).close()
    except PermissionError:
        return "refused"
    return "done"


@dataclass(frozen=True)
class HowToMisbehave:
    how: str = option("nothing", "what happens at records whose name begins with poison")
    where: str = option("block", "block or setup")
    size: int = option(0, "of a flood, in bytes")
    seconds: float = option(300.0, "of a hang")


class Misbehaving(Identity):
    name = "misbehaving"
    options = HowToMisbehave
    programs = {"sh": "dash"}

    def setup(self, task: Task) -> None:
        if task.options.where == "setup":
            misbehave(task)

    def run(self, task: Task, state: Any) -> None:
        for record in task.records():
            if record.name.startswith("poison") and task.options.where == "block":
                misbehave(task)
            task.output("copy").write(b">%s\n%s\n" % (record.name.encode(), record.sequence))


def misbehave(task: Task) -> None:
    options = task.options
    match options.how:
        case "hog":
            held = []
            while True:
                held.append(bytearray(b"x") * (1 << 20))
                time.sleep(0.005)
        case "program-hog":
            task.launch([*PYTHON, HOG])
        case "program-hogs":
            task.launch([*PYTHON, HOGS])
        case "reserve":
            task.launch([*PYTHON, "import mmap, time; held = mmap.mmap(-1, 4 << 30, mmap.MAP_PRIVATE); time.sleep(1)"])
        case "sleep":
            time.sleep(options.seconds)
        case "program-sleep":
            task.launch([SHELL, "-c", f"sleep {options.seconds}; true"])
        case "burn":
            while True:
                pass
        case "program-burn":
            task.launch([SHELL, "-c", "while true; do :; done"])
        case "talk":
            task.launch([SHELL, "-c", "for n in 1 2 3 4 5 6 7 8 9 10; do echo $n >&2; sleep 0.5; done"])
        case "segfault":
            faulthandler.disable()
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            os._exit(3)
        case "raise":
            raise ValueError("not set up")
        case "program-segfault":
            task.launch([SHELL, "-c", "kill -SEGV $$"])
        case "flood":
            task.launch([SHELL, "-c", FLOOD.format(options.size)])
        case "files":
            task.launch([*PYTHON, FILES], finished="[ok]")
        case "stubborn":
            task.launch([*PYTHON, STUBBORN])
        case "daemon":
            task.launch([SHELL, "-c", "setsid -f sleep 300 >/dev/null 2>&1 </dev/null; exit 5"])
        case other:
            raise AssertionError(other)


@dataclass(frozen=True)
class HowToSetUp:
    log: str = option("", "a file to which each set-up writes its process")
    seconds: float = option(0.0, "CPU seconds of a set-up")


class SettingUp(Identity):
    """Says which process did the set-up and which is the parent of each block's."""

    name = "setting_up"
    options = HowToSetUp
    outputs = {"tries": Output("tsv", "tries")}

    def setup(self, task: Task) -> int:
        if task.options.log:
            with open(task.options.log, "a") as log:
                log.write(f"{os.getpid()}\n")
        stop = time.process_time() + task.options.seconds
        while time.process_time() < stop:
            pass
        return os.getpid()

    def run(self, task: Task, state: int) -> None:
        for _ in task.records():
            task.output("tries").write(f"{state} {os.getppid()}\n".encode())


HOSTILE = {stage.name: f"hostile_stages:{stage.__name__}" for stage in (Attacking, Calling, Misbehaving, SettingUp)}
