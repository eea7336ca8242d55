"""Where labs and their caches are, what is known of a lab, and how one is refused."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: Outside every checkout: the tree of Debian and what was fetched for it serve all of them.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "metapipe-lab"
LABS = CACHE / "labs"
#: Who deploys: may become root without a password, and comes in with the lab's key only.
USER = "deployer"
#: The folder that all machines of a lab have in common, where an instance keeps what its hosts share.
SHARED = "/srv/metapipe/shared"
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
#: Debian packages of the programs the lab is made with.
PROGRAMS = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nft": "nftables",
    "mkfs.ext4": "e2fsprogs",
    "ssh-keygen": "openssh-client",
}


class RefusedError(Exception):
    """One line with a stable code, and the exit code that goes with it (`src/metapipe/errors.py` has them all)."""

    def __init__(self, code: str, exit_code: int, line: str) -> None:
        super().__init__(f"METAPIPE-{code} {line}")
        self.exit_code = exit_code


@dataclass(frozen=True)
class Machine:
    """One machine: its name in the lab, its address, and its number (1 is the head)."""

    name: str
    address: str
    number: int


@dataclass
class Lab:
    """A lab as its ``lab.json`` says: ``number`` is that of its subnet 10.213.NUMBER.0/24 and of its bridge."""

    name: str
    number: int
    machines: list[Machine] = field(default_factory=list)
    #: Its machines reach each other, and are reached from here, and nothing else.
    offline: bool = False

    @property
    def folder(self) -> Path:
        return LABS / self.name

    @property
    def bridge(self) -> str:
        return f"metalab{self.number}"

    @property
    def gateway(self) -> str:
        return f"10.213.{self.number}.1"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def folder_of(self, machine: Machine) -> Path:
        return self.folder / "machines" / machine.name

    def container_of(self, machine: Machine) -> str:
        """A name that no other lab has: short, since the host's end of its cable is called ``vb-`` and this."""
        return f"lab{self.number}-{machine.number}"

    def find(self, name: str) -> Machine:
        for machine in self.machines:
            if machine.name == name:
                return machine
        names = ", ".join(machine.name for machine in self.machines)
        raise RefusedError("E701", 78, f"lab {self.name} has no machine {name!r}, only {names}")


def described(lab: Lab) -> dict[str, object]:
    """What others read: addresses, user and key, beside what the lab itself remembers."""
    return {
        **asdict(lab),
        "user": USER,
        "key": str(lab.key),
        "known_hosts": str(lab.known_hosts),
        "shared": SHARED,
        "gateway": lab.gateway,
    }


def remember(lab: Lab) -> None:
    """Write ``lab.json`` for programs, ``hosts.yml`` for a request and ``inventory.yml`` for Ansible."""
    lab.folder.mkdir(parents=True, exist_ok=True)
    head, *workers = lab.machines
    listed = ", ".join(worker.address for worker in workers)
    replace(
        lab.folder / "hosts.yml",
        f"target: hosts\nhosts:\n  head: {head.address}\n  workers: [{listed}]\n  user: {USER}\n  key: {lab.key}\n"
        f"  known_hosts: {lab.known_hosts}\n  shared: {SHARED}\n" + ("  offline: true\n" if lab.offline else ""),
    )
    lines = ["all:", "  vars:", f"    ansible_user: {USER}", f"    ansible_ssh_private_key_file: {lab.key}"]
    lines += [f"    ansible_ssh_common_args: -o UserKnownHostsFile={lab.known_hosts}"]
    lines += ["  children:", "    head:", "      hosts:", _host(lab, head)]
    lines += ["    workers:", "      hosts:" + ("" if workers else " {}"), *(_host(lab, worker) for worker in workers)]
    replace(lab.folder / "inventory.yml", "\n".join(lines) + "\n")
    replace(lab.folder / "lab.json", json.dumps(described(lab), indent=2) + "\n")


def _host(lab: Lab, machine: Machine) -> str:
    """A line of the inventory. A host may not be called as a group is; and what it says of itself is what holds."""
    return f"        {lab.name}-{machine.name}: {{ansible_host: {machine.address}, instance_storage: shared}}"


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.chmod(mode)
    part.replace(path)


def known() -> list[Lab]:
    """All labs there are, by name."""
    return [load(path.parent.name) for path in sorted(LABS.glob("*/lab.json"))]


def load(name: str) -> Lab:
    """The lab of this name; refused when there is none."""
    if not NAME.fullmatch(name):
        raise RefusedError(
            "E701", 78, f"name of a lab: expected a small letter, then up to 30 of a-z, 0-9 and -, found {name!r}"
        )
    try:
        found = json.loads((LABS / name / "lab.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RefusedError(
            "E701", 78, f"there is no lab {name!r}; make it with: scripts/lab up 3 --name {name}"
        ) from None
    return Lab(
        found["name"],
        found["number"],
        [Machine(**machine) for machine in found["machines"]],
        found.get("offline", False),
    )


@contextmanager
def locked() -> Iterator[None]:
    """One at a time: numbers of subnets are given out, the tree of Debian is made and copied."""
    CACHE.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def demand(programs: Mapping[str, str] = PROGRAMS) -> None:
    """Refuse at once where no lab can be made, or where one of ``programs`` is not there."""
    missing = [package for program, package in programs.items() if not shutil.which(program)]
    if missing:
        raise RefusedError("E301", 69, f"not installed: {', '.join(missing)}; run: apt-get install {' '.join(missing)}")
    if os.geteuid():
        raise RefusedError("E501", 73, "a lab makes machines and a network, which needs root: run it with sudo")
