"""The samples of a samplesheet whose files lie on this machine, ready to be uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metapipe.errors import MetapipeError, printable
from metapipe.formats.quality_signs import counted_from_64
from metapipe.samples.read_files import check_first_bytes, first_qualities
from metapipe.samples.read_pairs import Sample
from metapipe.samples.samplesheet import Fault, SheetRow, read_samplesheet


def samples_of_sheet(sheet: Path, *, single_too: bool = False) -> list[Sample]:
    """Return the samples that a sheet names, in its order. Files are looked for from the sheet's own folder.

    :param single_too: a row may have one file; else it is refused.
    :raises MetapipeError: E201 without a sheet; E127 with every row that is wrong: two samples of one name, a file
        named twice (also under another name), missing, visibly no reads, or with qualities counted from '@'; no mates.
    """
    try:
        content = sheet.read_bytes()
    except OSError as error:
        raise MetapipeError("E201", f"cannot be read ({error.strerror})", file=sheet) from error
    read = read_samplesheet(content, sheet.name)
    folder = sheet.parent
    read.refuse([*([] if single_too else _without_mates(read.rows)), *_in_files(read.rows, folder)])
    return [Sample(row.sample, folder / row.first, folder / row.second if row.second else None) for row in read.rows]


def _without_mates(rows: Sequence[SheetRow]) -> list[Fault]:
    return [Fault(row.line, "no fastq_2: the workflow takes pairs") for row in rows if not row.second]


def _in_files(rows: Sequence[SheetRow], folder: Path) -> list[Fault]:
    """What is wrong with the files themselves."""
    faults = []
    known: dict[tuple[int, int], tuple[int, str]] = {}
    for row in rows:
        for name in row.files:
            path = folder / name
            what = _wrong(path, name)
            if not what:
                stat = path.stat()
                line, other = known.setdefault((stat.st_dev, stat.st_ino), (row.line, name))
                if other != name:
                    what = f"{printable(name)} is the same file as {printable(other)} (line {line})"
            if what:
                faults.append(Fault(row.line, what))
    return faults


def _wrong(path: Path, name: str) -> str:
    """What the beginning of a file tells that is wrong with it; nothing if all is well."""
    if not path.is_file():
        return f"{printable(name)} is a folder" if path.is_dir() else f"there is no file {printable(name)}"
    try:
        check_first_bytes(path)
        lowest, highest = first_qualities(path)
    except MetapipeError as error:
        return str(error).partition(" ")[2]
    if counted_from_64(lowest, highest):
        return f"{printable(name)} counts its qualities from '@' (Phred+64); convert it (E121)"
    return ""
