"""What a machine is and has, before anything is done to it: one look by SSH, nothing written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.instance.hosts import ssh
from metapipe.instance.request import Hosts

#: Folder of everything that an instance has on a machine, and the file that says whose the machine is.
ROOT = "/srv/metapipe"
MARK = "/etc/metapipe/instance"
_SYSTEMS = {("debian", "12"): "", ("ubuntu", "22.04"): "untested", ("ubuntu", "24.04"): "untested"}
_SKEW_SECONDS = 60.0
_WEB_PORTS = (80, 443)
_SCRIPT = r"""
root=$1 mark=$2 shared=$3
. /etc/os-release
echo "system=$ID $VERSION_ID"
echo "cores=$(nproc)"
echo "memory_kb=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo)"
there=$root
while [ ! -d "$there" ]; do there=$(dirname "$there"); done
echo "disk_kb=$(df -Pk "$there" | sed 1d | tr -s ' ' | cut -d ' ' -f 4)"
echo "time=$(date +%s.%N)"
[ -f "$mark" ] && echo "mark=$(head -n 1 "$mark")"
for folder in "$root/releases" "$root/build"; do
    [ ! -f "$mark" ] && [ -d "$folder" ] && echo "stranger=$folder"
done
systemctl cat galaxy.target galaxy.service >/dev/null 2>&1 && echo "galaxy=yes"
ss -ltnH 2>/dev/null | tr -s ' ' | cut -d ' ' -f 4 | sed 's/^.*:/listens=/' | sort -u
for file in "$shared"/refdb/[!.]*/[!.]*/manifest.json; do
    [ -f "$file" ] && version=${file%/*} && name=${version%/*} && echo "database=${name##*/}:${version##*/}"
done
exit 0
"""


@dataclass(frozen=True)
class Machine:
    """One machine as it is.

    :param system: name and version of its system. :param memory_mb: in MiB. :param disk_free: bytes where the instance
        would be. :param ahead: seconds by which its clock is ahead of ours. :param mark: name of the instance of ours
        that it holds; empty: none. :param stranger: what stands in the way: somebody else's Galaxy or folder.
    """

    address: str
    system: tuple[str, str]
    cores: int
    memory_mb: int
    disk_free: int
    ahead: float
    mark: str
    stranger: str
    listens: frozenset[int]
    databases: frozenset[str]


def shared_of(hosts: Hosts) -> str:
    """Return the folder that all machines have in common."""
    return hosts.shared or f"{ROOT}/shared"


def look(hosts: Hosts, address: str) -> Machine:
    """Look at a machine.

    :raises MetapipeError: E331 when it does not answer; and when sudo lets nobody through.
    """
    began = time.time()
    said = ssh.run(hosts, address, ["sh", "-s", "--", ROOT, MARK, shared_of(hosts)], given=_SCRIPT)
    now = (began + time.time()) / 2
    try:
        ssh.as_root(hosts, address, ["true"])
    except MetapipeError as error:
        if error.code != "E332":
            raise
        way = "without a password" if hosts.sudo_password is None else "with the password of hosts.sudo_password"
        raise MetapipeError("E331", f"{address}: sudo", expected=f"{hosts.user} to become root {way}") from error
    return read(address, said, now)


def read(address: str, said: str, now: float) -> Machine:
    """Return the machine that the script's lines describe.

    :param now: our clock when it looked at its own, in seconds.
    """
    every: dict[str, list[str]] = {}
    for line in said.splitlines():
        name, _, value = line.partition("=")
        every.setdefault(name, []).append(value)

    def one(name: str, usual: str = "") -> str:
        return every.get(name, [usual])[0]

    system, _, version = one("system").partition(" ")
    mark = one("mark")
    stranger = "a Galaxy (galaxy.target) that is not of META-pipe" if one("galaxy") and not mark else ""
    stranger = f"a folder {one('stranger')} that is not of META-pipe" if one("stranger") else stranger
    return Machine(
        address,
        (system, version),
        int(one("cores", "0")),
        int(one("memory_kb", "0")) >> 10,
        int(one("disk_kb", "0")) << 10,
        float(one("time", str(now))) - now,
        mark,
        stranger,
        frozenset(int(port) for port in every.get("listens", ()) if port.isdecimal()),
        frozenset(every.get("database", ())),
    )


def obstacles(machine: Machine, name: str, head: bool) -> Iterator[MetapipeError]:
    """Yield why a machine cannot be part of the instance ``name``.

    :param head: it is to have Galaxy's pages.
    """
    at = machine.address
    if machine.system not in _SYSTEMS:
        known = ", ".join(" ".join(system) for system in _SYSTEMS)
        yield MetapipeError("E704", f"{at}: system", expected=f"one of {known}", found=" ".join(machine.system))
    if abs(machine.ahead) > _SKEW_SECONDS:
        found = f"{abs(machine.ahead):.0f} s {'ahead' if machine.ahead > 0 else 'behind'}"
        yield MetapipeError("E704", f"{at}: clock", expected="that of this machine, within a minute", found=found)
    if machine.stranger:
        yield MetapipeError("E704", f"{at}: what is there", expected="nothing of others", found=machine.stranger)
    elif machine.mark not in ("", name):
        yield MetapipeError("E704", f"{at}: what is there", expected=f"nothing, or {name}", found=machine.mark)
    taken = [port for port in _WEB_PORTS if port in machine.listens] if head and not machine.mark else []
    for port in taken:
        yield MetapipeError("E306", f"{at}: port {port} is held by another program; end it")


def notes(machine: Machine) -> Iterator[str]:
    """Yield what an operator should know of a machine."""
    if _SYSTEMS.get(machine.system):
        yield f"{machine.address}: {' '.join(machine.system)} is accepted and was never tested"


def authority(folder: Path) -> Path:
    """Return the certificate of the instance's own authority, as it was fetched from the head."""
    return folder / "ca.crt"
