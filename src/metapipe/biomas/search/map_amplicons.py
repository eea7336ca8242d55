"""Map merged amplicon reads to the reference sequences.

The table ``matches`` has one row for every read, also for those without a match, in the order given:
``read size length_1 length_2 matches``. ``read`` is the name with its ``;size=N``, ``size`` the reads it stands for,
``length_2`` 0 (that of the second mate in :mod:`metapipe.biomas.search.map_pairs`). ``matches`` holds blank-separated
``REFERENCE:mate:columns:differences:bases`` (:mod:`metapipe.biomas.search.sam_matches`): of each reference and mate the
alignments that no other of them equals or beats in both identity, (columns - differences) / columns, and coverage,
bases / length.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metapipe.biomas.search.amplicon_mapping import (
    FIXED_COST,
    RATES,
    MappingOptions,
    engine_versions,
    fixed_cost_of,
    map_reads,
    prepare_search,
    rate_of,
    read_of,
)
from metapipe.runner.declare.elements import Database, Exact, Fastq, Output, RefDB
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task


class MapAmplicons(Stage):
    """Single reads; what is done with them is :func:`~metapipe.biomas.search.amplicon_mapping.map_reads`."""

    name = "map_amplicons"
    summary = "Map merged amplicon reads to reference sequences"
    example = "metapipe map_amplicons --reads unique.fastq --db-amplicon ssu-refseq:1 --out-matches matches.tsv"
    records = Fastq("reads", help="FASTQ file of single or merged reads, plain or gzip; names may end in ;size=N")
    databases = {"amplicon": RefDB(kind="amplicon", help="reference sequences with their taxonomy")}
    outputs = {"matches": Output("tabular", "one row a read with its alignments, in the order given", HeaderOnce())}
    options = MappingOptions
    invariance = Exact()
    version = "2"
    rate = RATES["exact"]
    fixed_cost = FIXED_COST
    memory_mb = 1024
    empty_ok = True

    def rate_for(self, databases: Mapping[str, Database], options: MappingOptions) -> float:  # noqa: ARG002
        """Letters a second, by the engine."""
        return rate_of(options)

    def fixed_cost_for(self, databases: Mapping[str, Database], options: MappingOptions) -> float:
        """Seconds to look through the references, by the engine."""
        return fixed_cost_of(databases, options)

    def prepare(self, task: Task, folder: Path) -> None:
        """Leave the references as the engine searches them.

        :raises MetapipeError: see :func:`~metapipe.biomas.search.amplicon_mapping.prepare_search`.
        """
        prepare_search(task, folder)

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the matches of each read of the block, under its own name."""
        label = task.labels["reads"]
        map_reads(task, (read_of(record.name, [record], label) for record in task.records()))

    def tool_versions(self) -> dict[str, str]:
        """The versions of both engines."""
        return engine_versions()
