"""The plan of an instance on machines of the operator's: each looked at by SSH, none changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.instance import flavours, planning
from metapipe.instance.folder import InstanceFolder
from metapipe.instance.hosts import probe
from metapipe.instance.hosts.probe import Machine
from metapipe.instance.local import configuration, settings
from metapipe.instance.planning import Plan, PlannedDatabase, PlannedHost
from metapipe.instance.request import Hosts, Request

_HEAD = ("Galaxy", "PostgreSQL", "message broker", "Spark master", "web server with TLS")
_COMPUTES = ("Spark worker",)


def slots(request: Request, head: Machine) -> dict[str, int]:
    """Return what Galaxy's jobs may use on the head: ``cores``, ``memory_mb`` (a job), ``jobs``."""
    size = request.size
    total = head.memory_mb if size.memory_gb is None else size.memory_gb << 10
    memory = settings.memory_share(size.jobs, total)
    return {"cores": size.cores or head.cores, "memory_mb": memory, "jobs": size.jobs}


def plan(
    request: Request,
    hosts: Hosts,
    folder: InstanceFolder,
    checkout: Path,
    seen: Mapping[str, Machine | MetapipeError],
    databases: Sequence[PlannedDatabase],
    before: Request | None,
    carried: int = 0,
) -> Plan:
    """Return the plan of a request for hosts.

    :param seen: address → the machine, or why it could not be looked at. :param databases: those of the request.
    :param carried: bytes that are copied to each host, which has no network, before anything is installed.
    """
    offers = flavours.read(checkout, request.flavour)
    machines = [machine for machine in seen.values() if isinstance(machine, Machine)]
    obstacles = [error for error in seen.values() if isinstance(error, MetapipeError)]
    for machine in machines:
        obstacles += probe.obstacles(machine, request.name, machine.address == hosts.head)
    planned = [_host(hosts, machine) for machine in machines]
    head = seen[hosts.head]
    there = isinstance(head, Machine) and head.mark == request.name
    needed = planning.disk_needed(offers, databases, there) + (0 if there else carried)
    if isinstance(head, Machine):
        obstacles += planning.too_little(request, offers, planned[:1], needed)
        size = slots(request, head)
    else:
        size = {"cores": 0, "memory_mb": 0, "jobs": request.size.jobs}
    changes = [*planning.differences(before if there else None, request)]
    changes += [f"build the database {each.label}" for each in databases if not each.installed]
    changes += [note for machine in machines for note in probe.notes(machine)]
    return Plan(
        name=request.name,
        flavour=request.flavour,
        target=request.target,
        folder=folder.path,
        hosts=tuple(planned),
        slots=size["cores"],
        memory_mb=size["memory_mb"],
        jobs=size["jobs"],
        tools=sum(len(part.files) for part in configuration.tool_sections(checkout, offers.suites)),
        workflows=offers.workflows,
        versions=planning.versions(checkout),
        databases=tuple(databases),
        disk_needed=needed,
        changes=tuple(changes),
        obstacles=tuple(obstacles),
    )


def _host(hosts: Hosts, machine: Machine) -> PlannedHost:
    is_head = machine.address == hosts.head
    roles = (*(_HEAD if is_head else ()), *(_COMPUTES if not is_head or not hosts.workers else ()))
    ports = ["22: SSH"]
    if is_head:
        ports += ["80, 443: Galaxy's pages, to everybody", "7077 and others: Spark, to the other hosts only"]
    return PlannedHost(machine.address, roles, tuple(ports), machine.cores, machine.memory_mb, machine.disk_free)
