"""Reading plain and gzip files as a stream of uncompressed bytes, and any range of them.

Gzip comes in three shapes: BGZF (many small members), multi-member (concatenated files) and one plain member.
Members are places to restart; a file with one large member has none and is spooled once (see ``scan``).
Corrupt data is told apart from truncated data: E105 and E104.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from isal import igzip_lib

from metapipe.errors import MetapipeError
from metapipe.formats import gzip_files
from metapipe.formats.foreign_formats import BYTE_ORDER_MARK, ENOUGH

CHUNK = 1 << 20
_RAW = 1 << 18
_DAMAGED = cast(type[Exception], igzip_lib.IsalError)


def whole_chunks(source: BinaryIO, path: Path, label: str) -> Iterator[bytes]:
    """Yield the uncompressed bytes of a whole file that is open, plain or gzip, told by its first bytes.

    :param source: ``path``, open at its beginning. :param label: the name the user knows it by.
    :raises MetapipeError: as :func:`gzip_chunks`.
    """
    return gzip_chunks(source, label) if gzip_files.is_gzip(path) else plain_chunks(source)


def gzip_chunks(
    source: BinaryIO,
    label: str,
    on_member: Callable[[int], None] | None = None,
    on_raw: Callable[[bytes], None] | None = None,
) -> Iterator[bytes]:
    """Decompress all members from the current position of ``source``.

    :param on_member: called with the file offset of each member before its first byte is yielded.
    :param on_raw: called with every compressed piece as read (for digests).
    :raises MetapipeError: E104 when the file ends inside a member, E105 when a member or its checksum is wrong.
    """
    position = source.tell()
    pending = b""
    while True:
        while len(pending) < 2 and (more := _read(source, on_raw)):
            pending += more
        while pending and not pending.strip(b"\0"):
            # Some writers pad the end with zeros; gzip(1) ignores them, so do we.
            position += len(pending)
            pending = _read(source, on_raw)
        if not pending:
            return
        if pending[:2] != gzip_files.MAGIC:
            raise MetapipeError("E105", file=label, expected="a gzip member or the end of the file", found=pending[:16])
        if on_member is not None:
            on_member(position)
        member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        while not member.eof:
            if member.needs_input and not pending:
                pending = _read(source, on_raw)
                if not pending:
                    raise MetapipeError(
                        "E104", file=label, expected="the end of a gzip member", found="the end of the file"
                    )
            try:
                produced = member.decompress(pending, CHUNK)
            except _DAMAGED as error:
                raise MetapipeError(
                    "E105", f"damaged gzip data ({str(error).split(' ', 2)[-1]})", file=label
                ) from error
            position += len(pending)
            pending = b""
            if produced:
                yield produced
        pending = member.unused_data
        position -= len(pending)


def _read(source: BinaryIO, on_raw: Callable[[bytes], None] | None) -> bytes:
    raw = source.read(_RAW)
    if raw and on_raw is not None:
        on_raw(raw)
    return raw


def plain_chunks(source: BinaryIO, on_raw: Callable[[bytes], None] | None = None) -> Iterator[bytes]:
    """Yield a plain file in chunks of ``CHUNK`` bytes. :param on_raw: is shown each of them, for a digest."""
    while raw := source.read(CHUNK):
        if on_raw is not None:
            on_raw(raw)
        yield raw


def without_mark(chunks: Iterator[bytes], see: Callable[[bytes], None] | None = None) -> Iterator[bytes]:
    """Yield the chunks without a byte-order mark of UTF-8 at their beginning.

    :param see: called once, before anything is yielded, with the first bytes (:data:`ENOUGH`, if there are as many).
    """
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= ENOUGH:
            break
    if see is not None:
        see(start)
    if start := start.removeprefix(BYTE_ORDER_MARK):
        yield start
    yield from chunks


def read_chunks(path: Path, offset: int, skip: int, length: int, compressed: bool) -> Iterator[bytes]:
    """Yield ``length`` uncompressed bytes of ``path``, starting ``skip`` bytes after the place ``offset``.

    :raises MetapipeError: E201 when the file has fewer bytes than the scan found in it.
    """
    with path.open("rb") as source:
        source.seek(offset)
        chunks = gzip_chunks(source, path.name) if compressed else plain_chunks(source)
        for chunk in chunks:
            if skip:
                chunk, skip = chunk[skip:], max(0, skip - len(chunk))
            if len(chunk) >= length:
                yield chunk[:length]
                return
            if chunk:
                length -= len(chunk)
                yield chunk
    if length:
        raise changed(path)


def changed(path: Path) -> MetapipeError:
    """The error for a file that is not as the scan left it."""
    return MetapipeError("E201", "the file has changed since it was checked", file=path)
