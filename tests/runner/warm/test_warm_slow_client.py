"""A client of the warm session that does not read what it is sent costs the server's other clients nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from marked_program import wait_until

from metapipe.runner.attempt.attempt import Attempt
from metapipe.runner.blocks.block import Block
from metapipe.runner.warm import server as warm_server
from metapipe.runner.warm.protocol import (
    Ask,
    Lost,
    Started,
    own_identity,
    receive,
    receive_greeting,
    send,
    send_greeting,
)
from metapipe.runner.warm.server import Limits, WarmServer
from metapipe.runner.warm.surroundings import SentJob, Surroundings

#: More messages than a socket holds unread.
MANY = 4000


class DoneAtOnce:
    """In the place of a Spark session: every block ends as it begins."""

    version, java_pid, alive = "4", 0, True

    def run(self, job: Any, blocks: Sequence[Block], *_: Any, **__: Any) -> Iterator[Attempt]:
        yield from (Attempt(block.key, "ok") for block in blocks)

    def cancel(self, tag: str) -> None:
        pass

    def facts(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmServer]:
    """A server that would wait for a slow client much longer than these tests may take."""
    monkeypatch.setattr(warm_server, "PATIENCE", 3600.0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        found = WarmServer(listener, tmp_path, 2, Limits(), lambda _: None)
        found.spark = DoneAtOnce()  # type: ignore[assignment]
        found.roll.mkdir()
        found._open(found.spark)
        accepting = threading.Thread(target=found._accept)
        accepting.start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
    accepting.join()


def connected(server: WarmServer) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(60)
    connection.connect(server.listener.getsockname())
    send_greeting(connection, {"ask": "session", "slots": 2, "identity": own_identity()})
    assert receive_greeting(connection)["tag"]
    return connection


def ask(count: int, digest: str = "1") -> Ask:
    job = SentJob("", b"", Surroundings({}, 0o22, "/", ()))
    return Ask(job, tuple(Block((number,), 0, 0, 0, ()) for number in range(count)), 1, "stage", digest)


def rows(connection: socket.socket, count: int) -> list[Attempt]:
    found: list[Attempt] = []
    while len(found) < count:
        match receive(connection):
            case Attempt() as row:
                found.append(row)
            case Started():
                pass
            case other:
                raise AssertionError(other)
    return found


def test_others_get_their_rows_while_a_client_does_not_read_its_own(server: WarmServer) -> None:
    with connected(server) as slow, connected(server) as other:
        send(slow, ask(MANY))
        wait_until(lambda: server.facts()["clients"][0]["waiting"] == 0)  # more was said than it can hold
        send(other, ask(3))
        assert sorted(row.key for row in rows(other, 3)) == [(0,), (1,), (2,)]
        with connected(server) as third:
            send(third, ask(1))
            assert rows(third, 1)
        assert sorted(row.key for row in rows(slow, MANY)) == [(number,) for number in range(MANY)]


def test_refusing_a_client_that_does_not_read_holds_nobody_up(server: WarmServer) -> None:
    with connected(server) as slow, connected(server) as other:
        send(slow, ask(1))
        assert rows(slow, 1)
        for _ in range(MANY):  # of a stage whose package has changed: each is refused
            send(slow, ask(1, digest="2"))
        send(other, ask(3))
        assert len(rows(other, 3)) == 3
        assert isinstance(receive(slow), Lost)


def test_a_client_that_goes_without_reading_is_let_go(server: WarmServer) -> None:
    with connected(server) as slow:
        send(slow, ask(MANY))
        wait_until(lambda: server.facts()["clients"][0]["waiting"] == 0)
    wait_until(lambda: not server.clients)


def test_what_was_said_before_the_end_arrives_before_the_end(server: WarmServer) -> None:
    with connected(server) as reading:
        (client,) = server.clients.values()
        for number in range(MANY):
            client.tell(Started((number,)))
        client.tell(Lost("the server is stopping"))
        client.hang_up()
        assert [receive(reading).key for _ in range(MANY)] == [(number,) for number in range(MANY)]
        assert receive(reading) == Lost("the server is stopping")
        assert reading.recv(1) == b""
    wait_until(lambda: not server.clients)
