"""The warm session server as a part of an instance: off unless chosen, known to jobs, asked how it is."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import threading
from pathlib import Path

import pytest
import yaml

from metapipe.errors import MetapipeError
from metapipe.instance.local import configuration, health, parts, processes, settings, starting, warm
from metapipe.instance.local.secrets import private_folder
from metapipe.instance.local.settings import Chosen, Settings


def job_environment(instance: Settings) -> dict[str, str]:
    configuration.render(instance)
    document = yaml.safe_load((instance.config / "job_conf.yml").read_text())
    return {entry["name"]: entry["value"] for entry in document["execution"]["environments"]["local"]["env"]}


def test_it_is_off_unless_chosen_and_the_choice_is_remembered(tmp_path: Path, environ: dict[str, str]) -> None:
    assert not settings.load(tmp_path / "galaxy", Chosen(), environ).warm
    chosen = Chosen(warm=True)
    settings.remember_in(settings.load(tmp_path / "galaxy", chosen, environ), chosen)
    assert settings.load(tmp_path / "galaxy", Chosen(), environ).warm
    assert not settings.load(tmp_path / "galaxy", Chosen(), environ | {"METAPIPE_GALAXY_WARM": "no"}).warm
    assert not settings.load(tmp_path / "galaxy", Chosen(warm=False), environ).warm
    with pytest.raises(MetapipeError, match="METAPIPE-E701 warm"):
        settings.load(tmp_path / "galaxy", Chosen(), environ | {"METAPIPE_GALAXY_WARM": "perhaps"})


def test_jobs_know_its_socket_only_where_it_runs(tmp_path: Path, environ: dict[str, str]) -> None:
    cold = settings.load(tmp_path / "galaxy", Chosen(), environ)
    assert "METAPIPE_WARM_SOCKET" not in job_environment(cold)
    assert parts.of(cold) == parts.PARTS
    hot = settings.load(tmp_path / "galaxy", Chosen(warm=True, slots=2, jobs=3), environ)
    assert job_environment(hot)["METAPIPE_WARM_SOCKET"] == str(hot.warm_socket)
    assert parts.of(hot) == (*parts.PARTS, "warm")
    words = parts.command(hot, "warm", 0)
    assert words[1:4] == ["warm", "run", "--socket"]
    assert 2 <= int(words[-1]) <= 6


def test_its_absence_is_a_fault_of_an_instance_that_is_up(tmp_path: Path, environ: dict[str, str]) -> None:
    hot = settings.load(tmp_path / "galaxy", Chosen(warm=True), environ)
    configuration.render(hot)
    parts.write_serving(hot, parts.Serving(1, ""))
    found = processes.identify(1)
    assert found is not None
    processes.write_record(parts.record(hot, "broker"), found)
    faults = {fault.part: str(fault) for fault in health.examine(hot).faults}
    assert "METAPIPE-E307 the warm session server is not running" in faults["warm"]


@pytest.mark.parametrize(("state", "answers", "ready"), [("ready", True, True), ("draining", True, False)])
def test_it_is_asked_in_its_own_words(tmp_path: Path, state: str, answers: bool, ready: bool) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    question = connection.recv(1000)
                    assert json.loads(question[4:]) == {"ask": "status"}
                    reply = json.dumps({"state": state}).encode()
                    connection.sendall(struct.pack("!I", len(reply)) + reply)

        thread = threading.Thread(target=serve)
        thread.start()
        assert (warm.answers(path), warm.is_ready(path)) == (answers, ready)
        thread.join()
    assert not warm.answers(path)


@pytest.mark.slow
def test_it_is_started_mended_and_stopped_as_a_part_and_leaves_nothing(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without Galaxy: the part alone, by the functions that start and stop all parts."""
    build = os.environ.get("METAPIPE_BUILD") or str(settings.load(tmp_path / "g", Chosen(), environ).build)
    hot = settings.load(tmp_path / "g", Chosen(warm=True, slots=1, jobs=1), environ | {"METAPIPE_BUILD": build})
    private_folder(hot.state)
    configuration.render(hot)
    serving = parts.Serving(1, "")
    try:
        for _ in range(2):  # the second time over a dead one's socket
            starting._launch(hot, "warm", serving, lambda _: None)
            assert processes.wait_until(lambda: warm.is_ready(hot.warm_socket), 90), parts.log(hot, "warm").read_text()
            found = parts.identity(hot, "warm")
            assert found is not None
            assert starting._works(hot, "warm")
            below = parts.belonging(hot, "warm")
            assert len(below) >= 3  # itself, Java, pyspark's daemon
            found.send(signal.SIGKILL)
            assert processes.wait_until(lambda: not any(one.alive for one in below), 10)  # noqa: B023 - called at once
            assert not starting._works(hot, "warm")
        starting._launch(hot, "warm", serving, lambda _: None)
        assert processes.wait_until(lambda: warm.is_ready(hot.warm_socket), 90)
    finally:
        starting.down(hot, lambda _: None)
    assert not parts.belonging(hot)
    assert not hot.warm_socket.exists()
