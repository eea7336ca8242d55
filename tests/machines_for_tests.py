"""Machines of a lab for tests: scripts run on them, and the playbooks of instances played on them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HOME = Path(__file__).parents[1]
LAB = HOME / "scripts" / "lab"
DEPLOY = Path(os.environ.get("METAPIPE_BUILD") or HOME / ".build") / "envs" / "deploy" / "bin"
#: Roles that need Galaxy or META-pipe installed: an instance with them is tested as a whole elsewhere.
WITH_GALAXY = {"environments", "refdb", "spark_master", "spark_worker", "galaxy"}


@dataclass(frozen=True)
class Machines:
    """A lab that is up, as its ``lab.json`` says."""

    described: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.described["name"])

    def address(self, machine: str) -> str:
        return str(next(one["address"] for one in self.described["machines"] if one["name"] == machine))

    def run(self, machine: str, script: str, check: bool = True) -> str:
        """Run a script of the shell as root there; return what it says."""
        command = [LAB, "ssh", "--name", self.name, machine, "sudo", "sh", "-s"]
        done = subprocess.run(command, input=script, capture_output=True, text=True)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def lab(self, *words: str) -> str:
        """Run a command of ``scripts/lab`` on this lab."""
        return lab(*words, "--name", self.name)


def lab(*words: str) -> str:
    done = subprocess.run([LAB, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Played:
    """What a run of a playbook came to: the lines of its progress."""

    returncode: int
    lines: list[dict[str, Any]]

    def of(self, *results: str) -> list[tuple[str, str, str]]:
        """Host, task and message of each result that is one of these."""
        found = [line for line in self.lines if line.get("result") in results]
        return [(line["host"], line["task"], line["message"]) for line in found]

    @property
    def faults(self) -> list[tuple[str, str]]:
        return [(host.split("-")[-1], message) for host, _, message in self.of("failed", "unreachable")]


@dataclass(frozen=True)
class Ansible:
    """The playbooks of instances, without the roles that need Galaxy, and the secrets of one instance."""

    folder: Path
    machines: Machines

    def command(self, playbook: str, **variables: Any) -> list[str]:
        inventory = Path(self.machines.described["key"]).with_name("inventory.yml")
        command = [str(DEPLOY / "ansible-playbook"), "-i", str(inventory), "-e", f"@{self.folder / 'secrets.yml'}"]
        return [*command, "-e", json.dumps(variables), playbook]

    def environment(self, progress: Path) -> dict[str, str]:
        ours = {"METAPIPE_PROGRESS": str(progress), "ANSIBLE_HOME": str(self.folder / "home")}
        return {**os.environ, **ours, "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg")}

    def play(self, playbook: str, **variables: Any) -> Played:
        progress = self.folder / "progress.jsonl"
        progress.unlink(missing_ok=True)
        done = subprocess.run(
            self.command(playbook, **variables),
            cwd=self.folder,
            env=self.environment(progress),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        print(done.stdout)  # shown when the test fails
        return Played(done.returncode, [json.loads(line) for line in progress.read_text().splitlines()])


def ansible_in(folder: Path, machines: Machines) -> Ansible:
    shutil.copytree(HOME / "instance" / "ansible", folder, dirs_exist_ok=True)
    for name in ("site.yml", "down.yml"):
        plays = yaml.safe_load((folder / name).read_text())
        (folder / name).write_text(yaml.safe_dump([play for play in plays if not roles_of(play) & WITH_GALAXY]))
    # The proxy alone, on a host that has the rest: what a certificate comes from is tried in a few ways.
    door = {"hosts": "head", "vars": {"base_before": []}, "roles": [{"role": "proxy"}]}
    (folder / "door.yml").write_text(yaml.safe_dump([door]))
    words = ("postgresql_password", "broker_password")
    (folder / "secrets.yml").write_text(yaml.safe_dump({f"secret_{word}": secrets.token_hex(24) for word in words}))
    return Ansible(folder, machines)


def roles_of(play: dict[str, Any]) -> set[str]:
    included = [task.get("ansible.builtin.include_role", {}).get("name") for task in play.get("tasks", [])]
    return {role["role"] for role in play.get("roles", [])} | set(included)
