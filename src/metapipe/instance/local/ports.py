"""TCP ports of this machine: which is free, and who sits on one that is not."""

from __future__ import annotations

import socket
from pathlib import Path

from metapipe.proc import name_of, open_files, process_ids

_LISTENING = "0A"


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now (a port that a closed connection still lingers on counts as free)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free(host: str) -> int:
    """Return a free TCP port of the kernel's choice. Another process may take it before it is used."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def holders(port: int) -> list[int]:
    """Return the pids that listen on ``port``, as far as this user may see them."""
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    return [pid for pid in process_ids() if _holds(pid, sockets)]


def holder_words(port: int) -> str:
    """Return e.g. ``process 4711 (python3)``, or ``another program`` when its owner is somebody else."""
    for pid in holders(port):
        try:
            return f"process {pid} ({name_of(pid)})"
        except OSError:
            continue
    return "another program"


def _holds(pid: int, sockets: set[str]) -> bool:
    try:
        return any(target in sockets for _, target in open_files(pid))
    except OSError:
        return False
