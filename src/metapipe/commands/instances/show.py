"""Plans and conditions of instances in words."""

from __future__ import annotations

import re

from metapipe.commands.instances.places import Say
from metapipe.commands.instances.target import Condition
from metapipe.instance.planning import GB, Plan, duration

_LOCAL = re.compile(r"scripts/galaxy (up|status|logs|down|restart)\b")


def of_instance(text: str, name: str) -> str:
    """Return what the Galaxy of a checkout says, in the commands of the instance ``name``."""

    def command(found: re.Match[str]) -> str:
        return (
            f"metapipe instance up {name} --restart"
            if found[1] == "restart"
            else f"metapipe instance {found[1]} {name}"
        )

    return _LOCAL.sub(command, text)


def size(number: int | None) -> str:
    """Return bytes in MB or GB; ``unknown`` where nobody has measured them."""
    if number is None:
        return "size unknown"
    return f"{number / GB:.1f} GB" if number >= GB else f"{max(1, round(number / 1e6))} MB"


def plan(made: Plan, say: Say) -> None:
    """Say what would be made, and what stands in its way."""
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    say(f"{made.name}: {made.flavour} on {made.target}, in {made.folder}")
    for host in made.hosts:
        say(f"  {host.address}: {host.cores} cores, {host.memory_mb / 1024:.0f} GB, {size(host.disk_free)} free")
        say(f"    runs     {', '.join(host.roles)}")
        for port in host.ports:
            say(f"    listens  {port}")
    say(f"  jobs       {made.jobs} at a time, {made.slots} cores and {made.memory_mb / 1024:.1f} GB each")
    say(f"  offers     {made.tools} tools, workflows {', '.join(made.workflows)}")
    say(f"  versions   {versions}")
    for each in made.databases:
        time = "" if each.seconds is None or each.installed else f", built in about {duration(each.seconds)}"
        say(f"  database   {each.label}, {size(each.bytes)}, {'is there' if each.installed else 'not there' + time}")
    say(f"  disk       {size(made.disk_needed) if made.disk_needed else 'nothing more'} needed")
    for change in made.changes or ("nothing would change",):
        say(f"  change     {change}")
    for obstacle in made.obstacles:
        say(str(obstacle))


def condition(name: str, found: Condition, say: Say) -> None:
    """Say how an instance is."""
    say(f"{name} is {found.state}{f' at {found.url}' if found.url else ''}")
    for host, services in found.services.items():
        say(
            f"  {host}: "
            + ", ".join(f"{part} {'works' if works else 'does not run'}" for part, works in services.items())
        )
    for label, whole in found.databases.items():
        say(f"  database {label}: {'whole' if whole else 'missing or damaged'}")
    if found.state != "down":
        say("  jobs: " + (", ".join(f"{count} {state}" for state, count in found.jobs.items()) or "none"))
    say(f"  disk: {size(found.disk_free)} free")
    for line in found.faults:
        say(of_instance(line, name))
    for line in found.notes:
        say(f"note: {of_instance(line, name)}")
