"""Stage ``profile_markers``: which taxa are there, and their shares of the cells, by 40 genes that each cell has once.

Beside ``classify_reads``, which places as many reads as it can and so lists what a few stray reads resemble, this is
the list of who is there (mOTUs, MetaPhlAn: Milanese et al. 2019, Nature Communications 10:1014).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import PER_NODE, Exact, FastqPairs, Output, Record, RefDB, option
from metapipe.runner.declare.merge import Reduce, add_counts
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version
from metapipe.stages.markers.marker_hits import COLUMNS, marker_of, marker_reads
from metapipe.stages.markers.marker_profile import (
    PlacedReads,
    counts_of_block,
    expected_markers,
    profile_table,
    profile_taxa,
)
from metapipe.stages.taxonomy.read_verdicts import LIMITED_RANKS, verdict
from metapipe.stages.taxonomy.translated_search import SENSITIVITIES, search
from metapipe.taxa.ancestry import Ancestry, read_ancestry
from metapipe.taxa.domains import domains_noted
from metapipe.taxa.rank_identities import RankIdentities, read_thresholds

#: Markers change little: a relative that the database lacks is far more alike in them than in its other proteins.
#: Chosen on the community *marine* of ``scripts/bench marker-profile``.
IDENTITIES = "species=95,genus=85,family=75,order=65"
PROTEINS = "proteins"


@dataclass(frozen=True)
class ProfileMarkersOptions:
    """Options of :class:`ProfileMarkers`."""

    min_markers: int = option(
        3, "fewest different markers that reads must be of for a taxon to be there", minimum=1, maximum=40
    )
    rank_identities: str = option(
        IDENTITIES, "lowest identity (per cent of amino acids) of the best hit for a name at each rank, or none"
    )
    min_length: int = option(20, "fewest amino acids of a hit", minimum=10, maximum=1000)
    evalue: float = option(0.001, "highest E-value of a hit", minimum=0, maximum=10)
    top: float = option(5.0, "look at hits that score at most this many per cent below the best", minimum=0, maximum=50)
    sensitivity: str = option("default", "how hard DIAMOND looks for distant relatives", choices=SENSITIVITIES)


class Markers(NamedTuple):
    """A database at work. :param expected: taxon → how many markers the database has of it."""

    tree: Ancestry
    expected: Mapping[int, int]


class ProfileMarkers(Stage):
    """Each read by itself, mates too; blocks leave counts of each marker gene (:mod:`.marker_profile`)."""

    name = "profile_markers"
    summary = "Find out which taxa are there, and their shares of the cells, by marker genes (DIAMOND)"
    example = (
        "metapipe profile_markers --reads-1 r1.fastq --reads-2 r2.fastq --db-markers marine-markers:1 --outdir who"
    )
    records = FastqPairs(or_single=True)
    databases = {"markers": RefDB(kind="markers", help="proteins of marker genes with their taxa")}
    outputs = {
        "profile": Output(
            "tabular",
            "the taxa that are there: markers seen, reads, cells and share of the cells",
            Reduce(add_counts, write=profile_table),
            label="Marker profile",
        ),
        "taxa": Output(
            "tabular",
            "reads of markers by taxon, directly and in total, from the root downwards",
            Reduce(add_counts, write=profile_taxa),
            label="Taxa",
        ),
    }
    options = ProfileMarkersOptions
    invariance = Exact()
    threads = PER_NODE
    rate = 1_000_000.0
    fixed_cost = 2.0
    memory_mb = 1024
    programs = {"diamond": "diamond-aligner"}
    empty_ok = True

    def check(self, options: ProfileMarkersOptions) -> None:
        """Refuse what is no list of ranks and identities (E701)."""
        read_thresholds(options.rank_identities, LIMITED_RANKS)

    def setup(self, task: Task) -> Markers:
        """Read the taxonomy and the names of the proteins. Raises E206 for a damaged database."""
        database = task.databases["markers"].path
        tree = read_ancestry(database)
        return Markers(tree, expected_markers(_proteins(database / f"{PROTEINS}.fasta"), tree))

    def run(self, task: Task, state: Markers) -> None:
        """Write what the block adds to the profile."""
        sequences = _mates(task) if task.paired else task.records()
        reads, table = search(
            task, sequences, task.databases["markers"].path / f"{PROTEINS}.dmnd", task.options.top, COLUMNS
        )
        found = marker_reads(table, task.options.min_length) if table else {}
        limits = RankIdentities(state.tree, read_thresholds(task.options.rank_identities, LIMITED_RANKS))
        placed = PlacedReads()
        for read in found.values():
            where = verdict(read.hits, state.tree, task.options.top, limits)
            if where is None:
                placed.unplaced += 1
            else:
                placed.add(where.taxon, read.marker, read.copies)
        counts = counts_of_block(placed, state.tree, state.expected, task.options.min_markers)
        text = json.dumps(counts, sort_keys=True).encode()
        task.output("profile").write(text)
        task.output("taxa").write(text)
        task.note("reads", reads)
        task.note("of_markers", len(found))
        task.note("of_unknown_taxa", placed.unplaced)
        task.note("markers", dict(sorted(_by_marker(placed).items())))
        task.note("database_domains", domains_noted(state.tree.names, state.tree.ranks))

    def tool_versions(self) -> dict[str, str]:
        """The version of DIAMOND, as it prints it."""
        return {"diamond": program_version("diamond", "version", after="version ")}


def _mates(task: Task) -> Iterator[Record]:
    for pair in task.pairs():
        yield from pair


def _by_marker(placed: PlacedReads) -> Counter[str]:
    total = Counter[str]()
    for found in placed.reads.values():
        total.update(found)
    return total


def _proteins(fasta: Path) -> Iterator[tuple[str, int]]:
    """Marker and taxid of each protein. Raises E206."""
    try:
        with fasta.open(encoding="ascii") as lines:
            for line in lines:
                if line.startswith(">"):
                    yield marker_of(line[1:].strip())
    except (OSError, UnicodeDecodeError):
        raise MetapipeError("E206", "cannot be read", file=fasta) from None
