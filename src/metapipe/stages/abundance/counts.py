"""What a block counted, as the part it leaves, and the tables that all blocks' parts make together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from metapipe.errors import MetapipeError
from metapipe.runner.declare.merge import MergeRule
from metapipe.stages.abundance.coverage import Ints, Stretches, joined
from metapipe.taxa.abundance_rows import (
    CONTIG_ABUNDANCE,
    GENE_ABUNDANCE,
    TAXON_ABUNDANCE,
    ContigAbundance,
    GeneAbundance,
    TaxonAbundance,
)
from metapipe.taxa.taxon_counts import taxa_table

NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(eq=False)
class Counts:
    """Reads counted for N rows of a table.

    :param cells: of each row, what it says whoever counts: its cells, joined by tabs. :param starts, ends: on the line
        of :mod:`.coverage`, shape (N,). :param reads, bases: counted, shape (N,).
    :param covered: stretches of the line with a read or more on them. :param unmapped: reads that lie nowhere.
    :param single: 1 where single reads are to be counted beside pairs, and 1 where this block did.
    """

    cells: Sequence[str]
    starts: Ints
    ends: Ints
    reads: Ints
    bases: Ints
    covered: tuple[Ints, Ints] = (NOTHING, NOTHING)
    unmapped: int = 0
    single: tuple[int, int] = (0, 0)

    @classmethod
    def on(
        cls, cells: Sequence[str], on: Stretches, covered: tuple[Ints, Ints], unmapped: int, single: tuple[int, int]
    ) -> Counts:
        """What lies on stretches that have a row each."""
        return cls(cells, on.starts, on.ends, on.reads, on.bases, covered, unmapped, single)

    @property
    def lengths(self) -> Ints:
        """Bases of each row, shape (N,)."""
        return self.ends - self.starts

    def per_million(self) -> list[float]:
        """Reads for each base of a row, as its share of a million for all rows; zeros where there are no reads."""
        rates = [reads / length if length else 0.0 for reads, length in _pairs(self.reads, self.lengths)]
        total = math.fsum(rates)
        return [1e6 * rate / total if total else 0.0 for rate in rates]

    def depths(self) -> list[float]:
        """Reads over a base of each row, on average."""
        return [bases / length if length else 0.0 for bases, length in _pairs(self.bases, self.lengths)]

    def covered_bases(self) -> list[int]:
        """Bases of each row with a read or more on them; rows must not overlap, and be in order."""
        starts, ends = self.covered
        rows = np.searchsorted(self.starts, starts, side="right") - 1
        found = np.zeros(len(self.starts), dtype=np.int64)
        np.add.at(found, rows, ends - starts)
        return [int(bases) for bases in found]

    def write(self, stream: BinaryIO) -> None:
        """Write the part of a block."""
        part = BytesIO()
        text = np.frombuffer("\n".join(self.cells).encode(), dtype=np.uint8)
        numbers = np.array([self.unmapped, *self.single], dtype=np.int64)
        covered = np.stack(self.covered)
        np.savez(
            part,
            text=text,
            numbers=numbers,
            covered=covered,
            starts=self.starts,
            ends=self.ends,
            reads=self.reads,
            bases=self.bases,
        )
        stream.write(part.getvalue())

    @classmethod
    def read(cls, path: Path) -> Counts:
        """Read a part that :meth:`write` has written."""
        with np.load(path) as part:
            text = part["text"].tobytes().decode()
            unmapped, due, counted = map(int, part["numbers"])
            starts, ends = part["covered"]
            return cls(
                cells=text.split("\n") if len(part["starts"]) else [],
                starts=part["starts"],
                ends=part["ends"],
                reads=part["reads"],
                bases=part["bases"],
                covered=(starts, ends),
                unmapped=unmapped,
                single=(due, counted),
            )


def summed(parts: Iterable[Path]) -> Counts | None:
    """The counts of all parts together; None without any.

    :raises MetapipeError: E403 where the block that was to count the single reads, too, was set aside.
    """
    total: Counts | None = None
    for path in parts:
        part = Counts.read(path)
        if total is None:
            total = part
            continue
        total.reads, total.bases = total.reads + part.reads, total.bases + part.bases
        both = zip(total.covered, part.covered, strict=True)
        total.covered = joined(*(np.concatenate(places) for places in both))
        total.unmapped += part.unmapped
        total.single = max(total.single[0], part.single[0]), total.single[1] + part.single[1]
    if total is not None and total.single[0] != total.single[1]:
        raise MetapipeError("E403", "the single reads are counted with the first pair, which minimap2 could not read")
    return total


@dataclass(frozen=True)
class SumCounts(MergeRule):
    """Adds the blocks' counts. :param write: makes the table of them."""

    write: Callable[[Counts], Iterator[bytes]]

    def merge(self, parts: Sequence[Path], target: BinaryIO) -> None:
        """Write the table of the parts' sums; of no part, nothing."""
        total = summed(parts)
        if total is not None:
            target.writelines(self.write(total))


def contig_table(counts: Counts) -> Iterator[bytes]:
    """The table of contigs; a row's cell is the contig's name."""
    yield CONTIG_ABUNDANCE.header
    rows = zip(
        counts.cells,
        _pairs(counts.reads, counts.lengths),
        counts.covered_bases(),
        counts.depths(),
        counts.per_million(),
        strict=True,
    )
    for name, (reads, length), covered, depth, tpm in rows:
        breadth = covered / length if length else 0.0
        yield CONTIG_ABUNDANCE.format(ContigAbundance(name, length, reads, covered, breadth, depth, tpm))


def gene_table(counts: Counts) -> Iterator[bytes]:
    """The table of genes; a row's cells are gene, contig, start, end and strand."""
    yield GENE_ABUNDANCE.header
    rows = zip(counts.cells, _pairs(counts.reads, counts.lengths), counts.depths(), counts.per_million(), strict=True)
    for cells, (reads, length), depth, tpm in rows:
        gene, contig, start, end, strand = cells.split("\t")
        row = GeneAbundance(gene, contig, int(start), int(end), strand, length, reads, depth, tpm)
        yield GENE_ABUNDANCE.format(row)


def taxon_table(counts: Counts) -> Iterator[bytes]:
    """The table of taxa; a row is a contig, its cells taxid, rank, taxon and lineage, empty for one placed nowhere."""
    yield TAXON_ABUNDANCE.header
    by_taxon: dict[str, list[int]] = {}
    for row, cells in enumerate(counts.cells):
        by_taxon.setdefault(cells, []).append(row)
    shares, found = counts.per_million(), []
    for cells, rows in by_taxon.items():
        taxid, rank, taxon, lineage = cells.split("\t")
        bases, reads, on = (int(column[rows].sum()) for column in (counts.lengths, counts.reads, counts.bases))
        tpm = math.fsum(shares[row] for row in rows)
        depth = on / bases if bases else 0.0
        found.append(TaxonAbundance(taxid, rank, taxon, lineage, len(rows), bases, reads, depth, tpm))
    for one in sorted(found, key=lambda one: (not one.lineage, -one.tpm, one.lineage)):
        yield TAXON_ABUNDANCE.format(one)


def taxa_counts(counts: Counts) -> Iterator[bytes]:
    """Reads by taxon in the form of all such tables; unclassified are those on contigs placed nowhere, and unmapped."""
    lineages: dict[str, int] = {}
    for cells, reads in zip(counts.cells, counts.reads, strict=True):
        lineage = cells.rpartition("\t")[2]
        lineages[lineage] = lineages.get(lineage, 0) + int(reads)
    unclassified = lineages.pop("", 0) + counts.unmapped
    yield taxa_table(
        {"lineages": {text: reads for text, reads in lineages.items() if reads}, "unclassified": unclassified}
    )


def _pairs(left: Ints, right: Ints) -> Iterator[tuple[int, int]]:
    return zip(map(int, left), map(int, right), strict=True)
