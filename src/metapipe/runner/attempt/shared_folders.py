"""Whether this host sees what the driver sees: the working folder, the input, whole databases.

On a cluster all of them lie in shared folders. A host on which one is not mounted, or not yet copied, must say so; else
it would write its parts where nobody looks for them, or give other results than the rest.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.task import Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.declare.elements import Database

_seen: set[str] = set()


def database_sizes(databases: Mapping[str, Database]) -> dict[str, tuple[int, int]]:
    """Number of files and bytes of each database, as the driver, which has verified them, sees them."""
    return {name: _size(database.path) for name, database in databases.items()}


def check_host(job: Job, block: Block) -> None:
    """Check once in each worker process that the folders of a job are here, and in every block its input.

    :raises MetapipeError: E312 without the working folder or the input, E202 without a database, E203 when one is not
        whole.
    """
    if job.database_sizes is None:
        return
    host = socket.gethostname()
    if job.identifier not in _seen:
        if not (Path(job.folder) / "lock").exists():
            raise MetapipeError("E312", f"the working folder of the run is not there on host {host}")
        for name, (files, size) in job.database_sizes.items():
            database = job.given.databases[name]
            found = _size(database.path)
            if found == (0, 0):
                raise MetapipeError("E202", f"database {database.name}:{database.version} is not there on host {host}")
            if found != (files, size):
                raise MetapipeError(
                    "E203",
                    f"database {database.name}:{database.version} is not whole on host {host}",
                    expected=f"{files} files of {size} bytes",
                    found=f"{found[0]} of {found[1]}",
                )
        _seen.add(job.identifier)
    for extent in block.ranges:
        if not os.access(extent.path, os.R_OK):
            raise MetapipeError("E312", f"the input is not there on host {host}", file=extent.path)


def _size(folder: Path) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return len(sizes), sum(sizes)
