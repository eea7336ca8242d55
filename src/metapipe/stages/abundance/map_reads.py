"""Stage ``map_reads``: reads mapped back to contigs, and how much of each contig, gene and taxon that is."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np

from metapipe.formats.called_bases import called_bases
from metapipe.runner.declare.elements import PER_NODE, FastqPairs, MapReduce, Output, SideFile, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version
from metapipe.runner.scan.scan import scan_file
from metapipe.stages.abundance.counts import (
    NOTHING,
    Counts,
    SumCounts,
    contig_table,
    gene_table,
    taxa_counts,
    taxon_table,
)
from metapipe.stages.abundance.coverage import Coverage, Stretches
from metapipe.stages.abundance.minimap2 import PROGRAM, align, make_index, write_reads
from metapipe.stages.abundance.places import choose, read_places
from metapipe.stages.abundance.targets import Targets, read_targets, side_records

#: Pairs or single reads at a time: their alignments are a file of about 200 bytes for each read.
BATCH = 500_000


class Fragment(NamedTuple):
    """A pair, or a single read. :param number: in its file, from 0. :param mates: bases of each."""

    number: int
    name: str
    mates: tuple[bytes, ...]


@dataclass(frozen=True)
class MapReadsOptions:
    """Options of :class:`MapReads`."""

    min_identity: float = option(
        95.0, "Lowest identity of a read with a contig, in per cent", minimum=0, maximum=100, per_cent=True
    )
    min_aligned: float = option(
        50.0,
        "Least part of a read that must lie on the contig, in per cent; the rest may hang over its end",
        minimum=0,
        maximum=100,
        per_cent=True,
    )


class MapReads(Stage):
    """Reads count once, at their best place; of equally good ones at one chosen by the read's name (:mod:`.places`)."""

    name = "map_reads"
    summary = "Map reads back to contigs, and say how much of each contig, gene and taxon there is (minimap2)"
    example = (
        "metapipe map_reads --reads-1 r1.fastq.gz --reads-2 r2.fastq.gz --contigs contigs.fasta --outdir abundance"
    )
    records = FastqPairs(or_single=True)
    side = {
        "contigs": SideFile("fasta", "contigs that the reads are mapped to"),
        "single": SideFile("fastq", "single reads beside the pairs, e.g. those whose mate was dropped", optional=True),
        "genes": SideFile("gff3", "genes of the contigs (predict_genes)", optional=True),
        "contig-taxonomy": SideFile("tabular", "taxa of the contigs (contig_taxonomy)", optional=True),
    }
    outputs = {
        "by-contig": Output(
            "tabular", "a contig a row, in the order given", SumCounts(contig_table), label="Contig abundance"
        ),
        "by-gene": Output(
            "tabular", "a gene a row, in the order of the GFF3", SumCounts(gene_table), label="Gene abundance"
        ),
        "by-taxon": Output(
            "tabular", "a taxon that contigs belong to a row", SumCounts(taxon_table), label="Taxon abundance"
        ),
        "taxa": Output(
            "tabular", "reads by taxon, directly and in total, from the root down", SumCounts(taxa_counts), label="Taxa"
        ),
    }
    options = MapReadsOptions
    invariance = MapReduce()
    threads = PER_NODE
    rate = 5e6
    fixed_cost = 0.2
    memory_mb = 2048
    programs = {PROGRAM: "minimap2"}
    empty_ok = True

    def prepare(self, task: Task, folder: Path) -> None:
        """Index the contigs, and read what is known of them.

        :raises MetapipeError: E101 and others for contigs that are no FASTA, E102 to E105 for single reads that are no
            FASTQ, E111 and E112 for genes or lineages that are malformed or of other contigs, E401 or E403 of minimap2.
        """
        if "single" in task.side:
            scan_file(task.side["single"], task.labels["single"], "fastq")
        fasta = task.scratch / "contigs.fasta"
        targets = read_targets(task, fasta)
        targets.save(folder)
        make_index(task, fasta, folder)

    def setup(self, task: Task) -> Targets:
        """Read what :meth:`prepare` has left."""
        return Targets.load(task.shared)

    def run(self, task: Task, state: Targets) -> None:
        """Map the reads of the block and leave its counts.

        :param state: what reads are mapped to.
        """
        mapped = _Mapped(task, state)
        # Single reads belong to no block: the one with the first pair counts them, too, or the only one without a pair.
        with_single = task.totals.records == 0
        for batch in _batches(_fragments(task)):
            with_single |= batch[0].number == 0
            mapped.add(batch)
        with_single &= "single" in task.side
        if with_single:
            single = side_records(task.side["single"], task.labels["single"], "fastq")
            for batch in _batches(Fragment(read.index, read.name, (read.sequence,)) for read in single):
                mapped.add(batch)
        mapped.write(int("single" in task.side), int(with_single))

    def tool_versions(self) -> dict[str, str]:
        """The version of minimap2, as it prints it."""
        return {PROGRAM: program_version(PROGRAM, "--version")}


class _Mapped:
    """The reads of a block, counted."""

    def __init__(self, task: Task, targets: Targets) -> None:
        self._task, self._targets = task, targets
        self._coverage = Coverage(targets.offsets, targets.lengths, (targets.gene_starts, targets.gene_ends))
        self._counts = Counter[str](reads=0, mapped_reads=0, unmapped_reads=0, reads_of_several_places=0)

    def add(self, batch: Sequence[Fragment]) -> None:
        """Map reads, and count each at its place.

        :raises MetapipeError: E401 or E403 when minimap2 fails.
        """
        reads, rows = self._task.scratch / "reads.fasta", self._task.scratch / "places.paf"
        count = write_reads((called_bases(bases) for fragment in batch for bases in fragment.mates), reads)
        align(self._task, reads, count, rows)
        options = self._task.options
        starts, ends = array("q"), array("q")
        with rows.open("rb") as lines:
            places = read_places(lines, options.min_identity / 100, options.min_aligned / 100, count)
            for fragment in batch:
                mates = [next(places) for _ in fragment.mates]
                self._counts["reads_of_several_places"] += sum(len(mate) > 1 for mate in mates)
                for place in choose(mates, crc32(fragment.name.encode())):
                    if place is not None:
                        offset = int(self._targets.offsets[place.contig])
                        starts.append(offset + place.start)
                        ends.append(offset + place.end)
        self._counts.update(reads=count, mapped_reads=len(starts), unmapped_reads=count - len(starts))
        self._coverage.add(np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64))

    def write(self, due: int, done: int) -> None:
        """Leave the counts. :param due: 1 where there are single reads; :param done: 1 where they are among these."""
        targets, task, covered = self._targets, self._task, self._coverage.covered
        rest = (covered, self._counts["unmapped_reads"], (due, done))
        contigs, genes = self._coverage.contigs, self._coverage.genes
        lineages = targets.lineages
        Counts.on(targets.contigs, contigs, *rest).write(task.output("by-contig"))
        Counts.on(targets.genes, genes, *rest).write(task.output("by-gene"))
        placed = contigs if lineages else Stretches.of(NOTHING, NOTHING)
        for name in ("by-taxon", "taxa"):
            Counts.on(lineages, placed, *rest).write(task.output(name))
        for key, number in self._counts.items():
            task.note(key, number)


def _fragments(task: Task) -> Iterator[Fragment]:
    if task.paired:
        for first, second in task.pairs():
            yield Fragment(first.index, task.pair_name(first), (first.sequence, second.sequence))
    else:
        for read in task.records():
            yield Fragment(read.index, read.name, (read.sequence,))


def _batches(fragments: Iterable[Fragment]) -> Iterator[list[Fragment]]:
    following = iter(fragments)
    while batch := list(islice(following, BATCH)):
        yield batch
