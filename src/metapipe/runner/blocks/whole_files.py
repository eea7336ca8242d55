"""Files that appear whole or not at all: written beside their place, then renamed there.

A run that is killed in between leaves its temporary file. The writer holds a lock on it, so the next one to write to
the same place can tell it from a file that somebody is still writing, and removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from metapipe.proc import status

_SUFFIX = ".part"


@contextlib.contextmanager
def written_beside(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """An open temporary file in the folder of ``target`` and its path. Whoever wants it renames it while it is open.

    What has not been renamed at the end is removed, and so is what dead writers have left.

    :param target: a real path, no link. :raises OSError: as the disk says.
    """
    prefix = f".{target.name[:200]}."
    for left in target.parent.glob(f"{_escaped(prefix)}*{_SUFFIX}"):
        _remove_if_dead(left)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=prefix, suffix=_SUFFIX)
    file = os.fdopen(descriptor, "wb")
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(descriptor, 0o666 & ~own_umask())
        yield file, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # on a full disk it would try, and fail, to write its buffer again
            file.close()


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _remove_if_dead(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def own_umask() -> int:
    """This process's umask, without changing it for a moment as ``os.umask`` must: other threads create files, too."""
    return int(status("Umask", missing="022")[0], 8)
