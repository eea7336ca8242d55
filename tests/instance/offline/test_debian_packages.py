"""The repository of Debian's packages for hosts without a network, made by apt from a repository of the test's."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from metapipe.errors import MetapipeError
from metapipe.instance.offline import debian
from metapipe.instance.offline.contents import LOCKS
from metapipe.instance.offline.debian import Deb

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = CHECKOUT / "instance" / "ansible" / "roles"
APT = "ansible.builtin.apt"


def tasks_of(found: Any) -> list[dict[str, Any]]:
    """All tasks of a file, those in blocks, too."""
    every = []
    for task in found or []:
        every += [task, *tasks_of(task.get("block")), *tasks_of(task.get("rescue"))]
    return every


def test_every_package_that_a_role_installs_stands_in_its_defaults_and_is_fetched() -> None:
    named = set()
    for file in sorted(ROLES.glob("*/tasks/*.yml")):
        role = file.parts[-3]
        for task in tasks_of(yaml.safe_load(file.read_text())):
            if APT not in task or task[APT].get("state") == "absent":
                continue
            variable = re.fullmatch(r"{{ (\w+_packages) }}", task[APT]["name"])
            assert variable, f"{file}: {task['name']}: name a variable {role}_packages of the role's defaults"
            named.update(yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text())[variable[1]])
    assert len(named) > 10
    assert named <= set(debian.packages(CHECKOUT, LOCKS))


def test_no_role_installs_packages_in_another_way() -> None:
    other = re.compile(r"ansible\.builtin\.(package|pip|get_url|deb822_repository)\b|apt-get install|pip install")
    wrong = [str(file) for file in ROLES.glob("*/*/*") if file.is_file() and other.search(file.read_text())]
    assert wrong == []


def test_every_package_that_the_installer_installs_is_one_that_it_names() -> None:
    script = (CHECKOUT / "scripts" / "install").read_text()
    programs = re.search(r"^    metapipe\)\n(.*?);;", script, re.DOTALL | re.MULTILINE)
    assert programs is not None
    found = {pair.split()[1] for pair in re.findall(r"'([\w-]+ [\w-]+)'", programs[1])}
    asked = re.search(r"^missing_packages\(\) \{\n(.*?)^\}", script, re.DOTALL | re.MULTILINE)
    assert asked is not None
    found |= set(re.findall(r"echo ([a-z][\w-]+)", asked[1]))
    found |= set(re.findall(r"^ +install_packages ([a-z][\w-]+)", script, re.MULTILINE))
    assert {"megahit", "bubblewrap", "openjdk-17-jre-headless", "python3-venv"} <= found
    assert found <= set(debian.packages(CHECKOUT, LOCKS))


def test_the_installer_says_its_packages_whatever_is_there() -> None:
    command = [CHECKOUT / "scripts" / "install", "--packages"]
    said = subprocess.run([*command, "metapipe"], capture_output=True, text=True, check=True).stdout.split()
    assert said == sorted(said)
    assert {"megahit", "python3-venv"} <= set(said)
    assert "openssh-client" in subprocess.run([*command, "deploy"], capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize(
    ("text", "found"), [('ID=ubuntu\nVERSION_ID="24.04"\n', "ubuntu 24.04"), ("ID=arch\n", "arch")]
)
def test_another_system_than_that_of_the_hosts_is_refused_in_one_line(tmp_path: Path, text: str, found: str) -> None:
    file = tmp_path / "os-release"
    file.write_text(text)
    with pytest.raises(MetapipeError) as refused:
        debian.demand_debian_12(file)
    words = "METAPIPE-E704 this machine, to fetch packages for hosts, expected debian 12, found "
    assert str(refused.value) == f"{words}'{found}'"
    file.write_text('PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\nID=debian\n')
    debian.demand_debian_12(file)


def test_what_apt_would_fetch_is_read_from_its_own_words() -> None:
    digest = "ab" * 32
    said = f"Reading package lists...\n'http://d.example/p/b_1%2b1_all.deb' b_1+1_all.deb 12 SHA256:{digest}\n"
    said += f"'http://d.example/p/a_2_amd64.deb' a_1%3a2_amd64.deb 7 SHA256:{digest}\n"
    assert debian.read_uris(said) == [Deb("a_1%3a2_amd64.deb", 7, digest), Deb("b_1+1_all.deb", 12, digest)]


# ---------------------------------------------------------------------------------------------- with apt itself


class Shelf:
    """A repository of packages made here, and an apt that knows no other."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.debs = folder, list[Deb]()
        folder.mkdir()

    def add(self, name: str, version: str, depends: str = "") -> None:
        tree = self.folder.parent / f"{name}-{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        more = f"Depends: {depends}\n" if depends else ""
        (tree / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\n{more}"
            "Maintainer: Nobody <nobody@lab.example>\nDescription: for a test\n"
        )
        file = self.folder / f"{name}_{version.replace(':', '%3a')}_all.deb"
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, file], check=True, capture_output=True)
        self.debs = [each for each in self.debs if not each.name.startswith(f"{name}_")]
        self.debs.append(Deb(file.name, file.stat().st_size, debian.sha256_of(file)))
        debian.index(self.folder, self.debs)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf(tmp_path / "shelf")
    made.add("alpha", "1.0", "beta (>= 2)")
    made.add("beta", "1:2.0+x")
    made.add("gamma", "3")
    sources, configuration, nothing = tmp_path / "sources.list", tmp_path / "apt.conf", tmp_path / "nothing"
    nothing.mkdir()
    sources.write_text(f"deb [trusted=yes] copy:{made.folder} ./\n")
    configuration.write_text(
        f'Dir::Etc::Parts "{nothing}";\nDir::Etc::Main "{nothing}/none";\n'
        f'Dir::Etc::SourceList "{sources}";\nDir::Etc::SourceParts "{nothing}";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(configuration))
    return made


def fetch(folder: Path, *names: str) -> tuple[list[str], list[str]]:
    """What is in the repository afterwards, and what was told."""
    told: list[str] = []
    debian.fetch(names, folder, told.append)
    return sorted(path.name for path in folder.iterdir()), told


def test_a_repository_has_what_was_asked_and_all_it_depends_on_and_nothing_else(shelf: Shelf, tmp_path: Path) -> None:
    found, told = fetch(tmp_path / "apt", "alpha")
    assert found == ["Packages", "Release", "alpha_1.0_all.deb", "beta_1%3a2.0+x_all.deb"]
    assert "2 packages, 2 to be fetched (0 MB)" in told
    again, told = fetch(tmp_path / "apt", "alpha")
    assert again == found
    assert "2 packages, 0 to be fetched (0 MB)" in told
    assert shelf.debs


def test_what_is_damaged_is_fetched_again_and_what_is_old_goes(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "apt"
    fetch(folder, "alpha", "gamma")
    file = folder / "alpha_1.0_all.deb"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    shelf.add("beta", "1:2.1")
    found, _ = fetch(folder, "alpha")
    assert found == ["Packages", "Release", "alpha_1.0_all.deb", "beta_1%3a2.1_all.deb"]
    assert file.read_bytes() == whole


def test_apt_installs_from_the_repository_alone(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "apt"
    fetch(folder, "alpha")
    sources = tmp_path / "sources.list"
    sources.write_text(f"deb [trusted=yes] file:{folder} ./\n")
    place = tmp_path / "host"
    (place / "lists" / "partial").mkdir(parents=True)
    (place / "archives" / "partial").mkdir(parents=True)
    (place / "status").write_text("")
    for words in (["update"], ["--simulate", "install", "alpha"]):
        done = subprocess.run(
            debian.apt(place, place / "archives", *words), capture_output=True, text=True, env={**os.environ}
        )
        assert done.returncode == 0, done.stderr
        assert "Err:" not in done.stdout
    assert "Inst beta (1:2.0+x" in done.stdout
    assert shelf.debs


def test_a_package_that_nobody_has_is_one_line(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(
        MetapipeError, match="METAPIPE-E207 packages of Debian: apt-get: E: Unable to locate package delta"
    ):
        fetch(tmp_path / "apt", "alpha", "delta")
    assert shelf.debs
