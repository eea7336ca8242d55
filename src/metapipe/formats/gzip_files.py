"""What tells a gzip file: its first two bytes (RFC 1952), whatever its name."""

from __future__ import annotations

from pathlib import Path

MAGIC = b"\x1f\x8b"


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip files do; an empty one does not."""
    with path.open("rb") as source:
        return source.read(len(MAGIC)) == MAGIC
