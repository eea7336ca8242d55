"""Everything about a stage's record input before any block runs: scan, pairs, duplicates, blocks and their halves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.runner.blocks import Block, ByteRange
from metapipe.runner.records import fasta_records, fastq_records
from metapipe.runner.scan import Scanned, scan_file
from metapipe.runner.stage import Fasta, FastqPairs, Record, Stage, Totals


@dataclass(frozen=True)
class StageInput:
    """The scanned record input of a stage: no file, one file, or two files of mates."""

    form: str
    scanned: tuple[Scanned, ...]
    names: tuple[str, ...]

    @property
    def weights(self) -> npt.NDArray[np.int64]:
        """Letters in each atom, both mates together."""
        if not self.scanned:
            return np.zeros(0, dtype=np.int64)
        total: npt.NDArray[np.int64] = np.sum([scanned.residues for scanned in self.scanned], axis=0, dtype=np.int64)
        return total

    @property
    def totals(self) -> Totals:
        return Totals(
            sum(scanned.total_records for scanned in self.scanned),
            sum(scanned.total_residues for scanned in self.scanned),
        )

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
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

    def records(self, block: Block) -> Iterator[tuple[Record, ...]]:
        """The records of a block, one tuple per record or pair (for the quarantine file)."""
        readers = [_read(extent, self.form, block.first_record) for extent in block.ranges]
        yield from zip(*readers, strict=True)


def _read(extent: ByteRange, form: str, first: int) -> Iterator[Record]:
    return (fasta_records if form == "fasta" else fastq_records)(extent.chunks(), first)


def _cut(extent: ByteRange, form: str, at: int) -> tuple[ByteRange, ByteRange, int]:
    text = b"".join(extent.chunks())
    if form == "fastq":
        place = -1
        for _ in range(4 * at):
            place = text.index(b"\n", place + 1)
        place += 1
    else:
        place = 0
        for _ in range(at):
            place = text.index(b"\n>", place) + 1
    letters = sum(len(record.sequence) for record in _records_in(text[:place], form))
    line = extent.line + text.count(b"\n", 0, place)
    if extent.compressed:
        second = ByteRange(extent.path, extent.offset, extent.skip + place, extent.length - place, True, line)
    else:
        second = ByteRange(extent.path, extent.offset + place, 0, extent.length - place, False, line)
    return ByteRange(extent.path, extent.offset, extent.skip, place, extent.compressed, extent.line), second, letters


def _records_in(text: bytes, form: str) -> Iterator[Record]:
    return (fasta_records if form == "fasta" else fastq_records)([text], 0)


def read_inputs(
    stage: type[Stage], paths: Mapping[str, Path], labels: Mapping[str, str], spool: Path, *, atom: int | None = None
) -> StageInput:
    """Scan and check the record input of a stage.

    :raises MetapipeError: everything of ``scan_file``; E106 mates that do not match, E107 a name twice, E108 empty.
    """
    declared = stage.records
    if declared is None:
        return StageInput("", (), ())
    if isinstance(declared, Fasta):
        form, scanned = (
            "fasta",
            [
                scan_file(
                    paths[declared.name],
                    labels[declared.name],
                    "fasta",
                    alphabet=declared.alphabet,
                    spool=spool,
                    atom=atom,
                )
            ],
        )
    else:
        paired = isinstance(declared, FastqPairs)
        form, scanned = (
            "fastq",
            [
                scan_file(paths[name], labels[name], "fastq", spool=spool, by_records=paired, atom=atom)
                for name in declared.files
            ],
        )
    for one in scanned:
        if one.total_records == 0 and not stage.empty_ok:
            raise MetapipeError("E108", file=one.label, expected=f"at least one {form.upper()} record", found="none")
    for one in scanned:
        _check_duplicates(one, form)
    if isinstance(declared, FastqPairs):
        _check_pairs(scanned[0], scanned[1])
    return StageInput(form, tuple(scanned), declared.files)


def _walk(scanned: Scanned, form: str) -> Iterator[tuple[int, Record]]:
    """Records with their line numbers, read again to put a finding into words."""
    extent = scanned.range(0, len(scanned.records))
    line = extent.line
    if form == "fastq":
        for record in _read(extent, form, 0):
            yield line + 4 * record.index, record
        return
    heads = (
        number for number, text in enumerate(b"".join(extent.chunks()).split(b"\n"), line) if text.startswith(b">")
    )
    yield from zip(heads, _read(extent, form, 0), strict=False)


def base_name(name: str) -> str:
    """A read's name without its mate suffix, as the scan hashes it."""
    return name[:-2] if name.endswith(("/1", "/2")) and len(name) > 2 else name


def _check_duplicates(scanned: Scanned, form: str) -> None:
    ordered = np.sort(scanned.names)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(repeated):
        return
    # A repeated hash is only a suspicion; names decide.
    suspects = set(np.flatnonzero(np.isin(scanned.names, repeated)).tolist())
    seen: dict[str, int] = {}
    for line, record in _walk(scanned, form):
        if record.index not in suspects:
            continue
        name = base_name(record.name)
        if name in seen:
            raise MetapipeError(
                "E107",
                file=scanned.label,
                line=line,
                expected=f"a name not used before (line {seen[name]})",
                found=record.name,
            )
        seen[name] = line


def _check_pairs(first: Scanned, second: Scanned) -> None:
    shared = min(len(first.names), len(second.names))
    differs = np.flatnonzero(first.names[:shared] != second.names[:shared])
    if len(differs):
        at = int(differs[0])
        one, other = (_record_at(scanned, at) for scanned in (first, second))
        raise MetapipeError(
            "E106",
            file=second.label,
            line=4 * at + 1,
            expected=f"the mate of '{one.name}' ({first.label})",
            found=other.name,
        )
    if len(first.names) != len(second.names):
        longer, shorter = (first, second) if len(first.names) > len(second.names) else (second, first)
        raise MetapipeError(
            "E106",
            file=shorter.label,
            line=4 * shared + 1,
            expected=f"the mate of '{_record_at(longer, shared).name}' ({longer.label})",
            found="the end of the file",
        )


def _record_at(scanned: Scanned, index: int) -> Record:
    before = np.r_[0, np.cumsum(scanned.records)]
    atom = int(np.searchsorted(before, index, side="right")) - 1
    for record in _read(scanned.range(atom, atom + 1), "fastq", int(before[atom])):
        if record.index == index:
            return record
    raise IndexError(index)
