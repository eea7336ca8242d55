"""An instance on a machine that reaches nothing: fetched here, carried there, installed, and taken away.

The tests are one story. What is fetched comes from the registries that this machine uses, and is kept in the build
folder for the next time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from machines_for_tests import Machines, lab
from metapipe.galaxy.pipelines import BIOMAS
from metapipe.instance.local import examples

pytestmark = [pytest.mark.galaxy, pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(3600)]

HOME = Path(__file__).parents[2]
BUILD = Path(os.environ.get("METAPIPE_BUILD") or HOME / ".build")
#: What apt goes by, and what of ours could be left; Debian's packages stay, and bring settings of their own.
SOURCES = r"""
    find /etc/apt/sources.list* /var/lib/apt/lists -type f | sort
    find /etc/apt /etc/systemd /var/lib -xdev -name '*metapipe*' | sort
    apt-config dump | grep -E '^Dir::(Etc::[Ss]ource|State::[Ll]ists)'
    ls -A /etc/metapipe /srv/metapipe 2>&1; getent passwd galaxy
    true
"""


@dataclass(frozen=True)
class Offline:
    """The machine, and the request of the instance on it."""

    machines: Machines
    request: Path
    before: str

    def instance(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(HOME / "scripts" / "metapipe"), "instance", *words]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    @property
    def asked(self) -> int:
        """How many packets the machine has sent to somebody outside the lab."""
        return int(json.loads(lab("status", "--json"))[self.machines.name]["asked"])


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offline]:
    name = f"offline-{os.getpid()}"
    try:
        lab("up", "1", "--name", name, "--offline")
        machines = Machines(json.loads(lab("status", "--json"))[name])
        hosts = Path(machines.described["key"]).with_name("hosts.yml").read_text()
        request = tmp_path_factory.mktemp("request") / "request.yml"
        people = "admin: admin@lab.example\nopen: {web: everyone, accounts: [ada@lab.example]}\nsize: {memory_gb: 6}\n"
        request.write_text(f"name: {name}\nflavour: biomas\n{hosts}{people}")
        yield Offline(machines, request, machines.run("head", SOURCES))
    finally:
        lab("down", "--name", name)
        shutil.rmtree(BUILD / "instances" / name, ignore_errors=True)


def test_a_machine_of_the_lab_reaches_nothing_and_what_it_asks_is_counted(offline: Offline) -> None:
    before = offline.asked
    gateway = offline.machines.described["gateway"]
    for address in ("192.0.2.1", gateway):
        script = f"timeout 5 bash -c 'exec 3<>/dev/tcp/{address}/22' 2>/dev/null && echo open || echo closed"
        assert offline.machines.run("head", script) == "closed\n"
    assert offline.asked >= before + 2
    assert offline.machines.run("head", "getent hosts deb.debian.org || echo nobody") == "nobody\n"


def test_without_what_is_needed_up_says_which_command_brings_it(offline: Offline, tmp_path: Path) -> None:
    other = tmp_path / "other.yml"
    other.write_text(offline.request.read_text().replace("offline: true", f"offline: true\n  cache: {tmp_path}/none"))
    done = offline.instance("up", str(other))
    assert done.returncode == 66
    line = f"METAPIPE-E207 {tmp_path}/none lacks, for hosts without a network, all of it"
    assert f"{line}; run: metapipe instance fetch {other}\n" in done.stdout + done.stderr
    assert offline.machines.run("head", SOURCES) == offline.before


def test_all_is_fetched_and_a_second_time_nothing(offline: Offline) -> None:
    done = offline.instance("fetch", str(offline.request))
    assert done.returncode == 0, done.stdout + done.stderr
    again = offline.instance("fetch", str(offline.request))
    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(r"\d+ packages, 0 to be fetched", again.stdout)
    assert re.search(r"/offline has all of it: \d{3,} files, \d\.\d GB", again.stdout)


def test_the_instance_is_made_and_works_and_nothing_asked_the_network(offline: Offline) -> None:
    before = offline.asked
    done = offline.instance("up", str(offline.request))
    assert done.returncode == 0, done.stdout + done.stderr
    status = offline.instance("status", offline.machines.name)
    assert status.returncode == 0, status.stdout + status.stderr
    assert offline.asked == before


def test_a_second_up_carries_nothing_and_changes_nothing(offline: Offline) -> None:
    done = offline.instance("up", str(offline.request), "--thorough")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all hosts have them" in done.stdout
    assert "nothing had to change" in done.stdout


def test_the_workflow_gives_the_known_bytes_there(offline: Offline) -> None:
    done = offline.instance("verify", offline.machines.name)
    assert done.returncode == 0, done.stdout + done.stderr
    known = next(example for example in examples.known(HOME) if example.workflow == BIOMAS.workflow)
    assert f"{len(known.known_results())} results, all of them the known bytes" in done.stdout


def test_down_leaves_nothing_and_apt_looks_where_it_looked_before(offline: Offline) -> None:
    done = offline.instance("down", offline.machines.name, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert offline.machines.run("head", SOURCES) == offline.before
