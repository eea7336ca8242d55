"""What mapping single reads and mapping pairs have in common: the stage but for its records, batches, rows, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from metapipe.biomas.reads.read_sizes import split_size
from metapipe.biomas.search.bowtie2 import END_TO_END, LOCAL, prepare_index
from metapipe.biomas.search.bowtie2_search import bowtie2_search
from metapipe.biomas.search.exact_search import ExactSearch
from metapipe.biomas.search.identity_tiers import share
from metapipe.biomas.search.reference_text import FASTA, read_reference_text, write_reference_text
from metapipe.biomas.tables import MATCH_TABLE, MatchRow
from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Database, Exact, Record, RefDB, bytes_of, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version

EXACT, BOWTIE2, BOTH = "exact", "bowtie2", "both"
#: Letters a second on one core. The exact search's are those against few references: 292 bases took 0.74 ms
#: against 40 MB of references and 4.0 ms against 770 MB, where it has more near relatives to be placed on. Bowtie 2.5.0
#: with 100 alignments a read: 292 bases took 25.5 ms end to end and 58.2 ms locally, against 26,877 references and also
#: against 2,700; 7.7 and 34.4 ms against 199.
RATES = {EXACT: 520_000.0, BOTH: 3_500.0, END_TO_END: 11_400.0, LOCAL: 5_000.0}
#: Bytes of references with which the exact search is half as fast.
HALF_AS_FAST = 125e6
#: Seconds for starting Bowtie 2 twice on an index of 27,000 references (66 MB, mapped into memory).
FIXED_COST = 0.3
#: Seconds to look through a byte of the references, which the exact search does once for each of its batches.
SECONDS_PER_BYTE = 8e-8
#: Reads at a time. With Bowtie 2 each leaves up to 60 kB of SAM in the scratch folder for as long as its batch takes.
READS_IN_A_BATCH = {EXACT: 32_768, BOWTIE2: 10_000}


@dataclass(frozen=True)
class MappingOptions:
    """Options of both mapping stages."""

    engine: str = option(
        EXACT,
        "How references are found: exact (whole reads; all references of the best identity) or bowtie2 (BioMaS's own)",
        choices=(EXACT, BOWTIE2),
    )
    min_identity: float = option(
        90.0,
        "exact: lowest identity of a read, and of each mate of a pair, in per cent",
        minimum=88,
        maximum=100,
    )
    best_margin: float = option(
        0.0,
        "exact: tell references at most this many points of identity below the best, too; "
        "filter_matches can keep no more than is told",
        minimum=0,
        maximum=12,
    )
    search: str = option(
        BOTH,
        "bowtie2: align whole reads (end-to-end), parts of them (local), or both ways",
        choices=(BOTH, END_TO_END, LOCAL),
    )


class Read(NamedTuple):
    """A single read, or a pair, on its way to the search.

    :param name: as the user knows it, of a pair without the mate's suffix. :param size: reads it stands for.
    :param mates: bases and qualities of each, as in the file.
    """

    name: str
    size: int
    mates: tuple[tuple[bytes, bytes], ...]


#: Gives the cell ``matches`` of each read of a batch, and how many matches it tells.
Search = Callable[[Sequence[Read]], Iterable[tuple[bytes, int]]]


def read_of(name: str, mates: Sequence[Record], file: str) -> Read:
    """Return the read of a record, or of two mates.

    :raises MetapipeError: E120 when its name says that it stands for no read at all.
    """
    size = split_size(name)[1]
    if size < 1:
        raise MetapipeError("E120", file=file, line=4 * mates[0].index + 1, expected=";size= of at least 1", found=name)
    return Read(name, size, tuple((mate.sequence, mate.qualities) for mate in mates))


def search_of(task: Task) -> Search:
    """Return the search that the task's options name."""
    options = task.options
    if options.engine == BOWTIE2:
        searches = (END_TO_END, LOCAL) if options.search == BOTH else (options.search,)
        return lambda batch: bowtie2_search(task, searches, [read.mates for read in batch])
    exact = ExactSearch(read_reference_text(task.shared), share(options.min_identity), share(options.best_margin))
    return lambda batch: exact.search([[bases for bases, _ in read.mates] for read in batch])


def map_reads(task: Task, reads: Iterable[Read]) -> None:
    """Write the block's ``matches`` and leave its counts."""
    output, counts = (
        task.output("matches"),
        Counter(records=0, reads=0, matched_records=0, matched_reads=0, alignments=0),
    )
    output.write(MATCH_TABLE.header)
    search = search_of(task)
    for batch in _batches(reads, READS_IN_A_BATCH[task.options.engine]):
        for read, (matches, told) in zip(batch, search(batch), strict=True):
            output.write(_row(read, matches))
            counts.update(records=1, reads=read.size, alignments=told)
            if told:
                counts.update(matched_records=1, matched_reads=read.size)
    for key, count in counts.items():
        task.note(key, count)


def _batches(reads: Iterable[Read], size: int) -> Iterator[list[Read]]:
    following = iter(reads)
    while batch := list(islice(following, size)):
        yield batch


def _row(read: Read, matches: bytes) -> bytes:
    lengths = [len(sequence) for sequence, _ in read.mates] + [0]
    return MATCH_TABLE.format(MatchRow(read.name, read.size, lengths[0], lengths[1], matches.decode()))


class MappingStage(Stage):
    """What both stages declare and do alike."""

    databases = {"amplicon": RefDB(kind="amplicon", help="reference sequences with their taxonomy")}
    options = MappingOptions
    invariance = Exact()
    version = "2"
    rate = RATES[EXACT]
    fixed_cost = FIXED_COST
    memory_mb = 1024
    empty_ok = True

    def rate_for(self, databases: Mapping[str, Database], options: MappingOptions) -> float:
        """Letters a second on one core; Bowtie 2's were measured for each way to search."""
        if options.engine == BOWTIE2:
            return RATES[options.search]
        return RATES[EXACT] / (1 + (bytes_of(databases, "amplicon", FASTA) or 0) / HALF_AS_FAST)

    def fixed_cost_for(self, databases: Mapping[str, Database], options: MappingOptions) -> float:
        """Seconds a block costs whatever its size: the exact search looks through the references."""
        if options.engine == BOWTIE2:
            return FIXED_COST
        return FIXED_COST + SECONDS_PER_BYTE * (bytes_of(databases, "amplicon", FASTA) or 0)

    def prepare(self, task: Task, folder: Path) -> None:
        """Leave what all blocks search in: the references as one text, or an index where the database has none.

        :raises MetapipeError: E206 for a database without references; E301, E401 when Bowtie 2 cannot index them.
        """
        database = task.databases["amplicon"].path
        if task.options.engine == EXACT:
            write_reference_text(database, folder)
        else:
            prepare_index(task, database, folder)

    def tool_versions(self) -> dict[str, str]:
        """The versions of both engines, of Bowtie 2 where it is installed."""
        bowtie2 = program_version("bowtie2", "--version", after="version ")
        return {"edlib": version("edlib")} | ({"bowtie2": bowtie2} if bowtie2 else {})
