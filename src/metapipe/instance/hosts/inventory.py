"""What Ansible is told: the machines, the variables, and the secrets, each in a file of the instance (0600)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.instance.folder import InstanceFolder
from metapipe.instance.hosts import ssh
from metapipe.instance.hosts.carrying import THERE
from metapipe.instance.hosts.vault import Vault
from metapipe.instance.local.secrets import private_folder, write_private
from metapipe.instance.request import Hosts, Request

#: Secrets of an instance, 192 bits each, in hexadecimal: Galaxy takes at most 56 characters for its ``id_secret``.
SECRETS = (
    "id_secret",
    "postgresql_password",
    "broker_password",
    "bootstrap_admin_api_key",
    "admin_password",
    "spark",
)
_BYTES = 24


@dataclass(frozen=True)
class Told:
    """The files that Ansible reads."""

    inventory: Path
    variables: Path
    secrets: Path


def write(
    request: Request,
    folder: InstanceFolder,
    vault: Vault,
    release: Path,
    digest: str,
    databases: list[str],
    slots: dict[str, int],
    fetched: str = "",
) -> Told:
    """Write all three; secrets that are there stay what they are.

    :param vault: keeps the secrets.
    :param release: archive of the checkout, and :param digest: its sha256. :param databases: labels.
    :param slots: ``cores``, ``memory_mb`` and ``jobs`` of Galaxy's jobs on the head.
    :param fetched: digest of what hosts without a network are installed from; none where they have one.
    """
    hosts = request.hosts
    if hosts is None:
        raise MetapipeError("E701", "target", expected="hosts", found=request.target)
    place = private_folder(folder.path / "ansible")
    told = Told(place / "inventory.json", place / "variables.json", place / "secrets.json")
    write_private(told.inventory, _json(_inventory(hosts)))
    variables = _variables(request, hosts, folder, release, digest, databases, slots)
    if fetched:
        variables |= {"instance_cache": THERE, "instance_cache_digest": fetched}
    write_private(told.variables, _json(variables))
    kept = vault.read(told.secrets)
    for name in SECRETS:
        kept.setdefault(f"secret_{name}", secrets.token_hex(_BYTES))
    passwords = kept.setdefault("secret_user_passwords", {})
    for email in request.open.accounts:
        passwords.setdefault(email, secrets.token_urlsafe(15))
    become = ssh.sudo_password(hosts)
    if become is not None:
        kept["ansible_become_password"] = become
    vault.write(told.secrets, kept)
    return told


def read_secrets(folder: InstanceFolder, vault: Vault) -> dict[str, Any]:
    """Return the secrets of an instance; empty where there are none yet."""
    return vault.read(folder.path / "ansible" / "secrets.json")


def _inventory(hosts: Hosts) -> dict[str, Any]:
    """Return the machines in Ansible's own form: group ``head`` with one, group ``workers`` with the others."""
    common = " ".join(ssh.options(hosts)[: -2 if hosts.key else None])
    shared = {
        "ansible_user": hosts.user,
        "ansible_port": hosts.port,
        "ansible_become": True,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_common_args": common,
    }
    if hosts.key is not None:
        shared["ansible_ssh_private_key_file"] = hosts.key
    workers = {address: {"ansible_host": address} for address in hosts.workers}
    groups = {"head": {"hosts": {hosts.head: {"ansible_host": hosts.head}}}, "workers": {"hosts": workers}}
    return {"all": {"vars": shared, "children": groups}}


def _variables(
    request: Request,
    hosts: Hosts,
    folder: InstanceFolder,
    release: Path,
    digest: str,
    databases: list[str],
    slots: dict[str, int],
) -> dict[str, Any]:
    opened = request.open
    name = opened.name or hosts.head
    found: dict[str, Any] = {
        "instance_name": request.name,
        "instance_flavour": request.flavour,
        "instance_admin_email": request.admin,
        "instance_accounts": list(opened.accounts),
        "instance_databases": databases,
        "instance_server_name": name,
        "instance_server_names": list(dict.fromkeys([name, hosts.head])),
        "instance_tls": opened.tls,
        "instance_suite_archive": str(release),
        "instance_suite_digest": digest,
        "instance_storage": "nfs" if hosts.shared is None else "shared",
        "instance_internal": hosts.every,
        "instance_ca_file": str(private_folder(folder.path / "fetched") / "ca.crt"),
        **{f"instance_{field}": value for field, value in slots.items()},
    }
    if hosts.shared is not None:
        found["instance_shared"] = hosts.shared
    if opened.tls == "files":
        found |= {"instance_tls_certificate": opened.certificate, "instance_tls_key": opened.key}
    if opened.tls == "acme":
        found["instance_acme_directory"] = opened.acme
    return found


def _json(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"
