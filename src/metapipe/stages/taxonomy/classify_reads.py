"""Stage ``classify_reads``: a taxon for every read or pair, by the proteins it resembles (Kaiju's job).

The table ``assignments`` has a row for every read or pair in the order given, cells empty where unclassified; its
columns are those of BioMaS's assignments, so that trees, charts and BIOM tables are made of it in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from metapipe.runner.declare.elements import PER_NODE, Exact, FastqPairs, Output, Record, RefDB, option
from metapipe.runner.declare.merge import HeaderOnce, Reduce, add_counts
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version
from metapipe.stages.taxonomy.read_verdicts import IDENTITIES, LIMITED_RANKS, verdict
from metapipe.stages.taxonomy.translated_search import FINISHED, command, taxon_hits, write_queries
from metapipe.taxa.ancestry import Ancestry, read_ancestry
from metapipe.taxa.assignments import assigned, counts_of_block, unassigned
from metapipe.taxa.domains import domains_noted
from metapipe.taxa.rank_identities import RankIdentities, read_thresholds
from metapipe.taxa.rows import ASSIGNMENT_TABLE
from metapipe.taxa.taxon_counts import at_ranks, taxa_table

SENSITIVITIES = ("fast", "default", "mid-sensitive", "sensitive", "more-sensitive", "very-sensitive")


@dataclass(frozen=True)
class ClassifyReadsOptions:
    """Options of :class:`ClassifyReads`."""

    evalue: float = option(0.001, "highest E-value of a hit", minimum=0, maximum=10)
    top: float = option(
        10.0, "look at hits that score at most this many per cent below the best", minimum=0, maximum=50
    )
    sensitivity: str = option("default", "how hard DIAMOND looks for distant relatives", choices=SENSITIVITIES)
    rank_identities: str = option(
        IDENTITIES,
        "lowest identity (per cent of amino acids) of the best hit for a name at each rank, or none",
    )
    min_support: int = option(
        1, "fewest reads of a taxon in the table of taxa; fewer are counted for the taxon above", minimum=1
    )


class ClassifyReads(Stage):
    """DIAMOND blastx with all threads of a host, pinned; verdicts are ours (:mod:`.read_verdicts`)."""

    name = "classify_reads"
    summary = "Find out which taxon each read comes from, by the proteins it resembles (DIAMOND, LCA)"
    example = (
        "metapipe classify_reads --reads-1 r1.fastq.gz --reads-2 r2.fastq.gz --db-taxonomy marine-reads:1 --outdir who"
    )
    records = FastqPairs(or_single=True)
    databases = {"taxonomy": RefDB(kind="taxonomy-reads", help="proteins with their taxa")}
    outputs = {
        "assignments": Output(
            "tabular", "the taxon of each read or pair, in the order given", HeaderOnce(), label="Taxa of reads"
        ),
        "taxa": Output(
            "tabular",
            "reads by taxon, directly and in total, from the root downwards; unclassified ones last",
            Reduce(add_counts, write=taxa_table),
            label="Taxa",
        ),
    }
    options = ClassifyReadsOptions
    invariance = Exact()
    threads = PER_NODE
    rate = 200_000.0
    fixed_cost = 5.0
    memory_mb = 2048
    programs = {"diamond": "diamond-aligner"}
    empty_ok = True

    def check(self, options: ClassifyReadsOptions) -> None:
        """Refuse what is no list of ranks and identities (E701)."""
        read_thresholds(options.rank_identities, LIMITED_RANKS)

    def setup(self, task: Task) -> Ancestry:
        """Read the taxonomy. Raises E206 for a damaged one."""
        return read_ancestry(task.databases["taxonomy"].path)

    def run(self, task: Task, state: Ancestry) -> None:
        """Write the row of each read of the block, and what the block adds to the counts."""
        names, mates = _search(task)
        table = task.scratch / "hits.tsv"
        hits = taxon_hits(table, mates) if table.exists() else {}
        output, taxa = task.output("assignments"), Counter[int]()
        limits = RankIdentities(state, read_thresholds(task.options.rank_identities, LIMITED_RANKS))
        output.write(ASSIGNMENT_TABLE.header)
        for number, name in enumerate(names):
            found = verdict(hits.get(number, ()), state, task.options.top, limits)
            row = unassigned(name)
            if found is not None:
                taxa[found.taxon] += 1
                identity, score = f"{found.identity:.2f}", f"{found.score:.1f}"
                row = assigned(name, found.taxon, state, matches=found.taxa, score=score, identity=identity)
            output.write(ASSIGNMENT_TABLE.format(row))
        unclassified = len(names) - taxa.total()
        task.output("taxa").write(counts_of_block(taxa, state, unclassified, task.options.min_support))
        task.note("reads", len(names))
        task.note("classified", taxa.total())
        task.note("unclassified", unclassified)
        task.note("with_hits", len(hits))
        task.note("at_rank", at_ranks(taxa, state))
        task.note("database_domains", domains_noted(state.names, state.ranks))

    def tool_versions(self) -> dict[str, str]:
        """The version of DIAMOND, as it prints it."""
        return {"diamond": program_version("diamond", "version", after="version ")}


def _search(task: Task) -> tuple[list[str], int]:
    """Search the block's reads; return the name of each read or pair, and how many sequences each of them is."""
    names: list[str] = []

    def sequences() -> Iterator[Record]:
        if not task.paired:
            for record in task.records():
                names.append(record.name)
                yield record
            return
        for first, second in task.pairs():
            names.append(task.pair_name(first))
            yield from (first, second)

    queries, table = task.scratch / "queries.fasta", task.scratch / "hits.tsv"
    write_queries(sequences(), queries)
    mates = 2 if task.paired else 1
    if queries.stat().st_size:
        # A taxon may be a mate's second choice and the pair's first.
        top = min(100.0, mates * task.options.top + 10 * (mates - 1))
        database = task.databases["taxonomy"].path / "proteins.dmnd"
        task.launch(command(task, database, queries, table, top), finished=FINISHED)
    return names, mates
