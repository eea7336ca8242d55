"""How a run talks to the warm session server: a Unix socket, one frame a message, greetings before anything else.

Greetings are JSON, because the two sides may be of different versions. What follows is pickled, and is read only from a
process of the same user (SO_PEERCRED) that said it runs the very same package. A frame is a length of 4 bytes (network
order) and so many bytes.
"""

from __future__ import annotations

import functools
import json
import os
import pickle
import select
import socket
import struct
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe import __version__
from metapipe.errors import MetapipeError
from metapipe.runner.blocks.block import Block
from metapipe.runner.declare.code_identity import package_digest
from metapipe.runner.warm.surroundings import SentJob

SOCKET_VARIABLE = "METAPIPE_WARM_SOCKET"
#: The kernel takes 107 bytes.
LONGEST_SOCKET_PATH = 100
#: A greeting is short; a frame with descriptors of blocks has a few hundred bytes for each.
LONGEST_GREETING, LONGEST_FRAME = 1 << 16, 1 << 30
_LENGTH = struct.Struct("!I")


class ConnectionLostError(Exception):
    """The other side has gone, or does not speak this protocol."""


@dataclass(frozen=True)
class Ask:
    """A client's request: blocks to be run.

    :param job: opaque to the server, unpacked by the workers. :param threads: slots each block uses.
    :param stage: ``module:Class``, and ``stage_digest`` the digest of an outside stage's package.
    """

    job: SentJob
    blocks: tuple[Block, ...]
    threads: int
    stage: str
    stage_digest: str


@dataclass(frozen=True)
class Started:
    """The server's word that a block was given to a worker."""

    key: tuple[int, ...]


@dataclass(frozen=True)
class Lost:
    """The server's word that the blocks asked for will not be finished, and why."""

    reason: str


def default_socket() -> Path:
    """``$METAPIPE_WARM_SOCKET``, else a place of this user alone that is empty after a restart of the machine."""
    chosen = os.environ.get(SOCKET_VARIABLE)
    if chosen:
        return Path(chosen)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "metapipe" / "warm.sock"
    return Path(tempfile.gettempdir()) / f"metapipe-{os.getuid()}" / "warm.sock"


def make_socket_folder(folder: Path) -> None:
    """Make the socket's folder, 0700, or check that it is this user's alone.

    :raises MetapipeError: E322 for a folder of another user or one that others may enter.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise MetapipeError("E322", f"cannot make the socket's folder ({error.strerror})", file=folder) from error
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise MetapipeError(
            "E322",
            "the socket's folder must be this user's alone",
            expected=f"a folder of uid {os.getuid()} with mode 0700",
            found=f"uid {found.st_uid}, mode {found.st_mode & 0o777:04o}",
        )


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user id of the other side, as the kernel knows them (socket(7), SO_PEERCRED)."""
    pid, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, user


def is_same_user(connection: socket.socket) -> bool:
    """Whether the other side is a process of this user, as the kernel knows it."""
    return peer(connection)[1] == os.getuid()


@functools.cache
def own_identity() -> dict[str, str]:
    """What must be equal on both sides for pickles and results to be the same: the package and its Python."""
    return {
        "version": __version__,
        "package": package_digest(),
        "python": f"{sys.version} {os.path.realpath(sys.prefix)}",
    }


def difference(theirs: object) -> str | None:
    """Why a peer with that identity cannot be worked with, in words; None when it can."""
    if not isinstance(theirs, dict):
        return "it speaks another protocol"
    ours = own_identity()
    if theirs.get("version") != ours["version"]:
        return f"it is version {str(theirs.get('version'))[:20]}, this is {ours['version']}"
    if theirs.get("package") != ours["package"]:
        return "it was started before the package changed"
    if theirs.get("python") != ours["python"]:
        return "it runs in another Python environment"
    return None


# ------------------------------------------------------------------------------------------------------ frames


def send_greeting(connection: socket.socket, message: dict[str, Any]) -> None:
    """Send a frame of JSON: before both sides know that they run the same code, nothing is unpickled."""
    _send(connection, json.dumps(message).encode())


def receive_greeting(connection: socket.socket) -> dict[str, Any]:
    """:raises ConnectionLostError: when none comes or it is not one."""
    try:
        message = json.loads(_receive(connection, LONGEST_GREETING))
    except ValueError as error:
        raise ConnectionLostError("not a greeting") from error
    if not isinstance(message, dict):
        raise ConnectionLostError("not a greeting")
    return message


def send(connection: socket.socket, message: object) -> None:
    """Send a frame with a pickled message, to a side whose greeting was in order."""
    _send(connection, pickle.dumps(message))


def is_readable(connection: socket.socket, seconds: float | None) -> bool:
    """Wait until there is something to receive (or the end), at most so long."""
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(None if seconds is None else seconds * 1000))


def receive(connection: socket.socket) -> Any:
    """Read one pickled message; only after the greetings.

    :raises ConnectionLostError: when the other side has gone, is not of this user or stops in the middle.
    """
    if not is_same_user(connection):
        raise ConnectionLostError("another user")
    content = _receive(connection, LONGEST_FRAME)
    try:
        return pickle.loads(content)  # noqa: S301  (of this user, the same package)
    except Exception as error:
        raise ConnectionLostError(f"not a message ({type(error).__name__})") from error


def _send(connection: socket.socket, content: bytes) -> None:
    try:
        connection.sendall(_LENGTH.pack(len(content)) + content)
    except OSError as error:
        raise ConnectionLostError(str(error)) from error


def _receive(connection: socket.socket, longest: int) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > longest:
        raise ConnectionLostError(f"a frame of {length} bytes")
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    pieces, missing = [], length
    while missing:
        try:
            piece = connection.recv(min(missing, 1 << 20))
        except OSError as error:  # a time-out among them
            raise ConnectionLostError(str(error)) from error
        if not piece:
            raise ConnectionLostError("closed")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
