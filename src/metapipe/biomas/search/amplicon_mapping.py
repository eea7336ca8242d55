"""What mapping single reads and mapping pairs have in common: batches, both searches, rows, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from metapipe.biomas.reads.numbered_reads import fastq_record
from metapipe.biomas.reads.read_sizes import split_size
from metapipe.biomas.search.bowtie2 import END_TO_END, LOCAL, align, as_searched, name_of
from metapipe.biomas.search.sam_matches import Alignments, combine, format_matches, read_alignments
from metapipe.biomas.tables import MATCH_TABLE, MatchRow
from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Record, option
from metapipe.runner.declare.stage import Task

BOTH = "both"
#: Letters a second on one core, with 100 alignments a read: 292 bases took Bowtie 2.5.0 25.5 ms end to end and 58.2 ms
#: locally, against 26,877 references and also against 2,700; 7.7 and 34.4 ms against 199.
RATES = {BOTH: 3_500.0, END_TO_END: 11_400.0, LOCAL: 5_000.0}
#: Seconds for starting it twice on an index of 27,000 references (66 MB, mapped into memory).
FIXED_COST = 0.3
#: Reads at a time: each leaves up to 60 kB of SAM in the scratch folder for as long as its batch takes.
READS_IN_A_BATCH = 10_000


@dataclass(frozen=True)
class MappingOptions:
    """Options of both mapping stages."""

    search: str = option(
        BOTH, "Align whole reads (end-to-end), parts of them (local), or both ways", choices=(BOTH, END_TO_END, LOCAL)
    )


class Read(NamedTuple):
    """A single read, or a pair, on its way to Bowtie 2.

    :param name: as the user knows it, of a pair without the mate's suffix. :param size: reads it stands for.
    :param mates: bases and qualities of each, as in the file.
    """

    name: str
    size: int
    mates: tuple[tuple[bytes, bytes], ...]


def read_of(name: str, mates: Sequence[Record], file: str) -> Read:
    """Return the read of a record, or of two mates.

    :raises MetapipeError: E120 when its name says that it stands for no read at all.
    """
    size = split_size(name)[1]
    if size < 1:
        raise MetapipeError("E120", file=file, line=4 * mates[0].index + 1, expected=";size= of at least 1", found=name)
    return Read(name, size, tuple((mate.sequence, mate.qualities) for mate in mates))


def map_reads(task: Task, reads: Iterable[Read], mates: int) -> None:
    """Write the block's ``matches`` and leave its counts."""
    output, counts = (
        task.output("matches"),
        Counter(records=0, reads=0, matched_records=0, matched_reads=0, alignments=0),
    )
    output.write(MATCH_TABLE.header)
    searches = (END_TO_END, LOCAL) if task.options.search == BOTH else (task.options.search,)
    following = iter(reads)
    while batch := list(islice(following, READS_IN_A_BATCH)):
        for read, alignments in zip(batch, _search(task, batch, mates, searches), strict=True):
            output.write(_row(read, alignments))
            counts.update(records=1, reads=read.size, alignments=sum(map(len, alignments.values())))
            if alignments:
                counts.update(matched_records=1, matched_reads=read.size)
    for key, count in counts.items():
        task.note(key, count)


def _search(task: Task, batch: Sequence[Read], mates: int, searches: Sequence[str]) -> Iterator[Alignments]:
    files = [task.scratch / f"{mate}.fastq" for mate in range(1, mates + 1)]
    names = write_batch(batch, files)
    with ExitStack() as stack:
        found = []
        for search in searches:
            rows = task.scratch / f"{search}.sam"
            align(task, search, files, len(batch), rows)
            found.append(read_alignments(stack.enter_context(rows.open("rb")), names, mates))
        yield from combine(found)


def write_batch(batch: Iterable[Read], files: Sequence[Path]) -> list[bytes]:
    """Write the reads as Bowtie 2 is to see them, a file a mate; return their names."""
    names = []
    with ExitStack() as stack:
        streams = [stack.enter_context(path.open("wb")) for path in files]
        for read in batch:
            seen = [as_searched(*mate) for mate in read.mates]
            name = name_of(seen)
            names.append(name)
            for stream, mate in zip(streams, seen, strict=True):
                stream.write(fastq_record(name.decode(), *mate))
    return names


def _row(read: Read, alignments: Alignments) -> bytes:
    lengths = [len(sequence) for sequence, _ in read.mates] + [0]
    matches = format_matches(alignments).decode()
    return MATCH_TABLE.format(MatchRow(read.name, read.size, lengths[0], lengths[1], matches))
