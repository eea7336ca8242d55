"""Copying a part of a file to the end of another inside the kernel: no byte passes through this process."""

from __future__ import annotations

import os
from typing import BinaryIO

_PIECE = 1 << 20


def append_range(source: BinaryIO, target: BinaryIO, offset: int, length: int) -> int:
    """Append ``length`` bytes of ``source`` from ``offset`` on to ``target``.

    :returns: the bytes appended: fewer than asked for where the file ends before.
    :raises OSError: of the file systems, e.g. a full disk.
    """
    target.flush()
    end = offset + length
    place = offset
    try:
        while place < end:
            copied = os.copy_file_range(source.fileno(), target.fileno(), end - place, offset_src=place)
            if copied == 0:
                break  # the end of the file; but some file systems say "nothing" where they mean "cannot"
            place += copied
    except OSError:
        pass  # EXDEV, EINVAL and friends: not every pair of file systems can do it; a full disk fails again below
    target.seek(0, os.SEEK_END)
    source.seek(place)
    while place < end and (piece := source.read(min(_PIECE, end - place))):
        target.write(piece)
        place += len(piece)
    target.flush()
    return place - offset
