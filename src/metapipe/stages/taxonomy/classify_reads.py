"""Stage ``classify_reads``: a taxon for every read or pair, by the proteins it resembles (Kaiju's job).

The table ``assignments`` has a row for every read or pair in the order given, cells empty where unclassified; its
columns are those of BioMaS's assignments, so that trees, charts and BIOM tables are made of it in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from metapipe.runner.declare.elements import (
    PER_NODE,
    Database,
    Exact,
    FastqPairs,
    Output,
    Record,
    RefDB,
    bytes_of,
    option,
)
from metapipe.runner.declare.merge import HeaderOnce, Reduce, add_counts
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version
from metapipe.stages.taxonomy import kraken2
from metapipe.stages.taxonomy.read_verdicts import IDENTITIES, LIMITED_RANKS, verdict
from metapipe.stages.taxonomy.translated_search import SENSITIVITIES, TaxonHit, search, taxon_hits
from metapipe.taxa.ancestry import Ancestry, read_ancestry
from metapipe.taxa.assignments import assigned, counts_of_block, unassigned
from metapipe.taxa.domains import domains_noted
from metapipe.taxa.rank_identities import RankIdentities, read_thresholds
from metapipe.taxa.rows import ASSIGNMENT_TABLE
from metapipe.taxa.taxon_counts import at_ranks, taxa_table

DIAMOND, KRAKEN2 = "diamond", "kraken2"
#: Bases a second that Kraken 2 looks up on one core.
KRAKEN2_RATE = 4e6
PROTEINS = "proteins.fasta"
#: Bases a second that DIAMOND searches on one core in so many bytes of proteins, measured; not the more in fewer.
DIAMOND_RATE, DIAMOND_BYTES = 1.2e6, 2.1e7
#: Core-seconds that DIAMOND takes for each byte of proteins before it has seen a read: 3 for 21 MB.
SECONDS_PER_BYTE = 1.5e-7


@dataclass(frozen=True)
class ClassifyReadsOptions:
    """Options of :class:`ClassifyReads`."""

    engine: str = option(
        DIAMOND,
        "what searches the proteins: diamond finds distant relatives; kraken2 looks words up, much faster",
        choices=(DIAMOND, KRAKEN2),
    )
    confidence: float = option(
        0.0, "kraken2: share of a read's words that must be of its taxon or of those below", minimum=0, maximum=1
    )
    evalue: float = option(0.001, "highest E-value of a hit", minimum=0, maximum=10)
    top: float = option(
        10.0, "look at hits that score at most this many per cent below the best", minimum=0, maximum=50
    )
    sensitivity: str = option("default", "how hard DIAMOND looks for distant relatives", choices=SENSITIVITIES)
    rank_identities: str = option(
        IDENTITIES,
        "diamond: lowest identity (per cent of amino acids) of the best hit for a name at each rank, or none",
    )
    min_support: int = option(
        1, "fewest reads of a taxon in the table of taxa; fewer are counted for the taxon above", minimum=1
    )


class ClassifyReads(Stage):
    """DIAMOND blastx with all threads of a host, pinned, and verdicts of ours (:mod:`.read_verdicts`); or Kraken 2 with
    its own (:mod:`.kraken2`)."""

    name = "classify_reads"
    summary = "Find out which taxon each read comes from, by the proteins it resembles (DIAMOND or Kraken 2)"
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

    def rate_for(self, databases: Mapping[str, Database], options: ClassifyReadsOptions) -> float:
        """Bases a second on one core, as measured with each engine; DIAMOND's the fewer the more proteins there are."""
        if options.engine == KRAKEN2:
            return KRAKEN2_RATE
        size = bytes_of(databases, "taxonomy", PROTEINS)
        return self.rate if size is None else min(DIAMOND_RATE, max(self.rate, DIAMOND_RATE * DIAMOND_BYTES / size))

    def fixed_cost_for(self, databases: Mapping[str, Database], options: ClassifyReadsOptions) -> float:
        """Seconds a block costs whatever its size: DIAMOND looks through all proteins each time it is started."""
        size = bytes_of(databases, "taxonomy", PROTEINS) or 0
        return self.fixed_cost if options.engine == KRAKEN2 else max(self.fixed_cost, SECONDS_PER_BYTE * size)

    def prepare(self, task: Task, folder: Path) -> None:
        """Index the proteins for Kraken 2 where it is asked for and the database brings no index.

        :raises MetapipeError: E206 for a damaged taxonomy; E301, E401 when Kraken 2 cannot index the proteins.
        """
        if task.options.engine == KRAKEN2:
            database = task.databases["taxonomy"].path
            kraken2.prepare_index(task, database, read_ancestry(database), folder)

    def setup(self, task: Task) -> Ancestry:
        """Read the taxonomy. Raises E206 for a damaged one."""
        return read_ancestry(task.databases["taxonomy"].path)

    def run(self, task: Task, state: Ancestry) -> None:
        """Write the row of each read of the block, and what the block adds to the counts."""
        names, found = (_by_words if task.options.engine == KRAKEN2 else _by_hits)(task, state)
        output, taxa = task.output("assignments"), Counter[int]()
        output.write(ASSIGNMENT_TABLE.header)
        for number, name in enumerate(names):
            placed = found.get(number)
            row = unassigned(name)
            if placed is not None:
                taxa[placed.taxon] += 1
                row = assigned(
                    name, placed.taxon, state, matches=placed.matches, score=placed.score, identity=placed.identity
                )
            output.write(ASSIGNMENT_TABLE.format(row))
        unclassified = len(names) - taxa.total()
        task.output("taxa").write(counts_of_block(taxa, state, unclassified, task.options.min_support))
        task.note("reads", len(names))
        task.note("classified", taxa.total())
        task.note("unclassified", unclassified)
        task.note("at_rank", at_ranks(taxa, state))
        task.note("database_domains", domains_noted(state.names, state.ranks))

    def tool_versions(self) -> dict[str, str]:
        """The versions of both engines as they print them, of Kraken 2 where it is installed."""
        second = program_version(kraken2.PROGRAM, "--version", after="version ")
        return {"diamond": program_version("diamond", "version", after="version ")} | (
            {"kraken2": second} if second else {}
        )


@dataclass(frozen=True, slots=True)
class _Placed:
    """What the row of a read says. :param matches: taxa that were looked at."""

    taxon: int
    matches: int
    score: str
    identity: str = ""


def _by_hits(task: Task, ancestry: Ancestry) -> tuple[list[str], dict[int, _Placed]]:
    """Search the block's reads with DIAMOND; return the name of each read or pair, and what was found by number."""
    names: list[str] = []
    mates = 2 if task.paired else 1
    # A taxon may be a mate's second choice and the pair's first.
    top = min(100.0, mates * task.options.top + 10 * (mates - 1))
    database = task.databases["taxonomy"].path / "proteins.dmnd"
    _, table = search(task, chain.from_iterable(_reads(task, names)), database, top)
    hits: dict[int, list[TaxonHit]] = taxon_hits(table, mates) if table else {}
    task.note("with_hits", len(hits))
    limits = RankIdentities(ancestry, read_thresholds(task.options.rank_identities, LIMITED_RANKS))
    found = {}
    for number, of_read in hits.items():
        said = verdict(of_read, ancestry, task.options.top, limits)
        if said is not None:
            found[number] = _Placed(said.taxon, said.taxa, f"{said.score:.1f}", f"{said.identity:.2f}")
    return names, found


def _by_words(task: Task, ancestry: Ancestry) -> tuple[list[str], dict[int, _Placed]]:
    """As :func:`_by_hits`, with Kraken 2."""
    names: list[str] = []
    paths = [task.scratch / f"mates-{mate}.fasta" for mate in range(2 if task.paired else 1)]
    table = task.scratch / "words.tsv"
    written = kraken2.write_reads(_reads(task, names), paths)
    if not written:
        task.note("with_hits", 0)
        return names, {}
    index = kraken2.index_of(task.databases["taxonomy"].path, task.shared)
    task.launch(kraken2.command(task, index, paths, table), finished=kraken2.FINISHED)
    said = kraken2.words_of_reads(table, written, ancestry)
    found = {number: _Placed(words.taxon, words.taxa, str(words.supporting)) for number, words in said}
    task.note("with_hits", len(found))
    return names, found


def _reads(task: Task, names: list[str]) -> Iterator[tuple[Record, ...]]:
    """The block's reads, or the mates of its pairs; ``names`` grows by the name of each."""
    if not task.paired:
        for record in task.records():
            names.append(record.name)
            yield (record,)
        return
    for mates in task.pairs():
        names.append(task.pair_name(mates[0]))
        yield mates
