"""Who sits on the port of a web server that does not run."""

import socket
import threading
from collections.abc import Iterator

import pytest

from metapipe.instance.local import health, parts
from metapipe.instance.local.parts import Serving
from metapipe.instance.local.settings import HOST, Settings


@pytest.fixture
def held() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        yield server


def fault(instance: Settings, server: socket.socket) -> str:
    serving = Serving(server.getsockname()[1], "digest")
    return str(health._part(instance, serving, "web", {"web": None}))


def test_another_program_on_the_port_is_named(
    instance: Settings, held: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_PORT_SECONDS", 0.1)
    assert fault(instance, held).startswith("METAPIPE-E306 the web server is not running and its port")


def test_a_worker_of_the_dead_web_server_is_no_stranger(
    instance: Settings, held: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "holds_port", lambda *_: True)
    assert fault(instance, held).startswith("METAPIPE-E307 the web server is not running; `scripts/galaxy up`")


def test_what_is_just_ending_is_not_taken_for_another_program(instance: Settings, held: socket.socket) -> None:
    threading.Timer(0.3, held.close).start()
    assert fault(instance, held).startswith("METAPIPE-E307 ")
