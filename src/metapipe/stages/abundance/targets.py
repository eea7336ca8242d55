"""What reads are mapped to: contigs by number, with their genes and lineages, prepared once for all blocks of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.formats.called_bases import called_bases
from metapipe.formats.genes import read_genes
from metapipe.formats.table_rows import Place, check_header
from metapipe.runner.blocks.stream import whole_chunks
from metapipe.runner.declare.elements import Record
from metapipe.runner.declare.records import READERS
from metapipe.runner.declare.stage import Task
from metapipe.runner.scan.scan import scan_file
from metapipe.stages.abundance.coverage import Ints, offsets_of
from metapipe.taxa.rows import CONTIG_TAXA

_FILE = "targets.npz"


@dataclass(frozen=True, eq=False)
class Targets:
    """C contigs, G genes on them.

    :param contigs: names, C. :param lengths: bases, shape (C,). :param offsets: where each begins on the line of
        :mod:`.coverage`.
    :param genes: cells of each gene's row, G. :param gene_starts, gene_ends: on the line, shape (G,).
    :param lineages: taxid, rank, taxon and lineage of each contig, joined by tabs; none where no lineages were given.
    """

    contigs: list[str]
    lengths: Ints
    offsets: Ints
    genes: list[str]
    gene_starts: Ints
    gene_ends: Ints
    lineages: list[str]

    def save(self, folder: Path) -> None:
        """Leave all of it in a folder."""
        np.savez(
            folder / _FILE,
            contigs=_packed(self.contigs),
            genes=_packed(self.genes),
            lineages=_packed(self.lineages),
            lengths=self.lengths,
            gene_starts=self.gene_starts,
            gene_ends=self.gene_ends,
        )

    @classmethod
    def load(cls, folder: Path) -> Targets:
        """Read what :meth:`save` has left."""
        with np.load(folder / _FILE) as saved:
            return cls(
                contigs=_unpacked(saved["contigs"]),
                lengths=saved["lengths"],
                offsets=offsets_of(saved["lengths"]),
                genes=_unpacked(saved["genes"]),
                gene_starts=saved["gene_starts"],
                gene_ends=saved["gene_ends"],
                lineages=_unpacked(saved["lineages"]),
            )


def _packed(rows: list[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("".join(f"{row}\n" for row in rows).encode(), dtype=np.uint8)


def _unpacked(text: npt.NDArray[np.uint8]) -> list[str]:
    return text.tobytes().decode().split("\n")[:-1]


def read_targets(task: Task, numbered: Path) -> Targets:
    """Read contigs, genes and lineages; write the contigs as FASTA, their numbers for names.

    :raises MetapipeError: E101 and others for what is no FASTA of DNA, E107 for a contig given twice, E111 for a
        malformed GFF3 or table, E112 for genes or lineages of other contigs.
    """
    lengths: dict[str, int] = {}
    label = task.labels["contigs"]
    scan_file(task.side["contigs"], label, "fasta", alphabet="dna")
    with numbered.open("wb") as copy:
        for record in side_records(task.side["contigs"], label, "fasta"):
            if record.name in lengths:
                raise MetapipeError("E107", "each contig once", file=label, found=record.name)
            copy.write(b">%d\n%b\n" % (len(lengths), called_bases(record.sequence)))
            lengths[record.name] = len(record.sequence)
    numbers = {name: number for number, name in enumerate(lengths)}
    sizes = np.array(list(lengths.values()), dtype=np.int64)
    offsets = offsets_of(sizes)
    cells, starts, ends = [], [], []
    for contig, start, end, row in _genes(task, lengths):
        cells.append(row)
        starts.append(int(offsets[numbers[contig]]) + start - 1)
        ends.append(int(offsets[numbers[contig]]) + end)
    return Targets(
        contigs=list(lengths),
        lengths=sizes,
        offsets=offsets,
        genes=cells,
        gene_starts=np.array(starts, dtype=np.int64),
        gene_ends=np.array(ends, dtype=np.int64),
        lineages=list(_lineages(task, lengths)),
    )


def side_records(path: Path, label: str, form: str) -> Iterator[Record]:
    """Yield the records of a whole file that was scanned, plain or gzip."""
    with path.open("rb") as source:
        yield from READERS[form](whole_chunks(source, path, label), 0)


def _genes(task: Task, lengths: Mapping[str, int]) -> Iterator[tuple[str, int, int, str]]:
    """Contig, start, end (1-based) and the cells of the row of each gene."""
    if "genes" not in task.side:
        return
    label = task.labels["genes"]
    for contig, genes in read_genes(task.side["genes"], label=label).items():
        for gene in genes:
            if gene.end > lengths.get(contig, 0):
                expected = f"genes on the contigs of {task.labels['contigs']}"
                raise MetapipeError("E112", file=label, expected=expected, found=f"{gene.id} up to {gene.end}")
            strand = "+" if gene.strand == 1 else "-"
            yield contig, gene.start, gene.end, f"{gene.id}\t{contig}\t{gene.start}\t{gene.end}\t{strand}"


def _lineages(task: Task, lengths: Mapping[str, int]) -> Iterator[str]:
    """The cells of each contig's lineage, in the order of the contigs."""
    if "contig-taxonomy" not in task.side:
        return
    label, waiting, number = task.labels["contig-taxonomy"], iter(lengths.items()), 1
    with task.side["contig-taxonomy"].open("rb") as lines:
        check_header(lines.readline(), CONTIG_TAXA.columns, Place(label, 1))
        for number, line in enumerate(lines, 2):
            row = CONTIG_TAXA.parse(line, Place(label, number))
            name, length = next(waiting, ("", 0))
            if (row.contig, row.length) != (name, length):
                expected = f"{name} of {length} bases, the next of {task.labels['contigs']}" if name else "no more rows"
                found = f"{row.contig} of {row.length}"
                raise MetapipeError("E112", file=label, line=number, expected=expected, found=found)
            yield f"{row.taxid}\t{row.rank}\t{row.taxon}\t{row.lineage}"
    if (left := next(waiting, None)) is not None:
        expected = f"a row for each contig of {task.labels['contigs']}"
        raise MetapipeError("E112", file=label, line=number, expected=expected, found=f"none for {left[0]}")
