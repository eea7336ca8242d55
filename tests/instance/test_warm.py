"""The warm session server as a part of an instance: off unless chosen, known to jobs, asked how it is."""

from __future__ import annotations

import json
import socket
import struct
import threading
from pathlib import Path

import pytest
import yaml

from metapipe.errors import MetapipeError
from metapipe.instance import configuration, health, parts, processes, settings, warm
from metapipe.instance.settings import Chosen, Settings


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
