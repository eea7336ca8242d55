"""Hosts that cannot take an instance: one line says what was expected and found, and nothing on them is touched."""

from __future__ import annotations

import re

import pytest

from machines_for_tests import Ansible

pytestmark = [pytest.mark.galaxy, pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(3600)]
#: What an instance would change: files of the system, its packages, users, units and rules.
SUMS = """
find /etc /opt /srv /usr /var/lib -xdev -type f -not -path '/var/lib/apt/*' -not -name '*.pyc' -exec md5sum {} + | sort
dpkg-query -W; getent passwd; systemctl list-unit-files --no-legend | grep -v transient
"""


def refused(ansible: Ansible, machine: str, prepare: str, mend: str, **variables: object) -> list[str]:
    """What is said of a machine that was prepared to be unfit; that nothing else on it has changed is asserted."""
    machines = ansible.machines
    machines.run(machine, prepare)
    try:
        before = machines.run(machine, SUMS)
        played = ansible.play("site.yml", **variables)
        assert played.returncode != 0
        assert machines.run(machine, SUMS) == before
        assert {host for host, _ in played.faults} == {machine}
        assert played.of("changed") == []
        return [message for _, message in played.faults]
    finally:
        machines.run(machine, mend)


def test_another_system_is_refused(ansible: Ansible) -> None:
    said = refused(
        ansible,
        "worker1",
        "mv /etc/os-release /var/tmp/kept && printf 'ID=rocky\\nVERSION_ID=\"9.5\"\\n' >/etc/os-release",
        "mv /var/tmp/kept /etc/os-release",
    )
    assert said == ["system: expected one of debian 12, ubuntu 22.04, ubuntu 24.04, found rocky 9.5"]


def test_too_little_disk_and_memory_are_told_at_once(ansible: Ansible) -> None:
    before = ansible.machines.run("head", SUMS)
    played = ansible.play("site.yml", instance_disk_mb=10**9, instance_head_memory_mb=10**9)
    assert ansible.machines.run("head", SUMS) == before
    assert played.of("changed") == []
    disk = r"disk: expected 1000000000 MB free below /srv/metapipe, found \d+ MB"
    patterns = {"head": [r"memory: expected 1000000000 MB, found \d+ MB", disk], "worker1": [disk]}
    for host, expected in patterns.items():
        said = [message for machine, message in played.faults if machine == host]
        assert len(said) == len(expected)
        assert all(map(re.fullmatch, expected, said))


def test_a_port_that_is_taken_is_named_with_who_has_it(ansible: Ansible) -> None:
    serve = "systemd-run --quiet --unit=stranger /usr/bin/python3 -m http.server 80"
    wait = "until timeout 1 bash -c '</dev/tcp/127.0.0.1/80' 2>/dev/null; do sleep 0.1; done"
    said = refused(ansible, "head", f"{serve}; {wait}", "systemctl stop stranger")
    assert said == ["port 80: expected nobody to listen, found python3"]


def test_a_clock_that_is_off_by_an_hour_is_refused(ansible: Ansible) -> None:
    """All machines of a lab have this machine's clock, so the program that asks for the time is told another one."""
    faked = "/usr/lib/python3.11/sitecustomize.py"
    shift = "import time\\n_now = time.time\\ntime.time = lambda: _now() - 3600\\n"
    prepare = f"cp -P {faked} /var/tmp/kept; rm -f {faked}; printf '{shift}' >{faked}"
    said = refused(ansible, "worker1", prepare, f"rm {faked}; mv /var/tmp/kept {faked}")
    assert len(said) == 1
    found = re.fullmatch(r"clock: expected the controller's time, found (\d+) seconds less", said[0])
    assert found
    assert 3480 < int(found[1]) < 3720


@pytest.mark.parametrize(
    ("prepare", "mend", "what"),
    [
        ("useradd --uid 1777 galaxy", "userdel galaxy", "a user galaxy (1777), a group galaxy (1777)"),
        ("useradd --uid 1450 maria", "userdel maria", "a user maria (1450), a group maria (1450)"),
        (
            "printf '[Service]\\nExecStart=/bin/true\\n' >/etc/systemd/system/galaxy-web.service",
            "rm /etc/systemd/system/galaxy-web.service",
            "the unit /etc/systemd/system/galaxy-web.service",
        ),
        ("mkdir /srv/galaxy", "rmdir /srv/galaxy", "the folder /srv/galaxy"),
        ("touch /srv/metapipe/thesis", "rm /srv/metapipe/thesis", "files in /srv/metapipe (thesis)"),
    ],
    ids=["user", "number", "unit", "folder", "files"],
)
def test_what_is_somebody_elses_is_refused_and_untouched(ansible: Ansible, prepare: str, mend: str, what: str) -> None:
    said = refused(ansible, "head", prepare, mend)
    assert said == [f"somebody else's: expected nothing in the way of an instance, found {what}"]


def test_an_instance_of_another_name_is_refused_by_up_and_by_down(ansible: Ansible) -> None:
    machines = ansible.machines
    machines.run("head", "mkdir /etc/metapipe && echo reef >/etc/metapipe/instance")
    try:
        for playbook in ("site.yml", "down.yml"):
            (fault,) = ansible.play(playbook).faults
            assert fault == (
                "head",
                "instance: expected none or marine-lab, found reef; that one must be taken away first",
            )
        assert machines.run("head", "cat /etc/metapipe/instance") == "reef\n"
    finally:
        machines.run("head", "rm -r /etc/metapipe")


def test_down_leaves_a_strangers_user_galaxy_where_there_is_no_instance(ansible: Ansible) -> None:
    machines = ansible.machines
    machines.run("head", "useradd --uid 1777 --create-home galaxy && touch /home/galaxy/thesis")
    try:
        before = machines.run("head", SUMS)
        played = ansible.play("down.yml")
        assert (played.returncode, played.of("changed")) == (0, [])
        assert machines.run("head", SUMS) == before
    finally:
        machines.run("head", "userdel --remove galaxy")


def test_a_host_that_does_not_answer_is_named_and_the_others_are_untouched(ansible: Ansible) -> None:
    machines = ansible.machines
    machines.lab("cut", "worker1")
    try:
        played = ansible.play("site.yml")
    finally:
        machines.lab("join", "worker1")
    ((host, message),) = played.faults
    assert host == "worker1"
    # The latter where the connection of the run before is still open.
    expected = (f"connect to host {machines.address('worker1')} port 22", "the host does not answer any longer")
    assert any(words in message for words in expected)
    assert played.of("changed") == []


def test_a_user_who_may_not_become_root_is_told_so(ansible: Ansible) -> None:
    machines = ansible.machines
    user = """
        useradd --create-home --groups sudo visitor && echo visitor:its-word | chpasswd
        cp -r /home/deployer/.ssh /home/visitor/ && chown -R visitor: /home/visitor/.ssh
    """
    for machine in ("head", "worker1"):
        machines.run(machine, user)
    try:
        missing = ansible.play("checks.yml", ansible_user="visitor")
        wrong = ansible.play("checks.yml", ansible_user="visitor", ansible_become_password="a guess")
        right = ansible.play("checks.yml", ansible_user="visitor", ansible_become_password="its-word")
    finally:
        for machine in ("head", "worker1"):
            # Ansible keeps its connections open for a while.
            machines.run(machine, "loginctl terminate-user visitor; userdel --force --remove visitor", check=False)
            assert machines.run(machine, "getent passwd visitor", check=False) == ""
    assert set(missing.faults) == {("head", "Missing sudo password"), ("worker1", "Missing sudo password")}
    assert set(wrong.faults) == {("head", "Incorrect sudo password"), ("worker1", "Incorrect sudo password")}
    assert right.faults == []
