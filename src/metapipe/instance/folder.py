"""Where an instance of a request lives: its folder, the request it was made of, and who works on it now."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.instance.local.secrets import private_folder, write_private


@dataclass(frozen=True)
class InstanceFolder:
    """The folder of one instance; nobody but its owner can enter it (0700).

    :param path: ``<build>/instances/<name>``.
    """

    path: Path

    @property
    def name(self) -> str:
        """The instance's name."""
        return self.path.name

    @property
    def request(self) -> Path:
        """The request of the last ``up``."""
        return self.path / "request.yml"

    @property
    def galaxy(self) -> Path:
        """What a Galaxy on this machine writes (target ``here``)."""
        return self.path / "galaxy"

    @property
    def steps(self) -> Path:
        """How long each step took the last time, in seconds."""
        return self.path / "steps.json"

    @property
    def logs(self) -> Path:
        """Folder of the logs of what ``up`` did."""
        return self.path / "logs"

    @property
    def is_there(self) -> bool:
        """Whether an ``up`` of it ever began."""
        return self.request.is_file()

    def keep(self, request: Path) -> None:
        """Take over a request: from now on the instance is what it says."""
        private_folder(self.path)
        text = request.read_text()
        if not self.is_there or self.request.read_text() != text:
            write_private(self.request, text)

    def seconds(self) -> dict[str, float]:
        """Return how long each step took the last time; nothing where nobody knows."""
        try:
            return {str(step): float(seconds) for step, seconds in json.loads(self.steps.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def took(self, step: str, seconds: float) -> None:
        """Note how long a step took."""
        write_private(self.steps, json.dumps({**self.seconds(), step: round(seconds, 1)}, indent=1) + "\n")

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Let one command at a time change the instance; the lock ends with its process, however that ends.

        :raises MetapipeError: E602 when another one does.
        """
        with only_one(self.path, f"the instance {self.name}"):
            yield


@contextmanager
def only_one(path: Path, what: str) -> Iterator[None]:
    """Let one command at a time change what lies in a folder, which is made when it is not there.

    :param what: how a person calls it.
    :raises MetapipeError: E602 when another one does.
    """
    private_folder(path)
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = os.pread(descriptor, 100, 0).decode(errors="replace").strip()
            raise MetapipeError("E602", f"another command works on {what}: process {other}") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def of(build: Path, name: str) -> InstanceFolder:
    """Return the folder of an instance, there or not.

    :param build: folder of all that is made from the checkout.
    """
    return InstanceFolder(build / "instances" / name)


def known(build: Path) -> list[InstanceFolder]:
    """Return the instances that there are, by name."""
    found = (InstanceFolder(path) for path in sorted((build / "instances").glob("*")))
    return [folder for folder in found if folder.is_there]


def named(build: Path, name: str) -> InstanceFolder:
    """Return the folder of an instance that is there.

    :raises MetapipeError: E701 that names those that are.
    """
    folder = of(build, name)
    if not folder.is_there:
        there = ", ".join(each.name for each in known(build)) or "no instance is there yet"
        raise MetapipeError("E701", "INSTANCE", expected=there, found=name)
    return folder
