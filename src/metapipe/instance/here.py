"""An instance on this machine (target ``here``): its settings, its plan, its accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from metapipe import machine
from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import read_credentials
from metapipe.instance import planning
from metapipe.instance.folder import InstanceFolder
from metapipe.instance.local import accounts, configuration, health, parts, ports, settings
from metapipe.instance.local.settings import HOST, Chosen, Settings
from metapipe.instance.planning import Plan, PlannedDatabase, PlannedHost
from metapipe.instance.request import Request


def settle(
    request: Request, folder: InstanceFolder, environ: Mapping[str, str] | None = None
) -> tuple[Settings, Chosen]:
    """Return the settings that a request is on this machine, and what of them it chooses.

    :raises MetapipeError: E701 for a folder of files that users could not read.
    """
    size = request.size
    total = machine.memory_mb() if size.memory_gb is None else size.memory_gb << 10
    chosen = Chosen(
        flavour=request.flavour,
        port=request.open.port,
        slots=size.cores or machine.cores(),
        jobs=size.jobs,
        jobs_per_user=max(1, size.jobs - 1),
        memory_mb=settings.memory_share(size.jobs, total),
        files=request.open.files or "",
        admin=request.admin,
        user="",
    )
    return settings.load(folder.galaxy, chosen, environ), chosen


def plan(
    request: Request,
    folder: InstanceFolder,
    found: Settings,
    databases: Sequence[PlannedDatabase],
    before: Request | None,
) -> Plan:
    """Return the plan of a request for this machine.

    :param found: as :func:`settle` returns it. :param databases: those of the request, in its order.
    :param before: the request that the instance was made of; None where there is none.
    """
    offers = found.offers
    port = "any free port" if found.port is None else str(found.port)
    host = PlannedHost(
        address="here",
        roles=tuple(parts.TITLES[part] for part in parts.of(found)),
        ports=(f"{port}: Galaxy's pages, to this machine only",),
        cores=machine.cores(),
        memory_mb=machine.memory_mb(),
        disk_free=health.free_bytes(found),
    )
    installed = (found.galaxy_env / ".metapipe-stamp").exists()
    needed = planning.disk_needed(offers, databases, installed and before is not None)
    changes = list(planning.differences(before, request))
    if before is not None and not parts.is_alive(found, "web"):
        changes.append("Galaxy is down and would be started")
    obstacles = list(planning.too_little(request, offers, [host], needed))
    if found.port is not None and not ports.is_free(HOST, found.port) and not parts.holds_port(found, found.port):
        obstacles.append(MetapipeError("E306", f"open.port: {found.port} is held by {ports.holder_words(found.port)}"))
    return Plan(
        name=request.name,
        flavour=request.flavour,
        target=request.target,
        folder=folder.path,
        hosts=(host,),
        slots=found.slots,
        memory_mb=found.memory_mb,
        jobs=found.jobs,
        tools=sum(len(part.files) for part in configuration.tool_sections(found.checkout, offers.suites)),
        workflows=offers.workflows,
        versions=planning.versions(found.checkout),
        databases=tuple(databases),
        disk_needed=needed,
        changes=(*changes, *(f"build the database {each.label}" for each in databases if not each.installed)),
        obstacles=tuple(obstacles),
    )


def make_accounts(request: Request, found: Settings) -> list[str]:
    """Make the accounts of the request that are not there; return notes on those that nobody asks for any more."""
    gi = accounts.connect(found)
    there = {user["email"].lower() for user in gi.users.get_users()}
    for email in request.open.accounts:
        if email.lower() not in there:
            accounts.add_user(found, email)
    asked = {email.lower() for email in (request.admin, *request.open.accounts)}
    return [f"{email} has an account that the request does not name; it stays" for email in sorted(there - asked)]


def passwords(found: Settings) -> dict[str, Path]:
    """Return whose password stands in which file: e-mail → path."""
    admin = read_credentials(found.state).admin
    users = found.secrets / "users"
    files = sorted(users.iterdir()) if users.is_dir() else []
    return {admin.email: found.secrets / "admin_password"} | {file.name: file for file in files}
