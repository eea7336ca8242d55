"""Python packages for hosts without a network: the very files of the locks, and what source archives are built with."""

from __future__ import annotations

import re
import subprocess
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.instance.offline.debian import last_line

Tell = Callable[[str], None]
#: That of Debian 12: files are chosen for it.
SERIES = "3.11"
#: What ``scripts/install`` gets first of all.
INSTALLER = "uv>=0.5"
#: What builds a source archive that does not say.
_USUAL = ("setuptools", "wheel")
#: Packages that pip is asked for at a time: what one call brought is kept, however the next ends.
_AT_A_TIME = 20
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>\S+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One package of a lock: its name and version, the sha256 of every file it may be, and its lines."""

    name: str
    digests: frozenset[str]
    text: str


def pins(lock: str) -> list[Pin]:
    """Return the packages of a lock, in its order; for other Pythons, too: which are meant is pip's to say."""
    found = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        if named := _PIN.match(block.strip()):
            text = block.strip() + "\n"
            found.append(Pin(f"{named['name']} {named['version']}", frozenset(_HASH.findall(text)), text))
    return found


def fetch(pip: Sequence[str], locks: Iterable[Path], folder: Path, tell: Tell) -> int:
    """Fetch the files of locks, those that are there and right not again; return how many there are.

    :param pip: the command of a pip that runs with the hosts' Python.
    :raises MetapipeError: E207 with pip's last words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = list({pin.text: pin for lock in locks for pin in pins(lock.read_text())}.values())
    known = frozenset().union(*(pin.digests for pin in wanted))
    there = _digests(folder)
    missing = [pin for pin in wanted if not pin.digests & there]
    for done in range(0, len(missing), _AT_A_TIME):
        some = missing[done : done + _AT_A_TIME]
        tell(f"{done} of {len(missing)} packages; {', '.join(pin.name for pin in some[:3])} …")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as asked:
            asked.write("".join(pin.text for pin in some))
            asked.flush()
            _download(pip, folder, ["--no-deps", "--require-hashes", "--requirement", asked.name])
    for path in folder.iterdir():
        if sha256_of(path) not in known:
            path.unlink()  # of an older lock, or cut short
    return len(list(folder.iterdir()))


def fetch_builders(pip: Sequence[str], wheels: Path, checkout: Path, folder: Path, tell: Tell) -> None:
    """Fetch what makes environments: uv, and what builds our package and the source archives of a folder.

    :param wheels: where the source archives are.
    :raises MetapipeError: E207.
    """
    folder.mkdir(parents=True, exist_ok=True)
    asked = {(INSTALLER,), needs((checkout / "pyproject.toml").read_text())}
    asked |= {needs(_pyproject(path)) for path in sorted(wheels.glob("*.tar.gz"))}
    # Each set by itself: one may refuse the version that another asks for.
    for some in sorted(asked):
        tell(", ".join(some))
        _download(pip, folder, ["--only-binary", ":all:", *some])


def needs(pyproject: str | None) -> tuple[str, ...]:
    """Return what builds a package.

    :param pyproject: text of its ``pyproject.toml``, when it has one.
    """
    try:
        said = tomllib.loads(pyproject or "").get("build-system", {})
    except tomllib.TOMLDecodeError:
        said = {}
    asked = {*said.get("requires", _USUAL)}
    if "setuptools" in said.get("build-backend", "setuptools"):
        asked |= set() if any(word.startswith("setuptools") for word in asked) else {"setuptools"}
        asked |= {"wheel"}  # older ones ask for it only when they build
    return tuple(sorted(asked))


def demand_series(python: Path) -> None:
    """Refuse another Python than that of the hosts.

    :raises MetapipeError: E301.
    """
    words = [str(python), "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
    try:
        found = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        found = "none"
    if found != SERIES:
        mend = "run: " if found == "none" else f"set METAPIPE_PYTHON to a Python {SERIES} and run: "
        message = f"{python}, to fetch for hosts: expected {SERIES}, found '{found}'; {mend}scripts/install metapipe"
        raise MetapipeError("E301", message)


def _pyproject(archive: Path) -> str | None:
    """Return the ``pyproject.toml`` of a source archive, from its leading folder ``name-version/``."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                if re.fullmatch(r"[^/]+/pyproject\.toml", member.name.removeprefix("./")):
                    content = tar.extractfile(member)
                    return content.read().decode() if content is not None else None
    except tarfile.TarError as error:
        raise MetapipeError("E207", f"cannot be unpacked: {error}", file=archive) from error
    return None


def _download(pip: Sequence[str], folder: Path, words: Sequence[str]) -> None:
    command = [*pip, "download", "--disable-pip-version-check", "--quiet", "--dest", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = next(_errors(done.stderr), last_line(done.stderr))
        raise MetapipeError("E207", f"packages of Python: {said[:300]}")


def _errors(said: str) -> Iterator[str]:
    for line in said.splitlines():
        if line.startswith("ERROR: "):
            yield line.removeprefix("ERROR: ").strip()


def _digests(folder: Path) -> frozenset[str]:
    return frozenset(sha256_of(path) for path in folder.iterdir() if path.is_file())
