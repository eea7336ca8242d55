"""An instance on machines of the operator's, step by step: looked at, packed, set up by Ansible, looked at again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from metapipe.commands.instances.fetch import folder_of, wanted_of
from metapipe.commands.instances.places import Asked, Places, labels_of, planned
from metapipe.commands.instances.target import Condition, Step, Tell
from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import Account, Credentials
from metapipe.galaxy.jobs import jobs_of
from metapipe.instance import flavours
from metapipe.instance.hosts import carrying, inventory, playbook, probe, release, seal, services, ssh
from metapipe.instance.hosts import planning as on_hosts
from metapipe.instance.hosts.probe import ROOT, Machine
from metapipe.instance.hosts.services import UNITS
from metapipe.instance.hosts.vault import Vault
from metapipe.instance.local.secrets import private_folder, write_private
from metapipe.instance.offline import contents
from metapipe.instance.offline.contents import Contents
from metapipe.instance.planning import Plan
from metapipe.instance.request import Hosts

_ANSIBLE_SECONDS, _CARRY_SECONDS, _SITE_SECONDS, _DATABASE_SECONDS = 40.0, 90.0, 420.0, 40.0
_PROGRAMS = f"{ROOT}/build/envs/metapipe/bin"
_BUILD_SECONDS = 3600.0


class OnHosts:
    """The target ``hosts``; see :class:`metapipe.commands.instances.target.Target`."""

    def __init__(self, places: Places, asked: Asked) -> None:
        self._places, self._asked = places, asked
        if asked.request.hosts is None:
            raise MetapipeError("E701", "target", expected="hosts", found=asked.request.target)
        self._hosts: Hosts = asked.request.hosts
        self._shared = probe.shared_of(self._hosts)
        self._vault = Vault.find(places.build)
        self._seen: Mapping[str, Machine | MetapipeError] = {}

    def plan(self) -> Plan:
        """Look at every machine and return what would be made of them."""
        self._seen = ssh.on_each(self._hosts.every, lambda address: probe.look(self._hosts, address))
        head = self._seen[self._hosts.head]
        there = set(head.databases) if isinstance(head, Machine) else set()
        try:
            fetched, refusals = self._fetched(), []
        except MetapipeError as error:
            fetched, refusals = None, [error]
        made = on_hosts.plan(
            self._asked.request,
            self._hosts,
            self._asked.folder,
            self._places.home,
            self._seen,
            planned(self._labels(), there),
            self._asked.before,
            0 if fetched is None else fetched.bytes,
        )
        return replace(made, obstacles=(*made.obstacles, *refusals))

    def steps(self, restart: bool, thorough: bool) -> list[Step]:
        """Return the steps: Ansible's environment, and its playbook; the roles are its own steps."""
        head = self._seen[self._hosts.head]
        there = set(head.databases) if isinstance(head, Machine) else set()
        missing = [each for each in planned(self._labels(), there) if not each.installed]
        seconds = _SITE_SECONDS + sum(each.seconds or _DATABASE_SECONDS for each in missing)
        carry = [Step("packages, for hosts without a network", _CARRY_SECONDS, self._carry)]
        return [
            Step("environment of Ansible", _ANSIBLE_SECONDS, self._install),
            *(carry if self._hosts.offline else ()),
            Step("hosts", seconds, lambda tell: self._make(tell, restart, thorough)),
        ]

    def condition(self) -> Condition:
        """Look at the services of every host, at the databases and the disk of the head, and at Galaxy's jobs."""
        name = self._asked.request.name
        seen = ssh.on_each(self._hosts.every, lambda address: services.look(self._hosts, address))
        faults: list[MetapipeError] = []
        works: dict[str, dict[str, bool]] = {}
        for address, found in seen.items():
            if isinstance(found, MetapipeError):
                faults.append(found)
                works[address] = dict.fromkeys(services.parts_of(self._hosts, address), False)
            else:
                faults += services.faults(found)
                works[address] = found.works
        head = seen[self._hosts.head]
        if not any(any(parts.values()) for parts in works.values()) and not isinstance(head, MetapipeError):
            return Condition("down", "", works, {}, {}, head.disk_free, [], [], 3)
        databases = self._whole(faults)
        url, jobs = "", {}
        try:
            credentials = self.credentials()
            url, jobs = credentials.url, jobs_of(credentials)
        except MetapipeError as error:
            faults.append(error)
        told = [f"{error}; `metapipe instance up {name}` mends what it can" for error in faults]
        free = 0 if isinstance(head, MetapipeError) else head.disk_free
        code = faults[0].exit_code if faults else 0
        return Condition("broken" if faults else "up", url, works, databases, jobs, free, told, [], code)

    def _whole(self, faults: list[MetapipeError]) -> dict[str, bool]:
        """Return which of the request's databases are whole on the head; what is not is added to the faults."""
        found = {}
        for label in self._labels():
            try:
                self._metapipe(["refdb", "verify", label])
                found[label] = True
            except MetapipeError as error:
                found[label] = False
                faults.append(MetapipeError("E203", f"{self._hosts.head}: {label}: {error.message}"))
        return found

    def credentials(self) -> Credentials:
        """Return the address and the administrator's account, as the head keeps them.

        What talks to Galaxy afterwards trusts the instance's own authority.
        """
        said = ssh.as_root(self._hosts, self._hosts.head, ["cat", f"{self._shared}/galaxy/credentials.json"])
        record = json.loads(said)
        authority = probe.authority(self._asked.folder.path / "fetched")
        if authority.is_file():
            os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = str(authority)
        url = f"https://{self._asked.request.open.name or self._hosts.head}"
        return Credentials(url, Account(**record["admin"]), Account(**record["user"]))

    def passwords(self) -> Mapping[str, Path]:
        """Return whose password stands in which file; the files are made of the instance's secrets."""
        kept = inventory.read_secrets(self._asked.folder, self._vault)
        folder = private_folder(self._asked.folder.path / "passwords")
        words = {self._asked.request.admin: kept["secret_admin_password"], **kept["secret_user_passwords"]}
        for email, word in words.items():
            write_private(folder / email, f"{word}\n")
        return {email: folder / email for email in words}

    def log(self, part: str, lines: int, follow: bool) -> Iterator[str]:
        """Yield lines of a unit's journal on the head, or on the worker that is named as PART@HOST."""
        unit, _, address = part.partition("@")
        address = address or self._hosts.head
        if unit not in UNITS or address not in self._hosts.every:
            expected = f"one of {', '.join(UNITS)}, or one of these @ a host of the request"
            raise MetapipeError("E701", "PART", expected=expected, found=part)
        words = ["journalctl", "--no-pager", "-o", "short-iso", "-n", str(lines)]
        words += [word for name in UNITS[unit] for word in ("-u", name)]
        if not follow:
            yield ssh.as_root(self._hosts, address, words)
            return
        line = ssh.command(self._hosts, address, ["sudo", "-n", "--", *words, "-f"])
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, errors="replace") as process:
            yield from process.stdout or ()

    def remove(self, keep_data: bool, tell: Tell) -> None:
        """Run the playbook that takes everything away; then the instance's folder, unless its data are kept."""
        self._install(tell)
        self._set_up("down", tell, instance_keep_data=keep_data)
        if not keep_data:
            shutil.rmtree(self._asked.folder.path)

    @contextmanager
    def small_databases(self, folders: Sequence[Path]) -> Iterator[int]:
        """Have small databases of the checkout installed on the head; those that were not there are removed again."""
        there = probe.look(self._hosts, self._hosts.head).databases
        ours = [folder for folder in folders if f"{folder.parent.name}:{folder.name}" not in there]
        try:
            for folder in ours:
                self._metapipe(["refdb", "install", f"{ROOT}/current/{folder.relative_to(self._places.home)}"])
            yield len(ours)
        finally:
            for folder in ours:
                place = f"{self._shared}/refdb/{folder.parent.name}"
                ssh.as_root(self._hosts, self._hosts.head, ["rm", "-rf", "--", f"{place}/{folder.name}"])
                ssh.as_root(self._hosts, self._hosts.head, ["rmdir", "--ignore-fail-on-non-empty", "--", place])

    def _metapipe(self, words: Sequence[str]) -> str:
        environment = ["env", f"METAPIPE_REFDB={self._shared}/refdb", f"METAPIPE_HOME={ROOT}/current"]
        return self._as_galaxy([*environment, f"{_PROGRAMS}/metapipe", *words], seconds=_BUILD_SECONDS)

    def _as_galaxy(self, words: Sequence[str], seconds: float = 120.0) -> str:
        line = ["runuser", "-u", "galaxy", "--", *words]
        return ssh.as_root(self._hosts, self._hosts.head, line, seconds=seconds)

    def _labels(self) -> list[str]:
        return labels_of(self._asked.request, flavours.read(self._places.home, self._asked.request.flavour))

    def _install(self, tell: Tell) -> None:
        self._places.install(tell, "deploy")

    def _fetched(self) -> Contents | None:
        """Return what hosts without a network are installed from; None where they have one.

        :raises MetapipeError: E207 when it is not whole.
        """
        if not self._hosts.offline:
            return None
        folder = folder_of(self._places, self._hosts)
        return contents.demand(folder, wanted_of(self._places, self._asked), str(self._asked.file))

    def _carry(self, tell: Tell) -> None:
        """Bring what was fetched to every host that lacks it, once all of them are found fit for the instance."""
        fetched = self._fetched()
        if fetched is None:
            return
        every, name = self._hosts.every, self._asked.request.name
        there = ssh.of_each(every, lambda address: carrying.is_there(self._hosts, address, fetched))
        lacking = [address for address in every if not there[address]]
        if not lacking:
            tell("all hosts have them")
            return
        self._set_up("checks", tell)
        folder = folder_of(self._places, self._hosts)
        ssh.of_each(lacking, lambda at: carrying.carry(self._hosts, at, name, folder, fetched, tell))

    def _make(self, tell: Tell, restart: bool, thorough: bool) -> None:
        """Bring the hosts to what is asked, unless they are so already."""
        told = self._tell_ansible()
        asked = seal.asked(told, inventory.read_secrets(self._asked.folder, self._vault), self._certificates())
        if not (restart or thorough) and self._is_as_left(asked, tell):
            tell("nothing had to change")
            return
        seal.forget(self._asked.folder)
        self._play("site", told, tell, instance_restart=restart)
        seal.keep(self._asked.folder, seal.look(self._hosts, asked))

    def _is_as_left(self, asked: str, tell: Tell) -> bool:
        """Whether hosts and Galaxy are what the last ``up`` made of them; what is not is told."""
        before = seal.kept(self._asked.folder)
        authority = probe.authority(self._asked.folder.path / "fetched")
        if before is None or (self._asked.request.open.tls == "own-ca" and not authority.is_file()):
            return False
        try:
            different = before.differences(seal.look(self._hosts, asked))
            content = [f"{_PROGRAMS}/python", "-s", "-m", "metapipe.commands.deployed", "content"]
            if not different and "changed" in self._as_galaxy(content).splitlines():
                different = ["what Galaxy offers"]
        except MetapipeError as error:
            different = [error.message]
        if different:
            tell(f"not as the last time: {'; '.join(different[:3])}{'; …' if len(different) > 3 else ''}")
        return not different

    def _certificates(self) -> list[Path]:
        opened = self._asked.request.open
        return [Path(file) for file in (opened.certificate, opened.key) if opened.tls == "files" and file]

    def _set_up(self, name: str, tell: Tell, **more: bool) -> None:
        self._play(name, self._tell_ansible(), tell, **more)

    def _tell_ansible(self) -> inventory.Told:
        folder = self._asked.folder
        if not self._seen:
            self.plan()
        head = self._seen[self._hosts.head]
        if isinstance(head, MetapipeError):
            raise head
        fetched = self._fetched()
        digest = release.pack(self._places.home, folder.path / "release.tar.gz")
        return inventory.write(
            self._asked.request,
            folder,
            self._vault,
            folder.path / "release.tar.gz",
            digest,
            self._labels(),
            on_hosts.slots(self._asked.request, head),
            "" if fetched is None else carrying.digest(fetched),
        )

    def _play(self, name: str, told: inventory.Told, tell: Tell, **more: bool) -> None:
        words = (*self._vault.words, "-e", json.dumps(more))
        outcome = playbook.run(self._places.home, self._places.build, self._asked.folder, told, name, tell, *words)
        total = sum(outcome.changed.values())
        tell(f"{total} things changed on {len(outcome.changed)} hosts" if total else "nothing had to change")
