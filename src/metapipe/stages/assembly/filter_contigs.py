"""Keep the contigs that are long enough to carry genes. META-pipe 2.x: ``contigsCutoff``, 1000 bases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metapipe.formats.contig_statistics import ContigCounts
from metapipe.formats.fasta_text import format_fasta
from metapipe.runner.declare.elements import Exact, Fasta, Output, option
from metapipe.runner.declare.stage import Stage, Task


@dataclass(frozen=True)
class FilterContigsOptions:
    """Options of :class:`FilterContigs`."""

    min_length: int = option(1000, "Shortest contig kept, in bases; 0 keeps all", minimum=0)


class FilterContigs(Stage):
    """Order, names, descriptions and letters stay as they are; only line breaks are made even."""

    name = "filter_contigs"
    summary = "Keep contigs of a minimum length and count lengths and GC content"
    example = "metapipe filter_contigs --contigs contigs.fasta --min-length 1000 --out-contigs long.fasta"
    records = Fasta("contigs")
    outputs = {"contigs": Output("fasta", "Contigs at least as long as the minimum")}
    options = FilterContigsOptions
    invariance = Exact()
    rate = 2e7
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the contigs of the block that are long enough as they are; count both before and after."""
        before, after = ContigCounts(), ContigCounts()
        kept = task.output("contigs")
        for contig in task.records():
            before.add(contig.sequence)
            if len(contig.sequence) >= task.options.min_length:
                after.add(contig.sequence)
                kept.write(format_fasta(contig.name, contig.description, contig.sequence))
        task.note("kept", after.contigs)
        task.note("left_out", before.contigs - after.contigs)
        task.note("before", before.as_note())
        task.note("after", after.as_note())
