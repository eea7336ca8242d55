"""What one attempt leaves on disk: a staging folder while it works, and one whole part when it is done.

A part carries its row and the size and CRC-32 of each of its files, so that a rerun takes up only what is still as it
was written. A CRC, not a digest: the enemy is a disk, not a person, and it costs 0.1 s per GB (measured on one core:
7.8 GB/s; SHA-256 1.2 GB/s). A staging folder says who works in it; one that is left when all is over was an attempt
that was lost with its worker.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from isal import isal_zlib

ROW = ".attempt.json"
_BEGUN = "begun.json"


@contextlib.contextmanager
def staging_folder(job_folder: Path, block: str, key: tuple[int, ...]) -> Iterator[Path]:
    """The folder one attempt works in, gone when the attempt is over, however it ended.

    :raises OSError: as the disk says; nothing of the folder stays then, either.
    """
    parent = job_folder / "staging"
    parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f"{block}-", dir=parent))
    try:
        begun = {"key": key, "host": socket.gethostname(), "pid": os.getpid(), "started": time.time()}
        (staging / _BEGUN).write_text(json.dumps(begun))
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def left_behind(job_folder: Path) -> list[dict[str, Any]]:
    """``key``, ``host``, ``pid`` and ``started`` (epoch seconds) of attempts that began and never came to an end."""
    found = []
    for staging in sorted((job_folder / "staging").glob("*")):
        with contextlib.suppress(OSError, ValueError):  # killed before it could say who it was
            values: dict[str, Any] = json.loads((staging / _BEGUN).read_bytes())
            found.append({**values, "key": tuple(values["key"])})
    return found


def bytes_in(folder: Path) -> int:
    """Bytes of the outputs in a part's folder."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.name != ROW)


def commit(row: Mapping[str, Any], folder: Path, part: Path) -> None:
    """Make ``folder`` the part; when another attempt at the same block was first, its part stays (the same bytes).

    :raises OSError: as the disk says.
    """
    content = json.dumps({"row": dict(row), "files": _checks(folder)}).encode()
    with (folder / ROW).open("wb") as file:
        file.write(b"%08x\n%s" % (isal_zlib.crc32(content), content))
        file.flush()
        os.fsync(file.fileno())
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(part)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def residues_of(part: Path) -> int:
    """Letters of the block behind a part, for progress: read without a check; 0 where the row cannot be read."""
    try:
        return int(json.loads((part / ROW).read_bytes().partition(b"\n")[2])["row"]["residues"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def kept_row(part: Path) -> dict[str, Any] | None:
    """The row of a part made earlier; None when there is none. One that is not as it was written is removed."""
    try:
        check, _, content = (part / ROW).read_bytes().partition(b"\n")
        if int(check, 16) == isal_zlib.crc32(content):
            values: dict[str, Any] = json.loads(content)
            if values["files"] == _checks(part):
                return {**values["row"], "key": tuple(values["row"]["key"])}
    except FileNotFoundError:
        if not part.is_dir():
            return None
    except (ValueError, KeyError, TypeError):
        pass
    # Cut short by a full disk or a power failure after the rename, or damaged since.
    shutil.rmtree(part, ignore_errors=True)
    return None


def _checks(folder: Path) -> dict[str, list[int]]:
    return {path.name: list(_size_and_crc(path)) for path in folder.iterdir() if path.name != ROW}


def _size_and_crc(path: Path) -> tuple[int, int]:
    size = crc = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            size, crc = size + len(piece), isal_zlib.crc32(piece, crc)
    return size, crc
