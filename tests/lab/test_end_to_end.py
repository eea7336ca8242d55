"""An instance on three machines, as an operator makes it: interrupted, verified, hit by faults, and taken away.

The tests are one story and go on where the one before ended.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from bioblend import ConnectionError as BioBlendError
from bioblend.galaxy import GalaxyInstance

from machines_for_tests import Machines, lab
from metapipe.commands.instances.actions import target_of
from metapipe.commands.instances.places import Places
from metapipe.commands.instances.target import Target
from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.galaxy import newcomer
from metapipe.galaxy.downloading import download_outputs
from metapipe.galaxy.pipelines import METAPIPE
from metapipe.galaxy.running import start_run, steps_of
from metapipe.galaxy.uploading import upload_reads
from metapipe.galaxy.workflow import Workflow, import_once
from metapipe.instance.local import examples
from metapipe.samples.read_pairs import find_samples

pytestmark = [
    pytest.mark.galaxy,
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    # BioBlend's uploader opens a file at each look and leaves it to be closed by the collector.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HOME = Path(__file__).parents[2]
BUILD = Path(os.environ.get("METAPIPE_BUILD") or HOME / ".build")
#: Words of the progress after which the whole command is killed, from early to late.
MOMENTS = ("PostgreSQL;", "Galaxy, the stages and their programs;", "Galaxy starts;")
#: What the samples of Galaxy, PostgreSQL, Redis and Spark have in the places of secrets.
DEFAULTS = (
    "USING THE DEFAULT IS NOT SECURE",
    "changethis",
    "changeme",
    "galaxy:galaxy@",
    "postgres:postgres",
    "foobared",
)
OUTSIDE = {"head": {22, 80, 443}, "worker1": {22}, "worker2": {22}}
#: Users that Debian's packages bring and leave: postgres, redis and so on.
OF_PACKAGES = {"postgres", "redis", "nginx", "_rpc", "statd", "ssl-cert", "_chrony", "systemd-timesync", "messagebus"}


@dataclass(frozen=True)
class Deployed:
    """The machines, and the request of the instance on them."""

    machines: Machines
    request: Path

    @property
    def name(self) -> str:
        return self.machines.name

    @property
    def place(self) -> Path:
        return BUILD / "instances" / self.name

    def words(self, *words: str) -> list[str]:
        return [str(HOME / "scripts" / "metapipe"), "instance", *words]

    def instance(self, *words: str) -> str:
        done = self.run(*words)
        return done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        """How it is, for programs."""
        found: dict[str, Any] = json.loads(self.run("status", self.name, "--json").stdout)
        return found

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.words(*words), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def target(self) -> Target:
        places = Places.find()
        return target_of(places, places.asked(self.name))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    name = f"e2e-{os.getpid()}"
    try:
        lab("up", "3", "--name", name)
        machines = Machines(json.loads(lab("status", "--json"))[name])
        hosts = Path(machines.described["key"]).with_name("hosts.yml").read_text()
        request = tmp_path_factory.mktemp("request") / "request.yml"
        people = "admin: admin@lab.example\nopen: {web: everyone, accounts: [ada@lab.example]}\nsize: {memory_gb: 6}\n"
        request.write_text(f"name: {name}\nflavour: mmg\ndatabases: []\n{hosts}{people}")
        yield Deployed(machines, request)
    finally:
        lab("down", "--name", name)
        shutil.rmtree(BUILD / "instances" / name, ignore_errors=True)


@pytest.fixture(scope="module")
def before(deployed: Deployed) -> dict[str, list[str]]:
    return {machine: traces(deployed.machines, machine) for machine in OUTSIDE}


def traces(machines: Machines, machine: str) -> list[str]:
    """Whatever a machine has that could be ours: users, units, rules, and files by name or owner; /usr is Debian's."""
    script = r"""
        getent passwd | cut -d: -f1 | sed 's/^/user /'; getent group | cut -d: -f1 | sed 's/^/group /'
        systemctl list-unit-files --no-legend | cut -d' ' -f1 | grep -iE 'metapipe|galaxy' | sed 's/^/unit /'
        nft list tables | sed 's/^/rules /'; ps -eo user,comm | grep -E '^(galaxy|1450) ' | sed 's/^/process /'
        find / -xdev \( -iname '*metapipe*' -o -iname '*galaxy*' -o -uid 1450 \) -not -path '/proc/*' \
            -not -path '/usr/*' -not -path '/var/lib/dpkg/*' -not -path '/var/log/journal/*' | sed 's/^/file /'
    """
    lines = machines.run(machine, script, check=False).splitlines()
    return sorted(line for line in lines if line.partition(" ")[2] not in OF_PACKAGES)


def test_a_command_killed_at_any_moment_is_completed_by_the_same_command(
    deployed: Deployed, before: dict[str, list[str]]
) -> None:
    assert before["head"]
    for moment in MOMENTS:
        with subprocess.Popen(
            deployed.words("up", str(deployed.request)), stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            seen = []
            for line in process.stdout or ():
                seen.append(line)
                if moment in line:
                    time.sleep(2)  # in the middle of it
                    os.killpg(process.pid, signal.SIGKILL)
                    break
            else:
                pytest.fail(f"it ended before {moment}\n{''.join(seen)}")
    said = deployed.instance("up", str(deployed.request))
    assert f"{deployed.name} is ready at https://{deployed.machines.address('head')}" in said
    assert deployed.status()["faults"] == []


def test_all_workflows_give_the_known_bytes_to_a_new_user_over_tls(deployed: Deployed) -> None:
    said = deployed.instance("verify", deployed.name)
    for example in examples.known(HOME):
        assert f"{example.workflow}: {len(example.known_results())} results, all of them the known bytes" in said


def test_the_same_command_again_changes_nothing(deployed: Deployed) -> None:
    for words in ([], ["--thorough"]):  # by what was noted of the hosts, and task by task
        assert "nothing had to change" in deployed.instance("up", str(deployed.request), *words), words
    assert "nothing would change" in deployed.instance("plan", str(deployed.request))


def test_a_file_that_somebody_edited_on_a_host_is_set_right_by_the_same_command(deployed: Deployed) -> None:
    address = deployed.machines.address("worker1")
    deployed.machines.run("worker1", "echo '# let everybody in' >>/etc/metapipe/firewall.nft")
    said = deployed.instance("up", str(deployed.request))
    assert f"not as the last time: settings of {address}\n" in said
    assert "things changed on 1 hosts" in said
    assert "let everybody in" not in deployed.machines.run("worker1", "cat /etc/metapipe/firewall.nft")
    assert "nothing had to change" in deployed.instance("up", str(deployed.request))


def test_from_outside_only_ssh_and_the_pages_answer(deployed: Deployed) -> None:
    number = deployed.machines.described["number"]
    with stranger(f"metalab{number}", f"10.213.{number}.99/24") as namespace:
        for machine, wanted in OUTSIDE.items():
            listening = deployed.machines.run(machine, "ss -ltnH | tr -s ' ' | cut -d ' ' -f 4")
            known = {22, 80, 443, 111, 2049, 4040, 5432, 6379, 7077, 7078, 8080, 8081, 8888}
            asked = known | {int(line.rsplit(":", 1)[1]) for line in listening.splitlines()}
            assert answering(namespace, deployed.machines.address(machine), asked) == wanted, machine


@contextmanager
def stranger(bridge: str, address: str) -> Iterator[str]:
    """A network of nobody's, plugged into the lab's bridge."""
    number = os.getpid() % 100_000
    name, inside, outside = f"stranger{number}", f"in{number}", f"out{number}"

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    ip("netns", "add", name)
    try:
        ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
        ip("link", "set", outside, "master", bridge, "up")
        ip("-n", name, "address", "add", address, "dev", inside)
        ip("-n", name, "link", "set", inside, "up")
        yield name
    finally:
        ip("netns", "delete", name)


def answering(namespace: str, address: str, ports: set[int]) -> set[int]:
    """The ports that take a connection from that network."""
    script = "import socket, sys\nfor port in map(int, sys.argv[2:]):\n    with socket.socket() as s:\n"
    script += "        s.settimeout(3)\n        print(port, s.connect_ex((sys.argv[1], port)) == 0)\n"
    command = ["ip", "netns", "exec", namespace, "python3", "-c", script, address, *map(str, sorted(ports))]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {int(port) for port, answers in (line.split() for line in said.splitlines()) if answers == "True"}


def test_no_secret_is_a_default_or_stands_where_others_read(deployed: Deployed) -> None:
    kept = json.loads((deployed.place / "ansible" / "secrets.json").read_text())
    secrets = [word for word in kept.values() if isinstance(word, str)] + list(kept["secret_user_passwords"].values())
    assert len(secrets) == len(set(secrets)) >= 7
    for machine in OUTSIDE:
        files = "/etc/metapipe /etc/nginx /etc/postgresql /srv/metapipe/shared/galaxy/config /etc/systemd/system"
        pattern = "|".join(map(re.escape, DEFAULTS))
        assert deployed.machines.run(machine, f"grep -rlE '{pattern}' {files} 2>/dev/null || true") == ""
        script = (
            "ps -eo args; journalctl --no-pager; find /etc /srv /run /var/log /tmp -xdev -type f -perm -o+r -size -1M"
        )
        script += " -not -path '*/envs/*' -not -path '*/releases/*' -exec cat {} + 2>/dev/null"
        readable = deployed.machines.run(machine, script, check=False)
        assert not [word[:4] for word in secrets if word in readable], machine
    logs = "".join(file.read_text() for file in (deployed.place / "logs").iterdir())
    assert not [word[:4] for word in secrets if word in logs]


def test_a_large_stage_runs_on_both_workers(deployed: Deployed, tmp_path: Path) -> None:
    """Gene calling of contigs enough for the rules of routing to send it to the cluster."""
    contigs = tmp_path / "contigs.fasta"
    letters = random.Random(1)
    with contigs.open("w") as stream:
        for number in range(800):
            stream.write(f">contig{number}\n{''.join(letters.choices('ACGT', k=50_000))}\n")
    with newcomer.account(deployed.target().credentials()) as gi:
        history = gi.histories.create_history("large")["id"]
        uploaded = gi.tools.upload_file(str(contigs), history, file_type="fasta")["outputs"][0]["id"]
        gi.datasets.wait_for_dataset(uploaded, maxwait=600)
        inputs = {"contigs": {"src": "hda", "id": uploaded}, "keep_run_report": True}
        made = gi.tools.run_tool(history, "metapipe_predict_genes", inputs)
        report = next(output for output in made["outputs"] if output["output_name"] == "run_report")
        gi.datasets.wait_for_dataset(report["id"], maxwait=1800)
        said = json.loads(gi.datasets.download_dataset(report["id"]))
    names = {deployed.machines.run(machine, "hostname").strip() for machine in ("worker1", "worker2")}
    addresses = {deployed.machines.address(machine) for machine in ("worker1", "worker2")}
    hosts = {attempt["host"] for attempt in said["attempts"]}
    assert hosts in (names, addresses), said["session"]


def test_a_workflow_outlives_a_reboot_of_the_head_and_a_worker_that_is_cut_off(
    deployed: Deployed, tmp_path: Path
) -> None:
    found = deployed.target()
    example = next(one for one in examples.known(HOME) if one.workflow == METAPIPE.workflow)
    folder = tmp_path / "small"
    example.lay_out_reads(HOME, folder)
    small = [HOME / "test-data" / "refdb" / label.replace(":", "/") for label in METAPIPE.smallest.values()]
    workflow = Workflow.read(METAPIPE.workflow_file(HOME))
    parameters = workflow.defaults | {METAPIPE.parameters[option]: value for option, value in METAPIPE.smallest.items()}
    results = tmp_path / "results"
    with found.small_databases(small), newcomer.account(found.credentials()) as gi:
        reads = upload_reads(gi, find_samples(folder)[0], "reboot")
        run = start_run(gi, workflow, import_once(gi, workflow), reads, parameters)
        wait_for(lambda: any(step.state == "running" for step in steps_of(gi, workflow, run)[1]), 300)
        deployed.machines.lab("cut", "worker1")
        deployed.machines.lab("reboot", "head", "--hard")
        deployed.machines.lab("join", "worker1")
        wait_for(lambda: {step.state for step in steps_of(gi, workflow, run)[1]} == {"done"}, 1500)
        files = download_outputs(gi, steps_of(gi, workflow, run)[0], results)
    assert {str(file.relative_to(results)): sha256_of(file) for file in files.values()} == example.known_results()
    wait_for(lambda: deployed.status()["state"] == "up", 300)


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Look until it holds; what cannot be asked, because the head is away, does not hold yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (MetapipeError, BioBlendError, requests.RequestException, AssertionError):
            pass
        assert time.monotonic() < end, "it never held"
        time.sleep(3)


def test_data_that_are_kept_come_back_with_the_same_command(deployed: Deployed) -> None:
    """Somebody's account and history outlive the machines' programs, services and accounts."""
    history = as_ada(deployed).histories.create_history("to be kept")["id"]
    said = deployed.instance("down", deployed.name, "--keep-data")
    assert f"{deployed.name} is down; its data are kept" in said
    deployed.instance("up", deployed.name)
    assert as_ada(deployed).histories.show_history(history)["name"] == "to be kept"


def as_ada(deployed: Deployed) -> GalaxyInstance:
    """The user whose account the request asks for, with the password that was made for her."""
    found = deployed.target()
    password = found.passwords()["ada@lab.example"].read_text().strip()
    return GalaxyInstance(found.credentials().url, email="ada@lab.example", password=password)


def test_down_leaves_nothing(deployed: Deployed, before: dict[str, list[str]]) -> None:
    said = deployed.instance("down", deployed.name, "--yes")
    assert f"{deployed.name} is gone" in said
    assert not deployed.place.exists()
    for machine in OUTSIDE:
        left = set(traces(deployed.machines, machine)) - set(before[machine])
        assert not left, machine
