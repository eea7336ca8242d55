"""The warm session server through what befalls it: stops, kills, a lost Java process, a session that has grown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from marked_program import HERE, PYTHON_PATH, allowed
from warm_servers import WarmServer, start_server

from metapipe import cli
from metapipe.commands import warm as warm_command
from metapipe.errors import MetapipeError


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmServer]:
    (tmp_path / "w").mkdir()
    server = start_server(tmp_path / "w", "--drain-seconds", "1")
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(server.socket))
    yield server
    if server.process.poll() is None:
        server.end()


@pytest.fixture
def slow(start: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start a run of 6 s in 6 blocks and wait until its first block has begun."""
    started: list[subprocess.Popen[str]] = []

    def go(server: WarmServer) -> subprocess.Popen[str]:
        words = ["slow", "--contigs", fasta(6), "--outdir", tmp_path / "out", "--flag", tmp_path / "flag"]
        run = start(*words, "--seconds", "1", "--blocks", "6", "--slots", "1", "--session", "warm")
        started.append(run)
        server.wait(lambda facts: any(client["running"] for client in facts["clients"]))
        return run

    yield go
    for run in started:
        if run.poll() is None:
            run.kill()
            run.communicate()


def metapipe(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(HERE / "cli_with_test_stages.py")]
    return subprocess.run(
        [*program, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": PYTHON_PATH},
    )


def _failed_with(run: subprocess.Popen[str], folder: Path) -> str:
    _, errors = run.communicate(timeout=allowed(30))
    assert run.returncode == 75, errors
    assert errors.startswith("METAPIPE-E601 the warm session was lost (")
    assert len(errors.splitlines()) == 1
    assert not (folder / "copy.fasta").exists()
    report = json.loads((folder / "run_report.json").read_text())
    assert (report["status"], report["error"]["code"]) == ("failed", "E601")
    return errors


def test_a_killed_java_process_costs_its_runs_and_is_replaced_by_itself(
    server: WarmServer, slow: Callable[..., Any], run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    running = slow(server)
    old = server.java
    old.kill()
    _failed_with(running, tmp_path / "out")
    facts = server.wait(lambda facts: facts["state"] == "ready" and facts["restarts"] == 1)
    assert facts["pid"] == server.process.pid
    assert server.java.pid != old.pid
    again = run("identity", {"contigs": fasta(8)}, session="warm", slots=2, blocks=2)
    assert again.outputs == run("identity", {"contigs": fasta(8)}).outputs


@pytest.mark.slow
def test_a_killed_server_leaves_nothing_but_a_socket_file_that_the_next_one_replaces(
    server: WarmServer, slow: Callable[..., Any], tmp_path: Path
) -> None:
    running = slow(server)
    server.end(signal.SIGKILL)
    _failed_with(running, tmp_path / "out")
    assert server.socket.exists()
    assert metapipe("warm", "status", "--socket", server.socket).returncode == 3
    next_one = start_server(tmp_path / "w")
    finished = metapipe(
        *("slow", "--contigs", tmp_path / "contigs.fasta", "--outdir", tmp_path / "out", "--flag", tmp_path / "flag"),
        *("--seconds", "1", "--blocks", "6", "--slots", "1", "--session", "warm"),
    )
    assert finished.returncode == 0, finished.stderr
    # The first run's finished blocks were kept.
    assert len((tmp_path / "flag").read_text().splitlines()) < 9
    next_one.end()


def test_a_stop_gives_runs_a_while_and_then_ends_everything(
    server: WarmServer, slow: Callable[..., Any], tmp_path: Path
) -> None:
    running = slow(server)
    ended = metapipe("warm", "down", "--socket", server.socket)
    assert (ended.returncode, ended.stdout) == (0, "the warm session server has ended\n")
    assert "the server is stopping" in _failed_with(running, tmp_path / "out")
    assert server.process.wait(timeout=allowed(5)) == 0
    assert sorted(path.name for path in server.socket.parent.iterdir()) == ["warm.log", "warm.sock.lock"]


@pytest.mark.slow
def test_a_run_that_ends_in_time_is_not_lost_by_a_stop(
    start: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w").mkdir()
    server = start_server(tmp_path / "w", "--drain-seconds", "60")
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(server.socket))
    words = ["slow", "--contigs", fasta(2), "--outdir", tmp_path / "out", "--flag", tmp_path / "flag"]
    running = start(*words, "--seconds", "2", "--blocks", "2", "--slots", "2", "--session", "warm")
    server.wait(lambda facts: any(client["running"] for client in facts["clients"]))
    server.end()
    _, errors = running.communicate(timeout=allowed(30))
    assert running.returncode == 0, errors


@pytest.mark.slow
def test_a_session_that_has_grown_is_replaced_between_jobs(
    tmp_path: Path, run: Callable[..., Any], fasta: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w").mkdir()
    server = start_server(tmp_path / "w", "--max-memory-mb", "50")
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(server.socket))
    java = server.java.pid
    first = run("identity", {"contigs": fasta(8)}, session="warm", slots=2, blocks=2)
    facts = server.wait(lambda facts: facts["state"] == "ready" and facts["restarts"] == 1)
    assert facts["pid"] == server.process.pid
    assert not psutil.pid_exists(java)
    assert "MB of memory, more than 50" in server.log
    again = run("identity", {"contigs": fasta(8)}, session="warm", slots=2, blocks=2)
    assert again.outputs == first.outputs
    server.end()


@pytest.mark.slow
def test_an_old_session_is_drained_and_replaced_and_new_runs_go_on_cold_meanwhile(
    tmp_path: Path, slow: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from metapipe.runner.warm.session import look_for_warm

    (tmp_path / "w").mkdir()
    server = start_server(tmp_path / "w", "--max-age-hours", "0.0025")  # 9 s
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(server.socket))
    began = server.facts()["age_seconds"]
    time.sleep(max(0.0, 6 - began))
    running = slow(server)
    server.wait(lambda facts: facts["state"] == "draining")
    offer = look_for_warm(None, 2)
    assert not offer
    assert "a fresh session is about to start (older than" in offer.reason
    _, errors = running.communicate(timeout=allowed(30))
    assert running.returncode == 0, errors
    server.wait(lambda facts: facts["restarts"] == 1)
    server.end()


def test_up_status_and_down(tmp_path: Path) -> None:
    socket = tmp_path / "folder" / "s"
    nobody = metapipe("warm", "status", "--socket", socket)
    assert (nobody.returncode, "no warm session server runs" in nobody.stdout) == (3, True)
    assert metapipe("warm", "down", "--socket", socket).stdout == "no warm session server was running\n"
    up = metapipe("warm", "up", "--socket", socket, "--slots", "1")
    assert up.returncode == 0, up.stderr
    try:
        assert up.stdout.splitlines()[-1] == f"export METAPIPE_WARM_SOCKET={socket}"
        facts = json.loads(metapipe("warm", "status", "--json", "--socket", socket).stdout)
        assert (facts["state"], facts["slots"], facts["clients"]) == ("ready", 1, [])
        assert 50 < facts["memory_mb"] < 1500
        assert facts["session"]["master"] == "local[1,4]"
        assert metapipe("warm", "up", "--socket", socket).stdout.startswith("already ready")
        second = metapipe("warm", "run", "--socket", socket)
        assert (second.returncode, "METAPIPE-E321" in second.stderr) == (69, True)
    finally:
        assert metapipe("warm", "down", "--socket", socket).returncode == 0
    assert not psutil.pid_exists(facts["pid"]) or psutil.Process(facts["pid"]).status() == psutil.STATUS_ZOMBIE
    assert not socket.exists()


def test_a_server_that_answers_while_it_gives_up_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a moment between the failure of its Java and its end."""

    class GivingUp:
        pid, looks = 77, 0

        def __init__(self, *_: Any, stdout: Any, **__: Any) -> None:
            stdout.write(b"METAPIPE-E302 no Java\n")

        def poll(self) -> int | None:
            self.looks += 1
            return None if self.looks < 3 else 69

        def terminate(self) -> None: ...

        def wait(self) -> None: ...

    answers = iter([None, {"state": "starting", "pid": 77}])
    monkeypatch.setattr(warm_command.subprocess, "Popen", GivingUp)
    monkeypatch.setattr(warm_command, "ask_server", lambda *_: next(answers, {"state": "draining", "pid": 77}))
    arguments = ["warm", "up", "--socket", str(tmp_path / "folder" / "s")]
    with pytest.raises(MetapipeError, match=r"METAPIPE-E321 .* its last words: METAPIPE-E302"):
        cli.run(arguments)


def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").write_text("#!/bin/sh\necho 'no memory here' >&2\nexit 1\n")
    (tmp_path / "bin" / "java").chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    up = metapipe("warm", "up", "--socket", tmp_path / "folder" / "s")
    assert up.returncode == 69
    assert up.stderr.startswith("METAPIPE-E321 s.log: the server ended at its start; its last words: METAPIPE-E302")
    assert "no memory here" in up.stderr
    (tmp_path / "open").mkdir(mode=0o755)
    refused = metapipe("warm", "up", "--socket", tmp_path / "open" / "s")
    assert (refused.returncode, "METAPIPE-E322" in refused.stderr) == (69, True)
    long = metapipe("warm", "up", "--socket", tmp_path / ("x" * 100) / "s")
    assert "METAPIPE-E322" in long.stderr
