"""Everything about a stage's record input before any block runs: scan, pairs, duplicates, blocks and their halves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.formats.mate_names import marks_of
from metapipe.runner.blocks.block import Block, ByteRange
from metapipe.runner.blocks.stream import changed
from metapipe.runner.declare.elements import Fasta, FastqPairs, Record, Table, Totals
from metapipe.runner.declare.records import READERS, lines
from metapipe.runner.declare.stage import Stage
from metapipe.runner.scan.name_hashes import second_of_two
from metapipe.runner.scan.pairs import check_other_file, check_pairs, check_stated_mates
from metapipe.runner.scan.scan import Scanned, first_name, scan_file

_RECORD_OF = {"fasta": "FASTA record", "fastq": "FASTQ record", "table": "row below the header"}


@dataclass(frozen=True)
class StageInput:
    """The scanned record input of a stage: no file, one file, or two files of mates."""

    form: str
    scanned: tuple[Scanned, ...]
    names: tuple[str, ...]
    marks: tuple[str, ...] = ()  # what the names of each file's mates end in, which is not part of the pair's name

    @property
    def weights(self) -> npt.NDArray[np.int64]:
        """Letters in each atom, both mates together."""
        if not self.scanned:
            return np.zeros(0, dtype=np.int64)
        total: npt.NDArray[np.int64] = np.sum([scanned.residues for scanned in self.scanned], axis=0, dtype=np.int64)
        return total

    @property
    def totals(self) -> Totals:
        """Records and letters of all files together; both mates of a pair count."""
        return Totals(
            sum(scanned.total_records for scanned in self.scanned),
            sum(scanned.total_residues for scanned in self.scanned),
        )

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Input name -> its records and letters."""
        pairs = zip(self.names, self.scanned, strict=True)
        return {name: (scanned.total_records, scanned.total_residues) for name, scanned in pairs}

    def blocks(self, borders: Sequence[int]) -> list[Block]:
        """Make blocks of the atoms between borders."""
        if not self.scanned:
            return [Block((0,), 0, 0, 0, ())]
        records = np.r_[0, np.cumsum(self.scanned[0].records)]
        weights = np.r_[0, np.cumsum(self.weights)]
        return [
            Block(
                key=(ordinal,),
                first_record=int(records[first]),
                records=int(records[last] - records[first]),
                residues=int(weights[last] - weights[first]),
                ranges=tuple(scanned.range(first, last) for scanned in self.scanned),
            )
            for ordinal, (first, last) in enumerate(itertools.pairwise(borders))
        ]

    def split(self, block: Block) -> list[Block]:
        """Cut a block into two of about half its records; a block of one record comes back alone."""
        if block.records < 2:
            return [block]
        half = block.records // 2
        parts = [_cut(extent, self.form, half) for extent in block.ranges]
        residues = sum(letters for _, _, letters in parts)
        return [
            Block((*block.key, 0), block.first_record, half, residues, tuple(first for first, _, _ in parts)),
            Block(
                (*block.key, 1),
                block.first_record + half,
                block.records - half,
                block.residues - residues,
                tuple(second for _, second, _ in parts),
            ),
        ]


def _read(extent: ByteRange, form: str, first: int) -> Iterator[Record]:
    return READERS[form](extent.chunks(), first)


def _cut(extent: ByteRange, form: str, at: int) -> tuple[ByteRange, ByteRange, int]:
    """Cut before record ``at``; the third is the letters of the first half. Holds a chunk and a record at a time."""
    place, passed = _place_of(extent, form, at)
    first = replace(extent, length=place)
    letters = sum(len(record.sequence) for record in _read(first, form, 0))
    second = replace(extent, length=extent.length - place, line=extent.line + passed)
    if extent.compressed:
        return first, replace(second, skip=extent.skip + place), letters
    return first, replace(second, offset=extent.offset + place), letters


def _place_of(extent: ByteRange, form: str, at: int) -> tuple[int, int]:
    """Bytes and lines of an extent before its record number ``at`` (from 1 on)."""
    mark, wanted = {"fasta": (b"\n>", at), "fastq": (b"\n", 4 * at), "table": (b"\n", at)}[form]
    place = passed = 0
    held = b""
    for chunk in extent.chunks():
        text = held + chunk
        held = b"\n" if len(mark) > 1 and text.endswith(b"\n") else b""  # the next chunk may begin with '>'
        text = text[: len(text) - len(held)]
        here = text.count(mark)
        if here < wanted:
            wanted -= here
            place += len(text)
            passed += text.count(b"\n")
            continue
        found = -1
        for _ in range(wanted):
            found = text.index(mark, found + 1)
        return place + found + 1, passed + text.count(b"\n", 0, found + 1)
    raise changed(Path(extent.path))


def read_inputs(
    stage: type[Stage], paths: Mapping[str, Path], labels: Mapping[str, str], spool: Path, *, atom: int | None = None
) -> StageInput:
    """Scan and check the record input of a stage.

    :raises MetapipeError: everything of ``scan_file``; E106 mates that do not match, E107 a name twice, E108 empty.
    """
    declared = stage.records
    if declared is None:
        return StageInput("", (), ())
    names = declared.given(paths) if isinstance(declared, FastqPairs) else declared.files
    in_step = not isinstance(declared, FastqPairs) or declared.in_step
    mates = in_step and len(names) == 2
    marks = _marks([paths[name] for name in names]) if mates else ("",) * len(names)
    form = "fasta" if isinstance(declared, Fasta) else "table" if isinstance(declared, Table) else "fastq"
    scanned = tuple(
        scan_file(
            paths[name],
            labels[name],
            form,
            alphabet=declared.alphabet if isinstance(declared, Fasta) else "any",
            columns=declared.columns if isinstance(declared, Table) else (),
            spool=spool,
            by_records=mates,
            mark=mark,
            atom=atom,
        )
        for name, mark in zip(names, marks, strict=True)
    )
    for one in scanned:
        if one.total_records == 0 and not stage.empty_ok:
            raise MetapipeError("E108", file=one.label, expected=f"at least one {_RECORD_OF[form]}", found="none")
    for one in scanned:
        _check_duplicates(one, form, twice=not in_step and len(names) == 1)
    if mates:
        check_pairs(scanned[0], scanned[1], marks)
    elif len(scanned) == 2:
        check_other_file(scanned[0], scanned[1])
        if scanned[0].total_records and scanned[1].total_records:
            check_stated_mates(scanned[0], scanned[1])
        scanned = tuple(_uncut(one) for one in scanned)
    nobody = np.zeros(0, dtype=np.uint64)  # the names have served: a run of many reads need not hold them any longer
    return StageInput(form, tuple(replace(one, names=nobody) for one in scanned), names, marks)


def _uncut(scanned: Scanned) -> Scanned:
    """The same file as one atom: files that are not in step cannot be cut at the same places."""
    ends = [0, len(scanned.records)]
    totals = (np.array([total], dtype=np.int64) for total in (scanned.total_records, scanned.total_residues))
    records, residues = totals
    return replace(scanned, starts=scanned.starts[ends], lines=scanned.lines[ends], records=records, residues=residues)


def _marks(paths: Sequence[Path]) -> tuple[str, ...]:
    """What the names of the first mates and of the second end in, by the first pair; nothing when it is no pair."""
    first, second = (first_name(path) for path in paths)
    return marks_of(first, second) or ("", "")


def _headers(scanned: Scanned, form: str) -> Iterator[tuple[int, bytes]]:
    """Line number and header of each record, read again to put a finding into words."""
    extent = scanned.range(0, len(scanned.records))
    if form == "table":
        yield from ((number, text) for number, text in enumerate(lines(extent.chunks()), extent.line) if text)
        return
    mark = b">" if form == "fasta" else b"@"
    for number, text in enumerate(lines(extent.chunks()), extent.line):
        if text.startswith(mark) and (form == "fasta" or (number - extent.line) % 4 == 0):
            yield number, text[1:]


def _repeated(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hashes that occur more than once. Sorted in parts, so that no second copy of all of them is made."""
    parts = min(256, 1 << (len(hashes) >> 20).bit_length())
    lowest = hashes.astype("<u8", copy=False).view(np.uint8)[::8]  # their lowest bytes
    found = []
    for number in range(parts):
        ordered = np.sort(hashes[lowest & np.uint8(parts - 1) == number] if parts > 1 else hashes)
        found.append(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.concatenate(found)


def _check_duplicates(scanned: Scanned, form: str, *, twice: bool = False) -> None:
    """Refuse names that occur more than once. :param twice: but two mates of one name may stand side by side."""
    others = ~second_of_two(scanned.names) if twice else np.ones(len(scanned.names), dtype=np.bool_)
    repeated = _repeated(scanned.names[others])
    if not len(repeated):
        return
    # A repeated hash is only a suspicion; names decide.
    suspects = set(np.flatnonzero(np.isin(scanned.names, repeated) & others).tolist())
    seen: dict[bytes, int] = {}
    for index, (line, header) in enumerate(_headers(scanned, form)):
        if index not in suspects:
            continue
        first = header.partition(b"\t")[0] if form == "table" else header.replace(b"\t", b" ").partition(b" ")[0]
        if first in seen:
            expected = f"a name not used before (line {seen[first]})"
            raise MetapipeError("E107", file=scanned.label, line=line, expected=expected, found=first)
        seen[first] = line
