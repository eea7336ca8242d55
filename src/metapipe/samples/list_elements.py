"""Which element of a list of reads a row of a samplesheet means: by the names of its files, else by its own name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from metapipe.errors import printable
from metapipe.samples.read_files import ENDING
from metapipe.samples.samplesheet import Fault, SheetRow


@dataclass(frozen=True)
class Element:
    """An element of a list. :param files: names of its one or two files, as the list's owner knows them."""

    identifier: str
    files: tuple[str, ...]


class Matched(NamedTuple):
    """Rows with their elements in the order of the sheet, what is wrong, and the elements that no row means."""

    pairs: Sequence[tuple[SheetRow, Element]]
    faults: Sequence[Fault]
    others: Sequence[Element]


def plain_name(file: str) -> str:
    """Return a file's name without its folder and its ending: Galaxy may have unpacked the file, or renamed its kind.

    >>> plain_name("run7/BAY_R1.fastq.gz")
    'BAY_R1'
    """
    return ENDING.sub("", posixpath.basename(file))


def match_elements(rows: Sequence[SheetRow], elements: Sequence[Element]) -> Matched:
    """Find the element that each row means; one row an element, and one element a row."""
    pairs: list[tuple[SheetRow, Element]] = []
    faults: list[Fault] = []
    taken: dict[str, int] = {}
    for row in rows:
        found = _meant(row, elements)
        if isinstance(found, str):
            faults.append(Fault(row.line, found))
            continue
        if found.identifier in taken:
            which = printable(found.identifier)
            faults.append(Fault(row.line, f"the reads {which} are those of line {taken[found.identifier]}, too"))
            continue
        taken[found.identifier] = row.line
        pairs.append((row, found))
    return Matched(pairs, faults, [one for one in elements if one.identifier not in taken])


def _meant(row: SheetRow, elements: Sequence[Element]) -> Element | str:
    """The element that a row means, or what is wrong."""
    names = [plain_name(file) for file in row.files]
    by_files = [one for one in elements if [plain_name(file) for file in one.files] == names]
    if len(by_files) > 1:
        return f"the list has {len(by_files)} elements with these files: {', '.join(_shown(by_files))}"
    if by_files:
        return by_files[0]
    turned = next((one for one in elements if [plain_name(file) for file in one.files] == names[::-1]), None)
    if turned is not None:
        return f"first and second mates stand the other way round in {printable(turned.identifier)}"
    named = next((one for one in elements if one.identifier == row.sample), None)
    if named is None:
        return f"the list has no element {printable(row.sample)}, and none with the files {', '.join(row.files)}"
    if len(named.files) != len(row.files):
        said = ("one file", "a pair")[len(row.files) == 2], ("one file", "a pair")[len(named.files) == 2]
        return f"{said[0]} here, but {said[1]} in the list"
    return named


def _shown(elements: Sequence[Element]) -> Iterator[str]:
    return (printable(one.identifier) for one in elements)


def read_elements(text: str) -> list[Element]:
    """Read the elements of a list: a line each, its identifier and the names of its files, separated by tabs."""
    lines = (line.split("\t") for line in text.split("\n") if line.strip())
    return [Element(cells[0], tuple(cells[1:])) for cells in lines]
