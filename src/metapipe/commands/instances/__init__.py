"""Instances on request (``metapipe instance``): from ten lines to a running, checked Galaxy, and back to nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from metapipe.commands.instances.places import Say

_EXAMPLES = """examples:
  metapipe instance new --name lab --flavour mmg --admin ada@lab.example     write lab.yml, a request with comments
  metapipe instance check instance/requests/mmg.yml      every wrong field of a request, a line each
  metapipe instance plan instance/requests/mmg.yml       what would be made, and what stands in its way
  metapipe instance fetch hosts.yml                      get what hosts without a network are installed from
  metapipe instance up instance/requests/mmg.yml         make it, or bring it to what the request says now
  metapipe instance status marine-lab                    what works, what does not, what to do
  metapipe instance verify marine-lab                    run each workflow on known reads, compare every byte
  metapipe instance credentials marine-lab               where to log in, as whom, where the passwords are
  metapipe instance logs marine-lab web -f               follow a log
  metapipe instance down marine-lab                      take it away; --keep-data: only stop it

From a checkout without anything installed: scripts/metapipe instance …  All of an instance lies in
.build/instances/NAME, which only you can enter. docs/instances.md says what a request may hold.
"""
_RAW = argparse.RawDescriptionHelpFormatter


def add_parser(commands: Any) -> None:
    """Add ``instance`` with its actions to the main command line."""
    parser = commands.add_parser(
        "instance", help="a Galaxy from a request: plan, make, check, take away", epilog=_EXAMPLES, formatter_class=_RAW
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, help: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=help, epilog=_EXAMPLES, formatter_class=_RAW)
        return made

    new = action("new", "write a request after a few questions, or from options")
    new.add_argument("--name", help="of the instance: a small letter, then up to 30 of a-z, 0-9 and -")
    new.add_argument("--flavour", help="metapipe, biomas or mmg (both)")
    new.add_argument("--target", help="here (this machine) or hosts (machines of yours, by SSH)")
    new.add_argument("--admin", metavar="EMAIL", help="the administrator's address")
    new.add_argument("--account", action="append", metavar="EMAIL", help="somebody else's; may be given again")
    new.add_argument("--head", metavar="HOST", help="target hosts: the machine that gets Galaxy")
    new.add_argument("--worker", action="append", metavar="HOST", help="target hosts: one that computes; again: more")
    new.add_argument("--user", help="target hosts: who logs in there and may use sudo")
    new.add_argument("--output", type=Path, metavar="FILE", help="default: NAME.yml")
    check = action("check", "say what is wrong with a request")
    check.add_argument("request", type=Path, metavar="REQUEST.yml")
    plan = action("plan", "say what would be made, and what stands in its way")
    _instance(plan)
    plan.add_argument("--json", action="store_true", help="for programs")
    fetch = action("fetch", "get all that hosts without a network are installed from; goes on where it ended")
    _instance(fetch)
    fetch.add_argument("--to", type=Path, metavar="DIR", help="another folder than the request's (.build/offline)")
    up = action("up", "make the instance, mend it, or bring it to what its request says now")
    _instance(up)
    up.add_argument("--restart", action="store_true", help="take changes over even while jobs run; they start again")
    up.add_argument("--thorough", action="store_true", help="hosts: go through every task, also where all is as left")
    status = action("status", "say what works and what does not; exit code 0 when all does")
    _instance(status)
    status.add_argument("--json", action="store_true", help="for programs")
    verify = action("verify", "run every workflow on known reads as a new user, and compare every byte")
    _instance(verify)
    credentials = action("credentials", "say where to log in, as whom, and where the passwords are")
    _instance(credentials)
    credentials.add_argument("--show-passwords", action="store_true", help="print the passwords, too")
    logs = action("logs", "show a log")
    _instance(logs)
    logs.add_argument("part", nargs="?", default="web", metavar="PART", help="whose; a wrong word lists them (web)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as it grows")
    logs.add_argument("-n", "--lines", type=int, default=50, metavar="N", help="lines to begin with (50)")
    down = action("down", "stop the instance and remove all of it")
    _instance(down)
    down.add_argument("--keep-data", action="store_true", help="stop it only; `up` brings it back with its data")
    down.add_argument("--yes", action="store_true", help="do not ask")
    action("list", "say which instances there are")


def _instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("instance", metavar="INSTANCE", help="a request (REQUEST.yml), or the name of an instance")


def run(options: argparse.Namespace, say: Say, warn: Say) -> int:
    """Carry out one action; return the exit code. Problems are raised as :class:`MetapipeError`."""
    from metapipe.commands.instances import actions

    return actions.ACTIONS[options.action](options, say, warn)
