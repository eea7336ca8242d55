"""Install Galaxy's viewers: packages of npm, pinned in locks/viewers.txt, and our own from instance/viewers.

``python install_viewers.py --lock FILE --own DIR --cache DIR --to DIR -- npm …`` makes the folder that Galaxy serves
as ``/static``, and with ``--only-fetch`` only fills the cache; needs the standard library only. The packages hold
built scripts, so nothing is built here and no node is needed later: npm is asked for the files alone (``npm pack``),
by its own configuration, and only for those that the cache lacks. What is installed has the digest of the lock,
wherever it came from.

A folder ``instance/viewers/NAME`` lies over the package of that name: its settings (``NAME.xml``) and a script that
starts the package's own.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_NPM_OPTIONS = ["pack", "--silent", "--fetch-retries=1", "--fetch-timeout=60000", "--no-update-notifier"]


class InstallError(Exception):
    """What to say in one line."""


@dataclass(frozen=True)
class Package:
    """One line of the lock; ``integrity`` is ``sha512-`` and the digest in base 64, as npm writes it."""

    name: str
    version: str
    licence: str
    integrity: str

    @property
    def viewer(self) -> str:
        """Name of its folder in Galaxy."""
        return self.name.rpartition("/")[2]

    @property
    def archive(self) -> str:
        """What npm calls the file."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"

    def is_in(self, file: Path) -> bool:
        """Whether a file holds this very package."""
        try:
            digest = hashlib.sha512(file.read_bytes()).digest()
        except OSError:
            return False
        return self.integrity == f"sha512-{base64.b64encode(digest).decode()}"


def read_lock(file: Path) -> Iterator[Package]:
    """Yield the packages of a lock: ``name version licence integrity``, one a line; ``#`` begins a comment."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 4 or not words[3].startswith("sha512-"):
            raise InstallError(f"{file}:{number}: expected name, version, licence and sha512-…, found {line!r}")
        yield Package(*words)


def obtain(package: Package, cache: Path, npm: Sequence[str]) -> Path:
    """Return the package's archive, from the cache or else by npm."""
    kept = cache / package.archive
    if package.is_in(kept):
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [*npm, *_NPM_OPTIONS, f"{package.name}@{package.version}"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
            said = [line for line in done.stderr.splitlines() if line.strip()]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = [str(error)]
        arrived = Path(folder) / package.archive
        if not arrived.is_file():
            raise InstallError(f"npm gave no {package.name} {package.version}: {(said or ['no reason given'])[0]}")
        if not package.is_in(arrived):
            raise InstallError(f"{package.name} {package.version} is not the package of locks/viewers.txt")
        arrived.replace(kept)
    return kept


def unpack(package: Package, archive: Path, plugins: Path) -> None:
    """Put a package's viewers below ``plugins``; one package may bring several, each with settings of its own."""
    static = plugins / package.viewer / "static"
    static.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            folder, _, name = member.name.removeprefix("package/").rpartition("/")
            content = tar.extractfile(member) if folder in ("", "static") and member.isfile() else None
            if content is None or (not folder and not name.startswith("LICENSE")):
                continue
            with content, ((static if folder else static.parent) / name).open("wb") as target:
                shutil.copyfileobj(content, target)
    for settings in sorted(static.glob("*.xml")):
        if settings.stem != package.viewer:
            sibling = plugins / settings.stem / "static"
            sibling.mkdir(parents=True)
            settings.rename(sibling / settings.name)
            for logo in static.glob("logo.*"):
                shutil.copyfile(logo, sibling / logo.name)


def install(lock: Path, own: Path, galaxys: Path, cache: Path, target: Path, npm: Sequence[str]) -> int:
    """Make ``target`` anew; return how many viewers there are. What was there before stays until all is complete.

    Galaxy serves one folder as ``/static`` and follows no link out of it, so its own files (``galaxys``) are copied.
    """
    archives = [(package, obtain(package, cache, npm)) for package in read_lock(lock)]
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent))
    fresh.chmod(0o755)
    try:
        shutil.copytree(galaxys, fresh / "made")
        plugins = fresh / "made" / "plugins" / "visualizations"
        for package, archive in archives:
            unpack(package, archive, plugins)
        for folder in sorted(path for path in own.iterdir() if path.is_dir()):
            shutil.copytree(folder, plugins / folder.name / "static", dirs_exist_ok=True)
        if target.exists():
            target.rename(fresh / "before")
        (fresh / "made").rename(target)
        return len(list((target / "plugins" / "visualizations").iterdir()))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name in ("--lock", "--cache"):
        parser.add_argument(name, type=Path, required=True)
    for name in ("--own", "--galaxys", "--to"):
        parser.add_argument(name, type=Path)
    parser.add_argument(
        "--only-fetch", action="store_true", help="only fill the cache: the other folders are not needed"
    )
    parser.add_argument("npm", nargs="+", help="the command that is npm")
    given = parser.parse_args(arguments)
    if not given.only_fetch and None in (given.own, given.galaxys, given.to):
        parser.error("--own, --galaxys and --to are needed")
    try:
        if given.only_fetch:
            for package in read_lock(given.lock):
                obtain(package, given.cache, given.npm)
            return 0
        install(given.lock, given.own, given.galaxys, given.cache, given.to, given.npm)
    except (InstallError, OSError, tarfile.TarError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
