"""The release that is sent to machines: the files of this checkout, packed so that equal files give equal bytes."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from pathlib import Path

from metapipe.digests import sha256_of

#: Of a checkout: what no machine needs.
_LEFT_OUT = {".git", ".build", ".ci", "docs", "results", "tests", "__pycache__"}
#: Age of every file: 1980. Galaxy takes one of 1970 (0) for new at each look, and loads all tools again every second.
_SOME_DAY = 315_532_800


def files_of(checkout: Path) -> list[Path]:
    """Return the files of a checkout, relative to it: those that git knows or would add; without git, all of them."""
    command = [
        "git",
        "-c",
        f"safe.directory={checkout}",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = {Path(name) for name in listed.stdout.split("\0") if name}
    else:
        names = {path.relative_to(checkout) for path in checkout.rglob("*") if path.is_file() or path.is_symlink()}
    present = (name for name in names if (checkout / name).is_file() or (checkout / name).is_symlink())
    return sorted(name for name in present if not _LEFT_OUT & set(name.parts))


def pack(checkout: Path, target: Path) -> str:
    """Write the release and return its sha256."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, compresslevel=6) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for name in files_of(checkout):
            tar.add(checkout / name, arcname=str(name), recursive=False, filter=_anonymous)
    fresh = target.with_name(f"{target.name}.new")
    fresh.write_bytes(packed.getvalue())
    os.replace(fresh, target)
    return sha256_of(target)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.mtime = _SOME_DAY
    member.uname = member.gname = ""
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    return member
