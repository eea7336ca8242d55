"""A port of this host alone that leads to the web server's Unix socket, for as long as somebody needs it.

Clients of Galaxy's API speak TCP; nginx, which does for everybody else, may not run yet.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from metapipe.instance.local.settings import HOST

_AT_ONCE = 1 << 16


@contextlib.contextmanager
def doorway(to: Path) -> Iterator[str]:
    """Yield an address without a slash at its end, ``http://127.0.0.1:PORT``; it is closed at the end of the block."""
    with socket.create_server((HOST, 0)) as listening:
        waiter = threading.Thread(target=_let_in, args=(listening, to), daemon=True)
        waiter.start()
        try:
            yield f"http://{HOST}:{listening.getsockname()[1]}"
        finally:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)  # else the thread would wait on a closed socket for ever
            waiter.join(5.0)


def _let_in(listening: socket.socket, to: Path) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(to))
        except OSError:
            client.close()
            server.close()
            continue
        both = _Pair(client, server)
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=both.hand_on, args=(one, other), daemon=True).start()


class _Pair:
    """Two sockets that are closed when both have nothing more to say."""

    def __init__(self, *ends: socket.socket) -> None:
        self._ends, self._open, self._lock = ends, len(ends), threading.Lock()

    def hand_on(self, one: socket.socket, other: socket.socket) -> None:
        """Hand on what one end says to the other, to its last byte."""
        with contextlib.suppress(OSError):
            while said := one.recv(_AT_ONCE):
                other.sendall(said)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)
        with self._lock:
            self._open -= 1
            last = not self._open
        if last:
            for end in self._ends:
                end.close()
