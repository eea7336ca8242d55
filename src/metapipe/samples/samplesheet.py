"""A samplesheet: one row a sample, which reads are its own, and what else is said of it.

Read are CSV and TSV in the spellings that people have: nf-core's (``sample,fastq_1,fastq_2,group``; nf-core/mag's
``short_reads_1``, nf-core/ampliseq's ``sampleID,forwardReads,reverseReads``) and Galaxy's (``name`` or ``list
identifiers``, ``forward``, ``reverse``). Every wrong row is named, all at once: who has two hundred of them wants to
hear it once. Needs nothing but the standard library: it is asked before anything is installed.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from metapipe.errors import MetapipeError, printable
from metapipe.formats.foreign_formats import BYTE_ORDER_MARK, foreign_format

#: What a column says → how its header may be written, in small letters and digits.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "sample": ("sample", "sampleid", "samplename", "name", "id", "identifier", "elementidentifier", "listidentifiers",
               "listidentifier"),
    "fastq_1": ("fastq1", "shortreads1", "forwardreads", "forward", "reads1", "read1", "r1", "file1", "fastq", "reads"),
    "fastq_2": ("fastq2", "shortreads2", "reversereads", "reverse", "reads2", "read2", "r2", "file2"),
    "group": ("group", "groupid", "condition"),
}  # fmt: skip
_NEEDED = ("sample", "fastq_1")
_SEPARATORS = "\t,;"
_LINK = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
#: So many wrong rows are named; the others are counted.
_NAMED = 20


@dataclass(frozen=True)
class SheetRow:
    """One sample.

    :param line: of the sheet, 1-based. :param first: its reads, or their first mates, as written in the sheet.
    :param second: the second mates; empty where there are none. :param more: other columns, by their header.
    """

    line: int
    sample: str
    first: str
    second: str = ""
    group: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """Its one or two files."""
        return (self.first, self.second) if self.second else (self.first,)


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong with a row."""

    line: int
    what: str


@dataclass(frozen=True)
class Samplesheet:
    """Rows in the order of the sheet, and what is wrong with some of them."""

    label: str
    rows: Sequence[SheetRow]
    faults: Sequence[Fault]

    def refuse(self, more: Iterable[Fault] = ()) -> None:
        """Refuse the sheet if anything is wrong with it. :param more: faults found elsewhere, in the files.

        :raises MetapipeError: E127 with every row that is wrong.
        """
        faults = sorted({*self.faults, *more})
        if not faults:
            return
        said = [f"line {fault.line}: {fault.what}" for fault in faults[:_NAMED]]
        if len(faults) > _NAMED:
            said.append(f"and {len(faults) - _NAMED} more")
        raise MetapipeError("E127", "; ".join(said), file=self.label)


def read_samplesheet(content: bytes, label: str) -> Samplesheet:
    """Read a sheet; what is wrong with single rows is collected, not raised.

    Blank lines and lines that begin with ``#`` below the header are passed over. Cells may stand in double quotes.

    :param label: the sheet's name, for messages.
    :raises MetapipeError: E127 for what is no table with the columns ``sample`` and ``fastq_1``.
    """
    text = _text(content, label)
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if line.strip()), None)
    if start is None:
        raise MetapipeError(
            "E127", file=label, expected="a header line such as sample,fastq_1,fastq_2", found="nothing"
        )
    separator = max(_SEPARATORS, key=lines[start].count)
    header, *records = _cells(lines[start:], separator)
    columns = _columns(header, label, start + 1)
    rows: list[SheetRow] = []
    faults: list[Fault] = []
    for line, cells in enumerate(records, start + 2):
        if not any(cells) or cells[0].startswith("#"):
            continue
        row = _row(line, cells, header, columns)
        (rows if isinstance(row, SheetRow) else faults).append(row)  # type: ignore[arg-type]
    if not rows and not faults:
        raise MetapipeError("E127", file=label, line=start + 2, expected="a row for each sample", found="none")
    return Samplesheet(label, rows, [*faults, *_twice(rows)])


def _text(content: bytes, label: str) -> str:
    words = foreign_format(content)
    if words is not None:
        raise MetapipeError("E127", f"this is {words}", file=label)
    try:
        text = content.removeprefix(BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MetapipeError("E127", "is no text in UTF-8; save it as UTF-8", file=label, line=line) from None
    if "\0" in text:
        raise MetapipeError("E127", "is no text", file=label)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _cells(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The cells of each line; a line is a row, also where a quote is not closed in it."""
    return [
        [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]
        for line in lines
    ]


def _columns(header: Sequence[str], label: str, line: int) -> dict[str, int]:
    """Where each known column stands."""
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in header]
    found: dict[str, int] = {}
    for meaning, spellings in _SPELLINGS.items():
        places = [plain.index(spelling) for spelling in spellings if spelling in plain]
        if places:
            found[meaning] = places[0]
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        expected = f"a column '{missing[0]}' in the header, as in sample,fastq_1,fastq_2,group"
        raise MetapipeError("E127", file=label, line=line, expected=expected, found=", ".join(header))
    return found


def _row(line: int, cells: Sequence[str], header: Sequence[str], columns: Mapping[str, int]) -> SheetRow | Fault:
    if len(cells) > len(header) and any(cells[len(header) :]):
        return Fault(line, f"{len(cells)} cells below {len(header)} columns")
    filled = [*cells, *[""] * (len(header) - len(cells))]
    said = {meaning: filled[place] for meaning, place in columns.items()}
    more = {name: filled[place] for place, name in enumerate(header) if name and place not in columns.values()}
    for name in _NEEDED:
        if not said[name]:
            return Fault(line, f"no {name}")
    if not said["sample"].isprintable():
        return Fault(line, f"a name that cannot be printed, {printable(said['sample'])}")
    row = SheetRow(line, said["sample"], said["fastq_1"], said.get("fastq_2", ""), said.get("group", ""), more)
    linked = next((file for file in row.files if _LINK.match(file)), None)
    return row if linked is None else Fault(line, f"a link, {printable(linked)}: download the file and name it here")


def _twice(rows: Sequence[SheetRow]) -> list[Fault]:
    """Names of samples and of files that an earlier row has, or the same row."""
    faults = []
    samples: dict[str, int] = {}
    files: dict[str, int] = {}
    for row in rows:
        if row.sample in samples:
            faults.append(Fault(row.line, f"a second sample {printable(row.sample)} (line {samples[row.sample]})"))
        samples.setdefault(row.sample, row.line)
        for name in row.files:
            known = posixpath.normpath(name)
            if known in files:
                where = "twice in this row" if files[known] == row.line else f"also in line {files[known]}"
                faults.append(Fault(row.line, f"the file {printable(name)} is {where}"))
            files.setdefault(known, row.line)
    return faults
