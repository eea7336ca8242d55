"""What the Ansible role ``galaxy`` and the units of a deployed Galaxy run on its host.

Each action may be repeated; one that changed something says so in a line of its own, ``changed``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.instance.deployed import bringing, deployment, programs, readiness
from metapipe.instance.deployed.deployment import Deployment
from metapipe.instance.local import offering, starting

_WAIT_SECONDS = 600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one action; return its exit code."""
    parser = argparse.ArgumentParser("python -m metapipe.commands.deployed", description=__doc__)
    parser.add_argument("action", choices=sorted(ACTIONS))
    parser.add_argument("--file", type=Path, default=deployment.FILE, help="what the host was told (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        if ACTIONS[options.action](deployment.read(options.file)):
            _say("changed")
    except MetapipeError as error:
        _say(str(error))
        for line in filter(None, error.detail.splitlines() if error.detail else ()):
            _say(line)
        return error.exit_code
    return 0


def _database(found: Deployment) -> bool:
    if readiness.database_is_current(found):
        return False
    starting.prepare_database(found.settings, _say)
    readiness.note_database(found)
    return True


def _wait(found: Deployment) -> bool:
    readiness.wait(found, _WAIT_SECONDS, _say)
    readiness.note(found)
    return False


def _data(found: Deployment) -> bool:
    """Run by a unit that tries again; Galaxy may be starting."""
    readiness.wait(found, _WAIT_SECONDS, _say)
    try:
        bringing.bring_data(found)
    except MetapipeError:
        raise
    except Exception as error:  # BioBlend's, requests': one line, and the unit tries again
        raise MetapipeError("E404", offering.in_one_line(error)) from error
    return True


def _content(found: Deployment) -> bool:
    """All that its users find in Galaxy, in one go; whether any of it was missing."""
    changed = bringing.bring_people(found, _say)
    changed |= bringing.bring_workflows(found)
    return changed or not bringing.has_data(found)


#: Name → what it does with what the host was told; returns whether anything changed.
ACTIONS: dict[str, Callable[[Deployment], bool]] = {
    "configure": programs.configure,
    "database": _database,
    "is-stale": lambda found: not readiness.is_current(found),
    "wait": _wait,
    "content": _content,
    "people": lambda found: bringing.bring_people(found, _say),
    "workflows": bringing.bring_workflows,
    "lacks-data": lambda found: not bringing.has_data(found),
    "data": _data,
}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
