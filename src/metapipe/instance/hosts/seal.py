"""Whether the hosts are as the last ``up`` left them: then an ``up`` of the same request has nothing to do.

After all tasks have passed, what the tasks depend on and what they made is noted in the instance's folder: a digest of
all that Ansible was told, and for each host a digest of each thing that the roles look after. The next ``up`` compares
in seconds what costs minutes to walk through task by task. Whoever edits a file below /etc, adds a package, stops a
unit, changes a rule of the firewall or a file of the release gives a host another digest, and every task runs again.
What is noted is a saving, never the truth: without it, or when anything at all differs, everything is looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.instance.folder import InstanceFolder
from metapipe.instance.hosts import ssh
from metapipe.instance.hosts.inventory import Told
from metapipe.instance.hosts.probe import ROOT, shared_of
from metapipe.instance.local.secrets import write_private
from metapipe.instance.request import Hosts

#: Files of /etc that a host writes by itself while nobody changes anything.
_RESTLESS = ("mtab", "resolv.conf", "adjtime", "ld.so.cache", ".updated", ".pwd.lock")
#: Prints a line ``THING=DIGEST`` for each thing the roles look after. Words: ROOT SHARED RESTLESS…
SCRIPT = r"""
set -u
root=$1 shared=$2; shift 2
LC_ALL=C; export LC_ALL
digest() { sha256sum | cut -d ' ' -f 1; }
within() { [ ! -d "$1" ] || find -P "$@"; }
for name do set -- "$@" ! -path "/etc/$name"; shift; done
echo "settings=$({ find -P /etc -xdev "$@" -printf '%y %m %U %G %p %l\n' | sort
    find -P /etc -xdev -type f "$@" -print0 | sort -z | xargs -0r sha256sum; } | digest)"
echo "packages=$(dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' | sort | digest)"
echo "rules=$(nft -s list ruleset 2>/dev/null | digest)"
units='metapipe* galaxy* postgresql* nginx* nfs-server*'
echo "units=$(systemctl list-units --all --plain --no-legend --type=service,target,timer,slice,mount $units \
    | awk '$1 !~ /galaxy-(data|purge)[.]service/ {print $1, $2, $3}' | sort | digest)"
echo "programs=$({ readlink "$root/current"; for place in releases build/envs; do
    within "$root/$place" ! -name '*.pyc' ! -type d -printf '%y %m %U %P %s %T@ %l\n' | sort; done; } | digest)"
echo "galaxy=$(for place in config bin; do within "$shared/galaxy/$place" -type f -print0; done \
    | sort -z | xargs -0r sha256sum | digest)"
echo "databases=$(within "$shared/refdb" -type f -printf '%P %s %T@\n' | sort | digest)"
"""
_SECONDS = 120.0


@dataclass(frozen=True)
class Seal:
    """How everything was after an ``up``.

    :param asked: digest of what Ansible was told. :param hosts: address → thing → its digest.
    """

    asked: str
    hosts: Mapping[str, Mapping[str, str]]

    def differences(self, now: Seal) -> list[str]:
        """Return what is other now, in words; nothing when all is as it was."""
        found = [] if self.asked == now.asked else ["what the request or this checkout says"]
        for address, things in now.hosts.items():
            before = self.hosts.get(address, {})
            found += [f"{thing} of {address}" for thing, digest in things.items() if before.get(thing) != digest]
        return found


def look(hosts: Hosts, asked: str) -> Seal:
    """Look at all hosts at the same time.

    :raises MetapipeError: E331 or E332 of a host that cannot say how it is.
    """
    words = ["sh", "-c", SCRIPT, "look", ROOT, shared_of(hosts), *_RESTLESS]
    seen = ssh.of_each(hosts.every, lambda address: read(ssh.as_root(hosts, address, words, seconds=_SECONDS)))
    return Seal(asked, seen)


def read(said: str) -> dict[str, str]:
    """Return thing → digest of what the script printed."""
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def asked(told: Told, secrets: Mapping[str, Any], files: Iterable[Path]) -> str:
    """Return the digest of all that Ansible is told.

    :param secrets: as they are, for sealed ones are written anew each time. :param files: of the operator's that the
        variables name (a certificate is renewed under its old name).
    :raises MetapipeError: E201 when a file cannot be read.
    """
    digest = hashlib.sha256()
    for content in (
        told.inventory.read_bytes(),
        told.variables.read_bytes(),
        json.dumps(secrets, sort_keys=True).encode(),
    ):
        digest.update(hashlib.sha256(content).digest())
    for file in files:
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise MetapipeError("E201", error.strerror or "cannot be read", file=file) from error
    return digest.hexdigest()


def kept(folder: InstanceFolder) -> Seal | None:
    """Return what the last whole ``up`` noted; None where there is nothing, or nothing that can be read."""
    try:
        values = json.loads(_file(folder).read_bytes())
        return Seal(str(values["asked"]), {str(host): dict(things) for host, things in values["hosts"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(folder: InstanceFolder, seal: Seal) -> None:
    """Note how everything is."""
    write_private(_file(folder), json.dumps(vars(seal), indent=1, sort_keys=True) + "\n")


def forget(folder: InstanceFolder) -> None:
    """Note that something is being changed: until it is done, nobody knows how everything is."""
    _file(folder).unlink(missing_ok=True)


def _file(folder: InstanceFolder) -> Path:
    return folder.path / "ansible" / "sealed.json"
