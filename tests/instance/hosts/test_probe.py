"""What is seen of a machine by SSH, and why it cannot be part of an instance."""

import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.instance.hosts import probe
from metapipe.instance.hosts.probe import Machine

SAID = """\
system=debian 12
cores=4
memory_kb=8000000
disk_kb=50000000
time=1000.5
listens=22
listens=443
listens=*
database=ec-proteins:1
database=ssu-refseq:2026-09
"""
GOOD = Machine("h1", ("debian", "12"), 4, 8000, 50 << 30, 0.0, "", "", frozenset({22}), frozenset())


def words(machine: Machine, head: bool = True) -> list[str]:
    return [str(error) for error in probe.obstacles(machine, "lab", head)]


def test_the_lines_of_a_machine_are_read() -> None:
    found = probe.read("h1", SAID, 1000.0)
    assert (found.system, found.cores, found.memory_mb, found.disk_free) == (("debian", "12"), 4, 7812, 50000000 << 10)
    assert (found.ahead, found.mark, found.stranger, found.listens) == (0.5, "", "", frozenset({22, 443}))
    assert found.databases == {"ec-proteins:1", "ssu-refseq:2026-09"}


def test_the_script_tells_of_this_very_machine(tmp_path: object) -> None:
    command = ["sh", "-s", "--", f"{tmp_path}/nothing", f"{tmp_path}/mark", f"{tmp_path}/shared"]
    said = subprocess.run(command, input=probe._SCRIPT, capture_output=True, text=True, check=True).stdout
    found = probe.read("here", said, 0.0)
    assert found.cores > 0
    assert found.memory_mb > 100
    assert found.disk_free > 0
    assert found.mark == ""
    assert not found.databases


def test_a_machine_that_fits_has_no_obstacle() -> None:
    assert words(GOOD) == []
    assert words(replace(GOOD, mark="lab", listens=frozenset({80, 443}))) == []
    assert words(replace(GOOD, listens=frozenset({80})), head=False) == []


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (replace(GOOD, system=("fedora", "40")), "E704 h1: system, expected one of debian 12, ubuntu 22.04"),
        (
            replace(GOOD, ahead=3600.0),
            "E704 h1: clock, expected that of this machine, within a minute, found '3600 s ahead'",
        ),
        (replace(GOOD, ahead=-90.0), "found '90 s behind'"),
        (replace(GOOD, mark="other"), "E704 h1: what is there, expected nothing, or lab, found 'other'"),
        (replace(GOOD, stranger="a Galaxy"), "E704 h1: what is there, expected nothing of others, found 'a Galaxy'"),
        (replace(GOOD, listens=frozenset({80})), "E306 h1: port 80 is held by another program"),
    ],
)
def test_what_stands_in_the_way_is_one_line_with_the_machine(machine: Machine, said: str) -> None:
    (only,) = words(machine)
    assert only.startswith("METAPIPE-E")
    assert said in only


def test_a_galaxy_that_is_not_ours_is_seen_and_ours_is_not_one() -> None:
    assert "not of META-pipe" in probe.read("h1", SAID + "galaxy=yes\n", 0.0).stranger
    assert "/srv/metapipe" in probe.read("h1", SAID + "stranger=/srv/metapipe\n", 0.0).stranger
    assert probe.read("h1", SAID + "galaxy=yes\nmark=lab\n", 0.0).stranger == ""


def test_a_system_that_nobody_tested_is_accepted_and_said() -> None:
    ubuntu = replace(GOOD, system=("ubuntu", "24.04"))
    assert words(ubuntu) == []
    assert list(probe.notes(ubuntu)) == ["h1: ubuntu 24.04 is accepted and was never tested"]


@given(st.text(max_size=300))
def test_whatever_a_login_prints_beside_it_is_no_traceback(noise: str) -> None:
    lines = "".join(f"x{line}\n" for line in noise.splitlines())
    assert probe.read("h1", lines + SAID, 1000.0).cores == 4
