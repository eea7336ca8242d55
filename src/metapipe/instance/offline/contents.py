"""What a folder for hosts without a network is to hold, what it holds, and whether it is whole.

``apt/`` is a repository of Debian's packages, ``wheels/`` has the files of the locks, ``build/`` has uv and what source
archives are built with, ``viewers/`` has npm's archives of Galaxy's viewers, ``downloads/`` what databases are built
from. ``contents.json`` is written last: without it the folder counts for nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.instance.offline import debian

#: Parts of the folder that hosts get.
PARTS = ("apt", "build", "downloads", "viewers", "wheels")
#: Locks whose files hosts need.
LOCKS = ("metapipe", "galaxy")
_CONTENTS = "contents.json"


@dataclass(frozen=True)
class Wanted:
    """What an instance on hosts needs that have nothing yet; known without asking anybody.

    :param packages: of Debian. :param locks: name of a lock → sha256 of it. :param databases: labels.
    """

    packages: tuple[str, ...]
    locks: Mapping[str, str]
    databases: tuple[str, ...]

    def lacks(self, there: Wanted) -> list[str]:
        """Return what of it is not in ``there``, in words."""
        found = [f"the package {name}" for name in self.packages if name not in there.packages]
        found += [f"locks/{name}.txt" for name, digest in self.locks.items() if there.locks.get(name) != digest]
        return found + [f"the database {label}" for label in self.databases if label not in there.databases]


@dataclass(frozen=True)
class Contents:
    """What a folder holds.

    :param wanted: what it was filled for. :param files: path in it → size in bytes and sha256.
    """

    wanted: Wanted
    files: Mapping[str, tuple[int, str]]

    @property
    def bytes(self) -> int:
        """How large all of it is."""
        return sum(size for size, _ in self.files.values())

    @property
    def sums(self) -> str:
        """Lines as ``sha256sum --check`` reads them."""
        return "".join(f"{digest}  {name}\n" for name, (_, digest) in sorted(self.files.items()))


def wanted(checkout: Path, databases: Iterable[str]) -> Wanted:
    """Return what this checkout installs on hosts.

    :param databases: labels.
    :raises MetapipeError: E702 when a role or ``scripts/install`` does not say its packages.
    """
    names = [*(f"{lock}.txt" for lock in LOCKS), "viewers.txt"]
    locks = {name.removesuffix(".txt"): sha256_of(checkout / "locks" / name) for name in names}
    return Wanted(tuple(debian.packages(checkout, LOCKS)), locks, tuple(sorted(set(databases))))


def read(folder: Path) -> Contents | None:
    """Return what a folder says that it holds; None where nothing, or nothing whole, is there."""
    try:
        said: dict[str, Any] = json.loads((folder / _CONTENTS).read_text())
        asked = said["wanted"]
        found = Wanted(tuple(asked["packages"]), dict(asked["locks"]), tuple(asked["databases"]))
        return Contents(found, {name: (int(size), str(digest)) for name, (size, digest) in said["files"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(folder: Path, asked: Wanted) -> Contents:
    """Note what a folder holds, now that it is complete."""
    files: dict[str, tuple[int, str]] = {}
    for part in PARTS:
        for path in sorted((folder / part).rglob("*")):
            if path.is_file():
                files[path.relative_to(folder).as_posix()] = (path.stat().st_size, sha256_of(path))
    text = json.dumps({"wanted": vars(asked), "files": files}, indent=1, sort_keys=True) + "\n"
    fresh = folder / f"{_CONTENTS}.new"
    fresh.write_text(text)
    os.replace(fresh, folder / _CONTENTS)
    return Contents(asked, files)


def forget(folder: Path) -> None:
    """Note that the folder is being filled: until that is done it is not whole."""
    (folder / _CONTENTS).unlink(missing_ok=True)


def demand(folder: Path, asked: Wanted, request: str) -> Contents:
    """Return what a folder holds, when it has all that is asked.

    :param request: what ``metapipe instance fetch`` is to be told.
    :raises MetapipeError: E207 that says what is missing, and the command that brings it.
    """
    found = read(folder)
    lacks: Sequence[str] = ["all of it"] if found is None else asked.lacks(found.wanted)
    if found is not None and not lacks:
        lacks = [name for name, (size, _) in found.files.items() if _size(folder / name) != size]
    if found is None or lacks:
        words = ", ".join(lacks[:3]) + (f" and {len(lacks) - 3} more" if len(lacks) > 3 else "")
        message = f"{folder} lacks, for hosts without a network, {words}; run: metapipe instance fetch {request}"
        raise MetapipeError("E207", message)
    return found


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1
