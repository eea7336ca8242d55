"""Machines of a lab are real enough to deploy to, and nothing is left of them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from machines_for_tests import Machines, lab

pytestmark = [pytest.mark.galaxy, pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(3600)]


def seen_of(name: str) -> dict[str, list[str]]:
    """What this machine has of the labs called so."""

    def said(*command: str) -> list[str]:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    numbers = [one["number"] for one in json.loads(lab("status", "--json")).values() if one["name"] == name]
    words = [f"/labs/{name}/", *(f"lab{number}-" for number in numbers), *(f"metalab{number}" for number in numbers)]
    everything = {
        "processes": said("ps", "-eo", "args"),
        "interfaces": said("ip", "-brief", "link"),
        "rules": said("nft", "list", "tables"),
        "mounts": Path("/proc/self/mounts").read_text().splitlines(),
        "disks": said("losetup", "--list", "--noheadings"),
        "groups": [str(path) for path in Path("/sys/fs/cgroup").glob("*/metapipe-lab*")],
    }
    return {what: [line for line in lines if any(word in line for word in words)] for what, lines in everything.items()}


def test_a_machine_runs_systemd_and_has_a_name_a_disk_and_the_internet(machines: Machines) -> None:
    asked = "systemctl is-system-running --wait; cat /proc/1/comm; hostname; df -m --output=size /"
    said = machines.run("worker1", asked, check=False)
    state, first, name, _, size = said.split()
    assert (state, first, name) == ("running", "systemd", "worker1")
    assert 18_000 < int(size) < 20_480
    assert "bookworm" in machines.run("worker1", "apt-get update -q && apt-cache policy systemd")


def test_machines_reach_each_other_until_one_is_cut_off(machines: Machines) -> None:
    script = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{machines.address('head')}/22 && head -c 4 <&3' || true"
    assert machines.run("worker1", script) == "SSH-"
    machines.lab("cut", "head")
    try:
        assert "head     " + machines.address("head") + "     cut off" in lab("status")
        assert machines.run("worker1", script) == ""
    finally:
        machines.lab("join", "head")
    assert machines.run("worker1", script) == "SSH-"


@pytest.mark.parametrize("how", [(), ("--hard",)], ids=["asked to", "its power cut"])
def test_a_machine_that_is_rebooted_comes_back_with_what_it_had(machines: Machines, how: tuple[str, ...]) -> None:
    boot = machines.run("worker1", "echo kept >/var/tmp/kept && sync && cat /proc/sys/kernel/random/boot_id")
    assert machines.lab("reboot", "worker1", *how).startswith("worker1 is back")
    assert machines.run("worker1", "cat /var/tmp/kept /proc/sys/kernel/random/boot_id") != f"kept\n{boot}"
    assert machines.run("worker1", "cat /var/tmp/kept && rm /var/tmp/kept") == "kept\n"


def test_nothing_is_left_of_a_lab_but_the_cache() -> None:
    name = f"gone-{os.getpid()}"
    before = subprocess.run(["sysctl", "-n", "net.ipv4.ip_forward"], capture_output=True, text=True).stdout
    labs_before = json.loads(lab("status", "--json"))
    try:
        lab("up", "1", "--name", name)
        described = json.loads(lab("status", "--json"))[name]
        there = seen_of(name)
        assert there["processes"]
        assert there["interfaces"]
        assert there["rules"]
        assert there["disks"]
        assert not there["mounts"], "its mounts are its own"
    finally:
        lab("down", "--name", name)
    number = described["number"]
    assert not Path(described["key"]).parent.exists()
    assert not any(seen_of(name).values())
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True).stdout
    assert f"metalab{number}" not in links
    assert f"vb-lab{number}-" not in links
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout
    assert f"metalab{number}" not in tables.split()
    if not labs_before:
        assert subprocess.run(["sysctl", "-n", "net.ipv4.ip_forward"], capture_output=True, text=True).stdout == before
    assert lab("down", "--name", name) == f"there is no lab {name}\n"
