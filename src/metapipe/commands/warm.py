"""``metapipe warm up | status | down | run``: a Spark session that stays ready between jobs."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metapipe import machine
from metapipe.errors import MetapipeError
from metapipe.runner.attempt.task import last_words
from metapipe.runner.warm.protocol import LONGEST_SOCKET_PATH, SOCKET_VARIABLE, default_socket, make_socket_folder
from metapipe.runner.warm.session import ask_server

_EXAMPLES = """examples:
  metapipe warm up --slots 4                       start it in the background; ready when the command ends
  export METAPIPE_WARM_SOCKET=$(metapipe warm status --socket-path)
  metapipe predict_genes --contigs contigs.fasta --outdir genes     uses it, and says so in run_report.json
  metapipe warm status                             how it is, who uses it (ends with 3 when it is not there)
  metapipe warm down                               end it; running jobs get a few seconds first
  metapipe warm run --socket /run/metapipe/warm.sock                in the foreground, as a systemd service would

One Spark session serves many jobs of the same user, who share its slots by turns. A job that cannot have it (another
version of META-pipe, a session that is just being replaced) starts Spark for itself, as ever.
"""
#: Descriptors of lock and socket, and how often the image was replaced: from one image to the next.
_HANDOVER = "METAPIPE_WARM_HANDOVER"
_START_LIMIT = 240.0
_DOWN_LIMIT = 30.0

Say = Callable[[str], None]


def add_parser(subparsers: Any) -> None:
    """Add ``warm`` with its four actions to the main command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "warm", help="keep a Spark session ready for many short jobs", epilog=_EXAMPLES, formatter_class=form
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--socket",
        type=Path,
        metavar="FILE",
        help=f"the server's socket (default: ${SOCKET_VARIABLE}, else below $XDG_RUNTIME_DIR, else below /tmp)",
    )
    how = argparse.ArgumentParser(add_help=False, parents=[where])
    how.add_argument("--slots", type=_positive(int), default=machine.cores(), metavar="N", help="blocks at once (all)")
    how.add_argument(
        "--max-memory-mb",
        type=_positive(int),
        default=1536,
        metavar="N",
        help="start Spark anew, between jobs, when it has grown beyond this (1536)",
    )
    how.add_argument(
        "--max-age-hours", type=_positive(float), default=24.0, metavar="H", help="the same when it is so old (24)"
    )
    how.add_argument(
        "--drain-seconds", type=_positive(float), default=10.0, metavar="S", help="patience of `warm down` (10)"
    )
    for name, parents, text in (
        ("up", [how], "start it in the background and wait until it is ready"),
        ("status", [where], "say how it is"),
        ("down", [where], "end it"),
        ("run", [how], "be it, in the foreground"),
    ):
        action = actions.add_parser(name, parents=parents, help=text, epilog=_EXAMPLES, formatter_class=form)
        if name == "status":
            action.add_argument("--json", action="store_true", help="for programs")
            action.add_argument("--socket-path", action="store_true", help="only say where its socket is")


def run(options: argparse.Namespace, say: Say, warn: Say) -> int:
    """Carry out one action; return the exit code."""
    path: Path = (options.socket or default_socket()).absolute()
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise MetapipeError("E322", f"the path is longer than {LONGEST_SOCKET_PATH} bytes", file=path)
    match options.action:
        case "up":
            return _up(options, path, say)
        case "down":
            return _down(path, say)
        case "status":
            return _status(options, path, say)
        case _:
            return _serve(options, path, warn)


def _status(options: argparse.Namespace, path: Path, say: Say) -> int:
    if options.socket_path:
        say(str(path))
        return 0
    facts = ask_server(path, "status")
    if options.json:
        say(json.dumps(facts or {"state": "down"}, indent=1))
    elif facts is None:
        say("no warm session server runs; `metapipe warm up` starts one")
    else:
        say(_in_words(facts))
    return 0 if facts is not None else 3


def _in_words(facts: dict[str, Any]) -> str:
    lines = [
        f"{facts['state']}: pid {facts['pid']}, {facts['slots']} slots, {facts['memory_mb']} MB, up "
        f"{facts['age_seconds']} s, {facts['served']} clients served, {facts['restarts']} fresh starts"
    ]
    if facts["reason"]:
        lines.append(str(facts["reason"]))
    for client in facts["clients"]:
        lines.append(
            f"client {client['pid']}: {client['running']} running, {client['waiting']} waiting, "
            f"of {client['slots']} slots"
        )
    return "\n".join(lines)


def _up(options: argparse.Namespace, path: Path, say: Say) -> int:
    found = ask_server(path, "status")
    if found is not None and found["state"] == "ready":
        say(f"already {_in_words(found)}")
        return 0
    make_socket_folder(path.parent)
    log = path.with_name(f"{path.name}.log")
    words = ["warm", "run", "--socket", str(path), "--slots", str(options.slots)]
    words += ["--max-memory-mb", str(options.max_memory_mb), "--max-age-hours", str(options.max_age_hours)]
    words += ["--drain-seconds", str(options.drain_seconds)]
    with log.open("wb") as output:
        log.chmod(0o600)
        process = subprocess.Popen(
            [sys.executable, *_program(), *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_LIMIT
    try:
        while (found := ask_server(path, "status")) is None or _is_on_its_way(found, process.pid):
            if process.poll() is not None:
                raise MetapipeError(
                    "E321", f"the server ended at its start; its last words: {last_words(log.read_bytes())}", file=log
                )
            if time.monotonic() > deadline:
                raise MetapipeError("E321", f"the server is not ready after {_START_LIMIT:.0f} s", file=log)
            time.sleep(0.1)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    process.returncode = 0  # it is to outlive this object
    say(_in_words(found))
    say(f"export {SOCKET_VARIABLE}={path}")
    return 0


def _is_on_its_way(found: dict[str, Any], started: int) -> bool:
    """Not ready yet. One just started that is draining already has no Spark, and is about to end or to try again."""
    state, pid = found["state"], found["pid"]
    return state == "starting" or (state, pid) == ("draining", started)


def _program() -> list[str]:
    """How Python was told to start this program, without the program's own words."""
    return sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]


def _down(path: Path, say: Say) -> int:
    facts = ask_server(path, "stop")
    if facts is None:
        say("no warm session server was running")
        return 0
    try:
        process = os.pidfd_open(facts["pid"])
    except ProcessLookupError:
        say("the warm session server has ended")
        return 0
    try:
        if not select.select([process], [], [], _DOWN_LIMIT)[0]:
            raise MetapipeError("E321", f"the server (pid {facts['pid']}) does not end")
    finally:
        os.close(process)
    say("the warm session server has ended")
    return 0


def _serve(options: argparse.Namespace, path: Path, warn: Say) -> int:
    from metapipe.runner.warm.server import Limits, WarmServer

    lock, listener, restarts = _handed_over() or _take_place(path)
    limits = Limits(options.max_memory_mb, options.max_age_hours * 3600.0, options.drain_seconds)
    folder = path.with_name(f"{path.name}.work")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    fresh = False
    try:
        fresh = WarmServer(listener, folder, options.slots, limits, warn, restarts=restarts).serve()
    finally:
        if not fresh:
            path.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
    if fresh:
        # A new image of the same process: no old Java connections, no old modules, and whoever watches the pid sees
        # nothing. Clients that knock meanwhile wait at the open socket.
        for descriptor in (lock, listener.fileno()):
            os.set_inheritable(descriptor, True)
        os.environ[_HANDOVER] = f"{lock} {listener.fileno()} {restarts + 1}"
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
    os.close(lock)
    return 0


def _handed_over() -> tuple[int, socket.socket, int] | None:
    text = os.environ.pop(_HANDOVER, None)
    if text is None:
        return None
    lock, listener, restarts = map(int, text.split())
    for descriptor in (lock, listener):
        os.set_inheritable(descriptor, False)
    return lock, socket.socket(fileno=listener), restarts


def _take_place(path: Path) -> tuple[int, socket.socket, int]:
    """Lock the place and listen there; a socket file of a dead server is replaced.

    :raises MetapipeError: E321 when another server is there.
    """
    make_socket_folder(path.parent)
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise MetapipeError("E321", "another warm session server uses this socket", file=path) from None
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    mask = os.umask(0o177)  # 0600 from its first moment
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(128)
    return lock, listener, 0


def _positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    def convert(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < 1e9:
            raise argparse.ArgumentTypeError(f"expected a number above 0, found {text!r}")
        return value

    return convert
