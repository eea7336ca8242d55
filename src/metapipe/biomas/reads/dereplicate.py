"""Count identical merged reads once; drop short, rare and, if asked, chimeric ones (vsearch)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from metapipe.biomas.reads.read_sizes import split_size, with_size
from metapipe.errors import MetapipeError
from metapipe.merging.numbered_reads import fastq_record
from metapipe.runner.declare.elements import Fastq, Output, WholeInput, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version

#: Upper case, U as T (vsearch takes them for the same letter), gaps as N (vsearch stops at them).
_UNIFORM = bytes.maketrans(b"acgtunryswkmbdhvU.-", b"ACGTTNRYSWKMBDHVTNN")

#: vsearch drops what is shorter than 32 or longer than 50,000 bases unless told otherwise.
_ANY_LENGTH = ("--minseqlength", "1", "--maxseqlength", "2000000000")

#: More reads than this have never been sequenced in one run; vsearch counts in 64 bits.
LARGEST_SIZE = 10**12


@dataclass(frozen=True)
class DereplicateOptions:
    """Options of :class:`Dereplicate`. Defaults: BioMaS's."""

    min_length: int = option(50, "Shortest read kept, in bases", minimum=1)
    min_size: int = option(1, "Fewest identical reads that are kept; 2 drops singletons", minimum=1)
    chimera_check: bool = option(False, "Drop sequences that look like two more abundant ones joined (uchime_denovo)")


class Unique(NamedTuple):
    """A distinct sequence.

    :param first: number of the first read that has it, 1-based.
    :param size: reads that have it.
    """

    first: int
    size: int
    sequence: bytes
    qualities: bytes


class Dereplicate(Stage):
    """Most abundant first; of equally abundant ones the alphabetically first sequence."""

    name = "dereplicate"
    summary = "Count identical reads once; drop short, rare and chimeric ones (vsearch)"
    example = "metapipe dereplicate --reads merged.fastq --min-size 2 --chimera-check --out-unique unique.fastq"
    records = Fastq("reads")
    outputs = {"unique": Output("fastq", "One read for each distinct sequence, named NAME;size=READS")}
    options = DereplicateOptions
    invariance = WholeInput()
    rate = 1e7
    memory_mb = 1024
    programs = {"vsearch": "vsearch"}
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write each distinct sequence once, as ``NAME;size=N`` with the name of its first read.

        :raises MetapipeError: E403 when vsearch did not count every read that it was given.
        """
        options = task.options
        reads, too_short = write_sized(task, options.min_length)
        distinct = uniques(task) if reads > too_short else []
        counted = sum(unique.size for unique in distinct)
        if counted != reads - too_short:
            raise MetapipeError("E403", expected=f"vsearch to count {reads - too_short} reads", found=str(counted))
        frequent = [unique for unique in distinct if unique.size >= options.min_size]
        kept = not_chimeric(task, frequent) if options.chimera_check and frequent else frequent
        wanted = dict.fromkeys(unique.first for unique in kept)
        names = {
            number: split_size(record.name)[0] for number, record in enumerate(task.records(), 1) if number in wanted
        }
        stream = task.output("unique")
        for unique, base in zip(kept, distinct_names(kept, names), strict=True):
            name = with_size(base, unique.size)
            stream.write(fastq_record(name, unique.sequence, unique.qualities))
        task.note("reads", reads)
        task.note("too_short", too_short)
        task.note("unique", len(distinct))
        task.note("rare", counts_between(distinct, frequent))
        task.note("chimeras", counts_between(frequent, kept))
        task.note("kept_unique", len(kept))
        task.note("kept_reads", sum(unique.size for unique in kept))

    def tool_versions(self) -> dict[str, str]:
        """The version of vsearch, as it prints it."""
        return {"vsearch": program_version("vsearch", "--version", after="vsearch v")}


def distinct_names(kept: Iterable[Unique], names: Mapping[int, str]) -> Iterator[str]:
    """Yield the name of each sequence: its first read's without size, made new where another sequence has it.

    ``r;size=2`` and ``r;size=3`` are two reads, and both ``r`` without their sizes.

    :param names: number of a first read → its name without size.
    """
    taken: set[str] = set()
    given = set(names.values())
    for unique in kept:
        name = names[unique.first]
        if name in taken:
            made = (f"{name}_{unique.first}{'x' * more}" for more in itertools.count())
            name = next(one for one in made if one not in taken and one not in given)
        taken.add(name)
        yield name


def write_sized(task: Task, min_length: int) -> tuple[int, int]:
    """Write the reads that are long enough to ``sized.fastq``, each named by its number and size.

    :returns: reads in all, reads too short; both count sizes.
    :raises MetapipeError: E120 for a size of 0 or beyond all reason.
    """
    reads = too_short = 0
    with (task.scratch / "sized.fastq").open("wb") as file:
        for number, record in enumerate(task.records(), 1):
            size = split_size(record.name)[1]
            if not 1 <= size <= LARGEST_SIZE:
                raise MetapipeError(
                    "E120",
                    file=task.labels["reads"],
                    line=4 * record.index + 1,
                    expected=f";size= of 1 to {LARGEST_SIZE}",
                    found=record.name,
                )
            reads += size
            if len(record.sequence) < min_length:
                too_short += size
                continue
            file.write(
                fastq_record(with_size(str(number), size), record.sequence.translate(_UNIFORM), record.qualities)
            )
    return reads, too_short


def uniques(task: Task) -> list[Unique]:
    """Dereplicate ``sized.fastq``; return the distinct sequences in the stage's order.

    The quality of a base is the best that any of the identical reads gives it: several reads that agree are no worse
    than the best of them, and the mean (vsearch's default) would depend on the order of the reads by rounding.
    vsearch breaks ties by name, that is by the order of the reads; here the sequence does.
    """
    written = task.scratch / "uniques.fastq"
    task.launch(
        [
            *("vsearch", "--fastx_uniques", task.scratch / "sized.fastq", "--fastqout", written),
            *("--sizein", "--sizeout", "--fastq_qout_max", "--fastq_ascii", "33"),
            *("--fastq_qmax", "93", "--fastq_qmaxout", "93", *_ANY_LENGTH, "--threads", "1"),
        ],
        finished="Writing FASTQ output file",
    )
    return [
        unique
        for _, equals in groupby(read_uniques(written), key=lambda unique: unique.size)
        for unique in sorted(equals, key=lambda unique: unique.sequence)
    ]


def read_uniques(path: Path) -> Iterator[Unique]:
    """Yield what vsearch wrote, most abundant first."""
    with path.open("rb") as file:
        for header in file:
            sequence, _, qualities = (next(file).rstrip(b"\n") for _ in range(3))
            number, size = split_size(header[1:].decode().rstrip("\n"))
            yield Unique(int(number), size, sequence, qualities)


def not_chimeric(task: Task, found: list[Unique]) -> list[Unique]:
    """Return those that vsearch's uchime_denovo (Edgar et al. 2011) does not call chimeric.

    Its limits stay at their defaults: a parent is at least twice as abundant (``--abskew 2``). Borderline ones stay.
    """
    with (task.scratch / "uniques.fasta").open("wb") as file:
        for rank, unique in enumerate(found):
            file.write(b">%010d;size=%d\n%b\n" % (rank, unique.size, unique.sequence))
    called = task.scratch / "chimeras.fasta"
    task.launch(
        [
            *("vsearch", "--uchime_denovo", task.scratch / "uniques.fasta", "--chimeras", called),
            *("--sizein", "--abskew", "2", "--fasta_width", "0", "--qmask", "none"),
            *("--threads", "1"),
        ],
        finished="chimeras",
    )
    chimeric = {int(line[1:].split(b";")[0]) for line in called.read_bytes().splitlines() if line.startswith(b">")}
    return [unique for rank, unique in enumerate(found) if rank not in chimeric]


def counts_between(before: list[Unique], after: list[Unique]) -> dict[str, int]:
    """Return how many sequences were dropped and the reads they stand for."""
    reads = sum(unique.size for unique in before) - sum(unique.size for unique in after)
    return {"unique": len(before) - len(after), "reads": reads}
