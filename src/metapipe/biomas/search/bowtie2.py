"""Bowtie 2: its index and its command line, the reads it is given, and how one knows that it came to its end."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from metapipe.biomas.search.reference_text import FASTA
from metapipe.errors import MetapipeError
from metapipe.formats.called_bases import called_bases
from metapipe.runner.declare.elements import Completed
from metapipe.runner.declare.stage import Task

#: Base name of the index in a database of kind ``amplicon``.
INDEX = "reference"
#: The two searches of BioMaS 2: the whole read must align, or any part of it.
END_TO_END, LOCAL = "end-to-end", "local"
#: BioMaS 2: one mismatch in a seed, up to 100 alignments of a read, mates up to 2,000 bases apart. The seed is Bowtie
#: 2's default, named because ties are broken by it.
SEARCH = ("-q", "--phred33", "-N", "1", "-k", "100", "-X", "2000", "--seed", "0")
#: SAM without header and without the bases of all alignments but a read's first.
SAM = ("--no-hd", "--omit-sec-seq")
#: What it says on standard error when it has aligned everything.
FINISHED = "overall alignment rate"

_READS = re.compile(rb"^(\d+) reads; of these:$", re.MULTILINE)


#: For a read without bases, which Bowtie 2 leaves out of its answer when its mate has none either.
_NOTHING = (b"N", b"!")


def index_of(database: Path, shared: Path) -> Path:
    """Return the base name of the database's index: its own, or the one :func:`prepare_index` left."""
    return (database if _indexed(database) else shared) / INDEX


def prepare_index(task: Task, database: Path, folder: Path) -> None:
    """Index the references of a database without an index, for all blocks of a run.

    :raises MetapipeError: E301 without Bowtie 2, E401 when it fails.
    """
    if _indexed(database):
        return
    fasta = database / FASTA
    table = str(lookup_characters(fasta.stat().st_size))
    task.launch(
        [
            "bowtie2-build",
            "--threads",
            str(task.threads),
            "--seed",
            "0",
            "--ftabchars",
            table,
            "--quiet",
            fasta,
            folder / INDEX,
        ]
    )
    if not _indexed(folder):
        raise MetapipeError("E403", expected="bowtie2-build to write an index", found="none")


def _indexed(folder: Path) -> bool:
    return any((folder / f"{INDEX}.rev.2.{ending}").is_file() for ending in ("bt2", "bt2l"))


def lookup_characters(bases: int) -> int:
    """Bowtie 2's ``--ftabchars``: its look-up table has 4^n entries of 4 bytes, twice; 10 (8 MB) by default.

    The largest n up to that with which a table is no larger than an eighth of the bases. No alignment depends on it.

    >>> lookup_characters(100_000), lookup_characters(40_000_000)
    (5, 10)
    """
    return max(n for n in range(1, 11) if n == 1 or 4**n * 32 <= bases)


def as_searched(sequence: bytes, qualities: bytes) -> tuple[bytes, bytes]:
    """Return the bases and qualities as Bowtie 2 is to see them: A, C, G, T and N only, and never none."""
    return (called_bases(sequence), qualities) if sequence else _NOTHING


def name_of(reads: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the name a read or pair has for Bowtie 2: eight letters made from its bases and qualities.

    Bowtie 2 chooses among equally good places by chance, seeded with name, bases and qualities. With a name made from
    the other two, a read's matches do not depend on what it is called or on where it stands in a file.
    """
    check = 0
    for sequence, qualities in reads:
        check = zlib.crc32(qualities, zlib.crc32(sequence, check))
    return b"%08x" % check


def command(index: Path, mode: str, reads: Sequence[Path], threads: int) -> list[str | Path]:
    """Return the command line; SAM goes to standard output.

    :param mode: :data:`END_TO_END` or :data:`LOCAL`. :param reads: one FASTQ file, or two of mates.
    """
    files: list[str | Path] = ["-U", *reads] if len(reads) == 1 else ["-1", reads[0], "-2", reads[1]]
    # Blocks on one host share one index in memory; rows in the order of the reads, however many threads.
    return ["bowtie2", f"--{mode}", *SEARCH, *SAM, "--mm", "--threads", str(threads), "--reorder", "-x", index, *files]


def align(task: Task, mode: str, reads: Sequence[Path], count: int, target: Path) -> None:
    """Align ``count`` reads or pairs against the task's database; write SAM rows to ``target``.

    :raises MetapipeError: E401 when Bowtie 2 fails, E403 when it did not come to its end or did not see every read.
    """
    index = index_of(task.databases["amplicon"].path, task.shared)
    done = task.launch(command(index, mode, reads, task.threads), stdout=target, finished=FINISHED)
    if reads_seen(done) != count:
        raise MetapipeError("E403", expected=f"Bowtie 2 to align {count} reads", found=str(reads_seen(done)))


def reads_seen(done: Completed) -> int:
    """Return the number of reads or pairs Bowtie 2 says that it was given; 0 when it does not say."""
    said = _READS.findall(done.stderr)
    return int(said[-1]) if said else 0
