"""Whether the Galaxy of this host runs what it was configured to run, and whether all of it answers."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.instance.deployed import programs
from metapipe.instance.deployed.deployment import Deployment
from metapipe.instance.local.secrets import write_private

Say = Callable[[str], None]

UNITS = Path("/etc/systemd/system")
_BEAT_SECONDS = 20.0
_SAY_EVERY_SECONDS = 10.0


def wanted(found: Deployment, units: Path = UNITS) -> str:
    """Return a digest of all that the processes are started with: their configuration and their units."""
    total = hashlib.sha256(programs.digest(found).encode())
    for file in sorted((*units.glob("galaxy*.service"), *units.glob("galaxy*.service.d/*.conf"))):
        total.update(f"{file.relative_to(units)}\n".encode() + file.read_bytes())
    return total.hexdigest()


def is_current(found: Deployment, units: Path = UNITS) -> bool:
    """Whether what was last seen to run is what is wanted; not so after an interruption before :func:`note`."""
    try:
        return _record(found).read_text().strip() == wanted(found, units)
    except FileNotFoundError:
        return False


def note(found: Deployment, units: Path = UNITS) -> None:
    """Note that what is wanted runs and answers."""
    write_private(_record(found), wanted(found, units) + "\n")


def wait(found: Deployment, seconds: float, say: Say) -> None:
    """Wait until the web server, every job handler and the Celery worker answer.

    :raises MetapipeError: E801 that names what does not.
    """
    began = time.monotonic()
    next_word = began + _SAY_EVERY_SECONDS
    while missing := silent(found):
        now = time.monotonic()
        if now - began > seconds:
            unit = missing[0].replace("web server", "galaxy-gunicorn").replace("Celery worker", "galaxy-celery")
            unit = unit.replace("job handler ", "galaxy-")
            raise MetapipeError(
                "E801",
                f"{', '.join(missing)}: no answer after {seconds:.0f} s; see `journalctl -u {unit}` on this host",
            )
        if now >= next_word:
            say(f"waiting for {', '.join(missing)}: {now - began:.0f} s")
            next_word = now + _SAY_EVERY_SECONDS
        time.sleep(0.5)


def silent(found: Deployment) -> list[str]:
    """Return what does not answer yet, or no more."""
    parts = [] if web_answers(found.socket) else ["web server"]
    parts += [f"job handler {name}" for name in found.handlers if not _beats(found.run / f"{name}.alive")]
    return parts + ([] if (found.run / "celery.warm").exists() else ["Celery worker"])


def web_answers(path: Path, seconds: float = 5.0) -> bool:
    """Whether Galaxy's API answers at the socket."""
    connection = _Connection(path, seconds)
    try:
        connection.request("GET", "/api/version")
        return "version_major" in json.load(connection.getresponse())
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _beats(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime < _BEAT_SECONDS
    except OSError:
        return False


def _record(found: Deployment) -> Path:
    return found.settings.run / "running"


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def database_is_current(found: Deployment) -> bool:
    """Whether the tables were made, or brought up to date, by the Galaxy that is installed."""
    try:
        return _tables(found).read_text() == _installed(found)
    except FileNotFoundError:
        return False


def note_database(found: Deployment) -> None:
    """Note that they were."""
    write_private(_tables(found), _installed(found))


def _tables(found: Deployment) -> Path:
    return found.settings.run / "tables"


def _installed(found: Deployment) -> str:
    address = hashlib.sha256(found.database.encode()).hexdigest()
    return (found.settings.galaxy_env / ".metapipe-stamp").read_text() + address + "\n"
