"""What each word after ``metapipe instance`` does."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable

from metapipe.commands.instances import show
from metapipe.commands.instances.new import write_request
from metapipe.commands.instances.places import Asked, Places, Say
from metapipe.commands.instances.target import Step, Target
from metapipe.commands.instances.verify import verify_instance
from metapipe.errors import MetapipeError
from metapipe.instance import folder
from metapipe.instance.planning import duration


def target_of(places: Places, asked: Asked) -> Target:
    """Return the instance where its request puts it."""
    if asked.request.target == "here":
        from metapipe.commands.instances.here import Here

        return Here(places, asked)
    from metapipe.commands.instances.hosts import OnHosts

    return OnHosts(places, asked)


def _new(options: argparse.Namespace, say: Say, _warn: Say) -> int:
    file = write_request(options, Places.find(), say)
    say(f"{file} is written; next: metapipe instance up {file}")
    return 0


def _check(options: argparse.Namespace, say: Say, _warn: Say) -> int:
    found = Places.find().read(options.request)
    say(f"{options.request} is right: {found.name}, {found.flavour} on {found.target}")
    return 0


def _plan(options: argparse.Namespace, say: Say, _warn: Say) -> int:
    places = Places.find()
    made = target_of(places, places.asked(options.instance)).plan()
    if options.json:
        say(json.dumps(made.as_json(), indent=2))
    else:
        show.plan(made, say)
    return made.obstacles[0].exit_code if made.obstacles else 0


def _fetch(options: argparse.Namespace, say: Say, warn: Say) -> int:
    from metapipe.commands.instances.fetch import fetch, folder_of

    places = Places.find()
    asked = places.asked(options.instance)
    made = fetch(places, asked, options.to, say)
    hosts = asked.request.hosts
    if hosts is not None:
        folder = (options.to or folder_of(places, hosts)).absolute()
        say(f"{folder} has all of it: {len(made.files)} files, {made.bytes / (1 << 30):.1f} GB")
        if not hosts.offline or folder != folder_of(places, hosts):
            words = "offline: true" if folder == places.build / "offline" else f"offline: true, cache: {folder}"
            warn(f"note: hosts of {options.instance} use it when the request says, below hosts: {words}")
    return 0


def _up(options: argparse.Namespace, say: Say, warn: Say) -> int:
    places = Places.find()
    asked = places.asked(options.instance)
    target = target_of(places, asked)
    began = time.monotonic()
    target.plan().refuse()
    with asked.folder.only_one():
        asked.folder.keep(asked.file)
        _carry_out(target.steps(options.restart, options.thorough), asked, say)
        credentials = target.credentials()
    name = asked.request.name
    say(f"{name} is ready at {credentials.url} ({time.monotonic() - began:.0f} s)")
    say(f"log in as {asked.request.admin}: `metapipe instance credentials {name}` says where the passwords are")
    say(f"`metapipe instance verify {name}` runs its workflows on known reads")
    for note in target.condition().notes:
        warn(f"note: {note}")
    return 0


def _carry_out(steps: list[Step], asked: Asked, say: Say) -> None:
    """Do one step after the other; what is done stays done, so that ``up`` again goes on at the one that failed."""
    name, known = asked.request.name, asked.folder.seconds()
    expected = [known.get(step.name, step.seconds) for step in steps]
    for number, step in enumerate(steps):
        say(f"[{number + 1}/{len(steps)}] {step.name}; about {duration(sum(expected[number:]))} to go")
        began = time.monotonic()
        try:
            step.do(lambda line: say(f"      {show.of_instance(line, name)}"))
        except MetapipeError as error:
            error.message = show.of_instance(error.message, name)
            again = f"`metapipe instance up {name}` goes on here"
            error.detail = "\n".join(filter(None, [error.detail, f"the step was: {step.name}; {again}"]))
            raise
        asked.folder.took(step.name, time.monotonic() - began)


def _made(word: str) -> tuple[Places, Asked]:
    """Return an instance that somebody has made, by its name or its request.

    :raises MetapipeError: E701 when there is none of that name.
    """
    places = Places.find()
    asked = places.asked(word)
    folder.named(places.build, asked.request.name)
    return places, asked


def _status(options: argparse.Namespace, say: Say, _warn: Say) -> int:
    places, asked = _made(options.instance)
    found = target_of(places, asked).condition()
    if options.json:
        say(json.dumps(found.as_json(), indent=2))
    else:
        show.condition(asked.request.name, found, say)
    return found.exit_code


def _verify(options: argparse.Namespace, say: Say, _warn: Say) -> int:
    places, asked = _made(options.instance)
    with asked.folder.only_one():
        return verify_instance(places, asked, target_of(places, asked), say)


def _credentials(options: argparse.Namespace, say: Say, _warn: Say) -> int:
    places = Places.find()
    asked = places.asked(options.instance)
    target = target_of(places, asked)
    say(f"Galaxy    {target.credentials().url}")
    for email, file in target.passwords().items():
        word = file.read_text().strip() if options.show_passwords else f"in {file}"
        role = "administrator" if email == asked.request.admin else "user"
        say(f"{role:<13} {email}, password {word}")
    return 0


def _logs(options: argparse.Namespace, _say: Say, _warn: Say) -> int:
    places = Places.find()
    for line in target_of(places, places.asked(options.instance)).log(options.part, options.lines, options.follow):
        sys.stdout.write(line)
        sys.stdout.flush()
    return 0


def _down(options: argparse.Namespace, say: Say, _warn: Say) -> int:
    places, asked = _made(options.instance)
    name = asked.request.name
    if not (options.yes or options.keep_data):
        if not sys.stdin.isatty():
            raise MetapipeError("E701", f"this removes {name} with all its data: give --yes, or --keep-data to stop it")
        if input(f"Remove {name} with all its users' data? Type its name: ").strip() != name:
            say("nothing was removed")
            return 1
    here = asked.request.target == "here"
    stays = (
        "; databases of this machine stay (`metapipe refdb list`)" if here else " from its hosts; their packages stay"
    )
    with asked.folder.only_one():
        target_of(places, asked).remove(options.keep_data, lambda line: say(f"      {line}"))
    say(
        f"{name} is down; its data are kept, `metapipe instance up {name}` brings it back"
        if options.keep_data
        else f"{name} is gone{stays}"
    )
    return 0


def _list(_options: argparse.Namespace, say: Say, _warn: Say) -> int:
    places = Places.find()
    there = folder.known(places.build)
    for each in there:
        found = places.read(each.request)
        say(f"{each.name}  {found.flavour} on {found.target}  {each.path}")
    if not there:
        say("there is no instance; `metapipe instance new` writes a request")
    return 0


#: Word after ``metapipe instance`` → what it does.
ACTIONS: dict[str, Callable[[argparse.Namespace, Say, Say], int]] = {
    "new": _new,
    "check": _check,
    "plan": _plan,
    "fetch": _fetch,
    "up": _up,
    "status": _status,
    "verify": _verify,
    "credentials": _credentials,
    "logs": _logs,
    "down": _down,
    "list": _list,
}
