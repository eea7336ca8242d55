"""Where each contig's lines stand in the files about its genes, found in one pass over each file.

The genes (GFF3), their proteins, hits and domains all follow the order of the contigs. So one pass in step finds the
bytes of every contig, and proves that the files belong together: every row is about a gene of the GFF3, every gene has
its protein, and every contig of the GFF3 is one of the contigs. Memory: one entry per contig, whatever the genes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from metapipe.errors import MetapipeError
from metapipe.stages.table_rows import Place, check_header

_REGION = re.compile(rb"##sequence-region\s+(\S+)\s+1\s+(\d+)\s*$")
_ID = re.compile(rb"(?:^|;) *ID=([^;,\r\n]+)")


class Span(NamedTuple):
    """A run of whole lines of a file: first byte, number of bytes, 1-based number of the first line."""

    offset: int
    length: int
    line: int


@dataclass
class SideFileIndex:
    """A file about genes.

    :param label: its name as the user knows it.
    :param spans: contig → its lines; a contig without any is left out.
    """

    path: Path
    label: str
    spans: dict[str, Span] = field(default_factory=dict)

    def lines(self, contig: str) -> Iterator[tuple[Place, bytes]]:
        """Yield the contig's lines with their places."""
        span = self.spans.get(contig)
        if span is None:
            return
        with self.path.open("rb") as file:
            file.seek(span.offset)
            rest = span.length
            for number, line in enumerate(file, span.line):
                if rest <= 0:
                    return
                rest -= len(line)
                yield Place(self.label, number), line

    def add(self, contig: str, entry: Entry) -> None:
        """Append an entry of the contig to its span."""
        known = self.spans.get(contig)
        start, line = (known.offset, known.line) if known else (entry.offset, entry.line)
        self.spans[contig] = Span(start, entry.end - start, line)


@dataclass(frozen=True, slots=True)
class Entry:
    """One gene's row, line or FASTA record: bytes ``offset`` to ``end`` of the file."""

    gene: str
    offset: int
    end: int
    line: int


@dataclass(frozen=True)
class GeneFiles:
    """All files about the genes, indexed by contig.

    :param regions: contig → length in bases, as the GFF3 states them; in its order.
    """

    regions: Mapping[str, int]
    genes: SideFileIndex
    proteins: SideFileIndex
    hits: SideFileIndex | None
    domains: SideFileIndex | None

    def check_contig(self, name: str, length: int, label: str) -> None:
        """Check that the GFF3 knows this contig by the same length; raise E112."""
        if self.regions.get(name) != length:
            raise MetapipeError(
                "E112",
                file=self.genes.label,
                expected=f"a line '##sequence-region' for each contig of {label}, with its length ({length})",
                found=f"{name} {self.regions.get(name, 'missing')}",
            )


def index_gene_files(
    genes: tuple[Path, str],
    proteins: tuple[Path, str],
    hits: tuple[Path, str, Sequence[str]] | None,
    domains: tuple[Path, str, Sequence[str]] | None,
) -> GeneFiles:
    """Index the files: each a path and the name the user knows it by; tables with their columns.

    :raises MetapipeError: E111 for a file that is not what it should be, E112 for files that do not belong together.
    """
    index = SideFileIndex(*genes)
    regions: dict[str, int] = {}
    followers = [_Follower(SideFileIndex(*proteins), fasta_entries, complete=True)]
    for table in (hits, domains):
        if table is not None:
            path, label, columns = table
            followers.append(_Follower(SideFileIndex(path, label), _table_reader(columns)))
    last = ""
    for contig, entry in _gene_entries(index, regions):
        if contig != last and contig in index.spans:
            expected = "the genes of a contig in one piece"
            raise MetapipeError("E111", file=index.label, line=entry.line, expected=expected, found=contig)
        last = contig
        index.add(contig, entry)
        for follower in followers:
            follower.follow(contig, entry.gene, index.label)
    for follower in followers:
        follower.finish(index.label)
    indexes = [follower.index for follower in followers[1:]]
    return GeneFiles(
        regions=regions,
        genes=index,
        proteins=followers[0].index,
        hits=indexes.pop(0) if hits else None,
        domains=indexes.pop(0) if domains else None,
    )


class _Follower:
    """Walks through one file while the GFF3's genes go by."""

    def __init__(
        self, index: SideFileIndex, reader: Callable[[Path, str], Iterator[Entry]], *, complete: bool = False
    ) -> None:
        self.index, self._complete = index, complete
        self._entries = reader(index.path, index.label)
        self._next = next(self._entries, None)

    def follow(self, contig: str, gene: str, genes_label: str) -> None:
        """Take all entries of ``gene``; raise E112 when it must have one and has none."""
        found = False
        while self._next is not None and self._next.gene == gene:
            self.index.add(contig, self._next)
            self._next = next(self._entries, None)
            found = True
        if self._complete and not found:
            self._refuse(f"{gene}, the next gene of {genes_label}")

    def finish(self, genes_label: str) -> None:
        """Check that no entry is left over; raise E112."""
        if self._next is not None:
            self._refuse(f"genes of {genes_label} in its order")

    def _refuse(self, expected: str) -> None:
        line, found = (self._next.line, self._next.gene) if self._next else (None, "the end of the file")
        raise MetapipeError("E112", file=self.index.label, line=line, expected=expected, found=found)


def _gene_entries(index: SideFileIndex, regions: dict[str, int]) -> Iterator[tuple[str, Entry]]:
    """Yield (contig, entry) for each CDS line of a GFF3 file; fill ``regions`` on the way."""
    for entry_line, offset, line in numbered_lines(index.path, index.label):
        if line.startswith(b"##FASTA"):
            return
        if region := _REGION.match(line):
            regions[unquote_to_bytes(region[1]).decode("utf-8", "replace")] = int(region[2])
        columns = line.split(b"\t")
        if line.startswith(b"#") or len(columns) != 9 or columns[2] != b"CDS":
            if entry_line == 1 and not line.startswith(b"##gff-version 3"):
                raise MetapipeError("E111", file=index.label, line=1, expected="##gff-version 3", found=line)
            if line.strip() and not line.startswith(b"#") and len(columns) != 9:
                expected = "9 columns separated by tabs"
                raise MetapipeError("E111", file=index.label, line=entry_line, expected=expected, found=line)
            continue
        contig = unquote_to_bytes(columns[0]).decode("utf-8", "replace")
        identifier = _ID.search(columns[8])
        if contig not in regions or identifier is None:
            missing = (
                "an attribute ID for every CDS" if contig in regions else "a line ##sequence-region before its genes"
            )
            raise MetapipeError("E111", file=index.label, line=entry_line, expected=missing, found=line)
        gene = unquote_to_bytes(identifier[1]).decode("utf-8", "replace")
        yield contig, Entry(gene, offset, offset + len(line), entry_line)


def fasta_entries(path: Path, label: str) -> Iterator[Entry]:
    """Yield one entry per FASTA record; raise E101 when the file does not begin with one."""
    gene, start, first = "", 0, 0
    offset = 0
    for number, offset, line in numbered_lines(path, label):
        if line.startswith(b">"):
            if first:
                yield Entry(gene, start, offset, first)
            gene, start, first = (line[1:].split(None, 1) or [b""])[0].decode("utf-8", "replace"), offset, number
        elif not first and line.strip():
            raise MetapipeError("E101", file=label, line=number, expected="'>' and a name", found=line)
        offset += len(line)
    if first:
        yield Entry(gene, start, offset, first)


def _table_reader(columns: Sequence[str]) -> Callable[[Path, str], Iterator[Entry]]:
    def entries(path: Path, label: str) -> Iterator[Entry]:
        number = 0
        for number, offset, line in numbered_lines(path, label):
            if number == 1:
                check_header(line, columns, Place(label, 1))
            elif line.strip(b"\r\n"):
                gene = line[: line.find(b"\t")].decode("utf-8", "replace")
                yield Entry(gene, offset, offset + len(line), number)
        if number == 0:
            check_header(b"", columns, Place(label, 1))

    return entries


def numbered_lines(path: Path, label: str) -> Iterator[tuple[int, int, bytes]]:
    """Yield (1-based number, offset, line with its break); raise E111 for a compressed file, which has no offsets."""
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if number == 1 and line.startswith(b"\x1f\x8b"):
                raise MetapipeError("E111", file=label, line=1, expected="plain text", found="gzip")
            yield number, offset, line
            offset += len(line)
