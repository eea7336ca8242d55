"""What the beginning of a file of reads tells before anything is uploaded or run; the stages check the rest."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.formats import gzip_files
from metapipe.formats.foreign_formats import BYTE_ORDER_MARK, ENOUGH, foreign_format

#: How the names of such files end.
ENDING = re.compile(r"\.(fastq|fq)(\.gz)?$", re.IGNORECASE)
_CHUNK = 1 << 20


def check_first_bytes(path: Path) -> None:
    """Refuse what is visibly no FASTQ file.

    :raises MetapipeError: E108 empty; E104 compressed and cut within its first block; E102 not starting with ``@``.
    """
    start = _beginning(path, ENOUGH)
    words = foreign_format(start)
    if words is not None:
        raise MetapipeError("E102", f"this is {words}", file=path)
    start = start.removeprefix(BYTE_ORDER_MARK)
    if not start:
        raise MetapipeError("E108", "no reads in this file", file=path)
    if not start.startswith(b"@"):
        raise MetapipeError("E102", file=path, line=1, expected="'@name'", found=start.split(b"\n", 1)[0].rstrip())


def first_qualities(path: Path) -> tuple[int, int]:
    """Return the lowest and the highest sign among the qualities of the first reads, as bytes; (255, 0) without any.

    :raises MetapipeError: as :func:`check_first_bytes`.
    """
    lines = _beginning(path, _CHUNK).split(b"\n")
    signs = b"".join(line.rstrip(b"\r") for line in lines[3:-1:4])
    return min(signs, default=255), max(signs, default=0)


def _beginning(path: Path, enough: int) -> bytes:
    """The first bytes of a file, unpacked if it is gzip; more of them than enough if it is not."""
    try:
        with path.open("rb") as stream:
            start = stream.read(_CHUNK)
    except OSError as error:
        raise MetapipeError("E201", file=path, message=error.strerror or "cannot be read") from error
    if not start.startswith(gzip_files.MAGIC):
        return start
    try:
        start = zlib.decompressobj(wbits=31).decompress(start, enough)
    except zlib.error as error:
        raise MetapipeError("E105", f"gzip says: {error}", file=path) from error
    if not start and path.stat().st_size < 20:  # the smallest whole gzip file: 18 bytes and no data
        raise MetapipeError("E104", f"only {path.stat().st_size} bytes of gzip data", file=path)
    return start
