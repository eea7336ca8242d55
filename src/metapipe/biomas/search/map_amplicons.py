"""Map merged amplicon reads to the reference sequences.

The table ``matches`` has one row for every read, also for those without a match, in the order given:
``read size length_1 length_2 matches``. ``read`` is the name with its ``;size=N``, ``size`` the reads it stands for,
``length_2`` 0 (that of the second mate in :mod:`metapipe.biomas.search.map_pairs`). ``matches`` holds blank-separated
``REFERENCE:mate:columns:differences:bases`` (:mod:`metapipe.biomas.search.sam_matches`): of each reference and mate the
alignments that no other of them equals or beats in both identity, (columns - differences) / columns, and coverage,
bases / length.
"""

from __future__ import annotations

from typing import Any

from metapipe.biomas.search.amplicon_mapping import MappingStage, map_reads, read_of
from metapipe.runner.declare.elements import Fastq, Output
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Task


class MapAmplicons(MappingStage):
    """Single reads; what is done with them is :func:`~metapipe.biomas.search.amplicon_mapping.map_reads`."""

    name = "map_amplicons"
    summary = "Map merged amplicon reads to reference sequences"
    example = (
        "metapipe map_amplicons --reads unique.fastq --db-amplicon ssu-prokaryotes:2026-09 --out-matches matches.tsv"
    )
    records = Fastq("reads", help="FASTQ file of single or merged reads, plain or gzip; names may end in ;size=N")
    outputs = {"matches": Output("tabular", "one row a read with its alignments, in the order given", HeaderOnce())}

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the matches of each read of the block, under its own name."""
        label = task.labels["reads"]
        map_reads(task, (read_of(record.name, [record], label) for record in task.records()))
