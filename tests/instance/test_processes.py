import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from metapipe.instance.local import processes

MARK = "a-mark-of-these-tests"


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[processes.Identity]:
    identity = processes.start("web", ["sleep", "60"], {"PATH": os.defpath}, tmp_path / "log", tmp_path, MARK)
    yield identity
    processes.stop([identity], 1.0)


def test_a_process_is_known_until_it_ends(sleeper: processes.Identity) -> None:
    assert sleeper.alive
    processes.stop([sleeper], 5.0)
    assert not sleeper.alive


def test_another_process_with_the_same_pid_is_not_taken_for_it(sleeper: processes.Identity) -> None:
    earlier = replace(sleeper, started=sleeper.started - 1)
    assert not earlier.alive
    assert not earlier.send(signal.SIGKILL)
    assert sleeper.alive


def test_a_process_of_an_earlier_boot_is_not_taken_for_it(sleeper: processes.Identity) -> None:
    assert not replace(sleeper, boot="another").alive


def test_records_survive_writing_and_reading(tmp_path: Path, sleeper: processes.Identity) -> None:
    processes.write_record(tmp_path / "web.json", sleeper)
    assert processes.read_record(tmp_path / "web.json") == sleeper
    (tmp_path / "web.json").write_text("{}")
    assert processes.read_record(tmp_path / "web.json") is None


def test_processes_are_found_by_their_mark_without_a_record(sleeper: processes.Identity) -> None:
    assert processes.belonging(MARK) == [sleeper]
    assert processes.belonging(MARK, part="celery") == []
    assert processes.belonging("another mark") == []


def test_a_child_that_cleared_its_environment_is_found_through_its_session(tmp_path: Path) -> None:
    script = "import subprocess, time; subprocess.Popen(['sleep', '60'], env={}, process_group=0); time.sleep(60)"
    environ = {"PATH": os.defpath}
    parent = processes.start("web", [sys.executable, "-c", script], environ, tmp_path / "log", tmp_path, MARK)
    assert processes.wait_until(lambda: len(processes.belonging(MARK, [parent])) == 2, 60.0)
    processes.stop(processes.belonging(MARK, [parent]), 5.0)
    assert processes.belonging(MARK, [parent]) == []


def test_a_process_that_ignores_the_request_is_ended(tmp_path: Path) -> None:
    script = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    environ, log = {"PATH": os.defpath}, tmp_path / "log"
    stubborn = processes.start("web", [sys.executable, "-c", script], environ, log, tmp_path, MARK)
    assert processes.wait_until(lambda: log.read_text() == "on\n", 60.0)
    processes.stop([stubborn], 0.2)
    assert not stubborn.alive


class Undying(processes.Identity):
    """A process that waits in the kernel: no signal ends it."""

    @property
    def alive(self) -> bool:
        return True

    def send(self, number: int) -> bool:
        return True


def test_stopping_gives_up_on_what_cannot_die_and_names_it(
    sleeper: processes.Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_KILL_SECONDS", 0.1)
    stuck = Undying(os.getpid(), 1, "boot")
    left = processes.stop([sleeper, stuck], 0.1, lambda: [stuck])
    assert left == [stuck]
    assert not sleeper.alive
    assert processes.name_of(stuck).startswith(f"process {os.getpid()} (")


def test_stopping_ends_though_new_processes_come_again_and_again() -> None:
    asked = 0

    def another() -> list[processes.Identity]:
        nonlocal asked
        asked += 1
        return [processes.Identity(os.getpid(), asked, "boot")]

    assert processes.stop(another(), 0.0, another) == []
    assert asked < 100


def test_only_children_that_were_started_here_are_reaped() -> None:
    with subprocess.Popen(["false"]) as child:
        assert processes.wait_until(lambda: processes.identify(child.pid) is None, 60.0)
        processes.reap()
        assert child.wait() == 1


def test_a_zombie_counts_as_ended() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.identify(child.pid) is None
    child.wait()
