"""What both stages write of the rRNA that they find: the table, two FASTA files, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from metapipe.runner.declare.elements import Output
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Task
from metapipe.stages.rrna.models import SMALL_SUBUNIT
from metapipe.stages.rrna.regions import RRNA_TABLE, Region, cut_out, table_row

RRNA_OUTPUTS = {
    "ssu": Output("fasta", "16S and 18S rRNA that was cut out", label="Small-subunit rRNA"),
    "other": Output("fasta", "23S, 28S, 5S and 5.8S rRNA that was cut out", label="Other rRNA"),
    "table": Output("tabular", "where each rRNA lies, of which gene and domain of life", HeaderOnce(), "rRNA table"),
}


class RrnaOutputs:
    """Writes the rRNA of one block in the order of its sequences."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._table, self._ssu, self._other = (task.output(name) for name in ("table", "ssu", "other"))
        self._table.write(RRNA_TABLE.header)
        self._found: Counter[str] = Counter()
        self._bases = 0

    def write(self, regions: Iterable[Region], name: str, sequence: bytes, mate: int = 0) -> None:
        """Write what was found in one sequence. :param name: of the read, pair or contig. :param mate: 0 of no pair."""
        for region in regions:
            row = table_row(region, name, mate)
            self._table.write(RRNA_TABLE.format(row))
            (self._ssu if region.gene in SMALL_SUBUNIT else self._other).write(cut_out(row, sequence))
            self._found[f"{region.gene} {region.domain}"] += 1
            self._bases += region.length

    def leave_notes(self) -> None:
        """Leave what the summary says: how many there are of each gene and domain of life, and their bases."""
        self._task.note("rrna", self._found.total())
        self._task.note("rrna_bases", self._bases)
        self._task.note("genes", dict(sorted(self._found.items())))
