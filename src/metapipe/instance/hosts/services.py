"""How the units of an instance are on each machine, asked by SSH in one look."""

from __future__ import annotations

from dataclasses import dataclass

from metapipe.errors import MetapipeError
from metapipe.instance.hosts import ssh
from metapipe.instance.hosts.probe import ROOT
from metapipe.instance.request import Hosts

#: Part, as a person calls it → its units on the head.
HEAD_UNITS = {
    "galaxy": ("galaxy.target",),
    "web": ("galaxy-gunicorn.service",),
    "handler": ("galaxy-handler_0.service",),
    "celery": ("galaxy-celery.service", "galaxy-celery-beat.service"),
    "postgresql": ("postgresql@*-metapipe.service",),
    "broker": ("metapipe-broker.service",),
    "proxy": ("nginx.service",),
    "spark-master": ("metapipe-spark-master.service",),
    "firewall": ("metapipe-firewall.service",),
}
WORKER_UNITS = {"spark-worker": ("metapipe-spark-worker.service",)}
UNITS = {**HEAD_UNITS, **WORKER_UNITS}
_SCRIPT = r"""
root=$1; shift
for unit do echo "unit=$unit $(systemctl is-active "$unit")"; done
echo "disk_kb=$(df -Pk "$root" | sed 1d | tr -s ' ' | cut -d ' ' -f 4)"
"""


@dataclass(frozen=True)
class Services:
    """One machine's services: part → whether it works, and the bytes that are free where the instance is."""

    address: str
    works: dict[str, bool]
    disk_free: int


def look(hosts: Hosts, address: str) -> Services:
    """Look at a machine's services.

    :raises MetapipeError: E331 when it does not answer.
    """
    parts = parts_of(hosts, address)
    units = [unit for part in parts.values() for unit in part]
    return read(address, ssh.run(hosts, address, ["sh", "-s", "--", ROOT, *units], given=_SCRIPT), parts)


def parts_of(hosts: Hosts, address: str) -> dict[str, tuple[str, ...]]:
    """Return the parts that a machine is to have, with their units."""
    head = HEAD_UNITS if address == hosts.head else {}
    return {**head, **(WORKER_UNITS if address != hosts.head or not hosts.workers else {})}


def read(address: str, said: str, parts: dict[str, tuple[str, ...]]) -> Services:
    """Return what the script's lines say."""
    active: set[str] = set()
    disk = 0
    for line in said.splitlines():
        name, _, value = line.partition("=")
        if name == "unit" and value.endswith(" active"):
            active.add(value.removesuffix(" active"))
        elif name == "disk_kb" and value.isdecimal():
            disk = int(value) << 10
    return Services(address, {part: active.issuperset(units) for part, units in parts.items()}, disk)


def faults(services: Services) -> list[MetapipeError]:
    """Return a fault for each part that does not work."""
    return [
        MetapipeError("E307", f"{services.address}: {part} does not run")
        for part, works in services.works.items()
        if not works
    ]
