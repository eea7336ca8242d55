"""Is a database whole? Every file is hashed once; later checks compare what the file system says of it.

The stamp of a passed check holds size, times and inode of every file. Whatever changes a file changes one of them, and
the file is hashed again. Times are compared, never interpreted: a clock that runs wrong does no harm.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.refdb.manifest import FileEntry, Manifest, read_manifest

STAMP = ".verified.json"


def verify(folder: Path, manifest: Manifest | None = None, *, full: bool = False) -> bool:
    """Check every file of a database against its manifest.

    :param full: hash all files even if nothing about them has changed.
    :returns: whether anything had to be hashed.
    :raises MetapipeError: E203 naming the first file that is missing, truncated or altered.
    """
    manifest = manifest or read_manifest(folder)
    stamp = {} if full else _read_stamp(folder, manifest.digest)
    states: dict[str, list[int]] = {}
    hashed = False
    for relative, entry in manifest.files.items():
        state = check_size(folder, relative, entry, manifest.label)
        if stamp.get(relative) != state:
            hashed = True
            _check_content(folder / relative, entry, manifest.label)
        states[relative] = state
    if hashed:
        _write_stamp(folder, manifest.digest, states)
    return hashed


def check_size(folder: Path, relative: str, entry: FileEntry, label: str) -> list[int]:
    """Check that a file is there in its full length; return size, mtime (ns), ctime (ns) and inode."""
    path = folder / relative
    try:
        stat = path.stat()
    except OSError as error:
        raise MetapipeError(
            "E203", f"database {label}", file=path, expected=f"{entry.bytes} bytes", found="no such file"
        ) from error
    if stat.st_size != entry.bytes:
        what = "truncated" if stat.st_size < entry.bytes else "altered"
        raise MetapipeError(
            "E203",
            f"database {label}, file {what}",
            file=path,
            expected=f"{entry.bytes} bytes",
            found=f"{stat.st_size}",
        )
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _check_content(path: Path, entry: FileEntry, label: str) -> None:
    try:
        actual = sha256_of(path)
    except OSError as error:
        message = f"database {label}, cannot be read: {error.strerror}"
        raise MetapipeError("E203", message, file=path) from error
    if actual != entry.sha256:
        message = f"database {label}, file altered"
        raise MetapipeError("E203", message, file=path, expected=f"sha256 {entry.sha256}", found=actual)


# ----------------------------------------------------------------------------------------------------- stamps


def stamp_paths(folder: Path) -> Iterator[Path]:
    """Where a stamp may lie: beside the database, else (a folder nobody may write to) in the user's cache.

    Beside comes first because Galaxy gives every job a home of its own, where nothing would ever be found again.
    """
    yield folder / STAMP
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    yield cache / "metapipe" / "verified" / f"{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:32]}.json"


def _read_stamp(folder: Path, digest: str) -> dict[str, list[int]]:
    for path in stamp_paths(folder):
        try:
            stamp = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(stamp, dict) and stamp.get("digest") == digest and isinstance(stamp.get("files"), dict):
            return dict(stamp["files"])
    return {}


def _write_stamp(folder: Path, digest: str, states: dict[str, list[int]]) -> None:
    content = json.dumps({"digest": digest, "files": states}, sort_keys=True)
    for path in stamp_paths(folder):
        if _try(lambda path=path: _replace(path, content, make_parent=path.parent != folder)):  # type: ignore[misc]
            return
    # Nowhere to write: the next check hashes again, which is slow but right.


def _replace(path: Path, content: str, *, make_parent: bool) -> None:
    if make_parent:
        path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".stamp-", delete=False) as target:
        target.write(content)
    os.replace(target.name, path)


def _try(action: Callable[[], None]) -> bool:
    try:
        action()
    except OSError:
        return False
    return True
