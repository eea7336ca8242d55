"""Commands on the machines of a request, by the system's own SSH client."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from metapipe.errors import MetapipeError
from metapipe.instance.request import Hosts

_CONNECT_SECONDS = 10
#: What SSH itself ends with, whatever the command would end with.
FAILED = 255
Found = TypeVar("Found")


def options(hosts: Hosts) -> list[str]:
    """Return SSH's options: nothing is asked, unknown machines are refused, a dead one is given up."""
    found = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", f"ConnectTimeout={_CONNECT_SECONDS}"]
    found += ["-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=6"]
    if hosts.known_hosts is not None:
        found += ["-o", f"UserKnownHostsFile={hosts.known_hosts}"]
    if hosts.key is not None:
        found += ["-o", "IdentitiesOnly=yes", "-i", hosts.key]
    return found


def command(hosts: Hosts, address: str, words: Sequence[str]) -> list[str]:
    """Return the command line that runs words on a machine; they are quoted for its shell."""
    login = ["ssh", *options(hosts), "-p", str(hosts.port), "-l", hosts.user, "--", address]
    return [*login, shlex.join(words)]


def run(hosts: Hosts, address: str, words: Sequence[str], given: str = "", seconds: float = 120.0) -> str:
    """Run a command on a machine and return what it printed.

    :param given: its standard input. :param seconds: it may take.
    :raises MetapipeError: E331 when the machine does not answer or lets nobody in; E332 with the last line when the
        command fails; E801 when it takes too long.
    """
    try:
        done = subprocess.run(
            command(hosts, address, words), input=given, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise MetapipeError("E801", f"{address}: {words[0]} has not ended after {seconds:.0f} s") from error
    if done.returncode:
        raise failure(address, words[0], done.returncode, done.stderr)
    return done.stdout


def failure(address: str, what: str, returncode: int, said: str) -> MetapipeError:
    """Return the error of a command that ended badly: E331 when SSH itself failed, else E332 with the last line.

    :param what: was tried. :param said: its standard error.
    """
    last = ([line.strip() for line in said.splitlines() if line.strip()] or ["no message"])[-1]
    if returncode == FAILED:
        return MetapipeError("E331", f"{address}: {last}", expected="an answer by SSH")
    return MetapipeError("E332", f"{address}: {what}: {last[:300]}")


def as_root(hosts: Hosts, address: str, words: Sequence[str], seconds: float = 120.0) -> str:
    """Run a command on a machine with sudo; as :func:`run`."""
    sudo, given = with_sudo(hosts, words)
    return run(hosts, address, sudo, given=given, seconds=seconds)


def with_sudo(hosts: Hosts, words: Sequence[str]) -> tuple[list[str], str]:
    """Return a command run by sudo, and what is to be the first line of its standard input: the password, if any."""
    password = sudo_password(hosts)
    if password is None:
        return ["sudo", "-n", "--", *words], ""
    return ["sudo", "-S", "-p", "", "--", *words], f"{password}\n"


def sudo_password(hosts: Hosts) -> str | None:
    """Return the password for sudo, where a file of it was given.

    :raises MetapipeError: E201 when it cannot be read.
    """
    if hosts.sudo_password is None:
        return None
    try:
        return Path(hosts.sudo_password).read_text().rstrip("\n")
    except OSError as error:
        raise MetapipeError("E201", file=hosts.sudo_password, message=error.strerror or "cannot be read") from error


def on_each(addresses: Iterable[str], ask: Callable[[str], Found]) -> Mapping[str, Found | MetapipeError]:
    """Ask all machines at the same time; a refusal is one's answer and no other's business."""

    def answer(address: str) -> Found | MetapipeError:
        try:
            return ask(address)
        except MetapipeError as error:
            return error

    every = list(addresses)
    with ThreadPoolExecutor(max_workers=max(1, len(every))) as pool:
        return dict(zip(every, pool.map(answer, every), strict=True))


def of_each(addresses: Iterable[str], ask: Callable[[str], Found]) -> dict[str, Found]:
    """Ask all machines at the same time; return what every one answered.

    :raises MetapipeError: the first machine's that refused.
    """
    found: dict[str, Found] = {}
    for address, answer in on_each(addresses, ask).items():
        if isinstance(answer, MetapipeError):
            raise answer
        found[address] = answer
    return found
