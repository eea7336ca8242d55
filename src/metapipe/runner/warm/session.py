"""A run's side of a warm session: asking the server for one, and blocks run by its workers."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import Attempt
from metapipe.runner.attempt.task import Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.plan import Warm
from metapipe.runner.blocks.resources import SessionKind
from metapipe.runner.declare.code_identity import stage_digest
from metapipe.runner.sessions.session import Session, Tick
from metapipe.runner.warm.protocol import (
    SOCKET_VARIABLE,
    Ask,
    ConnectionLostError,
    Lost,
    Started,
    default_socket,
    difference,
    is_readable,
    is_same_user,
    own_identity,
    receive,
    receive_greeting,
    send,
    send_greeting,
)
from metapipe.runner.warm.surroundings import SentJob, Surroundings

#: Seconds a server may take to answer: one that is slower than this is slower than a cold start.
ANSWER_LIMIT = 2.0
#: And where nothing can take its place, since the user asked for it: a machine may be busier than that for a while.
PATIENT_LIMIT = 30.0
#: Seconds for the server to end the blocks of a run that gives up.
_CANCEL_LIMIT = 5.0


@dataclass
class WarmOffer:
    """What came of asking for a warm session.

    :param connection: to the server when it takes this run, else None and ``reason`` says why, in words.
    :param slots: of the server. :param facts: what it says of itself.
    """

    connection: socket.socket | None = None
    reason: str = ""
    slots: int = 0
    facts: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.connection is not None

    @property
    def found(self) -> Warm:
        """What a plan has to know of it."""
        return Warm(bool(self), self.reason)

    def close(self) -> None:
        """Hang up: the server forgets this run."""
        if self.connection is not None:
            self.connection.close()


def ask_for_session(path: Path, slots: int, limit: float = ANSWER_LIMIT) -> WarmOffer:
    """Ask the server at that socket for a session of so many slots; never raises, the offer says what came of it.

    :param limit: seconds that it may take to answer.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        facts = _greeted(connection, path, {"ask": "session", "slots": slots, "identity": own_identity()}, limit)
    except (ConnectionLostError, OSError) as error:
        connection.close()
        return WarmOffer(reason=_why_not(error))
    reason = difference(facts.get("identity"))
    if reason is None and facts.get("state") != "ready":
        reason = str(facts.get("reason") or "it is not ready")
    if reason is None and not facts.get("tag"):
        reason = "it does not take this run"
    if reason is not None:
        connection.close()
        return WarmOffer(reason=f"the warm session server cannot be used: {reason}", facts=facts)
    connection.settimeout(_CANCEL_LIMIT * 6)
    return WarmOffer(connection, "", int(facts["slots"]), facts)


def look_for_warm(asked: SessionKind | None, slots: int) -> WarmOffer:
    """What a run has of warm sessions.

    :param asked: where nothing was asked for, only a server that fits and to which ``METAPIPE_WARM_SOCKET`` points is
        of use. :param slots: of the run.
    :raises MetapipeError: E320 when a warm session was asked for by name and there is none.
    """
    if asked == SessionKind.WARM:
        offer = ask_for_session(default_socket(), slots, PATIENT_LIMIT)
        if not offer:
            raise MetapipeError("E320", offer.reason)
        return offer
    if asked is not None or not os.environ.get(SOCKET_VARIABLE):
        return WarmOffer()
    offer = ask_for_session(default_socket(), slots, ANSWER_LIMIT)
    if offer and offer.slots < slots:
        offer.close()
        return WarmOffer(reason=f"the warm session has {offer.slots} slots, this run {slots}")
    return offer


def ask_server(path: Path, what: str) -> dict[str, Any] | None:
    """Ask for its ``status``, or to ``stop``; None when there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            return _greeted(connection, path, {"ask": what}, PATIENT_LIMIT)
        except (ConnectionLostError, OSError):
            return None


def _greeted(connection: socket.socket, path: Path, greeting: dict[str, Any], limit: float) -> dict[str, Any]:
    connection.settimeout(limit)
    connection.connect(str(path))
    if not is_same_user(connection):
        raise ConnectionLostError("it belongs to another user")
    send_greeting(connection, greeting)
    return receive_greeting(connection)


def _why_not(error: Exception) -> str:
    match error:
        case FileNotFoundError() | ConnectionRefusedError():
            return "no warm session server runs"
        case PermissionError():
            return "the warm session server belongs to another user"
        case ConnectionLostError():
            return f"the warm session server does not answer ({error})"
        case _:
            return f"the warm session server does not answer ({type(error).__name__})"


class WarmSession:
    """Blocks run by the workers of a warm session server.

    :param cold: opens another session if the server is lost before it has started any block; None: that is E601 too.
    """

    name: SessionKind = SessionKind.WARM
    remote = True

    def __init__(self, offer: WarmOffer, cold: Callable[[], Session] | None = None) -> None:
        if offer.connection is None:
            raise MetapipeError("E320", offer.reason)
        self._connection, self._facts, self._open_cold = offer.connection, offer.facts, cold
        self._cold: Session | None = None
        self._began = self._busy = False

    def run(self, job: Job, blocks: Sequence[Block], tick: Tick, tag: str = "") -> Iterator[Attempt]:
        """Run blocks; see :meth:`metapipe.runner.sessions.session.Session.run`.

        :raises MetapipeError: E601 when the server was lost with blocks begun.
        """
        if self._cold is None:
            try:
                yield from self._run_warm(job, blocks, tick)
                return
            except ConnectionLostError as error:
                if self._began or self._open_cold is None:
                    raise MetapipeError("E601", f"the warm session was lost ({error})") from error
                self._become_cold(str(error))
        assert self._cold is not None  # noqa: S101
        yield from self._cold.run(job, blocks, tick, tag)

    def _run_warm(self, job: Job, blocks: Sequence[Block], tick: Tick) -> Iterator[Attempt]:
        sent = SentJob("", pickle.dumps(job), _surroundings())
        self._busy = True
        send(self._connection, Ask(sent, tuple(blocks), job.allowance.threads, job.stage, stage_digest(job.stage)))
        missing = {block.key for block in blocks}
        while missing:
            if not is_readable(self._connection, 1.0):
                tick()
                continue
            match receive(self._connection):
                case Started():
                    self._began = True
                case Attempt() as row:
                    missing.discard(row.key)
                    self._busy = bool(missing)
                    yield row
                case Lost(reason):
                    raise ConnectionLostError(reason)
                case _:
                    raise ConnectionLostError("an unknown message")
            tick()

    def _become_cold(self, reason: str) -> None:
        assert self._open_cold is not None  # noqa: S101
        self._connection.close()
        self._cold = self._open_cold()
        self.name, self.remote = self._cold.name, self._cold.remote
        self._facts = {"instead_of": SessionKind.WARM, "because": reason}

    def cancel(self, tag: str) -> None:
        """End the blocks of this run; the server knows this client by its connection, not by a tag."""
        if self._cold is not None:
            self._cold.cancel(tag)
        else:
            self._hang_up()

    def facts(self) -> dict[str, Any]:
        """What the server says of its Spark, its pid and its slots; when it was lost, of the cold session after it."""
        if self._cold is not None:
            return {**self._cold.facts(), **self._facts}
        told = self._facts.get("session")
        session = told if isinstance(told, dict) else {}
        return {**session, "server_pid": self._facts.get("pid"), "server_slots": self._facts.get("slots")}

    def stop(self) -> None:
        """Leave the server; blocks still running are ended, and waited for: they write to this run's folder."""
        if self._cold is not None:
            self._cold.stop()
        elif self._busy:
            self._hang_up()
        self._connection.close()

    def _hang_up(self) -> None:
        self._busy = False
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            self._connection.settimeout(_CANCEL_LIMIT)
            while self._connection.recv(1 << 16):  # the server closes when nothing of ours runs any more
                pass


def _surroundings() -> Surroundings:
    found = Surroundings.of_this_process()
    environment = {name: value for name, value in found.environment.items() if name != SOCKET_VARIABLE}
    return Surroundings(environment, found.umask, found.folder, found.path)
