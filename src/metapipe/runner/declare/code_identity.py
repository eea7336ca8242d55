"""The code that results depend on, known by its bytes: an editable installation changes while its version stays."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from metapipe.digests import sha256_of

HOME = Path(__file__).parents[2]
#: Made by Python from the rest.
_MADE = {"__pycache__"}


def package_digest() -> str:
    """Digest of META-pipe's own files as they are on disk now: modules, templates, recipes, styles."""
    return _digest([HOME])


def stage_digest(reference: str) -> str:
    """Digest of the files of the package that an outside stage comes from; empty for META-pipe's own.

    :param reference: ``module:Class``. A module that lies in no package is a file alone.
    """
    top = reference.partition(":")[0].partition(".")[0]
    if top == __name__.partition(".")[0]:
        return ""
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # made by hand, without files
        found = None
    if found is None:
        return ""
    folders = [Path(folder) for folder in found.submodule_search_locations or ()]
    return _digest(folders or [Path(found.origin)] if found.origin else folders)


def _digest(places: list[Path]) -> str:
    total = hashlib.sha256()
    for place in places:
        for path in sorted(_files(place)):
            total.update(f"{path.relative_to(place)}\0".encode(errors="surrogateescape"))
            with contextlib.suppress(OSError):  # an editor's own file, gone by now; what cannot be read is not run
                status = path.stat()
                total.update(_file_digest(path, status.st_mtime_ns, status.st_size))
    return total.hexdigest()


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name not in _MADE]
        yield from (path for name in names if (path := Path(folder, name)).is_file())


@functools.cache
def _file_digest(path: Path, changed: int, size: int) -> bytes:  # noqa: ARG001  (they tell a changed file)
    return bytes.fromhex(sha256_of(path))
