"""The warm session server beside Galaxy: how it is started and asked how it is.

It speaks frames of JSON: a length of 4 bytes (network order), then so many bytes.
"""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

from metapipe.instance.local.settings import Settings

_SECONDS = 5.0


def command(settings: Settings) -> list[str]:
    """Return its command line; it starts Spark anew by itself when that has grown or died."""
    program = str(settings.metapipe_env / "bin" / "metapipe")
    return [program, "warm", "run", "--socket", str(settings.warm_socket), "--slots", str(settings.warm_slots)]


def answers(path: Path) -> bool:
    """Whether it answers, be it that it is just replacing its Spark session."""
    return _status(path) is not None


def is_ready(path: Path) -> bool:
    """Whether it takes jobs."""
    return (_status(path) or {}).get("state") == "ready"


def _status(path: Path) -> dict[str, Any] | None:
    question = json.dumps({"ask": "status"}).encode()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(str(path))
            connection.sendall(struct.pack("!I", len(question)) + question)
            with connection.makefile("rb") as reply:
                (length,) = struct.unpack("!I", reply.read(4))
                found = json.loads(reply.read(length))
    except (OSError, ValueError, struct.error):
        return None
    return found if isinstance(found, dict) else None
