"""The taxonomy of reads against the truth: our stage, DIAMOND's own LCA, MMseqs2, Kraken2 on proteins and on genomes.

Each community is classified with three databases: with everything (*members in*), without the very genomes that its
reads come from (*members out*: other strains of four of the species stay), and without their species (*species out*).
All engines have the same genomes or their proteins, and the same taxonomy. Each community is drawn several times, with
other abundances and other reads. What was measured stays measured (:mod:`benchmarks.read_taxonomy.cells`), so the same
command goes on where it was ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError
from benchmarks.part import Asked, Part
from benchmarks.place import need
from benchmarks.read_taxonomy.cells import cell
from benchmarks.read_taxonomy.coding import by_coding, coding_bases
from benchmarks.read_taxonomy.communities import (
    COMMUNITIES,
    GENOMES,
    MEMBERS_IN,
    SECTIONS,
    Community,
    all_nodes,
    kept_genomes,
    make_reads,
    taxid_of,
)
from benchmarks.read_taxonomy.databases import OURS, Databases
from benchmarks.read_taxonomy.engines import RUNS, SETTINGS, SETTINGS_SECTION, Run, names_of
from benchmarks.read_taxonomy.judging import Truth, judge, ranks_of
from benchmarks.read_taxonomy.page import write_page
from benchmarks.results import Results
from metapipe.demo.taxa_scores import Lineage, of_reads
from metapipe.refdb.readers.taxdump import Node
from metapipe.taxa.ancestry import read_ancestry

PROGRAMS = ("diamond", "kraken2", "mmseqs")
QUICK_PAIRS = 300
#: How often a community is drawn.
DRAWS = 2


@dataclass(frozen=True)
class Bench:
    """What all sections share. :param taxa: taxid → lineage. :param programs: their versions."""

    asked: Asked
    wanted: list[Run]
    nodes: dict[int, Node]
    taxa: Mapping[int, Lineage]
    work: Path
    programs: Mapping[str, str]


def measure(asked: Asked) -> None:
    """Make communities and databases, run every engine, write ``read-taxonomy.json`` and ``.md``.

    :raises BenchmarkError: when a program fails, or there is no such engine.
    """
    setting = asked.setting
    wanted = [one for one in (*RUNS, *SETTINGS) if not asked.variants or one.label in asked.variants]
    if asked.variants and len(wanted) != len(set(asked.variants)):
        raise BenchmarkError(f"variants are: {', '.join(one.label for one in (*RUNS, *SETTINGS))}")
    need(*PROGRAMS, "art_illumina", "minimap2")
    results = Results("read-taxonomy", setting, asked.command, PROGRAMS)
    work = setting.data / ("read-taxonomy-quick" if setting.quick else "read-taxonomy")
    nodes = all_nodes(work / "nodes.json", asked.say)
    above = {taxid: (node.parent, node.rank) for taxid, node in nodes.items()}
    taxa = {taxid: ranks_of(taxid, above) for taxid in (1, *nodes)}
    programs = {name: said for name, said in results.head["programs"].items() if name in PROGRAMS}
    bench = Bench(asked, wanted, nodes, taxa, work, programs)
    sections = ["marine/members-out"] if setting.quick else list(asked.sections)
    found: dict[str, dict[str, Any]] = {section: {} for section in sections}
    # One engine on everything before the next, the first draw before the second: ended early, whole rows are there.
    for draw in range(1 if setting.quick else DRAWS):
        drawn = {section: _drawn(section, draw, bench) for section in sections}
        for one in wanted:
            for section in sections:
                if (one in SETTINGS and section != SETTINGS_SECTION) or (one.once and draw):
                    continue
                _add(found[section], one, drawn[section], bench)
                finished = draw + 1 == DRAWS and one == wanted[-1]
                results.save(section, found[section], finished=finished and not asked.variants)
    write_page(setting.results)


@dataclass(frozen=True)
class Drawn:
    """A draw of a community, and a database. :param section: both, by name."""

    section: str
    community: Community
    seed: int
    reads: tuple[Path, Path]
    databases: Databases
    truth: Truth


def _drawn(section: str, draw: int, bench: Bench) -> Drawn:
    setting, say = bench.asked.setting, bench.asked.say
    name, _, database = section.partition("/")
    community = replace(COMMUNITIES[name], pairs=QUICK_PAIRS) if setting.quick else COMMUNITIES[name]
    own, seed = bench.work / community.name, community.seeds[draw]
    # What holds everything is the same for all communities.
    place = (bench.work if database == MEMBERS_IN else own) / database
    kept = kept_genomes(community, database, bench.nodes)
    databases = Databases(tuple(kept), bench.nodes, place, bench.work / "called", setting.slots, say)
    reads = make_reads(community, seed, own / f"reads-{seed}-{community.pairs}", say)
    return Drawn(section, community, seed, reads, databases, _truth(community, reads, databases, bench.taxa))


def _add(found: dict[str, Any], one: Run, drawn: Drawn, bench: Bench) -> None:
    """Add what an engine says of a draw, and what it costs, to what was found."""
    seed, truth = str(drawn.seed), drawn.truth
    found["words"] = drawn.community.words
    found.setdefault("reads", {})[seed] = len(truth.lineages)
    found.setdefault("foreign", {})[seed] = len(truth.foreign)
    got, fresh = cell(one, drawn.reads, drawn.databases, bench.work, bench.programs, bench.asked.setting.slots)
    judged = judge(got.calls, truth)
    runs = found.setdefault("runs", {})
    entry = runs.setdefault(one.label, {"paired": one.paired, "setting": one in SETTINGS, "draws": {}})
    entry["draws"][seed] = judged | got.costs
    found["databases"] = drawn.databases.costs
    bench.asked.say(
        f"{drawn.section} {seed} {one.label}: genus {judged['scores']['genus']}, L1 {judged['l1']['genus']}"
        f" and {judged['l1_placed']['genus']}, {got.costs['cpu_seconds']:.1f} core-s{'' if fresh else ' (kept)'}"
    )
    if one == RUNS[0] and drawn.section.endswith(MEMBERS_IN):
        found.setdefault("coding", {})[seed] = _by_coding(drawn.community, drawn.reads, got.calls, bench)


def _truth(community: Community, reads: tuple[Path, Path], databases: Databases, taxa: Mapping[int, Lineage]) -> Truth:
    sources = {alias: taxa[taxid_of(alias)] for member in community.members for alias in member}
    lineages = of_reads(sources, names_of(reads[0]))
    foreign = frozenset(read for read in lineages if read.rpartition("-")[0] in community.foreign)
    return Truth(lineages, foreign, taxa, frozenset(read_ancestry(databases.of(OURS)).taxids))


def _by_coding(
    community: Community, reads: tuple[Path, Path], calls: Mapping[str, int], bench: Bench
) -> dict[str, list[int]]:
    aliases = [alias for member in community.members for alias in member if alias in GENOMES]
    coding = coding_bases(aliases, reads[0], bench.work / "called", bench.asked.say)
    return by_coding(coding, lambda read: "genus" in bench.taxa[calls.get(read, 1)])


PART = Part(
    "read-taxonomy",
    "taxa of reads against the truth: four engines, members in and held out",
    measure,
    order=135,
    share=0,
    sections=SECTIONS,
    has_place=False,
)
