"""Bowtie 2 as the engine of a search: batches as files, both ways to search, and what is left of their alignments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from metapipe.biomas.search.bowtie2 import align, as_searched, name_of
from metapipe.biomas.search.sam_matches import combine, format_matches, read_alignments
from metapipe.merging.numbered_reads import fastq_record
from metapipe.runner.declare.stage import Task

#: Bases and qualities of a read, or of both mates of a pair, as in the file.
Mates = tuple[tuple[bytes, bytes], ...]


def bowtie2_search(task: Task, searches: Sequence[str], batch: Sequence[Mates]) -> Iterator[tuple[bytes, int]]:
    """Yield the cell ``matches`` of each read or pair, and how many matches it tells.

    :param searches: the ways to search; of several the best alignments of each are told.
    """
    mates = len(batch[0])
    files = [task.scratch / f"{mate}.fastq" for mate in range(1, mates + 1)]
    names = write_batch(batch, files)
    with ExitStack() as stack:
        found = []
        for search in searches:
            rows = task.scratch / f"{search}.sam"
            align(task, search, files, len(batch), rows)
            found.append(read_alignments(stack.enter_context(rows.open("rb")), names, mates))
        for alignments in combine(found):
            yield format_matches(alignments), sum(map(len, alignments.values()))


def write_batch(batch: Iterable[Mates], files: Sequence[Path]) -> list[bytes]:
    """Write the reads as Bowtie 2 is to see them, a file a mate; return their names."""
    names = []
    with ExitStack() as stack:
        streams = [stack.enter_context(path.open("wb")) for path in files]
        for read in batch:
            seen = [as_searched(*mate) for mate in read]
            name = name_of(seen)
            names.append(name)
            for stream, mate in zip(streams, seen, strict=True):
                stream.write(fastq_record(name.decode(), *mate))
    return names
