"""The side files of a run before any block reads them: they are text in UTF-8, and a byte-order mark is left out.

Every stage reads its side files in its own way; what is no text at all is refused here, for all of them, and what a
Windows editor puts before the text none of them has to know.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.formats.foreign_formats import BYTE_ORDER_MARK, foreign_format
from metapipe.runner.blocks.stream import whole_chunks, without_mark
from metapipe.runner.declare.elements import SideFile
from metapipe.runner.declare.given import Given

_CODES = {"fasta": "E101", "fastq": "E102"}


def readable_side_files(declared: Mapping[str, SideFile], given: Given, folder: Path) -> dict[str, tuple[Path, ...]]:
    """Check every side file and return the paths to read, which are copies in ``folder`` where a mark was left out.

    :raises MetapipeError: E101, E102 or E111, by the format declared, for what is no text in UTF-8; E104 and
        E105 for damaged gzip files; E201; E501.
    """
    readable: dict[str, tuple[Path, ...]] = {}
    for name, paths in given.side.items():
        code = _CODES.get(declared[name].format, "E111")
        keys = given.keys_of(name, declared[name])
        readable[name] = tuple(
            _readable(path, given.labels[key], code, folder) for key, path in zip(keys, paths, strict=True)
        )
    return readable


def _readable(path: Path, label: str, code: str, folder: Path) -> Path:
    begins: list[bytes] = []

    def see(start: bytes) -> None:
        begins.append(start[: len(BYTE_ORDER_MARK)])
        words = foreign_format(start)
        if words is not None:
            raise MetapipeError(code, f"this is {words}", file=label)

    try:
        check_text(without_mark(_chunks(path, label), see), label, code)
    except OSError as error:
        raise MetapipeError("E201", f"cannot be read ({error.strerror})", file=label) from error
    return path if begins != [BYTE_ORDER_MARK] else _copy_without_mark(path, label, folder)


def _chunks(path: Path, label: str) -> Iterator[bytes]:
    with path.open("rb") as raw:
        yield from whole_chunks(raw, path, label)


def check_text(chunks: Iterator[bytes], label: str, code: str) -> None:
    """Refuse what is not UTF-8 or holds a zero byte, with its line.

    :raises MetapipeError: of the code given.
    """
    line, rest = 1, b""
    for chunk in chunks:
        text = rest + chunk
        # The last letter, of up to four bytes, may go on in the next chunk.
        held = next((back for back in (1, 2, 3) if text[-back:][:1] >= b"\xc0"), 0)
        rest = text[len(text) - held :]
        line = _checked(text[: len(text) - held], label, code, line)
    _checked(rest, label, code, line)


def _checked(text: bytes, label: str, code: str, line: int) -> int:
    """Check a text that begins in line ``line``; return the number of the line it ends in."""
    fault = text.find(b"\0")
    try:
        text.decode()
    except UnicodeDecodeError as error:
        fault = error.start if fault < 0 else min(fault, error.start)
    if fault < 0:
        return line + text.count(b"\n")
    expected = "text" if text[fault] == 0 else "text in UTF-8"
    found = text[text.rfind(b"\n", 0, fault) + 1 :].partition(b"\n")[0].rstrip(b"\r")
    raise MetapipeError(code, file=label, line=line + text.count(b"\n", 0, fault), expected=expected, found=found)


def _copy_without_mark(path: Path, label: str, folder: Path) -> Path:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, suffix=f".{path.name[-40:]}", delete=False) as copy:
            for chunk in without_mark(_chunks(path, label)):
                copy.write(chunk)
    except OSError as error:
        message = f"cannot write a copy without the byte-order mark ({error.strerror})"
        raise MetapipeError("E501", message, file=label) from error
    return Path(copy.name)
