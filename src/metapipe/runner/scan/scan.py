"""One pass over an input file: validate it, count it, and note where it can be cut.

The pass is vectorised with NumPy over chunks of lines, so that checking costs less than decompressing. It yields
*atoms*: short runs of whole records, from which the planner makes blocks of any size without reading the file again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.formats.foreign_formats import BYTE_ORDER_MARK, foreign_format
from metapipe.formats.gzip_files import is_gzip
from metapipe.runner.blocks.block import ByteRange
from metapipe.runner.blocks.stream import gzip_chunks, plain_chunks, read_chunks, whole_chunks, without_mark
from metapipe.runner.scan.fasta import FastaScanner
from metapipe.runner.scan.fastq import FastqScanner
from metapipe.runner.scan.lines import LONGEST_NAME, Found, LineScanner
from metapipe.runner.scan.table import TableScanner

Ints = npt.NDArray[np.int64]
Result = TypeVar("Result")

#: A gzip member up to this size is decompressed again by every block inside it; a file with a larger one is spooled.
MEMBER_LIMIT = 64 << 20
#: Chunks are checked together from this size on; larger pieces would not stay in a core's own cache.
PIECE = 1 << 19
#: Atoms: letters in single files, records in paired files (both mates are cut at the same record).
ATOM_RESIDUES, ATOM_RECORDS = 1 << 15, 256


@dataclass(frozen=True)
class Scanned:
    """A validated input file.

    :param starts: uncompressed offset of each atom, and of the end: ``len(atoms) + 1`` values.
    :param lines: 1-based line number at each of ``starts``.
    :param records: records in each atom; :param residues: letters in each atom.
    :param names: 64-bit hash of each record's name without the mark of its mate, in file order.
    :param member_offsets: file offsets of gzip members; :param member_starts: their uncompressed offsets.
    """

    path: Path
    label: str
    compressed: bool
    sha256: str
    starts: Ints
    lines: Ints
    records: Ints
    residues: Ints
    names: npt.NDArray[np.uint64]
    member_offsets: Ints
    member_starts: Ints

    @property
    def total_records(self) -> int:
        """Records of the whole file."""
        return int(self.records.sum())

    @property
    def total_residues(self) -> int:
        """Letters of all records."""
        return int(self.residues.sum())

    def range(self, first: int, last: int) -> ByteRange:
        """Bytes of atoms ``first`` to ``last`` (exclusive)."""
        start, end, line = int(self.starts[first]), int(self.starts[last]), int(self.lines[first])
        if not self.compressed:
            return ByteRange(str(self.path), start, 0, end - start, False, line)
        member = int(np.searchsorted(self.member_starts, start, side="right")) - 1
        offset, base = int(self.member_offsets[member]), int(self.member_starts[member])
        return ByteRange(str(self.path), offset, start - base, end - start, True, line)


def scan_file(
    path: Path,
    label: str,
    form: str,
    *,
    alphabet: str = "any",
    columns: Sequence[str] = (),
    spool: Path | None = None,
    by_records: bool = False,
    mark: str = "",
    atom: int | None = None,
) -> Scanned:
    """Validate one file.

    :param form: ``fasta``, ``fastq`` or ``table``; :param alphabet: of FASTA: ``dna``, ``aa`` or ``any``.
    :param columns: of a table.
    :param spool: folder for the uncompressed copy of a gzip file without restart points; never spooled when None.
    :param by_records: one of two files of mates: cut atoms at fixed record numbers instead of at letters.
    :param mark: of such a file: what tells its mates from those of the other file, at the end of every name.
    :raises MetapipeError: E101–E105, E109–E111, E121, E201.
    """
    scanner: LineScanner
    if form == "fasta":
        scanner = FastaScanner(label, alphabet)
    elif form == "table":
        scanner = TableScanner(label, columns)
    else:
        scanner = FastqScanner(label, mark.encode())
    cutter = _Cutter(by_records, atom or (ATOM_RECORDS if by_records else ATOM_RESIDUES))
    source = _Source(path, label, spool)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise MetapipeError("E201", "a folder, not a file" if path.is_dir() else "not a regular file", file=label)
        held = 0
        for chunk in without_mark(source.chunks(), partial(_refuse_foreign, scanner)):
            held += len(chunk)
            if held < PIECE:
                scanner.hold(chunk)
            else:
                cutter.add(scanner.feed(chunk))
                held = 0
    except OSError as error:
        raise MetapipeError("E201", f"cannot be read ({error.strerror})", file=label) from error
    cutter.add(scanner.finish())
    return Scanned(
        source.readable_path,
        label,
        source.seek_members,
        source.digest.hexdigest(),
        *cutter.finish(scanner.offset, scanner.line),
        np.array(source.member_offsets, dtype=np.int64),
        np.array(source.member_starts, dtype=np.int64),
    )


def _refuse_foreign(scanner: LineScanner, start: bytes) -> None:
    """Refuse what is neither text nor gzip by its name, and let the scan begin behind a byte-order mark."""
    scanner.offset = len(BYTE_ORDER_MARK) if start.startswith(BYTE_ORDER_MARK) else 0
    words = foreign_format(start)
    if words is not None:
        raise MetapipeError(scanner.code, f"this is {words}", file=scanner.label)


def first_name(path: Path) -> str:
    """Return the name in the first header line of a file; nothing when it cannot be read: its scan will say why."""
    text = b""
    try:
        if path.is_file():
            with path.open("rb") as raw:
                for chunk in without_mark(whole_chunks(raw, path, path.name)):
                    text += chunk
                    if b"\n" in chunk or len(text) > LONGEST_NAME:
                        break
    except (OSError, MetapipeError):
        return ""
    return text.partition(b"\n")[0].rstrip(b"\r")[1:].replace(b"\t", b" ").partition(b" ")[0].decode(errors="ignore")


class _Source:
    """Chunks of a file with what is learned on the way: digest, gzip members, the spool."""

    def __init__(self, path: Path, label: str, spool: Path | None) -> None:
        self.path, self.label, self.spool = path, label, spool
        self.digest = hashlib.sha256()
        self.member_offsets: list[int] = []
        self.member_starts: list[int] = []
        self.readable_path, self.seek_members = path, False
        self._produced = 0

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as raw:
            before = os.fstat(raw.fileno())
            yield from self._chunks_of(raw)
            after = os.fstat(raw.fileno())
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise MetapipeError("E201", "the file has changed while it was checked", file=self.label)

    def _chunks_of(self, raw: BinaryIO) -> Iterator[bytes]:
        if not is_gzip(self.path):
            yield from plain_chunks(raw, self.digest.update)
            return
        self.seek_members = True
        stream = gzip_chunks(raw, self.label, self._note_member, self.digest.update)
        for chunk in stream:
            self._produced += len(chunk)
            if self.spool is not None and self._produced - self.member_starts[-1] > MEMBER_LIMIT:
                yield from self._spool_all(self.spool, chunk, stream)
                return
            yield chunk

    def _spool_all(self, spool: Path, chunk: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
        """Go on as before, but leave an uncompressed copy of the whole file (its first part is read once more)."""
        descriptor, name = self._written(lambda: tempfile.mkstemp(dir=spool, suffix=".spooled"))
        done = False
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as copy:
                for earlier in read_chunks(self.path, 0, 0, self._produced, True):
                    self._written(partial(_write_all, copy, earlier))
                yield chunk
                for chunk in stream:
                    self._written(partial(_write_all, copy, chunk))
                    yield chunk
            done = True
        finally:
            if not done:
                Path(name).unlink(missing_ok=True)  # a full disk needs the room
        self.readable_path, self.seek_members = Path(name), False

    def _written(self, write: Callable[[], Result]) -> Result:
        try:
            return write()
        except OSError as error:
            message = f"cannot write the uncompressed copy ({error.strerror})"
            raise MetapipeError("E501", message, file=self.label) from error

    def _note_member(self, offset: int) -> None:
        self.member_offsets.append(offset)
        self.member_starts.append(self._produced)


def _write_all(copy: RawIOBase, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[copy.write(rest) or 0 :]


class _Cutter:
    """Gathers records into atoms. Borders depend on record numbers or letters only, never on chunk borders.

    It keeps eight bytes for a record, the hash of its name, and four numbers for an atom.
    """

    def __init__(self, by_records: bool, size: int) -> None:
        self.by_records, self.size = by_records, size
        self._records = self._residues = 0
        self._last_group = -1
        self._atoms: list[Ints] = []  # offset, line, records and residues before it, of each atom
        self._names = np.zeros(0, dtype=np.uint64)

    def add(self, found: Found) -> None:
        count = len(found.starts)
        if not count:
            return
        records = self._records + np.arange(count)
        ends = self._residues + np.cumsum(found.residues)
        residues = ends - found.residues
        group = (records if self.by_records else residues) // self.size
        first = np.flatnonzero(np.r_[group[0] != self._last_group, group[1:] != group[:-1]])
        self._atoms.append(np.stack([found.starts[first], found.lines[first], records[first], residues[first]], axis=1))
        self._keep(found.names)
        self._last_group = int(group[-1])
        self._records, self._residues = self._records + count, int(ends[-1])

    def _keep(self, names: npt.NDArray[np.uint64]) -> None:
        if self._records + len(names) > len(self._names):
            # Grown in place: the kernel moves pages, no second copy stands beside the first.
            self._names.resize(max(1 << 12, self._records + len(names), len(self._names) * 5 // 4), refcheck=False)
        self._names[self._records : self._records + len(names)] = names

    def finish(self, end: int, end_line: int) -> tuple[Ints, Ints, Ints, Ints, npt.NDArray[np.uint64]]:
        last = np.array([[end, end_line, self._records, self._residues]], dtype=np.int64)
        starts, lines, records, residues = np.concatenate([*self._atoms, last]).T.copy()
        self._names.resize(self._records, refcheck=False)
        return starts, lines, np.diff(records), np.diff(residues), self._names
