"""Faults of a real instance: what `status` says, what `up` mends, what `down` leaves. Minutes, not seconds."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from metapipe.instance import parts, processes, settings
from metapipe.instance.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(900)]


def galaxy(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / "scripts" / "galaxy"), words[0], "--state", str(state), *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def pids(found: Settings) -> dict[str, int]:
    return {part: identity.pid for part in parts.PARTS if (identity := parts.identity(found, part)) is not None}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    state = tmp_path_factory.mktemp("galaxy")
    started = galaxy(state, "up")
    assert started.returncode == 0, started.stderr
    found = settings.load(state, None, os.environ | {"METAPIPE_HOME": str(CHECKOUT)})
    yield found
    galaxy(state, "down")


def test_up_again_starts_nothing(running: Settings) -> None:
    before = pids(running)
    assert galaxy(running.state, "up").returncode == 0
    assert pids(running) == before


@pytest.mark.parametrize(("part", "title"), [("celery", "Celery worker"), ("broker", "message broker")])
def test_a_killed_part_is_named_and_only_it_is_started_again(running: Settings, part: str, title: str) -> None:
    before = pids(running)
    os.kill(before[part], signal.SIGKILL)
    assert processes.wait_until(lambda: not parts.is_alive(running, part), 10.0)
    status = galaxy(running.state, "status")
    assert status.returncode == 69
    lines = status.stdout.splitlines()
    assert lines == [f"METAPIPE-E307 the {title} is not running; `scripts/galaxy up` starts it again"]
    assert galaxy(running.state, "up").returncode == 0
    assert {name for name, pid in pids(running).items() if pid != before[name]} == {part}
    assert galaxy(running.state, "status").returncode == 0


def test_a_stopped_worker_is_seen_though_its_process_is_there(running: Settings) -> None:
    worker = parts.identity(running, "celery")
    assert worker is not None
    worker.send(signal.SIGSTOP)
    try:
        assert "the Celery worker runs" in galaxy(running.state, "status").stdout
    finally:
        worker.send(signal.SIGCONT)
    assert processes.wait_until(lambda: galaxy(running.state, "status").returncode == 0, 60.0)


def test_status_for_programs_names_address_and_parts(running: Settings) -> None:
    state = json.loads(galaxy(running.state, "status", "--json").stdout)
    assert (state["state"], state["faults"]) == ("up", [])
    assert {part for part, facts in state["parts"].items() if facts["running"]} == set(parts.PARTS)


def test_credentials_are_private_and_let_the_user_in(running: Settings) -> None:
    assert running.credentials.stat().st_mode & 0o777 == 0o600
    assert running.state.stat().st_mode & 0o777 == 0o700


def test_down_leaves_no_process(running: Settings) -> None:
    doomed = parts.belonging(running)
    assert len(doomed) >= len(parts.PARTS)
    assert galaxy(running.state, "down").returncode == 0
    assert not [identity for identity in doomed if identity.alive]
    assert parts.belonging(running) == []
    assert galaxy(running.state, "status").returncode == 3


def test_a_busy_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        started = galaxy(tmp_path / "galaxy", "up", "--port", str(port))
    assert started.returncode == 69
    assert f"METAPIPE-E306 port {port} is held by process {os.getpid()}" in started.stderr
    assert not list((tmp_path / "galaxy" / "run").glob("*.json"))
