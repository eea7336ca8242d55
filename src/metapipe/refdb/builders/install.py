"""Putting a database into the store: from a recipe, a folder or an archive. It appears whole or not at all."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.formats.foreign_formats import ENOUGH, foreign_format
from metapipe.refdb import store
from metapipe.refdb.builders.build import build_from_recipe, whole_folder
from metapipe.refdb.fetch import Say, silent
from metapipe.refdb.manifest import MANIFEST, Manifest, read_manifest
from metapipe.refdb.recipe import Recipe, find_recipe
from metapipe.refdb.verify import verify


def install(text: str, *, force: bool = False, cache: Path | None = None, say: Say = silent) -> store.Installed:
    """Install what ``text`` names: a recipe (``name`` or ``name:version``), a database folder, or an archive of one.

    Installing what is installed and whole does nothing; a damaged copy is replaced.

    :param force: build or copy again even if the installed one is whole.
    :raises MetapipeError: E201/E202 when there is no such thing, E203 when the folder or archive given is damaged,
        E112 when another database of that name and version is installed and ``force`` is not given.
    """
    path = Path(text)
    if path.is_file():
        with tempfile.TemporaryDirectory(prefix="metapipe-refdb-") as scratch:
            return _install_folder(_unpack(path, Path(scratch)), force=force, say=say)
    if path.is_dir():
        return _install_folder(path, force=force, say=say)
    if "/" in text:
        raise MetapipeError("E201", "there is no such file or folder", file=path)
    return _install_recipe(find_recipe(text), force=force, cache=cache, say=say)


def _install_recipe(recipe: Recipe, *, force: bool, cache: Path | None, say: Say) -> store.Installed:
    home = store.home_of(recipe.name, recipe.version)
    if not force and _is_whole(home, say):
        say(f"{recipe.label} is installed")
    else:
        build_from_recipe(recipe, home, cache, say)
        say(f"{recipe.label} installed")
    return store.Installed(home, read_manifest(home))


def _install_folder(folder: Path, *, force: bool, say: Say) -> store.Installed:
    manifest = read_manifest(folder)
    say(f"checking {manifest.label}")
    verify(folder, manifest, full=True)
    home = store.home_of(manifest.name, manifest.version)
    if not force and _is_whole(home, say):
        present = read_manifest(home)
        if present.digest != manifest.digest:
            message = f"another {manifest.label} is installed (use --force to replace it)"
            raise MetapipeError("E112", message, expected=manifest.digest[:16], found=present.digest[:16])
        say(f"{manifest.label} is installed")
    else:
        _copy(folder, home, manifest)
        say(f"{manifest.label} installed")
    return store.Installed(home, manifest)


def _copy(folder: Path, home: Path, manifest: Manifest) -> None:
    with whole_folder(home) as scratch:
        for relative in [*manifest.files, MANIFEST]:
            target = scratch / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / relative, target)
        verify(scratch, manifest, full=True)


def _is_whole(home: Path, say: Say) -> bool:
    if not (home / MANIFEST).is_file():
        return False
    try:
        verify(home)
    except MetapipeError as error:
        say(f"{error}; replacing it")
        return False
    return True


def _extract_files(tar: tarfile.TarFile, scratch: Path) -> None:
    """Extract plain files and folders only; a path that leads out of ``scratch``, a link or a device is refused.

    tarfile's own ``data`` filter came with Python 3.11.4, and Debian 12 has 3.11.2.

    :raises tarfile.TarError: naming the member.
    """
    for member in tar:
        target = (scratch / member.name).resolve()
        if not target.is_relative_to(scratch.resolve()) or not (member.isfile() or member.isdir()):
            raise tarfile.ExtractError(f"'{member.name}' is no plain file or lies outside")
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        elif (content := tar.extractfile(member)) is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)


def _unpack(archive: Path, scratch: Path) -> Path:
    """Unpack a tar archive (plain, gz, bz2 or xz) and return the folder in it that holds a manifest."""
    try:
        if not tarfile.is_tarfile(archive):
            with archive.open("rb") as stream:
                words = foreign_format(stream.read(ENOUGH))
            expected = "a tar archive, plain or packed with gzip, bzip2 or xz"
            found = f"; this is {words}" if words else ""
            raise MetapipeError("E105", f"expected {expected}{found}", file=archive)
        with tarfile.open(archive) as tar:
            _extract_files(tar, scratch)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise MetapipeError("E105", f"cannot be unpacked: {error}", file=archive) from error
    manifests = sorted(scratch.rglob(MANIFEST))
    if len(manifests) != 1:
        raise MetapipeError("E202", file=archive, expected=f"one {MANIFEST}", found=str(len(manifests)))
    return manifests[0].parent
