"""Where each contig's lines stand in the files about its genes, found in one pass over each file.

The genes (GFF3), their proteins, hits and domains all follow the order of the contigs. So one pass in step finds the
bytes of every contig, and proves that the files belong together: every row is about a gene of the GFF3, every gene has
its protein, and every contig of the GFF3 is one of the contigs. The pass is made once for a run; what it found is
written down, 24 bytes for a contig and file, and mapped into the memory of every worker.
"""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote_to_bytes

import numpy as np

from metapipe.errors import MetapipeError
from metapipe.formats import gzip_files
from metapipe.formats.table_rows import Place, check_header
from metapipe.stages.annotation.contig_table import ContigTable, Ints, mapped, write_contigs

_REGION = re.compile(rb"##sequence-region\s+(\S+)\s+1\s+(\d{1,18})\s*$")
_ID = re.compile(rb"(?:^|;) *ID=([^;,\r\n]+)")

#: Tables that may be given: a gene's rows, if any; but of those that say how much there is one for each.
OF_GENES = ("hits", "domains", "gene-abundance")
#: And those with a row for each contig.
OF_CONTIGS = ("contig-taxonomy", "contig-abundance")

#: A file: its path and the name the user knows it by.
File = tuple[Path, str]


class Entry(NamedTuple):
    """One gene's row, line or FASTA record: bytes ``offset`` to ``end`` of the file, from line ``line`` on."""

    gene: bytes
    offset: int
    end: int
    line: int


class Spans:
    """A file about genes while it is indexed: for each contig its run of whole lines, nothing for one without any."""

    def __init__(self, path: Path, label: str) -> None:
        self.path, self.label = path, label
        self._numbers = array("q")

    def add_contig(self) -> None:
        """Make room for the next contig: the span of one without any entry is empty."""
        self._numbers.extend((0, 0, 0))

    def add(self, contig: int, entry: Entry) -> None:
        """Append an entry of the contig to its span."""
        at, numbers = 3 * contig, self._numbers
        if not numbers[at + 2]:
            numbers[at], numbers[at + 2] = entry.offset, entry.line
        numbers[at + 1] = entry.end - numbers[at]

    def has(self, contig: int) -> bool:
        """Whether the contig (0-based) has an entry."""
        return self._numbers[3 * contig + 2] > 0

    def table(self) -> Ints:
        """Return contigs × (first byte, number of bytes, number of the first line)."""
        return np.frombuffer(self._numbers, np.int64).reshape(-1, 3)


class OpenSideFile:
    """A file about genes, open, with where each contig's lines stand in it."""

    def __init__(self, stream: BinaryIO, label: str, spans: Ints) -> None:
        self._stream, self._label, self._spans = stream, label, spans

    def lines(self, contig: int) -> Iterator[tuple[Place, bytes]]:
        """Yield the contig's lines with their places."""
        offset, length, line = map(int, self._spans[contig])
        if not length:
            return
        self._stream.seek(offset)
        for number, text in enumerate(io.BytesIO(self._stream.read(length)), line):
            yield Place(self._label, number), text


@dataclass(frozen=True)
class OpenGeneFiles:
    """All files about the genes, open."""

    genes: OpenSideFile
    proteins: OpenSideFile
    hits: OpenSideFile | None
    domains: OpenSideFile | None
    gene_abundance: OpenSideFile | None
    contig_taxonomy: OpenSideFile | None
    contig_abundance: OpenSideFile | None


@dataclass(frozen=True)
class GeneFiles:
    """All files about the genes, indexed by contig.

    :param contigs: as the GFF3 states them, in its order.
    :param files: ``genes``, ``proteins``, and the others where given; :param spans: by the same names.
    """

    contigs: ContigTable
    files: dict[str, File]
    spans: dict[str, Ints]

    @classmethod
    def load(cls, folder: Path, files: dict[str, File]) -> GeneFiles:
        """Map what :func:`index_gene_files` has written for these files."""
        return cls(ContigTable(folder), files, {name: mapped(folder / f"{name}.npy") for name in files})

    def position(self, name: str, length: int, label: str) -> int:
        """Return the contig's position; raise E112 when the GFF3 does not know it by this length."""
        found = self.contigs.position(name)
        if found is None or self.contigs.lengths[found] != length:
            known = "missing" if found is None else self.contigs.lengths[found]
            raise MetapipeError(
                "E112",
                file=self.files["genes"][1],
                expected=f"a line '##sequence-region' for each contig of {label}, with its length ({length})",
                found=f"{name} {known}",
            )
        return found

    @contextmanager
    def opened(self) -> Iterator[OpenGeneFiles]:
        """Open every file once; not to be shared by processes, which would share the place they read at."""
        with ExitStack() as stack:

            def opened(name: str) -> OpenSideFile:
                path, label = self.files[name]
                return OpenSideFile(stack.enter_context(path.open("rb")), label, self.spans[name])

            others = (opened(name) if name in self.files else None for name in (*OF_GENES, *OF_CONTIGS))
            yield OpenGeneFiles(opened("genes"), opened("proteins"), *others)


def index_gene_files(files: dict[str, File], columns: Mapping[str, Sequence[str]], folder: Path) -> int:
    """Index the files and write what was found into ``folder``; return the number of contigs.

    :param files: ``genes`` and ``proteins``, and those of :data:`OF_GENES` and :data:`OF_CONTIGS` that there are.
    :param columns: of the tables.
    :raises MetapipeError: E111 for a file that is not what it should be, E112 for files that do not belong together.
    """
    genes = Spans(*files["genes"])
    positions: dict[bytes, int] = {}
    lengths: list[int] = []
    followers = {"proteins": _Follower(Spans(*files["proteins"]), fasta_entries, complete=True)}
    for name in (name for name in OF_GENES if name in files):
        reader, complete = _table_reader(columns[name]), name == "gene-abundance"
        followers[name] = _Follower(Spans(*files[name]), reader, complete=complete)
    of_contigs = {name: Spans(*files[name]) for name in OF_CONTIGS if name in files}
    every = [genes, *(follower.spans for follower in followers.values()), *of_contigs.values()]

    def region(name: bytes, length: int) -> None:
        if positions.setdefault(name, len(lengths)) == len(lengths):
            lengths.append(length)
            for spans in every:
                spans.add_contig()
        else:
            lengths[positions[name]] = length

    last = -1
    for contig, entry in _gene_entries(genes, positions, region):
        if contig != last and genes.has(contig):
            expected, found = "the genes of a contig in one piece", text(list(positions)[contig])
            raise MetapipeError("E111", file=genes.label, line=entry.line, expected=expected, found=found)
        last = contig
        genes.add(contig, entry)
        for follower in followers.values():
            follower.follow(contig, entry.gene, genes.label)
    for follower in followers.values():
        follower.finish(genes.label)
    for name, spans in of_contigs.items():
        _follow_contigs(spans, _table_reader(columns[name]), positions, genes.label)
    write_contigs(list(positions), lengths, folder)
    for name, spans in zip(["genes", *followers, *of_contigs], every, strict=True):
        np.save(folder / f"{name}.npy", spans.table())
    return len(lengths)


def _follow_contigs(
    spans: Spans, reader: Callable[[Path, str], Iterator[Entry]], positions: Mapping[bytes, int], genes_label: str
) -> None:
    """Find the row of each contig, in any order; raise E112 when one has none, or two, or is unknown."""
    for entry in reader(spans.path, spans.label):
        contig = positions.get(entry.gene)
        if contig is None or spans.has(contig):
            expected = f"each contig of {genes_label} once"
            raise MetapipeError("E112", file=spans.label, line=entry.line, expected=expected, found=text(entry.gene))
        spans.add(contig, entry)
    for name, contig in positions.items():
        if not spans.has(contig):
            raise MetapipeError(
                "E112", file=spans.label, expected=f"each contig of {genes_label} once", found=f"no {text(name)}"
            )


class _Follower:
    """Walks through one file while the GFF3's genes go by."""

    def __init__(self, spans: Spans, reader: Callable[[Path, str], Iterator[Entry]], *, complete: bool = False) -> None:
        self.spans, self._complete = spans, complete
        self._entries = reader(spans.path, spans.label)
        self._next = next(self._entries, None)

    def follow(self, contig: int, gene: bytes, genes_label: str) -> None:
        """Take all entries of ``gene``; raise E112 when it must have one and has none."""
        found = False
        while self._next is not None and self._next.gene == gene:
            self.spans.add(contig, self._next)
            self._next = next(self._entries, None)
            found = True
        if self._complete and not found:
            self._refuse(f"{text(gene)}, the next gene of {genes_label}")

    def finish(self, genes_label: str) -> None:
        """Check that no entry is left over; raise E112."""
        if self._next is not None:
            self._refuse(f"genes of {genes_label} in its order")

    def _refuse(self, expected: str) -> None:
        line, found = (self._next.line, text(self._next.gene)) if self._next else (None, "the end of the file")
        raise MetapipeError("E112", file=self.spans.label, line=line, expected=expected, found=found)


def text(name: bytes) -> str:
    """Return a name for a message; bytes that are not UTF-8 are seen as such."""
    return name.decode("utf-8", "backslashreplace")


def _gene_entries(
    genes: Spans, positions: dict[bytes, int], region: Callable[[bytes, int], None]
) -> Iterator[tuple[int, Entry]]:
    """Yield (position of the contig, entry) for each CDS line of a GFF3 file; tell ``region`` of each contig."""
    for number, offset, line in numbered_lines(genes.path, genes.label):
        if line.startswith(b"##FASTA"):
            return
        if stated := _REGION.match(line):
            region(unquote_to_bytes(stated[1]), int(stated[2]))
        columns = line.split(b"\t")
        if line.startswith(b"#") or len(columns) != 9 or columns[2] != b"CDS":
            if number == 1 and not line.startswith(b"##gff-version 3"):
                raise MetapipeError("E111", file=genes.label, line=1, expected="##gff-version 3", found=line)
            if line.strip() and not line.startswith(b"#") and len(columns) != 9:
                expected = "9 columns separated by tabs"
                raise MetapipeError("E111", file=genes.label, line=number, expected=expected, found=line)
            continue
        contig = positions.get(unquote_to_bytes(columns[0]))
        identifiers = _ID.findall(columns[8])
        if contig is None or not identifiers:
            missing = (
                "an attribute ID for every CDS" if contig is not None else "a line ##sequence-region before its genes"
            )
            raise MetapipeError("E111", file=genes.label, line=number, expected=missing, found=line)
        # Of several the last, as whoever reads the whole line later on does (metapipe.formats.gff3).
        yield contig, Entry(unquote_to_bytes(identifiers[-1]), offset, offset + len(line), number)


def fasta_entries(path: Path, label: str) -> Iterator[Entry]:
    """Yield one entry per FASTA record; raise E101 when the file does not begin with one."""
    gene, start, first = b"", 0, 0
    offset = 0
    for number, offset, line in numbered_lines(path, label):
        if line.startswith(b">"):
            if first:
                yield Entry(gene, start, offset, first)
            gene, start, first = first_word(line[1:]), offset, number
        elif not first and line.strip():
            raise MetapipeError("E101", file=label, line=number, expected="'>' and a name", found=line)
        offset += len(line)
    if first:
        yield Entry(gene, start, offset, first)


def first_word(header: bytes) -> bytes:
    """Return a header line up to its first blank or tab: no other white space ends a name (as in the scan)."""
    return header.rstrip(b"\r\n").replace(b"\t", b" ").partition(b" ")[0]


def _table_reader(columns: Sequence[str]) -> Callable[[Path, str], Iterator[Entry]]:
    def entries(path: Path, label: str) -> Iterator[Entry]:
        number = 0
        for number, offset, line in numbered_lines(path, label):
            if number == 1:
                check_header(line, columns, Place(label, 1))
            elif line.strip(b"\r\n"):
                yield Entry(line[: line.find(b"\t")], offset, offset + len(line), number)
        if number == 0:
            check_header(b"", columns, Place(label, 1))

    return entries


def numbered_lines(path: Path, label: str) -> Iterator[tuple[int, int, bytes]]:
    """Yield (1-based number, offset, line with its break); raise E111 for a compressed file, which has no offsets."""
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if number == 1 and line.startswith(gzip_files.MAGIC):
                raise MetapipeError("E111", file=label, line=1, expected="plain text", found="gzip")
            yield number, offset, line
            offset += len(line)
