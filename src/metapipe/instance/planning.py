"""A plan: what would be made of a request, and what stands in its way, before anything is made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metapipe import __version__
from metapipe.errors import MetapipeError
from metapipe.instance.flavours import Flavour
from metapipe.instance.request import Request

GB = 1_000_000_000
#: Environments of Galaxy and of the stages, with their caches.
_ENVIRONMENT_BYTES = 4 * GB


@dataclass(frozen=True)
class PlannedDatabase:
    """One database: ``name:version``, whether it is there, its bytes and seconds to build (None: nobody measured)."""

    label: str
    installed: bool
    bytes: int | None
    seconds: float | None


@dataclass(frozen=True)
class PlannedHost:
    """One machine.

    :param address: what it is reached by; ``here`` for this one. :param roles: what would run there, in words.
    :param ports: of those parts that listen beyond the machine, and who may come.
    :param cores: it has. :param memory_mb: it has, in MiB. :param disk_free: bytes where the instance would be.
    """

    address: str
    roles: tuple[str, ...]
    ports: tuple[str, ...]
    cores: int
    memory_mb: int
    disk_free: int


@dataclass(frozen=True)
class Plan:
    """What would be made.

    :param folder: of the instance on this machine. :param slots: cores of a job. :param memory_mb: of a job, in MiB.
    :param jobs: at the same time. :param tools: number of the flavour's tools. :param versions: program → version.
    :param disk_needed: bytes on the first host. :param changes: what differs from the instance as it is, a line each;
        all of it where there is none. :param obstacles: why it cannot be made.
    """

    name: str
    flavour: str
    target: str
    folder: Path
    hosts: tuple[PlannedHost, ...]
    slots: int
    memory_mb: int
    jobs: int
    tools: int
    workflows: tuple[str, ...]
    versions: dict[str, str]
    databases: tuple[PlannedDatabase, ...]
    disk_needed: int
    changes: tuple[str, ...]
    obstacles: tuple[MetapipeError, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs: plain values, an obstacle as its one line."""
        shown = asdict(self)
        return {**shown, "folder": str(self.folder), "obstacles": [str(obstacle) for obstacle in self.obstacles]}

    def refuse(self) -> None:
        """Do nothing where nothing stands in the way.

        :raises MetapipeError: the first obstacle, with a line for each of the others in its ``detail``.
        """
        if self.obstacles:
            first = self.obstacles[0]
            first.detail = "\n".join(map(str, self.obstacles[1:]))
            raise first


def duration(seconds: float) -> str:
    """Return seconds as a person says them: ``40 s``, ``3 min``."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def versions(checkout: Path) -> dict[str, str]:
    """Return the versions of what a user meets, from the lock files: program → version."""
    found = {"metapipe": __version__}
    for lock, package in (("galaxy", "galaxy"), ("metapipe", "pyspark")):
        pinned = re.search(rf"^{package}==(\S+)", (checkout / "locks" / f"{lock}.txt").read_text(), re.MULTILINE)
        if pinned:
            found[package] = pinned[1]
    return found


def disk_needed(flavour: Flavour, databases: Sequence[PlannedDatabase], installed: bool) -> int:
    """Return the bytes that are still needed.

    :param installed: whether the environments are there already.
    """
    room = 0 if installed else max(flavour.minimum.disk_gb * GB, _ENVIRONMENT_BYTES)
    return room + sum(each.bytes or 0 for each in databases if not each.installed)


def too_little(
    request: Request, flavour: Flavour, hosts: Sequence[PlannedHost], needed: int
) -> Iterator[MetapipeError]:
    """Yield what a machine lacks: cores, memory or disk.

    :param hosts: the first one is where Galaxy runs.
    """
    head, least = hosts[0], flavour.minimum
    # A machine sold as 8 GB shows a little less; half a GiB is nobody's fault.
    there = {"cores": head.cores, "memory_gb": (head.memory_mb + 512) // 1024}
    for field, lowest in (("cores", least.cores), ("memory_gb", least.memory_gb)):
        asked = getattr(request.size, field)
        what, found = f"{head.address}: size.{field}", str(asked or there[field])
        if asked is not None and asked > there[field]:
            yield MetapipeError("E704", what, expected=f"at most {there[field]}", found=found)
        elif (asked or there[field]) < lowest:
            expected = f"at least {lowest} for the flavour {request.flavour}"
            yield MetapipeError("E704", what, expected=expected, found=found)
    if head.disk_free < needed:
        yield MetapipeError(
            "E704",
            f"{head.address}: disk",
            expected=f"{needed / GB:.1f} GB free",
            found=f"{head.disk_free / GB:.1f} GB",
        )


def differences(before: Request | None, now: Request) -> tuple[str, ...]:
    """Return how a request differs from the one before, a line a field; empty where it does not."""
    if before is None:
        return ("everything: there is no such instance yet",)
    old, new = _flat(before.model_dump()), _flat(now.model_dump())
    return tuple(
        f"{field}: {_shown(old.get(field))} becomes {_shown(new.get(field))}"
        for field in sorted(old.keys() | new.keys())
        if old.get(field) != new.get(field)
    )


def _flat(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return found


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "nothing"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
