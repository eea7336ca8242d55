"""What is shown of a playbook while it runs: each role with the time to go, and tasks that take long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from metapipe.instance.folder import InstanceFolder
from metapipe.instance.planning import duration

Tell = Callable[[str], None]
#: Role → what a person calls it, and seconds it takes on small hosts that have nothing yet.
ROLES = {
    "checks": ("look at the hosts", 5.0),
    "base": ("system: updates, clock, user galaxy", 60.0),
    "storage": ("shared folder", 10.0),
    "firewall": ("firewall", 10.0),
    "postgresql": ("PostgreSQL", 40.0),
    "broker": ("message broker", 15.0),
    "environments": ("Galaxy, the stages and their programs", 180.0),
    "refdb": ("databases", 60.0),
    "spark_master": ("Spark master", 10.0),
    "spark_worker": ("Spark workers", 15.0),
    "galaxy": ("Galaxy starts", 90.0),
    "proxy": ("nginx and its certificate", 30.0),
}
_LONG_SECONDS = 10.0


class Progress:
    """Takes the lines of the callback, and a look now and then; tells what a person wants to know."""

    def __init__(self, folder: InstanceFolder, tell: Tell, now: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._tell, self._now = folder, tell, now
        known = folder.seconds()
        self._expected = {role: known.get(f"role {role}", seconds) for role, (_, seconds) in ROLES.items()}
        self._role = self._task = ""
        self._role_began = self._task_began = now()
        self._said = False
        self._spent: dict[str, float] = {}

    def take(self, entry: dict[str, Any]) -> None:
        """Take one line of the callback."""
        if entry.get("event") == "end":
            self._leave()
            for role, seconds in self._spent.items():
                self._folder.took(f"role {role}", seconds)
        if entry.get("event") != "task":
            return
        self._task, self._task_began, self._said = str(entry.get("name", "")), self._now(), False
        role = str(entry.get("role", ""))
        if role in ROLES and role != self._role:
            self._leave()
            self._role, self._role_began = role, self._now()
            if role not in self._spent:
                left = sum(seconds for name, seconds in self._expected.items() if name not in self._spent)
                self._tell(f"{ROLES[role][0]}; about {duration(left)} to go")

    def look(self) -> None:
        """Say which task it is that takes long."""
        if self._task and not self._said and self._now() - self._task_began > _LONG_SECONDS:
            self._said = True
            self._tell(f"  {self._task} …")

    def _leave(self) -> None:
        if self._role:
            self._spent[self._role] = self._spent.get(self._role, 0.0) + self._now() - self._role_began
        self._role = ""
