"""Text files as people have them: plain or gzip, UTF-8 or Windows-1252, with a byte-order mark or without."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from metapipe.errors import MetapipeError
from metapipe.formats.foreign_formats import ENOUGH, foreign_format
from metapipe.runner.blocks.stream import whole_chunks

_NOT_UTF8 = "windows-1252-where-not-utf-8"


def _as_windows_1252(problem: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252, a superset of Latin-1: nothing is lost, and no two become one."""
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    strange = problem.object[problem.start : problem.end]
    # Five bytes have no letter in Windows-1252; Latin-1 has a control character for each.
    letters = (bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in strange)
    return "".join(letters), problem.end


codecs.register_error(_NOT_UTF8, _as_windows_1252)


class _Chunks(io.RawIOBase):
    """The uncompressed bytes of a file as a stream."""

    def __init__(self, path: Path) -> None:
        self._source = path.open("rb")
        self._chunks = whole_chunks(self._source, path, path.name)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = chunk
        taken = min(len(buffer), len(self._left))
        buffer[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken

    def close(self) -> None:
        self._source.close()
        super().close()


def open_bytes(path: Path) -> io.BufferedReader:
    """Open a file that may be gzip (told by its first bytes, not by its name); reading it gives uncompressed bytes.

    :raises MetapipeError: E201 when it cannot be read; reading raises E104 and E105 for gzip data that is cut or
        damaged.
    """
    try:
        return io.BufferedReader(_Chunks(path), 1 << 20)
    except OSError as error:
        raise MetapipeError("E201", error.strerror or "", file=path) from error


def open_text(path: Path, code: str = "E101") -> TextIO:
    """Open a text file that may be gzip; a byte-order mark is skipped, lines may end as on any system.

    Bytes that are no UTF-8 are read as Windows-1252, so that a name of such letters stays itself.

    :param code: of the message when the file is of a format that is no text (zip, tar, a web page).
    :raises MetapipeError: as :func:`open_bytes`, and ``code``.
    """
    content = open_bytes(path)
    if words := foreign_format(content.peek(ENOUGH)[:ENOUGH]):
        content.close()
        raise MetapipeError(code, f"this is {words}", file=path)
    return io.TextIOWrapper(content, encoding="utf-8-sig", errors=_NOT_UTF8)


def text_lines(path: Path, code: str = "E101") -> Iterator[tuple[int, str]]:
    """Yield number and text of each line, without its end; ``code`` and errors as of :func:`open_text`."""
    with open_text(path, code) as lines:
        for number, line in enumerate(lines, 1):
            yield number, line.rstrip("\n")
