"""Tables between stages: tab-separated, one header line that starts with ``#``, no quoting, empty cells empty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from metapipe.errors import MetapipeError


class Place(NamedTuple):
    """Where a row stands, for messages: file name as the user knows it, 1-based line."""

    file: str
    line: int


def header_line(columns: Sequence[str]) -> bytes:
    """Return the header of a table: ``#`` and the columns, separated by tabs."""
    return b"#" + "\t".join(columns).encode() + b"\n"


def format_row(cells: Iterable[str]) -> bytes:
    """Return one row. Cells must be free of tabs and line breaks (:func:`metapipe.formats.plain_text.one_line`)."""
    return "\t".join(cells).encode() + b"\n"


def check_header(line: bytes, columns: Sequence[str], place: Place) -> None:
    """Compare a table's first line with the header it must have; raise E111."""
    if line.rstrip(b"\r\n") != header_line(columns).rstrip(b"\n"):
        expected = f"a header line '#{columns[0]}, {columns[1]}, {columns[2]}, …' ({len(columns)} columns)"
        raise MetapipeError("E111", file=place.file, line=place.line, expected=expected, found=line or "nothing")


def split_row(line: bytes, columns: Sequence[str], place: Place) -> list[str]:
    """Return the cells of one row; raise E111 when there are more or fewer than columns or it is not UTF-8."""
    try:
        cells = line.decode().rstrip("\r\n").split("\t")
    except UnicodeDecodeError:
        raise MetapipeError("E111", file=place.file, line=place.line, expected="UTF-8 text", found=line) from None
    if len(cells) != len(columns):
        raise MetapipeError(
            "E111", file=place.file, line=place.line, expected=f"{len(columns)} columns", found=f"{len(cells)} columns"
        )
    return cells


def decimal(cell: str, column: str, place: Place) -> float:
    """Read a finite number of zero or above; raise E111."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise MetapipeError(
            "E111", file=place.file, line=place.line, expected=f"a number in column {column}", found=cell
        )
    return value


def signed(cell: str, column: str, place: Place) -> float:
    """Read a finite number that may be negative (a bit score); raise E111."""
    return -decimal(cell[1:], column, place) if cell.startswith("-") else decimal(cell, column, place)


def is_count(cell: str) -> bool:
    """Say whether a cell is a whole number of zero or above that fits 64 bits."""
    return cell.isascii() and cell.isdigit() and len(cell) < 19


def whole(cell: str, column: str, place: Place) -> int:
    """Read a whole number of zero or above; raise E111."""
    if not is_count(cell):
        raise MetapipeError(
            "E111", file=place.file, line=place.line, expected=f"a whole number in column {column}", found=cell
        )
    return int(cell)


def yes_no(cell: str, column: str, place: Place) -> bool:
    """Read ``yes`` or ``no``; raise E111."""
    if cell not in ("yes", "no"):
        raise MetapipeError(
            "E111", file=place.file, line=place.line, expected=f"yes or no in column {column}", found=cell
        )
    return cell == "yes"


def listed(cell: str) -> tuple[str, ...]:
    """Split a cell that holds a ``;``-joined list."""
    return tuple(cell.split(";")) if cell else ()
