"""The parts of a running Galaxy: message broker, Celery worker, job handler, web server.

Beside them, if so chosen, the server of warm Spark sessions for the jobs.
"""

from __future__ import annotations

import json
import secrets as random
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from metapipe.instance.local import broker, ports, processes, warm
from metapipe.instance.local.processes import Identity
from metapipe.instance.local.secrets import write_private
from metapipe.instance.local.settings import HOST, Settings

PARTS = ("broker", "celery", "handler", "web")
#: Parts that an instance may have.
OPTIONAL = ("warm",)
TITLES = {
    "broker": "message broker",
    "celery": "Celery worker",
    "handler": "job handler",
    "web": "web server",
    "warm": "warm session server",
}
#: Name of the job handler in Galaxy's configuration and database.
HANDLER = "jobs"
_CELERY_TASKS_AT_ONCE = 2
_BEAT_SECONDS = 20.0


@dataclass(frozen=True)
class Serving:
    """What the running web server was started with.

    :param port: the port it listens on.
    :param digest: :func:`metapipe.instance.local.configuration.digest` at its start.
    """

    port: int
    digest: str

    @property
    def url(self) -> str:
        """Where Galaxy answers, without a slash at the end."""
        return f"http://{HOST}:{self.port}"


def of(settings: Settings) -> tuple[str, ...]:
    """Return the parts that this instance is to have."""
    return (*PARTS, *(("warm",) if settings.warm else ()))


def command(settings: Settings, part: str, port: int) -> list[str]:
    """Return the command line of a part."""
    python = str(settings.galaxy_env / "bin" / "python")
    if part == "warm":
        return warm.command(settings)
    if part == "broker":
        return broker.command(settings)
    if part == "celery":
        options = ["--concurrency", str(_CELERY_TASKS_AT_ONCE), "--pool", "threads", "--loglevel", "INFO"]
        options += ["--queues", "celery,galaxy.internal,galaxy.external", "--without-gossip", "--without-mingle"]
        options += ["--beat", "--schedule", str(settings.state / "data" / "celery-beat")]
        return [python, "-s", str(settings.templates / "celery_start.py"), "worker", *options]
    if part == "handler":
        options = ["--config-file", str(settings.config / "galaxy.yml"), "--server-name", HANDLER]
        return [python, "-s", str(settings.templates / "handler_start.py"), *options]
    options = ["--worker-class", "galaxy.webapps.galaxy.workers.Worker", "--workers", "1", "--timeout", "300"]
    options += ["--bind", f"{HOST}:{port}", "--config", str(settings.templates / "gunicorn_start.py")]
    options += ["--graceful-timeout", "10", "--no-control-socket"]
    return [python, "-s", "-m", "gunicorn", "galaxy.webapps.galaxy.fast_factory:factory()", *options]


def log(settings: Settings, part: str) -> Path:
    """The file that a part's output goes to."""
    return settings.logs / f"{part}.log"


def record(settings: Settings, part: str) -> Path:
    """The file that tells a part's process: pid and start time."""
    return settings.run / f"{part}.json"


def identity(settings: Settings, part: str) -> Identity | None:
    """Return the part's recorded process, alive or not; ``None`` if it was not started."""
    return processes.read_record(record(settings, part))


def is_alive(settings: Settings, part: str) -> bool:
    """Whether the very process that was started as this part still runs."""
    found = identity(settings, part)
    return found is not None and found.alive


def belonging(settings: Settings, part: str | None = None) -> list[Identity]:
    """Return all living processes of the instance (or of one part of it), its jobs included."""
    recorded = [identity(settings, name) for name in ((*PARTS, *OPTIONAL) if part is None else (part,))]
    return processes.belonging(mark(settings), recorded, part)


def mark(settings: Settings) -> str:
    """Return the instance's random mark, made at its first use."""
    file = settings.run / "mark"
    if not file.exists():
        settings.run.mkdir(parents=True, exist_ok=True)
        write_private(file, random.token_hex(16) + "\n")
    return file.read_text().strip()


def read_serving(settings: Settings) -> Serving | None:
    """Return what the running Galaxy serves; None when it does not run or the file is damaged."""
    try:
        return Serving(**json.loads((settings.run / "serving.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_serving(settings: Settings, serving: Serving) -> None:
    """Note what the running Galaxy serves, for this user's eyes only."""
    write_private(settings.run / "serving.json", json.dumps(vars(serving)) + "\n")


def web_answers(url: str, seconds: float = 5.0) -> bool:
    """Whether Galaxy's API answers."""
    try:
        with urllib.request.urlopen(f"{url}/api/version", timeout=seconds) as reply:  # noqa: S310 - our own address
            return "version_major" in json.load(reply)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def holds_port(settings: Settings, port: int) -> bool:
    """Whether a process of the web server listens there: its worker goes on for a while when its master died."""
    own = {identity.pid for identity in belonging(settings, "web")}
    return bool(own & set(ports.holders(port)))


def handler_answers(settings: Settings) -> bool:
    """Whether the job handler has looked through its queue lately."""
    try:
        return time.time() - settings.handler_file.stat().st_mtime < _BEAT_SECONDS
    except OSError:
        return False


def failed_to_load(settings: Settings, part: str) -> bool:
    """Whether gunicorn's worker ended while it loaded Galaxy; gunicorn itself would try again for ever."""
    try:
        return part == "web" and b") exited with code" in log(settings, part).read_bytes()
    except OSError:
        return False


def last_words(file: Path, limit: int = 200) -> str:
    """Return the line of a log that most likely says why its program ended."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 20_000))
            lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return "no log"
    errors = [line for line in lines if "Error" in line or "rror:" in line or "FATAL" in line]
    return (errors or lines or ["an empty log"])[-1][:limit]
