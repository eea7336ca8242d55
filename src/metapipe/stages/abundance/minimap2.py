"""minimap2 (Li 2018, Bioinformatics 34:3094): its index, its command line, and how one knows that it saw every read.

Every read is mapped for itself, mates too: where the other mate lies is looked at afterwards (:mod:`.places`), by a
rule of ours that needs no estimate over a batch of reads. ``--no-hash-name`` keeps names out of its choices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.declare.stage import Task

PROGRAM = "minimap2"
INDEX = "contigs.mmi"
#: Its last line on standard error.
FINISHED = "[M::main] Real time"
#: Short reads; base by base; all places that score almost as well as the best (ties are what is wanted), up to 100.
SEARCH = ("-x", "sr", "-c", "--secondary=yes", "-p", "0.9", "-N", "100", "--no-hash-name", "--paf-no-hit")
#: More bases than there are: an index in pieces would give each read's places in pieces, too.
ONE_PIECE = ("-I", "1000G")

_SEEN = re.compile(rb"mapped (\d+) sequences")
#: minimap2 leaves a read without bases out of its answer.
_NO_BASES = b"N"


def make_index(task: Task, fasta: Path, folder: Path) -> None:
    """Index the contigs for all blocks. :raises MetapipeError: E401, E403."""
    threads = str(min(task.threads, 3))  # it uses no more to index
    task.launch([PROGRAM, "-x", "sr", *ONE_PIECE, "-t", threads, "-d", folder / INDEX, fasta], finished=FINISHED)


def align(task: Task, reads: Path, count: int, target: Path) -> None:
    """Map reads; write a row of PAF or more for each to ``target``, in their order.

    :param reads: FASTA. :param count: how many.
    :raises MetapipeError: E401 when minimap2 fails, E403 when it did not come to its end or did not see every read.
    """
    index = task.shared / INDEX
    done = task.launch([PROGRAM, *SEARCH, "-t", str(task.threads), index, reads], stdout=target, finished=FINISHED)
    seen = sum(map(int, _SEEN.findall(done.stderr)))
    if seen != count:
        raise MetapipeError("E403", expected=f"minimap2 to map {count} reads", found=str(seen))


def write_reads(reads: Iterable[bytes], target: Path) -> int:
    """Write reads as FASTA under their numbers, from 0; return how many."""
    count = 0
    with target.open("wb") as file:
        for count, bases in enumerate(reads, 1):
            file.write(b">%d\n%b\n" % (count - 1, bases or _NO_BASES))
    return count
