"""A table's columns, its writer and its reader, all three from the one class that describes its rows.

A field of the class is a column: under its own name and as its type says (text as it is, whole numbers, yes or no,
lists joined with ``;``), or as :class:`Column` says beside the type::

    class Hit(NamedTuple):
        query: str
        identity: Annotated[float, Column("identity_pct", ".2f")]
        ec: tuple[str, ...] = ()

    HITS = RowType(Hit)  # #query  identity_pct  ec
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from metapipe.formats.table_rows import (
    Place,
    decimal,
    format_row,
    header_line,
    listed,
    signed,
    split_row,
    whole,
    yes_no,
)

Row = TypeVar("Row")
Write = Callable[[Any], str]
Read = Callable[[str, str, Place], Any]


@dataclass(frozen=True)
class Column:
    """What a field's type does not say of its column; stands beside the type, in ``Annotated``.

    :param name: the column's name, that of the field without. :param format: of a number with a fraction.
    :param signed: whether such a number may be below zero.
    """

    name: str = ""
    format: str = ""
    signed: bool = False


class RowType(Generic[Row]):
    """The table whose rows are of class ``row``, a dataclass or named tuple of text, numbers, truths and lists."""

    def __init__(self, row: type[Row]) -> None:
        self._row = row

    @cached_property
    def _cells(self) -> tuple[tuple[str, str, Write | None, Read | None], ...]:
        hints = get_type_hints(self._row, include_extras=True)
        return tuple((field, *_cell(field, hint)) for field, hint in hints.items())

    @cached_property
    def _written(self) -> tuple[Callable[[Row], Any], list[tuple[int, Write]]]:
        # Text, most of what there is, is handed through: a row in a microsecond or two.
        return attrgetter(*(field for field, *_ in self._cells)), [
            (index, write) for index, (_, _, write, _) in enumerate(self._cells) if write is not None
        ]

    @cached_property
    def _read(self) -> list[tuple[int, str, Read]]:
        return [(index, column, read) for index, (_, column, _, read) in enumerate(self._cells) if read is not None]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the fields."""
        return tuple(column for _, column, _, _ in self._cells)

    @property
    def header(self) -> bytes:
        """The line that such a table begins with: ``#`` and the columns, separated by tabs."""
        return header_line(self.columns)

    def format(self, row: Row) -> bytes:
        """Return one line. Text must be free of tabs and line breaks: :func:`~metapipe.formats.plain_text.one_line`."""
        fields, written = self._written
        cells = list(fields(row)) if len(self._cells) > 1 else [fields(row)]
        for index, write in written:
            cells[index] = write(cells[index])
        return format_row(cells)

    def parse(self, line: bytes, place: Place) -> Row:
        """Read one line; raise E111 for the first cell, from the left, that is not what its column says."""
        cells: list[Any] = list(split_row(line, self.columns, place))
        for index, column, read in self._read:
            cells[index] = read(cells[index], column, place)
        return self._row(*cells)


def _cell(field: str, hint: Any) -> tuple[str, Write | None, Read | None]:
    """Name, writer and reader of a field's column; None for text, which stands as it is."""
    kind, column = get_args(hint)[:2] if get_origin(hint) is Annotated else (hint, Column())
    name = column.name or field
    if kind is str:
        return name, None, None
    if kind is int:
        return name, str, whole
    if kind is float:
        return name, f"{{:{column.format}}}".format, signed if column.signed else decimal
    if kind is bool:
        return name, _said, yes_no
    if kind == tuple[str, ...]:
        return name, ";".join, _read_list
    raise TypeError(f"a row's field {field} of type {kind} has no cell")


def _said(value: bool) -> str:
    return "yes" if value else "no"


def _read_list(cell: str, column: str, place: Place) -> tuple[str, ...]:  # noqa: ARG001  (any text is a list)
    return listed(cell)
