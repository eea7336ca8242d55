"""The warm session server: owns one Spark session and lends its slots to runs of the same user, by turns.

A run connects, is greeted, sends its blocks and gets their rows back as they end. When it goes, for whatever reason,
its blocks are ended. The Spark session is started anew, between jobs, when it is old or has grown: the server then
replaces itself by a fresh process image of the same pid, which keeps the socket and takes over a changed package.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import Attempt
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.plan import launch_order
from metapipe.runner.declare.code_identity import package_digest
from metapipe.runner.sessions.local import LocalSession
from metapipe.runner.warm.client import Client
from metapipe.runner.warm.protocol import (
    Ask,
    ConnectionLostError,
    Lost,
    Started,
    difference,
    is_readable,
    is_same_user,
    own_identity,
    peer,
    receive,
    receive_greeting,
    send_greeting,
)
from metapipe.runner.warm.share import FairShare
from metapipe.runner.warm.surroundings import attempt_sent
from metapipe.runner.warm.workers import end_orphans, end_workers, memory_mb

#: Seconds a peer may take for a greeting, or for taking what it is sent.
PATIENCE = 10.0
_ROUND = 0.25
_CHECK_EVERY = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Limits:
    """When the Spark session is started anew, and how long a stop waits for running clients.

    :param memory_mb: resident memory of the JVM and pyspark's daemon. :param age: seconds. :param drain: seconds.
    """

    memory_mb: int = 1536
    age: float = 24 * 3600.0
    drain: float = 10.0


class WarmServer:
    """Serves until told to stop (``serve`` returns False) or until a fresh image is due (True).

    :param listener: the listening socket. :param folder: scratch of the server alone. :param restarts: earlier images.
    """

    def __init__(
        self, listener: socket.socket, folder: Path, slots: int, limits: Limits, say: Say, *, restarts: int = 0
    ) -> None:
        self.listener, self.folder, self.limits, self.say, self.restarts = listener, folder, limits, say, restarts
        self.roll = folder / "roll"
        self.state, self.reason = "starting", "the Spark session is starting"
        self.restart = False
        self.stop_at: float | None = None
        self.served = 0
        self.began = time.monotonic()
        self.spark: LocalSession | None = None
        self.share: FairShare[tuple[Ask, Block]] = FairShare(slots)
        self.clients: dict[str, Client] = {}
        self.stages: dict[str, str] = {}
        self.changed = threading.Condition(threading.RLock())

    # ---------------------------------------------------------------------------------- life, in the main thread

    def serve(self) -> bool:
        """Start Spark, serve, drain, end everything that was started; returns whether to start anew.

        :raises MetapipeError: E302 when Spark does not start.
        """
        own_identity()  # as the package is now, not when the first client asks
        self.roll.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            self.spark = LocalSession(self.share.slots, self.folder, more=_SETTINGS)
            self._warm_up(self.spark)
            self._open(self.spark)
            self._watch(self.spark)
        finally:
            self._end()
        return self.restart

    def stop(self) -> None:
        """Take no new client, let the running ones end for a while; asked again: at once."""
        wait = self.limits.drain if self.stop_at is None else 0.0
        self.stop_at = time.monotonic() + wait
        self.restart = False
        self.state, self.reason = "draining", "the server is stopping"

    def start_anew(self, why: str) -> None:
        """Take no new client and start a fresh session when the last one has gone."""
        with self.changed:
            if self.state != "ready":
                return
            self.state, self.reason, self.restart = "draining", f"a fresh session is about to start ({why})", True
            clients = len(self.clients)
        self.say(f"{why}: a fresh session follows when {clients} client(s) have ended")

    def _warm_up(self, spark: LocalSession) -> None:
        """Fork the workers and let Spark load its classes before the first client waits for it."""
        blocks = [Block((position,), 0, 0, 0, ()) for position in range(self.share.slots)]
        list(spark.run(None, blocks, _nothing, attempt=_warmed))

    def _open(self, spark: LocalSession) -> None:
        """Take clients from now on, unless a stop came first."""
        with self.changed:
            if self.state != "starting":
                return
            self.state, self.reason = "ready", ""
        self.say(f"ready: {self.share.slots} slots, Spark {spark.version}, pid {os.getpid()}")

    def _watch(self, spark: LocalSession) -> None:
        checked = time.monotonic()
        while True:
            time.sleep(_ROUND)
            end_orphans(spark.java_pid)
            if not spark.alive:
                self.restart = self.stop_at is None
                self.say("the Java process has ended")
                return
            if time.monotonic() - checked > _CHECK_EVERY:
                checked = time.monotonic()
                self._check_wear(spark)
            if self.state == "draining" and (not self.clients or time.monotonic() > (self.stop_at or float("inf"))):
                return

    def _check_wear(self, spark: LocalSession) -> None:
        used = memory_mb(spark.java_pid)
        # A limit below what an unused session needs must not make it start anew for ever.
        if used > self.limits.memory_mb and self.served:
            self.start_anew(f"{used} MB of memory, more than {self.limits.memory_mb}")
        elif time.monotonic() - self.began > self.limits.age:
            self.start_anew(f"older than {self.limits.age / 3600:g} hours")

    def _end(self) -> None:
        with self.changed:
            self.state = "draining"
            clients = list(self.clients.values())
        for client in clients:
            client.tell(Lost(self.reason or "its Java process ended"))
            client.hang_up()
        with self.changed:
            self.changed.wait_for(lambda: not self.clients, PATIENCE)
        if self.spark is not None and self.spark.alive:
            with contextlib.suppress(Exception):  # whatever it says on its way out, it is ended below
                self.spark.stop()
        end_orphans(0)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------------------------------------- clients

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._greet, args=(connection,), daemon=True).start()

    def _greet(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with connection, contextlib.suppress(ConnectionLostError):
            pid, user = peer(connection)
            if not is_same_user(connection):
                self.say(f"refused: process {pid} of user {user}")
                return
            greeting = receive_greeting(connection)
            match greeting.get("ask"):
                case "status":
                    send_greeting(connection, self.facts())
                case "stop":
                    send_greeting(connection, self.facts())
                    self.stop()
                case "session":
                    self._lend(connection, pid, greeting)

    def _lend(self, connection: socket.socket, pid: int, greeting: dict[str, Any]) -> None:
        other = difference(greeting.get("identity"))
        if other is not None and package_digest() != own_identity()["package"]:
            self.start_anew("the package has changed")
        slots = greeting.get("slots")
        client = Client(uuid.uuid4().hex[:16], pid, slots if isinstance(slots, int) else 1, connection)
        with self.changed:
            taken = self.state == "ready" and other is None
            if taken:
                self.clients[client.tag] = client
                self.share.join(client.tag, client.slots)
                self.served += 1
        try:
            send_greeting(connection, {**self.facts(), "tag": client.tag if taken else "", "identity": own_identity()})
            if taken:
                client.begin()
            while taken and is_readable(connection, None):
                self._take(client, receive(connection))
        finally:
            if taken:
                self._leave(client)

    def _take(self, client: Client, ask: object) -> None:
        if not isinstance(ask, Ask):
            raise ConnectionLostError("not a request")
        with self.changed:
            if self.stages.setdefault(ask.stage, ask.stage_digest) != ask.stage_digest:
                # Workers have imported the stage as it was.
                client.tell(Lost("the stage's package has changed since the session started"))
                return
            order = launch_order([block.residues for block in ask.blocks])
            ask = replace(ask, job=replace(ask.job, tag=client.tag, roll=str(self.roll)))
            self.share.add(client.tag, [(ask, ask.blocks[position]) for position in order], ask.threads)
            self._start_blocks()

    def _leave(self, client: Client) -> None:
        """End what the client has left behind; its connection is closed when nothing of it runs any more."""
        client.leave()
        with self.changed:
            self.share.drop(client.tag)
        while self.share.running(client.tag):  # again and again: a block may be on its way to a worker
            with contextlib.suppress(Exception):  # the JVM has gone, and the blocks with it
                if self.spark is not None:
                    self.spark.cancel(client.tag)
            end_workers(self.roll, client.tag)
            with self.changed:
                self.changed.wait_for(lambda: not self.share.running(client.tag), 0.1)
        end_workers(self.roll, client.tag)
        client.close()
        with self.changed:
            self.share.leave(client.tag)
            del self.clients[client.tag]
            self._start_blocks()
            self.changed.notify_all()

    # -------------------------------------------------------------------------------------------------- blocks

    def _start_blocks(self) -> None:
        with self.changed:
            while (chosen := self.share.next()) is not None:
                tag, (ask, block) = chosen
                threading.Thread(target=self._run, args=(self.clients[tag], ask, block), daemon=True).start()

    def _run(self, client: Client, ask: Ask, block: Block) -> None:
        client.tell(Started(block.key))
        message: Attempt | Lost = Lost("its worker gave no answer")
        try:
            assert self.spark is not None  # noqa: S101  (no client is taken before)
            for row in self.spark.run(ask.job, [block], _nothing, client.tag, attempt=attempt_sent):
                message = row
        except Exception as error:
            message = Lost(str(error) if isinstance(error, MetapipeError) else f"{type(error).__name__}: {error}")
        with self.changed:
            if isinstance(message, Lost):
                self.share.drop(client.tag)
            self.share.done(client.tag)
            self._start_blocks()
            self.changed.notify_all()
        client.tell(message)

    def facts(self) -> dict[str, Any]:
        """What ``metapipe warm status`` shows."""
        with self.changed:
            clients = [
                {
                    "pid": client.pid,
                    "slots": client.slots,
                    "running": self.share.running(client.tag),
                    "waiting": self.share.waiting(client.tag),
                }
                for client in self.clients.values()
            ]
        return {
            "state": self.state,
            "reason": self.reason,
            "pid": os.getpid(),
            "slots": self.share.slots,
            "age_seconds": round(time.monotonic() - self.began),
            "memory_mb": memory_mb(self.spark.java_pid) if self.spark is not None else 0,
            "served": self.served,
            "restarts": self.restarts,
            "clients": clients,
            "session": self.spark.facts() if self.spark is not None and self.state == "ready" else {},
        }


_SETTINGS = {"spark.python.task.killTimeout": "500ms"}


def _nothing() -> None:
    """A Spark session's tick; the clients have their own."""


def _warmed(_: object, block: Block) -> Attempt:
    time.sleep(0.2)  # so that every slot forks a worker of its own
    return Attempt(block.key, "ok")
