"""Map pairs of amplicon reads that did not merge to the reference sequences.

The table is that of :mod:`metapipe.biomas.search.map_amplicons`, one row a pair. Each mate's alignments are told, also
where the other mate aligns elsewhere or nowhere: that both must agree is the rule of ``filter_matches``.
"""

from __future__ import annotations

from typing import Any

from metapipe.biomas.search.amplicon_mapping import MappingStage, map_reads, read_of
from metapipe.runner.declare.elements import FastqPairs, Output
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Task


class MapPairs(MappingStage):
    """Both mates of a pair together; else as :class:`~metapipe.biomas.search.map_amplicons.MapAmplicons`."""

    name = "map_pairs"
    summary = "Map pairs of amplicon reads to reference sequences"
    example = (
        "metapipe map_pairs --reads-1 trimmed_1.fastq --reads-2 trimmed_2.fastq --db-amplicon ssu-prokaryotes:2026-09"
        " --out-matches matches.tsv"
    )
    records = FastqPairs()
    outputs = {"matches": Output("tabular", "one row a pair with its alignments, in the order given", HeaderOnce())}

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the matches of each pair of the block, under its name without what tells the mates apart."""
        label = task.labels["reads-1"]
        map_reads(task, (read_of(task.pair_name(pair[0]), pair, label) for pair in task.pairs()))
