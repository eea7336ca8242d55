"""Map pairs of amplicon reads that did not merge to the reference sequences.

The table is that of :mod:`metapipe.biomas.search.map_amplicons`, one row a pair. Each mate's alignments are told, also
where the other mate aligns elsewhere or nowhere: that both must agree is the rule of ``filter_matches``.
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
from metapipe.runner.declare.elements import Database, Exact, FastqPairs, Output, RefDB
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task


class MapPairs(Stage):
    """Both mates of a pair together; else as :class:`~metapipe.biomas.search.map_amplicons.MapAmplicons`."""

    name = "map_pairs"
    summary = "Map pairs of amplicon reads to reference sequences"
    example = (
        "metapipe map_pairs --reads-1 trimmed_1.fastq --reads-2 trimmed_2.fastq --db-amplicon ssu-refseq:1"
        " --out-matches matches.tsv"
    )
    records = FastqPairs()
    databases = {"amplicon": RefDB(kind="amplicon", help="reference sequences with their taxonomy")}
    outputs = {"matches": Output("tabular", "one row a pair with its alignments, in the order given", HeaderOnce())}
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
        """Write the matches of each pair of the block, under its name without what tells the mates apart."""
        label = task.labels["reads-1"]
        map_reads(task, (read_of(task.pair_name(pair[0]), pair, label) for pair in task.pairs()))

    def tool_versions(self) -> dict[str, str]:
        """The versions of both engines."""
        return engine_versions()
