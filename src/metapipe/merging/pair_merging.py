"""The two programs that merge the mates of a pair into one read, behind one interface.

Both are given numbered reads of A, C, G, T and N. What makes one pair's result depend on others, or on the machine, is
pinned: one thread (FLASH: output in input order only then), Phred offset 33, no guessing from the first reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Totals
from metapipe.runner.declare.stage import Task
from metapipe.runner.guard.program_version import program_version

#: The highest Phred score a FASTQ file can hold, and the highest that vsearch gives a base seen twice (its default).
_HIGHEST_READ, _HIGHEST_MADE = 93, 41


class Merger(Protocol):
    """A program that merges ``1.fastq`` and ``2.fastq`` in the task's scratch folder."""

    program: str

    def merge(self, task: Task, pairs: int) -> Path:
        """Run it; return the FASTQ file of merged reads, numbered as the pairs are, in their order.

        :raises MetapipeError: E401 when it fails, E403 when it did not see every pair.
        """


@dataclass(frozen=True)
class Flash:
    """FLASH 1.2.11, as in BioMaS (Magoc & Salzberg 2011).

    The best overlap of at least ``min_overlap`` bases is taken when at most a quarter of its bases differ (``-x 0.25``,
    FLASH's default); an overlap longer than ``max_overlap`` has its differences judged as if it were that long.
    "Outies" (``-O``) stay off: with them a fragment shorter than the reads becomes a merged read with both adapters in
    it. Without, such a pair stays unmerged, and trimming takes the adapters away.
    """

    min_overlap: int
    max_overlap: int
    program = "flash"

    def merge(self, task: Task, pairs: int) -> Path:
        """Run FLASH with one thread, so that its reads keep their order.

        :raises MetapipeError: E401 when it fails, E403 when it did not see every pair.
        """
        done = task.launch(
            [
                "flash",
                *("--min-overlap", str(self.min_overlap), "--max-overlap", str(self.max_overlap)),
                *("--max-mismatch-density", "0.25", "--phred-offset", "33", "--threads", "1"),
                *("--output-directory", task.scratch, "--output-prefix", "flash"),
                *(task.scratch / "1.fastq", task.scratch / "2.fastq"),
            ],
            finished="complete!",
        )
        _expect_pairs(self.program, rb"Total pairs: +(\d+)", done.stdout + done.stderr, pairs)
        return task.scratch / "flash.extendedFrags.fastq"


@dataclass(frozen=True)
class Vsearch:
    """vsearch ``--fastq_mergepairs`` (Rognes et al. 2016) with its own limits, at most ten differences among them.

    Staggered pairs are merged: a fragment shorter than the reads gives the fragment, without the adapters beyond it.
    """

    min_overlap: int
    program = "vsearch"

    def merge(self, task: Task, pairs: int) -> Path:
        """Run vsearch with one thread, so that its reads keep their order.

        :raises MetapipeError: E401 when it fails, E403 when it did not see every pair.
        """
        merged = task.scratch / "vsearch.fastq"
        done = task.launch(
            [
                *("vsearch", "--fastq_mergepairs", task.scratch / "1.fastq", "--reverse", task.scratch / "2.fastq"),
                *("--fastqout", merged, "--fastq_minovlen", str(self.min_overlap), "--fastq_allowmergestagger"),
                *("--fastq_maxdiffs", "10", "--fastq_ascii", "33", "--fastq_qmax", str(_HIGHEST_READ)),
                *("--fastq_qmaxout", str(_HIGHEST_MADE), "--threads", "1"),
            ],
            finished="Merged",
        )
        _expect_pairs(self.program, rb"(\d+) +Pairs", done.stderr, pairs)
        return merged


def _expect_pairs(program: str, pattern: bytes, words: bytes, pairs: int) -> None:
    said = re.search(pattern, words)
    if said is None or int(said[1]) != pairs:
        found = said[1].decode() if said else "no count of pairs"
        raise MetapipeError("E403", expected=f"{program} to read {pairs} pairs", found=found)


def flash_max_overlap(totals: Totals, fragment_length: int, min_overlap: int) -> int:
    """Return FLASH's ``-M`` by BioMaS's rule: the longest overlap expected, in bases.

    BioMaS gives FLASH ``-f F -r R -s F/10`` when the fragment length F is known (R: mean read length), from which FLASH
    takes 2R - F + 2.5 standard deviations; else ``-M`` 0.9 times the mean read length. Where that is less than the
    shortest overlap allowed, FLASH would stop; it is that then: the pairs are simply too far apart.
    """
    if not totals.records:
        return min_overlap
    if fragment_length:
        mean = round(totals.residues / totals.records)
        expected = int(2 * mean - fragment_length + 2.5 * (fragment_length // 10))
    else:
        expected = 9 * totals.residues // (10 * totals.records)
    return max(min_overlap, expected)


def merger_versions() -> dict[str, str]:
    """Return the version of each program."""
    return {
        "flash": program_version("flash", "--version", after="FLASH v"),
        "vsearch": program_version("vsearch", "--version", after="vsearch v"),
    }
