"""``scripts/galaxy``: the Galaxy of this checkout, on this machine."""

from __future__ import annotations

import argparse
import errno
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import read_credentials
from metapipe.instance.local import accounts, health, offering, parts, settings, starting
from metapipe.instance.local.choices import option_of
from metapipe.instance.local.settings import Chosen, Settings

#: What the system says where a file cannot be written: no room, no right, no such place.
_CANNOT_WRITE = {
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO", "ENOTDIR")
}
_YES_NO = argparse.BooleanOptionalAction
_EPILOG = """examples:
  scripts/galaxy up                                   start it, or mend what does not work
  scripts/galaxy up --port 8080                       on a port of your choice (remembered)
  scripts/galaxy up --database postgresql:///galaxy   on PostgreSQL (remembered)
  scripts/galaxy status                               what works, what does not, what to do
  scripts/galaxy logs -f web                          follow the web server's log
  scripts/galaxy down                                 stop all of it, running jobs too; data stay
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        chosen = Chosen({name: getattr(options, name, None) for name in settings.CHOICES})
        found = settings.load(options.state, chosen)
        code: int = options.run(found, chosen, options)
        return code
    except MetapipeError as error:
        _say(str(error))
        return error.exit_code
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        refused = MetapipeError(
            "E501", f"{error.strerror}: {error.filename or options.state or 'the folder of the instance'}"
        )
        _say(str(refused))
        return refused.exit_code


def _up(found: Settings, chosen: Chosen, options: argparse.Namespace) -> int:
    began = time.monotonic()
    settings.remember_in(found, chosen)
    credentials = starting.up(found, _say)
    if options.json:
        _out(json.dumps(_state(found), indent=2))
        return 0
    _out(f"Galaxy is ready at {credentials.url} ({time.monotonic() - began:.0f} s)")
    _out(f"log in as {credentials.user.email}; the password is in {found.credentials}")
    return 0


def _restart(found: Settings, chosen: Chosen, options: argparse.Namespace) -> int:
    starting.down(found, _say)
    return _up(found, chosen, options)


def _down(found: Settings, _chosen: Chosen, _options: argparse.Namespace) -> int:
    stopped = starting.down(found, _say)
    _out(f"Galaxy is down ({stopped} processes ended)" if stopped else "Galaxy was not running")
    return 0


def _status(found: Settings, _chosen: Chosen, options: argparse.Namespace) -> int:
    state = health.examine(found)
    if options.json:
        _out(json.dumps(_state(found, state), indent=2))
        return state.exit_code
    for fault in state.faults:
        _out(str(fault))
    if state.state == "up":
        _out(f"Galaxy is up at {state.url}")
        for line in offering.not_offered(found):
            _out(f"note: {line}")
    elif state.state == "down":
        _out("Galaxy is down; `scripts/galaxy up` starts it")
    return state.exit_code


def _logs(found: Settings, _chosen: Chosen, options: argparse.Namespace) -> int:
    file = parts.log(found, options.part)
    if not file.exists():
        raise MetapipeError("E201", f"the {parts.TITLES[options.part]} has no log yet; `scripts/galaxy up` starts it")
    for line in starting.follow(file, options.lines, options.follow):
        sys.stdout.write(line)
        sys.stdout.flush()
    return 0


def _add_user(found: Settings, _chosen: Chosen, options: argparse.Namespace) -> int:
    file = accounts.add_user(found, options.email)
    _out(f"{options.email} can log in at {read_credentials(found.state).url}; the password is in {file}")
    return 0


def _state(found: Settings, state: health.Health | None = None) -> dict[str, object]:
    state = state or health.examine(found)
    return {
        "state": state.state,
        "url": state.url,
        "state_folder": str(found.state),
        "database": "postgresql" if found.database else "sqlite",
        "parts": {part: {"pid": pid, "running": pid is not None} for part, pid in state.running.items()},
        "faults": [dict(vars(fault)) for fault in state.faults],
        "notes": offering.not_offered(found),
    }


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("scripts/galaxy", description=__doc__, epilog=_EPILOG, formatter_class=form)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--state", type=Path, metavar="DIR", help="folder of the instance (.build/galaxy)")
    choices = argparse.ArgumentParser(add_help=False, parents=[everywhere])
    for name, choice in settings.CHOICES.items():
        told: dict[str, Any] = (
            {"metavar": choice.metavar} if choice.metavar else {"action": argparse.BooleanOptionalAction}
        )
        choices.add_argument(f"--{option_of(name)}", help=choice.help, **told)
    choices.add_argument("--json", action="store_true", help="say the result as JSON")
    for name, run, summary in (
        ("up", _up, "start Galaxy, or mend what does not work"),
        ("restart", _restart, "stop and start; takes over changed tools and settings"),
    ):
        commands.add_parser(name, parents=[choices], help=summary).set_defaults(run=run)
    down = commands.add_parser("down", parents=[everywhere], help="stop Galaxy and its jobs")
    down.set_defaults(run=_down)
    status = commands.add_parser("status", parents=[everywhere], help="say what works and what does not")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(run=_status)
    add_user = commands.add_parser("add-user", parents=[everywhere], help="make an account for a colleague")
    add_user.add_argument("email", metavar="EMAIL")
    add_user.set_defaults(run=_add_user)
    logs = commands.add_parser("logs", parents=[everywhere], help="show a log")
    logs.add_argument("part", nargs="?", choices=("web", "handler", "celery", "broker", "warm"), default="web")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as it grows")
    logs.add_argument("-n", "--lines", type=int, default=50, metavar="N", help="lines to begin with (50)")
    logs.set_defaults(run=_logs)
    return parser


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _out(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
