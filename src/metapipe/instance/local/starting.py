"""Bring an instance up, mend it, take it down: each only as far as needed, each safe to repeat."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import Credentials
from metapipe.instance.local import accounts, broker, configuration, health, offering, parts, ports, processes, warm
from metapipe.instance.local.parts import Serving
from metapipe.instance.local.secrets import private_folder
from metapipe.instance.local.settings import HOST, Settings

Say = Callable[[str], None]

_BROKER_SECONDS, _WEB_SECONDS, _CELERY_SECONDS, _HANDLER_SECONDS, _SPARK_SECONDS = 20.0, 300.0, 300.0, 300.0, 90.0
_PATIENCE_SECONDS = 30.0  # a busy machine answers late; only then is a living part taken for hung
_SAY_EVERY_SECONDS = 10.0
_GRACE_SECONDS = 15.0
_LEAST_TO_START = 64 << 20  # tables, configuration and logs; a user's data need more


def up(settings: Settings, say: Say) -> Credentials:
    """Start what does not run and restart what does not answer; return how to log in.

    :raises MetapipeError: E301 environment missing, E501 the disk is full, E306 port in use, E307 a part ends at its
        start, E801 it takes too long or an earlier process does not end.
    """
    _check_environments(settings)
    _check_disk(settings)
    private_folder(settings.state)
    with _only_one(settings, say):
        configuration.render(settings)
        started = configuration.digest(settings)
        if not settings.warm:
            _clear_away(settings, "warm")
        broken = [part for part in parts.of(settings) if not _works(settings, part)]
        serving = parts.read_serving(settings)
        if "web" in broken or serving is None:
            if serving is not None and serving.digest != started:
                # The others would go on with the settings of before.
                broken += [part for part in ("celery", "handler") if part not in broken]
            serving = Serving(_choose_port(settings, serving, say), started)
        elif serving.digest != started:
            say("note: tools or settings changed since Galaxy started; `scripts/galaxy restart` takes them over")
        for part in broken:
            _clear_away(settings, part)
        _start(settings, broken, serving, say)
        credentials = accounts.ensure(settings, serving.url)
        offering.offer(settings, credentials, say)
        if (full := health.disk(settings)) is not None:
            say(str(full))
        if not any(settings.refdb.glob("[!.]*/[!.]*/manifest.json")):
            say(f"note: no reference database is installed in {settings.refdb}; see `metapipe refdb list`")
        return credentials


def down(settings: Settings, say: Say) -> int:
    """End every process of the instance, running jobs included; return how many there were."""
    if not settings.run.is_dir():
        return 0
    with _only_one(settings, say):
        doomed = parts.belonging(settings)
        if doomed:
            say(f"stopping {len(doomed)} processes …")
        # The broker last: the others say goodbye through it.
        brokers = {identity.pid for identity in parts.belonging(settings, "broker")}
        # The handler first: it would take what is ended here for jobs that ended by themselves.
        processes.stop(parts.belonging(settings, "handler"), _GRACE_SECONDS)
        processes.stop(
            [identity for identity in doomed if identity.pid not in brokers],
            _GRACE_SECONDS,
            lambda: [identity for identity in parts.belonging(settings) if identity.pid not in brokers],
        )
        left = processes.stop(parts.belonging(settings), _GRACE_SECONDS, lambda: parts.belonging(settings))
        for part in (*parts.PARTS, *parts.OPTIONAL):
            if parts.identity(settings, part) not in left:
                parts.record(settings, part).unlink(missing_ok=True)
        settings.broker_socket.unlink(missing_ok=True)
        settings.warm_socket.unlink(missing_ok=True)
        _all_ended(left)
        return len(doomed)


def _all_ended(left: list[processes.Identity]) -> None:
    if left:
        names = ", ".join(map(processes.name_of, left))
        raise MetapipeError(
            "E801", f"ended all but {names}, which not even SIGKILL ends: a disk or network drive may not answer"
        )


def _check_environments(settings: Settings) -> None:
    needed = (settings.galaxy_env / ".metapipe-stamp", settings.galaxy_env / "share" / "metapipe" / "empty.sqlite")
    if not all(file.exists() for file in needed):
        raise MetapipeError(
            "E301", "Galaxy is not installed (or its installation was cut short): run `scripts/install galaxy`"
        )


def _check_disk(settings: Settings) -> None:
    free = health.free_bytes(settings)
    if free < _LEAST_TO_START:
        raise MetapipeError(
            "E501",
            f"Galaxy does not start where it cannot write: {free >> 20} MB are free in {settings.state.parent}, "
            f"{_LEAST_TO_START >> 20} MB are needed",
        )


@contextmanager
def _only_one(settings: Settings, say: Say) -> Iterator[None]:
    """Let one ``up`` or ``down`` of this instance run at a time; the lock ends with its process, however that ends."""
    settings.run.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another scripts/galaxy …")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _works(settings: Settings, part: str) -> bool:
    """Whether a part runs and answers; a living one is given time to."""
    if not parts.is_alive(settings, part):
        return False
    if part == "broker":
        return processes.wait_until(lambda: broker.answers(settings.broker_socket), _PATIENCE_SECONDS)
    if part == "celery":
        if not broker.answers(settings.broker_socket):
            return True  # judged once the broker is back: the worker reconnects by itself
        return processes.wait_until(lambda: broker.worker_answers(settings.broker_socket), _PATIENCE_SECONDS)
    if part == "handler":
        return processes.wait_until(lambda: parts.handler_answers(settings), _PATIENCE_SECONDS)
    if part == "warm":
        return processes.wait_until(lambda: warm.answers(settings.warm_socket), _PATIENCE_SECONDS)
    serving = parts.read_serving(settings)
    return serving is not None and processes.wait_until(lambda: parts.web_answers(serving.url), _PATIENCE_SECONDS)


def _choose_port(settings: Settings, earlier: Serving | None, say: Say) -> int:
    if settings.port is not None:
        if not ports.is_free(HOST, settings.port) and not parts.holds_port(settings, settings.port):
            raise MetapipeError(
                "E306", f"port {settings.port} is held by {ports.holder_words(settings.port)}; choose another --port"
            )
        return settings.port
    if earlier is None:
        return ports.any_free(HOST)
    if ports.is_free(HOST, earlier.port) or not parts.belonging(settings, "web"):
        if ports.is_free(HOST, earlier.port):
            return earlier.port
        say(f"port {earlier.port} is now held by {ports.holder_words(earlier.port)}; taking another")
        return ports.any_free(HOST)
    return earlier.port


def _clear_away(settings: Settings, part: str) -> None:
    """End what is left of a part that does not work, so that two never run at the same time."""
    _all_ended(processes.stop(parts.belonging(settings, part), _GRACE_SECONDS, lambda: parts.belonging(settings, part)))
    parts.record(settings, part).unlink(missing_ok=True)


def _start(settings: Settings, broken: list[str], serving: Serving, say: Say) -> None:
    if "web" in broken:
        prepare_database(settings, say)  # first: it fails if the address is wrong, and then nothing was started
    if "broker" in broken:
        private_folder(settings.broker_socket.parent)
        settings.broker_socket.unlink(missing_ok=True)
        _launch(settings, "broker", serving, say)
        _wait(settings, "broker", lambda: broker.answers(settings.broker_socket), _BROKER_SECONDS, say)
    if "warm" in broken:
        _launch(settings, "warm", serving, say)
    if "web" in broken:
        parts.write_serving(settings, serving)
        _launch(settings, "web", serving, say)
    if "handler" in broken:
        settings.handler_file.unlink(missing_ok=True)
        _launch(settings, "handler", serving, say)
    if "celery" in broken:
        broker.give_back_unfinished(settings.broker_socket)
        settings.warm_file.unlink(missing_ok=True)
        _launch(settings, "celery", serving, say)
    _wait(settings, "web", lambda: parts.web_answers(serving.url), _WEB_SECONDS, say)
    answers = _warm if "celery" in broken else _worker_answers  # one that ran on was warm before
    _wait(settings, "celery", lambda: answers(settings), _CELERY_SECONDS, say)
    _wait(settings, "handler", lambda: parts.handler_answers(settings), _HANDLER_SECONDS, say)
    if "warm" in broken:
        _wait(settings, "warm", lambda: warm.is_ready(settings.warm_socket), _SPARK_SECONDS, say)


def _worker_answers(settings: Settings) -> bool:
    return broker.worker_answers(settings.broker_socket)


def _warm(settings: Settings) -> bool:
    return settings.warm_file.exists() and _worker_answers(settings)


def _launch(settings: Settings, part: str, serving: Serving, say: Say) -> None:
    say(f"starting the {parts.TITLES[part]} …")
    log = parts.log(settings, part)
    if log.exists():  # the log of this start, and that of the one before
        os.replace(log, log.with_suffix(".log.1"))
    environ = configuration.environ_of(settings, os.environ)
    command = parts.command(settings, part, serving.port)
    identity = processes.start(part, command, environ, log, settings.state / "work", parts.mark(settings))
    processes.write_record(parts.record(settings, part), identity)


def _wait(settings: Settings, part: str, ready: Callable[[], bool], seconds: float, say: Say) -> None:
    """Wait until a part is ready; say every few seconds what is waited for; stop waiting when its process ends."""
    began = time.monotonic()
    next_word = began + _SAY_EVERY_SECONDS
    while not ready():
        processes.reap()
        if not parts.is_alive(settings, part) or parts.failed_to_load(settings, part):
            words = parts.last_words(parts.log(settings, part))
            raise MetapipeError(
                "E307", f"the {parts.TITLES[part]} ended at its start: {words}; see `scripts/galaxy logs {part}`"
            )
        now = time.monotonic()
        if now - began > seconds:
            raise MetapipeError(
                "E801", f"the {parts.TITLES[part]} is not ready after {seconds:.0f} s; see `scripts/galaxy logs {part}`"
            )
        if now >= next_word:
            say(f"waiting for the {parts.TITLES[part]}: {now - began:.0f} s")
            next_word = now + _SAY_EVERY_SECONDS
        time.sleep(0.2)


def prepare_database(settings: Settings, say: Say) -> None:
    """Make the tables, or bring them up to date.

    :raises MetapipeError: E702 when the database cannot be used.
    """
    if not settings.database:
        if not settings.sqlite_file.exists():
            fresh = settings.sqlite_file.with_suffix(".new")
            shutil.copyfile(settings.galaxy_env / "share" / "metapipe" / "empty.sqlite", fresh)
            fresh.chmod(0o600)
            os.replace(fresh, settings.sqlite_file)
        return
    say("preparing the PostgreSQL database …")
    command = [
        str(settings.galaxy_env / "bin" / "python"),
        "-s",
        str(settings.templates / "empty_database.py"),
        settings.database,
    ]
    done = subprocess.run(
        command, env=configuration.environ_of(settings, os.environ), capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        with suppress(StopIteration):
            lines = [next(line for line in reversed(lines) if "Error" in line or "FATAL" in line)]
        words = re.sub(r"^[\w.]+: (\([\w.]+\) )?", "", (lines or ["no message"])[-1])  # without the exceptions' names
        raise MetapipeError("E702", f"the database cannot be used: {words[:200]}")


def follow(file: Path, lines: int, forever: bool) -> Iterator[str]:
    """Yield the last ``lines`` of a log, then new ones as they come if ``forever``."""
    with file.open(errors="replace") as stream:
        yield from stream.readlines()[-lines:]
        while forever:
            line = stream.readline()
            if line:
                yield line
            else:
                time.sleep(0.2)
