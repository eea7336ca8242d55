"""Merge the mates of read pairs that overlap into one read (FLASH as in BioMaS, or vsearch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metapipe.formats.called_bases import called_bases
from metapipe.merging.numbered_reads import fastq_record, header_of, read_numbered, with_numbers
from metapipe.merging.pair_merging import (
    Flash,
    Merger,
    Vsearch,
    flash_max_overlap,
    merger_versions,
)
from metapipe.runner.declare.elements import FastqPairs, Output, PinnedGlobals, Totals, option
from metapipe.runner.declare.stage import Stage, Task


@dataclass(frozen=True)
class MergePairsOptions:
    """Options of :class:`MergePairs`. Defaults: BioMaS 2's."""

    merger: str = option("flash", "The program that merges", choices=["flash", "vsearch"])
    fragment_length: int = option(
        0, "Length of the amplicon in bases, for FLASH; 0: unknown, take 0.9 mean read lengths as overlap", minimum=0
    )
    min_overlap: int = option(10, "Shortest overlap of the mates, in bases", minimum=5, maximum=1000)


class MergePairs(Stage):
    """Pairs stay in order. A merged read has the pair's name; mates that do not merge stay as they were given."""

    name = "merge_pairs"
    summary = "Merge overlapping mates into one read (FLASH or vsearch)"
    example = "metapipe merge_pairs --reads-1 a_1.fastq.gz --reads-2 a_2.fastq.gz --outdir merged"
    records = FastqPairs()
    outputs = {
        "merged": Output("fastq", "One read for each pair that merged"),
        "unmerged-1": Output("fastq", "First mates of the other pairs, as given"),
        "unmerged-2": Output("fastq", "Second mates of the other pairs, as given"),
    }
    options = MergePairsOptions
    invariance = PinnedGlobals(("records", "residues"))
    rate = 1e7
    programs = {"flash": "flash", "vsearch": "vsearch"}

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write each pair of the block either merged, as one read, or unmerged, as its two mates; in input order."""
        merger = chosen_merger(task.options, task.totals)
        pairs, given = write_pairs(task, task.options.min_overlap)
        read = read_numbered(merger.merge(task, given), merger.program) if given else iter(())
        merged, unmerged = task.output("merged"), (task.output("unmerged-1"), task.output("unmerged-2"))
        made = 0
        for mates, result in zip(task.pairs(), with_numbers(read, pairs), strict=True):
            if result is not None:
                made += 1
                merged.write(fastq_record(task.pair_name(mates[0]), result.sequence, result.qualities))
                continue
            for stream, mate in zip(unmerged, mates, strict=True):
                stream.write(fastq_record(header_of(mate), mate.sequence, mate.qualities))
        task.note("pairs", pairs)
        task.note("merged", made)
        task.note("unmerged", pairs - made)

    def tool_versions(self) -> dict[str, str]:
        """The versions of both mergers: which one a run takes is an option."""
        return merger_versions()


def chosen_merger(options: MergePairsOptions, totals: Totals) -> Merger:
    """Return the program the user chose, with its limits."""
    if options.merger == "vsearch":
        return Vsearch(options.min_overlap)
    return Flash(options.min_overlap, flash_max_overlap(totals, options.fragment_length, options.min_overlap))


def write_pairs(task: Task, min_overlap: int) -> tuple[int, int]:
    """Write the block's pairs to ``1.fastq`` and ``2.fastq`` in its scratch folder, numbered from 1.

    A mate shorter than the overlap asked for cannot merge; its pair is not written (neither program likes reads without
    any base).

    :returns: pairs in the block, pairs written.
    """
    pairs = written = 0
    with (task.scratch / "1.fastq").open("wb") as first, (task.scratch / "2.fastq").open("wb") as second:
        for pairs, mates in enumerate(task.pairs(), 1):
            if min(len(mate.sequence) for mate in mates) < min_overlap:
                continue
            written += 1
            for stream, mate in zip((first, second), mates, strict=True):
                stream.write(fastq_record(str(pairs), called_bases(mate.sequence), mate.qualities))
    return pairs, written
