"""The taxonomy of reads against the truth: our stage, DIAMOND's own LCA, MMseqs2, Kraken2 on proteins and on genomes.

Each community is classified with three databases: with everything (*members in*), without the very genomes that its
reads come from (*members out*: other strains of four of the species stay), and without their species (*species out*).
All engines have the same genomes or their proteins, and the same taxonomy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks.measure import BenchmarkError, Spent
from benchmarks.part import Asked, Part
from benchmarks.place import Setting, need
from benchmarks.read_taxonomy.communities import (
    COMMUNITIES,
    GENOMES,
    MEMBERS_IN,
    MEMBERS_OUT,
    SECTIONS,
    Community,
    kept_genomes,
    make_reads,
    nodes_above,
)
from benchmarks.read_taxonomy.databases import OURS, Databases
from benchmarks.read_taxonomy.engines import RUNS, SETTINGS, Calls, Run, classify, names_of
from benchmarks.read_taxonomy.page import write_page
from benchmarks.results import Results
from metapipe.demo.taxa_scores import RANKS, Lineage, of_reads, score
from metapipe.refdb.readers.taxdump import Node
from metapipe.refdb.sources import find_source
from metapipe.taxa.ancestry import read_ancestry

PROGRAMS = ("diamond", "kraken2", "mmseqs")
QUICK_PAIRS = 300


def measure(asked: Asked) -> None:
    """Make communities and databases, run every engine, write ``read-taxonomy.json`` and ``.md``.

    :raises BenchmarkError: when a program fails, or there is no such engine.
    """
    setting = asked.setting
    wanted = [one for one in (*RUNS, *SETTINGS) if not asked.variants or one.label in asked.variants]
    if asked.variants and len(wanted) != len(set(asked.variants)):
        raise BenchmarkError(f"variants are: {', '.join(one.label for one in (*RUNS, *SETTINGS))}")
    need(*PROGRAMS, "art_illumina")
    results = Results("read-taxonomy", setting, asked.command, PROGRAMS)
    for section in ["marine/members-out"] if setting.quick else asked.sections:
        name, _, database = section.partition("/")
        keep = partial(results.save, section)
        keep(_measured(_community(name, setting), database, wanted, asked, keep), finished=not asked.variants)
    write_page(setting.results)


def _community(name: str, setting: Setting) -> Community:
    community = COMMUNITIES[name]
    return replace(community, pairs=QUICK_PAIRS) if setting.quick else community


def _measured(
    community: Community, database: str, wanted: list[Run], asked: Asked, keep: Callable[..., None]
) -> dict[str, Any]:
    setting, say = asked.setting, asked.say
    work = setting.data / ("read-taxonomy-quick" if setting.quick else "read-taxonomy") / community.name
    members = [alias for member in community.members for alias in member]
    nodes = nodes_above([*GENOMES, *members], say)
    lineages = {taxid: _ranks(taxid, nodes) for taxid in nodes}
    reads = make_reads(community, work / "reads", say)
    # What holds everything is the same for all communities.
    place = (work.parent if database == MEMBERS_IN else work) / database
    kept = kept_genomes(community, database, nodes)
    databases = Databases(tuple(kept), place, work.parent / "called", setting.slots, say)
    in_database = frozenset(read_ancestry(databases.of(OURS)).taxids)
    sources = {alias: lineages[int(find_source(alias)[1].taxid)] for alias in members}
    truth = of_reads(sources, names_of(reads[0]))
    foreign = {read for read in truth if read.rpartition("-")[0] in community.foreign}
    found: dict[str, Any] = {
        "words": community.words,
        "reads": len(truth),
        "foreign": len(foreign),
        "runs": {},
    }
    for one in wanted:
        if one in SETTINGS and database != MEMBERS_OUT:
            continue
        calls, spent = classify(one, reads, databases, work / "run", setting.slots)
        result = _judged(calls, truth, foreign, lineages, in_database)
        found["runs"][one.label] = result | _costs(spent) | {"paired": one.paired, "setting": one in SETTINGS}
        genus = result["scores"]["genus"]
        say(f"{community.name}/{database} {one.label}: genus {genus}, L1 {result['l1']}, {spent.cpu:.1f} core-s")
        keep({**found, "databases": databases.costs}, finished=False)
    return {**found, "databases": databases.costs}


def _ranks(taxid: int, nodes: Mapping[int, Node]) -> Lineage:
    found: dict[str, int] = {}
    while taxid != 1:
        if nodes[taxid].rank in RANKS:
            found[nodes[taxid].rank] = taxid
        taxid = nodes[taxid].parent
    return found


def _judged(
    calls: Calls,
    truth: Mapping[str, Lineage],
    foreign: set[str],
    lineages: Mapping[int, Lineage],
    in_database: frozenset[int],
) -> dict[str, Any]:
    given = {read: lineages[taxid] for read, taxid in calls.items()}
    scores = score(truth, given, in_database)
    return {
        "classified": len(calls),
        "foreign_classified": len(foreign & calls.keys()),
        "scores": {rank: [one.reads, one.known, one.called, one.right] for rank, one in scores.items()},
        "l1": {rank: _l1(truth, given, rank) for rank in ("genus", "species")},
    }


def _l1(truth: Mapping[str, Lineage], given: Mapping[str, Lineage], rank: str) -> float:
    """Sum of the differences between true and found shares of the reads that are placed at a rank."""
    true = Counter(lineage[rank] for lineage in truth.values() if rank in lineage)
    found = Counter(lineage[rank] for lineage in given.values() if rank in lineage)
    taxa = true.keys() | found.keys()
    return round(sum(abs(true[t] / max(true.total(), 1) - found[t] / max(found.total(), 1)) for t in taxa), 4)


def _costs(spent: Spent) -> dict[str, Any]:
    return {
        "cpu_seconds": round(spent.cpu, 1),
        "wall_seconds": round(spent.wall, 1),
        "largest_process_mib": round(spent.rss_mib),
    }


PART = Part(
    "read-taxonomy",
    "taxa of reads against the truth: four engines, members in and held out",
    measure,
    order=135,
    share=0,
    sections=SECTIONS,
    has_place=False,
)
