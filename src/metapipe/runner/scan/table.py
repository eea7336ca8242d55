"""The checks of tables: a header line of ``#`` and the columns, then one row a line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metapipe.errors import MetapipeError
from metapipe.runner.scan.lines import NOTHING, Found, Lines, LineScanner

_TAB = 9


class TableScanner(LineScanner):
    """One row a line, as many cells as columns; the first cell names the row."""

    code = "E111"

    def __init__(self, label: str, columns: Sequence[str]) -> None:
        super().__init__(label)
        self.columns = columns
        self._header = b"#" + "\t".join(columns).encode()
        self._has_header = self._ended = False

    def _lines(self, lines: Lines) -> tuple[Found, int]:
        first = 0
        if len(lines) and not self._has_header:
            if lines.text[: int(lines.ends[0])] != self._header:
                self._fail(lines, 0, "E111", self._expected())
            self._has_header, first = True, 1
        starts, ends = lines.starts[first:], lines.ends[first:]
        blank = np.flatnonzero(ends == starts)
        rows = len(starts) if not len(blank) else int(blank[0])
        if self._ended:
            rows = 0
        found = self._rows(lines, first, rows)
        if rows < len(starts):
            self._ended = True
            filled = np.flatnonzero(ends[rows:] > starts[rows:])
            if len(filled):
                self._fail(lines, first + rows + int(filled[0]), "E111", "nothing after a blank line")
        return found, len(lines)

    def _rows(self, lines: Lines, first: int, rows: int) -> Found:
        if not rows:
            return NOTHING
        chosen = slice(first, first + rows)
        starts, ends = lines.starts[chosen], lines.ends[chosen]
        tabs = lines.low[lines.kinds == _TAB]
        before = np.searchsorted(tabs, starts)
        counts = np.searchsorted(tabs, ends) - before
        wrong = np.flatnonzero(counts != len(self.columns) - 1)
        if len(wrong):
            at = int(wrong[0])
            raise MetapipeError(
                "E111",
                file=self.label,
                line=self.line + first + at,
                expected=f"{len(self.columns)} columns",
                found=f"{int(counts[at]) + 1} columns",
            )
        if not lines.is_plain:
            odd = np.flatnonzero(self._odd_names(lines, starts, ends, starts))  # cells may hold white space
            if len(odd):
                self._fail_header(lines, first + int(odd[0]), "text in UTF-8")
        # A table of one column has no tab to look for.
        name_ends = tabs[before] if len(self.columns) > 1 else ends
        nameless = np.flatnonzero(self._bad_names(starts - 1, name_ends))
        if len(nameless):
            self._fail(lines, first + int(nameless[0]), "E111", f"a name in column {self.columns[0]}")
        names = self.names(lines.buffer, starts - 1, name_ends)
        numbers = self.line + first + np.arange(rows)
        return Found(self.offset + starts, numbers, ends - starts, names)

    def _part_of_line(self, text: bytes) -> bytes:
        """A row is needed whole; but what is no table of ours need not be read to its end."""
        if b"\0" in text or not (self._has_header or text.startswith(self._header[: len(text)])):
            self._handle(text + b"\n")
        return text

    def _end(self, found: Found) -> Found:
        if not self._has_header:
            raise MetapipeError("E111", file=self.label, line=1, expected=self._expected(), found="nothing")
        return found

    def _expected(self) -> str:
        shown = ", ".join(self.columns[:3])
        more = ", …" if len(self.columns) > 3 else ""
        return f"a header line '#{shown}{more}' ({len(self.columns)} columns)"
