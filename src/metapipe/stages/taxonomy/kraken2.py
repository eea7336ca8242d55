"""Kraken 2 on translated reads: its command line and what it says of a read (:mod:`metapipe.taxa.word_index`)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place, split_row, whole
from metapipe.runner.declare.elements import Record
from metapipe.runner.declare.stage import Task
from metapipe.stages.taxonomy.translated_search import SHORTEST, as_dna
from metapipe.taxa.ancestry import Ancestry
from metapipe.taxa.word_index import FOLDER, build_command, is_indexed, keep_index, write_sources

PROGRAM = "kraken2"
#: What it says when it has seen every read.
FINISHED = "sequences classified"
COLUMNS = ("status", "read", "taxon", "length", "words")
#: Letters in place of a mate that is too short to be searched: Kraken 2 finds no word in them.
_NOTHING = b"N" * SHORTEST
#: The record behind all others.
_LAST = b">0\n%s\n" % _NOTHING
#: How a line begins that places no read.
_UNPLACED = b"U\t"
#: A taxon, and words in a row that are of it; 0 stands for none, ``|:|`` and ``-:-`` between mates and frames.
_WORD = re.compile(r"\b([1-9][0-9]*):([0-9]+)")


@dataclass(frozen=True, slots=True)
class Words:
    """What Kraken 2 says of a read or pair that it could place.

    :param taxon: number in the taxonomy. :param supporting: words of this taxon and of those below it.
    :param taxa: how many taxa the read has words of.
    """

    taxon: int
    supporting: int
    taxa: int


def index_of(database: Path, shared: Path) -> Path:
    """Return the database's own index, or the one that :func:`prepare_index` left."""
    return (database if is_indexed(database / FOLDER) else shared) / FOLDER


def prepare_index(task: Task, database: Path, ancestry: Ancestry, folder: Path) -> None:
    """Index the proteins of a database that brings no index, for all blocks of a run.

    :raises MetapipeError: E301 without Kraken 2, E401 when it fails, E206 for a protein without a taxid.
    """
    if is_indexed(database / FOLDER):
        return
    work = task.scratch / "index"
    write_sources(database / "proteins.fasta", ancestry, work)
    task.launch(build_command(work))
    keep_index(work, folder / FOLDER)


def threads(task: Task) -> int:
    """Threads for Kraken 2, which refuses to run on more than OpenMP offers: cores, or what the environment says."""
    said = (os.environ.get(name, "") for name in ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT"))
    limits = [int(text.partition(",")[0]) for text in said if text.partition(",")[0].isdigit()]
    return max(1, min(task.threads, len(os.sched_getaffinity(0)), *limits))


def write_reads(groups: Iterable[Sequence[Record]], paths: Sequence[Path]) -> int:
    """Write the reads, or the mates of each pair, to a file each, named by their number; return how many were written.

    Left out are those of which no sequence is long enough to be searched. Behind them stands one of no letter known:
    of pairs, Kraken 2 (2.1.2) takes the last sequence of a FASTA file twice, one behind the other.
    """
    written = 0
    files = [path.open("wb") for path in paths]
    for number, group in enumerate(groups):
        if all(len(record.sequence) < SHORTEST for record in group):
            continue
        written += 1
        for file, record in zip(files, group, strict=True):
            letters = as_dna(record.sequence) if len(record.sequence) >= SHORTEST else _NOTHING
            file.write(b">%d\n%s\n" % (number, letters))
    for file in files:
        file.write(_LAST)
        file.close()
    return written


def command(task: Task, index: Path, reads: Sequence[Path], table: Path) -> list[str | Path]:
    """Return Kraken 2's command line."""
    paired = ["--paired"] if len(reads) == 2 else []
    confidence = repr(task.options.confidence)
    words: list[str | Path] = [PROGRAM, "--db", index, "--threads", str(threads(task)), "--confidence", confidence]
    return [*words, *paired, "--output", table, *reads]


def words_of_reads(table: Path, count: int, ancestry: Ancestry) -> Iterator[tuple[int, Words]]:
    """Read Kraken 2's table: number of each read or pair that it placed, and what it found.

    :raises MetapipeError: E403 for a line that is none of Kraken 2's, or when it did not speak of ``count`` reads, and
        of the record behind them.
    """
    lines = 0
    with table.open("rb") as rows:
        for lines, line in enumerate(rows, 1):
            if line.startswith(_UNPLACED):
                continue
            place = Place(table.name, lines)
            try:
                _, read, taxon, _, words = split_row(line.rstrip(b"\n"), COLUMNS, place)
                number, given = whole(read, "read", place), whole(taxon, "taxon", place)
            except MetapipeError as error:
                raise MetapipeError("E403", f"Kraken 2 wrote a line that is none of its own: {error}") from error
            below = range(given, ancestry.ends[given - 1] + 1)
            found = [(int(of), int(many)) for of, many in _WORD.findall(words)]
            supporting = sum(many for of, many in found if of in below)
            yield number, Words(given - 1, supporting, len({of for of, _ in found}))
    if lines != count + 1:
        raise MetapipeError("E403", expected=f"Kraken 2 to classify {count} reads", found=str(lines - 1))
