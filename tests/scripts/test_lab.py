"""What scripts/lab says and writes without making a machine; tests/lab has the machines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from lab_machines import command, packages, place
from lab_machines.place import Lab, Machine

HOME = Path(__file__).parents[2]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(place, "CACHE", tmp_path)
    monkeypatch.setattr(place, "LABS", tmp_path / "labs")
    return tmp_path


def lab_of(*names: str) -> Lab:
    return Lab("reef", 7, [Machine(name, f"10.213.7.{10 + k}", k) for k, name in enumerate(names, 1)])


def test_without_systemd_nspawn_one_line_names_the_packages_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main(["up", "1"]) == 69
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("METAPIPE-E301 not installed: ")
    assert "systemd-container" in line.split("apt-get install ")[1].split()


def test_without_root_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in place.PROGRAMS:
        (tmp_path / name).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(place.os, "geteuid", lambda: 1000)
    assert command.main(["up", "1"]) == 73
    assert capsys.readouterr().err == (
        "METAPIPE-E501 a lab makes machines and a network, which needs root: run it with sudo\n"
    )


def test_help_needs_neither_root_nor_an_environment() -> None:
    done = subprocess.run([HOME / "scripts/lab", "--help"], capture_output=True, text=True, check=True)
    assert "scripts/lab up 3" in done.stdout


@pytest.mark.parametrize("name", ["Reef", "../up", "-x", "a" * 32, ""])
def test_a_name_that_cannot_be_a_folder_is_refused(cache: Path, name: str) -> None:
    with pytest.raises(place.RefusedError, match=r"^METAPIPE-E701 name of a lab: expected a small letter"):
        place.load(name)


def test_a_lab_is_described_for_programs_requests_and_ansible(cache: Path) -> None:
    lab = lab_of("head", "worker1")
    place.remember(lab)
    described = json.loads((lab.folder / "lab.json").read_text())
    assert described["machines"][1] == {"name": "worker1", "address": "10.213.7.12", "number": 2}
    assert described["key"] == str(cache / "labs/reef/key")
    hosts = yaml.safe_load((lab.folder / "hosts.yml").read_text())["hosts"]
    assert (hosts["head"], hosts["workers"]) == ("10.213.7.11", ["10.213.7.12"])
    inventory = yaml.safe_load((lab.folder / "inventory.yml").read_text())["all"]
    assert inventory["children"]["workers"]["hosts"] == {
        "reef-worker1": {"ansible_host": "10.213.7.12", "instance_storage": "shared"}
    }
    assert place.load("reef") == lab


def test_a_lab_of_one_machine_has_a_group_of_workers_with_nobody_in_it(cache: Path) -> None:
    lab = lab_of("head")
    place.remember(lab)
    inventory = yaml.safe_load((lab.folder / "inventory.yml").read_text())["all"]
    assert inventory["children"]["workers"] == {"hosts": {}}


def test_machines_get_what_says_where_packages_come_from_and_no_cache_or_secret_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in list(packages.os.environ):
        monkeypatch.delenv(name)
    given = {"PIP_INDEX_URL": "http://pypi.example/simple", "UV_CACHE_DIR": "/x", "https_proxy": "http://p:1"}
    for name, value in {**given, "SOME_TOKEN": "s", "PIP_CACHE_DIR": "/y", "SSL_CERT_FILE": "/etc/ca.pem"}.items():
        monkeypatch.setenv(name, value)
    assert packages._environment() == {
        "PIP_INDEX_URL": "http://pypi.example/simple",
        "https_proxy": "http://p:1",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "UV_CACHE_DIR": packages.UV_THERE,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def test_of_npms_configuration_only_registry_and_certificates_are_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    npmrc = tmp_path / "npmrc"
    npmrc.write_text("registry=https://npm.example/\n//npm.example/:_authToken=abc\n cafile = /etc/ca.pem\n")
    monkeypatch.setattr(packages, "_NPM", (str(npmrc),))
    assert packages._npm_configuration() == "registry=https://npm.example/\ncafile=/etc/ca.pem\n"


def test_a_keeper_starts_its_machine_again_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """With a program in the machine's place; where systemd runs or not is the machine's own affair."""
    count = tmp_path / "count"
    script = f"echo x >> {count}; [ $(wc -l < {count}) -lt 3 ] && exit 0; exec sleep 600"
    source = "import sys; from lab_machines import keeper; keeper.SOON = 0.0; keeper._enter = lambda group: []; "
    source += "sys.exit(keeper.main(sys.argv[1], 'unused', sys.argv[2:]))"
    arguments = [str(tmp_path / "lock"), "sh", "-c", script]
    with subprocess.Popen([sys.executable, "-c", source, *arguments], cwd=HOME / "scripts") as running:
        while not count.exists() or count.read_text() != "x\n" * 3:
            assert running.poll() is None
        running.terminate()
        assert running.wait(60) == 0
    assert count.read_text() == "x\n" * 3
