"""What the two sides of a warm session say to each other, who may say it, and whose turn it is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.runner.warm.protocol import (
    ConnectionLostError,
    Started,
    default_socket,
    difference,
    is_same_user,
    make_socket_folder,
    own_identity,
    receive,
    receive_greeting,
    send,
    send_greeting,
)
from metapipe.runner.warm.share import FairShare
from metapipe.runner.warm.surroundings import Surroundings

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    first, second = socket.socketpair()
    with first, second:
        first.settimeout(60)
        second.settimeout(60)
        yield first, second


def test_messages_arrive_as_they_were_sent(pair: Pair) -> None:
    send_greeting(pair[0], {"ask": "status", "word": "Tromsø"})
    assert receive_greeting(pair[1]) == {"ask": "status", "word": "Tromsø"}
    send(pair[0], Started((3, 1)))
    assert receive(pair[1]) == Started((3, 1))


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", b"\0\0\0\x05ab", b"\xff\xff\xff\xff{}", b"\0\0\0\x02[]", b"\0\0\0\x02{x", b"GET / HTTP/1.1\r\n\r\n"],
)
def test_what_is_no_greeting_is_refused(pair: Pair, content: bytes) -> None:
    pair[0].sendall(content)
    pair[0].close()
    with pytest.raises(ConnectionLostError):
        receive_greeting(pair[1])


def test_what_is_no_message_is_refused(pair: Pair) -> None:
    pair[0].sendall(b"\0\0\0\x04junk")
    with pytest.raises(ConnectionLostError, match="not a message"):
        receive(pair[1])


def test_nothing_is_unpacked_from_another_user(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    send(pair[0], Started((1,)))
    assert is_same_user(pair[1])
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(ConnectionLostError, match="another user"):
        receive(pair[1])


def test_another_version_package_or_python_is_told_apart() -> None:
    ours = own_identity()
    assert difference(ours) is None
    assert difference({**ours, "version": "9.9"}) == f"it is version 9.9, this is {ours['version']}"
    assert "before the package changed" in str(difference({**ours, "package": "x"}))
    assert "another Python" in str(difference({**ours, "python": "x"}))
    assert "another protocol" in str(difference(None))


def test_the_socket_lies_where_only_its_user_can_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_socket_folder(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    (tmp_path / "new").chmod(0o750)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E322 .*mode 0700, found 'uid .*mode 0750"):
        make_socket_folder(tmp_path / "new")
    monkeypatch.delenv("METAPIPE_WARM_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_socket() == tmp_path / "metapipe" / "warm.sock"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert default_socket().parent.name == f"metapipe-{os.getuid()}"
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", "/x/y")
    assert default_socket() == Path("/x/y")


def test_surroundings_are_put_on_and_taken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN", "1")
    before = Surroundings.of_this_process()
    other = Surroundings({"PATH": "/bin", "THEIRS": "1"}, 0o027, str(tmp_path), ("/first", *before.path[:1]))
    with other.entered():
        inside = Surroundings.of_this_process()
    assert inside.environment == other.environment
    assert (inside.umask, inside.folder) == (0o027, str(tmp_path))
    assert inside.path[0] == "/first"
    assert set(inside.path) == {"/first", *before.path}
    assert Surroundings.of_this_process() == before


def test_a_run_cannot_take_off_the_sandbox_that_the_host_requires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METAPIPE_SANDBOX", raising=False)
    theirs = Surroundings({"METAPIPE_SANDBOX": "off"}, 0o022, "/", ())
    with theirs.entered():
        assert os.environ["METAPIPE_SANDBOX"] == "off"
    monkeypatch.setenv("METAPIPE_SANDBOX", "require")
    with theirs.entered():
        assert os.environ["METAPIPE_SANDBOX"] == "require"


# ------------------------------------------------------------------------------------------------------ sharing


@given(
    slots=st.integers(1, 6),
    clients=st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(0, 12)), min_size=1, max_size=5),
    choices=st.randoms(use_true_random=False),
)
def test_nobody_exceeds_their_slots_and_everybody_ends(
    slots: int, clients: list[tuple[int, int, int]], choices: object
) -> None:
    share: FairShare[int] = FairShare(slots)
    for number, (limit, threads, blocks) in enumerate(clients):
        share.join(str(number), limit)
        share.add(str(number), range(blocks), threads)
    running: list[str] = []
    ended = {str(number): 0 for number in range(len(clients))}
    while True:
        while (chosen := share.next()) is not None:
            running.append(chosen[0])
            used = 0
            for number, (limit, threads, _) in enumerate(clients):
                own = running.count(str(number)) * min(threads, limit, slots)
                assert own <= min(limit, slots)
                used += own
            assert used <= slots
            assert share.free == slots - used
        if not running:
            break
        client = choices.choice(running)  # type: ignore[attr-defined]
        running.remove(client)
        share.done(client)
        ended[client] += 1
    assert list(ended.values()) == [blocks for _, _, blocks in clients]


def test_clients_take_turns_whoever_came_first() -> None:
    share: FairShare[str] = FairShare(2)
    share.join("early", 2)
    share.add("early", ["e"] * 10, 1)
    assert [share.next(), share.next(), share.next()] == [("early", "e"), ("early", "e"), None]
    share.join("late", 2)
    share.add("late", ["l"] * 10, 1)
    order = []
    for _ in range(6):
        share.done(order[-2] if len(order) > 1 else "early")
        chosen = share.next()
        assert chosen is not None
        order.append(chosen[0])
    assert order.count("late") == 3


def test_a_block_of_many_threads_is_not_kept_waiting_by_small_ones() -> None:
    share: FairShare[str] = FairShare(2)
    share.join("small", 2)
    share.add("small", ["s"] * 10, 1)
    assert share.next() == ("small", "s")
    share.join("fat", 2)
    share.add("fat", ["f"], 8)
    assert share.next() in (None, ("small", "s"))
    while share.running("small"):
        share.done("small")
        if (chosen := share.next()) is not None:
            break
    assert chosen == ("fat", "f")


def test_a_client_that_leaves_takes_its_blocks_with_it() -> None:
    share: FairShare[str] = FairShare(1)
    share.join("a", 1)
    share.add("a", ["x", "y"], 1)
    assert share.next() == ("a", "x")
    assert share.drop("a") == ["y"]
    share.done("a")
    share.leave("a")
    assert share.free == 1
    assert share.next() is None
