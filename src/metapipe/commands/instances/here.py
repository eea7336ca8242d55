"""An instance on this machine, step by step: environments, databases, Galaxy, accounts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from metapipe.commands.instances.places import Asked, Places, labels_of, planned
from metapipe.commands.instances.target import Condition, Step, Tell
from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import Credentials, read_credentials
from metapipe.galaxy.jobs import jobs_of
from metapipe.instance import here
from metapipe.instance.local import configuration, health, offering, parts, settings, starting
from metapipe.instance.planning import Plan
from metapipe.refdb import store, verify
from metapipe.refdb.builders.install import install

_INSTALL_SECONDS, _GALAXY_SECONDS, _DATABASE_SECONDS, _ACCOUNT_SECONDS = 90.0, 40.0, 30.0, 2.0


class Here:
    """The target ``here``; see :class:`metapipe.commands.instances.target.Target`."""

    def __init__(self, places: Places, asked: Asked) -> None:
        self._places, self._asked = places, asked
        self._found, self._chosen = here.settle(asked.request, asked.folder)

    def plan(self) -> Plan:
        """Return what would be made on this machine."""
        databases = planned(self._labels())
        return here.plan(self._asked.request, self._asked.folder, self._found, databases, self._asked.before)

    def steps(self, restart: bool, thorough: bool) -> list[Step]:  # noqa: ARG002
        """Return the steps: environments, each database that is not there, Galaxy, the accounts."""
        found = [Step("environments of Galaxy and of the tools", _INSTALL_SECONDS, self._install)]
        for each in planned(self._labels()):
            if not each.installed:
                build = _Build(each.label)
                found.append(Step(f"database {each.label}", each.seconds or _DATABASE_SECONDS, build))
        found.append(Step("Galaxy", _GALAXY_SECONDS, lambda tell: self._start(restart, tell)))
        found.append(Step("accounts", _ACCOUNT_SECONDS, self._accounts))
        return found

    def condition(self) -> Condition:
        """Look at every part, every database, the disk and the jobs."""
        seen = health.examine(self._found)
        databases, faults = {}, list(map(str, seen.faults))
        exit_code = seen.exit_code
        for label in self._labels():
            fault = _damage(label)
            databases[label] = fault is None
            if fault is not None:
                faults.append(f"{fault}; `metapipe instance up {self._asked.request.name}` brings it")
                exit_code = exit_code or fault.exit_code
        state = "broken" if seen.state == "up" and faults else seen.state
        services = {part: pid is not None for part, pid in seen.running.items()}
        jobs = {} if seen.state != "up" else jobs_of(self.credentials())
        notes = offering.not_offered(self._found)
        free = health.free_bytes(self._found)
        return Condition(state, seen.url, {"here": services}, databases, jobs, free, faults, notes, exit_code)

    def credentials(self) -> Credentials:
        """Return the address and the administrator's account."""
        return read_credentials(self._found.state)

    def passwords(self) -> Mapping[str, Path]:
        """Return whose password stands in which file."""
        return here.passwords(self._found)

    def log(self, part: str, lines: int, follow: bool) -> Iterator[str]:
        """Yield lines of a part's log."""
        known = (*parts.of(self._found), offering.PART)
        if part not in known:
            raise MetapipeError("E701", "PART", expected=f"one of {', '.join(known)}", found=part)
        file = parts.log(self._found, part)
        if not file.exists():
            raise MetapipeError("E201", f"{part} has no log yet; `metapipe instance up` starts it")
        return starting.follow(file, lines, follow)

    def remove(self, keep_data: bool, tell: Tell) -> None:
        """Stop Galaxy with its jobs; remove the instance's folder unless its data are to be kept."""
        starting.down(self._found, tell)
        if not keep_data:
            for socket in (self._found.broker_socket, self._found.warm_socket):
                if not socket.is_relative_to(self._found.state):  # a path too long for a socket: it lies in /tmp
                    shutil.rmtree(socket.parent, ignore_errors=True)
            shutil.rmtree(self._asked.folder.path)

    @contextmanager
    def small_databases(self, folders: Sequence[Path]) -> Iterator[int]:
        """Have small databases of the checkout installed; those that were not there are removed again."""
        there = {entry.manifest.label for entry in store.installed()}
        ours = [folder for folder in folders if f"{folder.parent.name}:{folder.name}" not in there]
        try:
            for folder in ours:
                install(str(folder))
            yield len(ours)
        finally:
            for folder in ours:
                place = store.home_of(folder.parent.name, folder.name)
                shutil.rmtree(place, ignore_errors=True)
                if place.parent.is_dir() and not any(place.parent.iterdir()):
                    place.parent.rmdir()

    def _labels(self) -> list[str]:
        return labels_of(self._asked.request, self._found.offers)

    def _install(self, tell: Tell) -> None:
        self._places.install(tell, "metapipe", "galaxy")

    def _start(self, restart: bool, tell: Tell) -> None:
        settings.remember_in(self._found, self._chosen)
        serving = parts.read_serving(self._found)
        if serving is not None and parts.is_alive(self._found, "web"):
            configuration.render(self._found)
            if serving.digest != configuration.digest(self._found):
                running = sum(jobs_of(self.credentials()).values())
                if running and not restart:
                    tell(f"note: {running} jobs run; changes wait for `metapipe instance up … --restart`")
                else:
                    tell("Galaxy restarts with what changed")
                    starting.down(self._found, tell)
        starting.up(self._found, tell)

    def _accounts(self, tell: Tell) -> None:
        for note in here.make_accounts(self._asked.request, self._found):
            tell(f"note: {note}")


class _Build:
    """The step that installs one database."""

    def __init__(self, label: str) -> None:
        self._label = label

    def __call__(self, tell: Tell) -> None:
        install(self._label, say=tell)


def _damage(label: str) -> MetapipeError | None:
    try:
        entry = store.find(label)
        verify.verify(entry.path, entry.manifest, full=False)
    except MetapipeError as error:
        return error
    return None
