"""A client as the warm session server sees it: what it is told waits for it, and nobody else waits with it."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading

from metapipe.runner.warm.protocol import ConnectionLostError, send

_END = object()


class Client:
    """One connected run.

    Messages go through a queue and a thread of the client's own. A run that is stopped in the middle, or whose disk or
    machine is slow, may take as long as the connection's time limit for each; the server and its other clients go on.

    :param slots: how many it may use at once.
    """

    def __init__(self, tag: str, pid: int, slots: int, connection: socket.socket) -> None:
        self.tag, self.pid, self.slots, self.connection = tag, pid, slots, connection
        self._left = False
        self._outbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, daemon=True)

    def begin(self) -> None:
        """Send what waits and what will come; the greetings are over."""
        self._writer.start()

    def tell(self, message: object) -> None:
        """Leave a message for it; never waits."""
        self._outbox.put(message)

    def hang_up(self) -> None:
        """Let the connection end behind the last message; never waits."""
        self._outbox.put(_END)

    def leave(self) -> None:
        """It wants nothing more: drop what it has not taken."""
        self._left = True

    def close(self) -> None:
        """End the connection now; afterwards nothing of ours uses it, so it may be given back."""
        self.leave()
        self.hang_up()
        self._shut()
        if self._writer.ident is not None:
            self._writer.join()

    def _write(self) -> None:
        with contextlib.suppress(ConnectionLostError):  # a client that does not take what it is sent has gone
            for message in iter(self._outbox.get, _END):
                if not self._left:
                    send(self.connection, message)
        self._shut()  # the thread that listens to it notices, and ends its blocks

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
