"""Stage ``assign_taxa``: one taxon for each read, by TANGO, from the references that its matches leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from metapipe.biomas.tables import KEPT_TABLE
from metapipe.biomas.taxa.tier_rules import Assigner, Kept, Rules, read_kept_row
from metapipe.formats.table_rows import Place
from metapipe.runner.declare.elements import Database, Exact, Output, RefDB, Table, bytes_of, option
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task
from metapipe.taxa.rank_identities import YARZA, read_thresholds
from metapipe.taxa.rows import ASSIGNMENT_TABLE, AssignmentRow
from metapipe.taxa.taxonomy import REFERENCES_FILE, TAXONOMY_FILE, read_taxonomy

#: Rows looked at together: enough for NumPy, and a few MB of names.
ROWS = 4096
#: Seconds to read and number a byte of the two tables of a database, measured with 100,000 references (6 MB).
SECONDS_PER_BYTE = 1.5e-7


@dataclass(frozen=True)
class AssignTaxaOptions:
    """Options of :class:`AssignTaxa`. Defaults: BioMaS's (TANGO's own 0.5, and 1 for the lower tier), but for
    ``rank_identities``, which BioMaS has not (``none``)."""

    q: float = option(
        0.5,
        "Weight of matches outside a taxon against references in it without one; 1: lowest common ancestor",
        minimum=0,
        maximum=1,
    )
    lower_q: float = option(1.0, "The same for reads of the lower tier of identity", minimum=0, maximum=1)
    rank_identities: str = option(
        YARZA,
        "Lowest identity, in per cent, with which a read of the lower tier is named at a rank, as genus=94.5,"
        "family=86.5; none: no limits. The default is for 16S (Yarza et al. 2014)",
    )


class AssignTaxa(Stage):
    """TANGO (:mod:`metapipe.biomas.taxa.tango`) on the references of each read, with one weight a tier of identity."""

    name = "assign_taxa"
    summary = "Assign each read to the taxon that fits its matches best (TANGO)"
    example = "metapipe assign_taxa --matches kept.tsv --db-amplicon ssu-prokaryotes --outdir taxa"
    records = Table("matches", columns=KEPT_TABLE.columns, help="matches kept by filter_matches, plain or gzip")
    databases = {"amplicon": RefDB(kind="amplicon", help="the database of marker genes the reads were mapped to")}
    outputs = {"assignments": Output("tabular", "one row a read: its taxon, rank and lineage", HeaderOnce())}
    version = "2"
    options = AssignTaxaOptions
    invariance = Exact()
    rate = 5e6
    memory_mb = 1024
    empty_ok = True

    def fixed_cost_for(self, databases: Mapping[str, Database], options: Any) -> float:  # noqa: ARG002  (none counts)
        """Seconds to read and number the database's two tables, by their bytes; as declared where they are missing."""
        sizes = [bytes_of(databases, "amplicon", name) for name in (TAXONOMY_FILE, REFERENCES_FILE)]
        known = [size for size in sizes if size is not None]
        return SECONDS_PER_BYTE * sum(known) if known == sizes else self.fixed_cost

    def check(self, options: AssignTaxaOptions) -> None:
        """Refuse limits of identity that are none (E701)."""
        read_thresholds(options.rank_identities)

    def setup(self, task: Task) -> Assigner:
        """Read the taxonomy and number it, once a worker.

        :raises MetapipeError: E206 for tables that do not hold together.
        """
        database = task.databases["amplicon"]
        # The shortest decimal number that is this float is what was typed: 0.1 is a tenth, not the float next to it.
        upper_q, lower_q = Fraction(repr(task.options.q)), Fraction(repr(task.options.lower_q))
        rules = Rules(upper_q, lower_q, read_thresholds(task.options.rank_identities))
        return Assigner(read_taxonomy(database.path), f"{database.name}:{database.version}", rules)

    def run(self, task: Task, state: Assigner) -> None:
        """Write a row a read with its taxon, rank and lineage, or as unclassified. Count reads, also by rank.

        :param state: what :meth:`setup` has read.
        """
        output = task.output("assignments")
        output.write(ASSIGNMENT_TABLE.header)
        reads = {"classified": 0, "unclassified": 0}
        ranks: Counter[str] = Counter()
        rows = _rows(task)
        while batch := list(islice(rows, ROWS)):
            for (row, _), assigned in zip(batch, state.assign(batch), strict=True):
                told = AssignmentRow(row.read, row.size, row.tier, row.identity, *assigned.cells)
                output.write(ASSIGNMENT_TABLE.format(told))
                reads["classified" if assigned.rank else "unclassified"] += row.size
                if assigned.rank:
                    ranks[assigned.rank] += row.size
        task.note("reads", reads)
        task.note("by_rank", dict(sorted(ranks.items())))


def _rows(task: Task) -> Iterator[Kept]:
    label = task.labels["matches"]
    for record in task.records():
        yield read_kept_row(record.sequence, Place(label, record.index + 2))
