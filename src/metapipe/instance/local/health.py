"""What is wrong with an instance, one line a fault, each with what to do."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from metapipe.errors import CODES, MetapipeError
from metapipe.galaxy.credentials import read_credentials
from metapipe.instance.local import accounts, broker, parts, ports, processes, warm
from metapipe.instance.local.settings import HOST, Settings

LEAST_FREE_BYTES = 1 << 30
_DATABASE_SECONDS = 10.0
_PORT_SECONDS = 5.0


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    :param part: ``broker``, ``celery``, ``handler``, ``web``, ``warm``, ``port``, ``database`` or ``disk``.
    :param code: key of the table of errors.
    :param problem: what is wrong.
    :param remedy: what to do about it.
    """

    part: str
    code: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"METAPIPE-{self.code} {self.problem}; {self.remedy}"


@dataclass(frozen=True)
class Health:
    """State of an instance: ``up``, ``down`` (nothing runs and nothing is meant to) or ``broken``."""

    state: str
    url: str
    running: dict[str, int | None]
    faults: tuple[Fault, ...]

    @property
    def exit_code(self) -> int:
        """0 when up; 3 when down (as init scripts answer); else the first fault's."""
        if self.state == "broken":
            return CODES[self.faults[0].code].exit_code
        return 0 if self.state == "up" else 3


def examine(settings: Settings) -> Health:
    """Ask every part whether it works; takes a few seconds only when one does not answer."""
    serving = parts.read_serving(settings)
    recorded = {part: parts.identity(settings, part) for part in parts.of(settings)}
    running = {part: found.pid if found and found.alive else None for part, found in recorded.items()}
    started = serving is not None and any(recorded.values())
    full = disk(settings)
    faults = [] if full is None else [full]
    if not started or serving is None:
        return Health("down", "", running, tuple(faults))
    faults += [fault for part in parts.of(settings) if (fault := _part(settings, serving, part, running))]
    if settings.database and not any(fault.part in {"web", "port"} for fault in faults):
        faults += _database(settings, serving)
    return Health("broken" if faults else "up", serving.url, running, tuple(faults))


def _part(settings: Settings, serving: parts.Serving, part: str, running: dict[str, int | None]) -> Fault | None:
    title, again = parts.TITLES[part], "`scripts/galaxy up` starts it again"
    if running[part] is None:
        if part == "web" and _another_holds(settings, serving.port):
            holder = ports.holder_words(serving.port)
            remedy = "end that program, or `scripts/galaxy up --port N`"
            return Fault(
                "port", "E306", f"the web server is not running and its port {serving.port} is held by {holder}", remedy
            )
        return Fault(part, "E307", f"the {title} is not running", again)
    if part == "broker":
        answers = broker.answers(settings.broker_socket)
    elif part == "celery":
        # Without its broker the worker cannot answer; the broker's fault says it all.
        answers = running["broker"] is None or broker.worker_answers(settings.broker_socket)
    elif part == "handler":
        answers = parts.handler_answers(settings)
    elif part == "warm":
        answers = warm.answers(settings.warm_socket)
    else:
        answers = parts.web_answers(serving.url)
    return (
        None if answers else Fault(part, "E307", f"the {title} runs (pid {running[part]}) but does not answer", again)
    )


def _another_holds(settings: Settings, port: int) -> bool:
    """Whether a program that is not ours sits on the port.

    What is just ending holds its port a moment longer and is nobody's any more, so a look is repeated for a while.
    """
    if ports.is_free(HOST, port):
        return False
    return not processes.wait_until(
        lambda: ports.is_free(HOST, port) or parts.holds_port(settings, port), _PORT_SECONDS
    )


def _database(settings: Settings, serving: parts.Serving) -> list[Fault]:
    """Ask for an account: the web server says its version, as asked above, without its database."""
    try:
        user = read_credentials(settings.state).user
        accounts.key_works(serving.url, user, _DATABASE_SECONDS)
    except MetapipeError as error:
        if error.code == "E308":
            problem = "Galaxy cannot reach its PostgreSQL database"
            return [Fault("database", "E308", problem, "start PostgreSQL, then Galaxy goes on by itself")]
    return []


def free_bytes(settings: Settings) -> int:
    """Return what is free on the disk of the instance's data."""
    folder = next(path for path in (settings.state, *settings.state.parents) if path.exists())
    return shutil.disk_usage(folder).free


def disk(settings: Settings) -> Fault | None:
    """Return the fault of a disk that is nearly full."""
    free = free_bytes(settings)
    if free >= LEAST_FREE_BYTES:
        return None
    problem = f"only {free >> 20} MB are free where Galaxy keeps its data"
    return Fault("disk", "E501", problem, f"make room in {settings.state}")
