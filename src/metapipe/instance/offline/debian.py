"""A repository of Debian's packages for hosts without a network: all that is installed there, with what it depends on.

What it depends on is found by apt itself, by this machine's configuration, as for a machine that has not one package:
so every host can be served, whatever it has. Nothing gets installed here, and no rights are needed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError

Tell = Callable[[str], None]
#: A line of ``apt-get --print-uris``: address, file, size, digest.
_URI = re.compile(r"'(?P<uri>[^']+)' (?P<name>\S+) (?P<size>\d+) SHA256:(?P<digest>[0-9a-f]{64})")
_EVERY = 25


@dataclass(frozen=True)
class Deb:
    """A package as a file: its name there, its size in bytes, its sha256."""

    name: str
    size: int
    digest: str

    def is_in(self, folder: Path) -> bool:
        """Whether a folder has this very file."""
        file = folder / self.name
        return file.is_file() and file.stat().st_size == self.size and sha256_of(file) == self.digest


def packages(checkout: Path, environments: Iterable[str]) -> list[str]:
    """Return the names of the packages that roles and ``scripts/install`` install, in the order of the alphabet.

    :param environments: those that hosts get. A role says what it installs in its defaults, in variables named
        ``ROLE_packages`` and ``ROLE_…_packages``.
    :raises MetapipeError: E702 when ``scripts/install`` does not say what it installs.
    """
    found: set[str] = set()
    for file in sorted((checkout / "instance" / "ansible" / "roles").glob("*/defaults/main.yml")):
        said = yaml.safe_load(file.read_text()) or {}
        found.update(name for key, names in said.items() if key.endswith("_packages") for name in names)
    command = [str(checkout / "scripts" / "install"), "--packages", *environments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MetapipeError("E702", f"scripts/install does not say its packages: {last_line(done.stderr)}")
    return sorted(found | set(done.stdout.split()))


def demand_debian_12(os_release: Path = Path("/etc/os-release")) -> None:
    """Refuse a machine whose packages hosts cannot use.

    :raises MetapipeError: E704.
    """
    said = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', os_release.read_text() if os_release.exists() else "", re.M))
    system = f"{said.get('ID', 'another system')} {said.get('VERSION_ID', '')}".strip()
    if system != "debian 12" or not shutil.which("apt-get"):
        raise MetapipeError("E704", "this machine, to fetch packages for hosts", expected="debian 12", found=system)


def apt(place: Path, archives: Path, *words: str) -> list[str]:
    """Return the command line of an apt-get that knows this machine's sources and no package that it has.

    :param place: folder of apt's own state. :param archives: where packages come to.
    """
    own = {
        "Dir::State": place,
        "Dir::State::status": place / "status",
        "Dir::State::lists": place / "lists",
        "Dir::Cache": place,
        "Dir::Cache::archives": archives,
        "Acquire::ForceHash": "SHA256",
        "Acquire::Retries": "3",
        "APT::Install-Recommends": "false",
    }
    if os.geteuid() == 0:
        # As root, apt drops its rights to the user _apt, who may not write into our folder.
        own["APT::Sandbox::User"] = "root"
    return ["apt-get", "--quiet", "--yes", *(f"--option={name}={value}" for name, value in own.items()), *words]


def read_uris(said: str) -> list[Deb]:
    """Return the files that ``apt-get --print-uris`` names, by name."""
    found = (Deb(line["name"], int(line["size"]), line["digest"]) for line in _URI.finditer(said))
    return sorted(found, key=lambda deb: deb.name)


def fetch(names: Sequence[str], folder: Path, tell: Tell) -> list[Deb]:
    """Make the repository; what is there and right is not fetched again, what is not part of it is removed.

    :param names: of packages. :param folder: of the repository; apt's state lies beside it.
    :raises MetapipeError: E207 with apt's last words.
    """
    place = folder.with_name(f".{folder.name}")
    nothing = place / "nothing"
    for needed in (place / "lists" / "partial", nothing / "partial", folder / "partial"):
        needed.mkdir(parents=True, exist_ok=True)
    (place / "status").write_text("")
    tell("lists of Debian's packages …")
    _run(apt(place, nothing, "update"))
    debs = read_uris(_run(apt(place, nothing, "--print-uris", "install", *names)))
    for deb in debs:
        # apt takes a file of the right size for the right one.
        if (folder / deb.name).exists() and not deb.is_in(folder):
            (folder / deb.name).unlink()
    missing = [deb for deb in debs if not (folder / deb.name).exists()]
    tell(f"{len(debs)} packages, {len(missing)} to be fetched ({sum(deb.size for deb in missing) >> 20} MB)")
    if missing:
        _download(apt(place, folder, "--download-only", "install", *names), len(missing), tell)
    for deb in debs:
        if not deb.is_in(folder):
            raise MetapipeError("E207", "apt-get fetched another file than it named", file=folder / deb.name)
    kept = {deb.name for deb in debs}
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in kept:
            path.unlink()
    index(folder, debs)
    return debs


def index(folder: Path, debs: Sequence[Deb]) -> None:
    """Write the files by which apt knows what a repository has: ``Packages``, and ``Release`` that vouches for it."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        described = list(pool.map(lambda deb: _run(["dpkg-deb", "--field", str(folder / deb.name)]), debs))
    entries = (
        f"{said.rstrip()}\nFilename: ./{deb.name}\nSize: {deb.size}\nSHA256: {deb.digest}\n"
        for said, deb in zip(described, debs, strict=True)
    )
    packages = "\n".join(entries).encode()
    (folder / "Packages").write_bytes(packages)
    digest = hashlib.sha256(packages).hexdigest()
    (folder / "Release").write_text(f"Origin: META-pipe\nSHA256:\n {digest} {len(packages)} Packages\n")


def last_line(said: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason given"


def _download(command: list[str], expected: int, tell: Tell) -> None:
    """Run apt-get; tell how far it is."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=_words()
    ) as process:
        said, done = "", 0
        for line in _lines(process):
            said = line
            if line.startswith("Get:"):
                done += 1
                if done % _EVERY == 0:
                    tell(f"{done} of {expected} packages")
    if process.returncode:
        raise MetapipeError("E207", f"packages of Debian: {last_line(said)}")


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    for line in process.stdout or ():
        if line.strip():
            yield line.strip()


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=_words())
    if done.returncode:
        raise MetapipeError("E207", f"packages of Debian: {command[0]}: {last_line(done.stderr)}")
    return done.stdout


def _words() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
