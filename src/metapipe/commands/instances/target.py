"""What every kind of target can do: this machine, or hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from metapipe.galaxy.credentials import Credentials
from metapipe.instance.planning import Plan

#: Called with lines that tell how a step goes on.
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One step of ``up``.

    :param name: what a person calls it. :param seconds: it will take about; of the last time, where there was one.
    :param do: carries it out; safe to repeat.
    """

    name: str
    seconds: float
    do: Callable[[Tell], None]


@dataclass(frozen=True)
class Condition:
    """How an instance is.

    :param state: ``up``, ``down`` or ``broken``. :param url: of the pages. :param services: host → part → whether it
        works. :param databases: label → whether it is whole. :param jobs: that run or wait, by state.
    :param disk_free: bytes where the data are. :param faults: a line each, with what to do. :param notes: what is worth
        to know. :param exit_code: for scripts: 0 up, 3 down, else the first fault's.
    """

    state: str
    url: str
    services: Mapping[str, Mapping[str, bool]]
    databases: Mapping[str, bool]
    jobs: Mapping[str, int]
    disk_free: int
    faults: Sequence[str]
    notes: Sequence[str]
    exit_code: int

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return dict(vars(self))


class Target(Protocol):
    """One instance, where its request puts it."""

    def plan(self) -> Plan:
        """Return what would be made."""

    def steps(self, restart: bool, thorough: bool) -> list[Step]:
        """Return what ``up`` has to do, in this order.

        :param restart: even while jobs run. :param thorough: even where nothing changed since the last time.
        """

    def condition(self) -> Condition:
        """Look at all of it."""

    def credentials(self) -> Credentials:
        """Return the address and the administrator's account, as far as this machine reaches it."""

    def passwords(self) -> Mapping[str, Path]:
        """Return whose password stands in which file."""

    def log(self, part: str, lines: int, follow: bool) -> Iterator[str]:
        """Yield lines of a part's log."""

    def small_databases(self, folders: Sequence[Path]) -> AbstractContextManager[int]:
        """Have the small databases of the known results installed for a while; yield how many were not there."""

    def remove(self, keep_data: bool, tell: Tell) -> None:
        """Stop it; remove it, unless its data are to be kept."""
