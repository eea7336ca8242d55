"""Taxa of amplicon reads against the truth: our stages, vsearch SINTAX, and a plain lowest common ancestor.

Each mock community is classified with three databases: without the very sequences that its reads come from (*held
out*), without half of its genera as well (*genera out*), and with everything (*members in*). All see the same reads and
the same references with the same taxonomy; our stages map with each engine of the search.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.amplicons.classifying import classify, engines
from benchmarks.amplicons.communities import COMMUNITIES, QUICK, Community, choose_members
from benchmarks.amplicons.made_inputs import DATABASES, MEMBERS_IN, kept_references, make_database, make_reads
from benchmarks.amplicons.page import write_page
from benchmarks.amplicons.reference_sets import Placed, only_under, references_of
from benchmarks.measure import BenchmarkError
from benchmarks.part import Asked, Part
from benchmarks.place import need
from benchmarks.results import Results

PROGRAMS = ("bowtie2", "flash", "vsearch")


def measure(asked: Asked) -> None:
    """Make communities and databases, run everything, write ``amplicon-truth.json`` and ``.md``.

    What was mapped once is not mapped again, so a measurement that was broken off goes on where it was.

    :raises BenchmarkError: when a program fails, or there is no such engine.
    """
    setting, say = asked.setting, asked.say
    wanted = tuple(asked.variants) or engines()
    if unknown := set(wanted) - set(engines()):
        raise BenchmarkError(f"no such engine: {', '.join(sorted(unknown))} (there are {', '.join(engines())})")
    need(*PROGRAMS, "art_illumina")
    work = setting.data / ("amplicon-truth-quick" if setting.quick else "amplicon-truth")
    results = Results("amplicon-truth", setting, asked.command, PROGRAMS)
    collections: dict[str, Placed] = {}
    for section in [f"{QUICK.name}/{name}" for name in DATABASES] if setting.quick else asked.sections:
        name, _, database = section.partition("/")
        community = QUICK if setting.quick else COMMUNITIES[name]
        if community.collection not in collections:
            collections[community.collection] = references_of(community.collection, say)
        collection = collections[community.collection]
        if setting.quick:
            collection = only_under(collection, frozenset(community.taxa))
        found = _classified(community, database, collection, work, wanted, asked)
        results.save(section, found, finished=set(wanted) == set(engines()))
    write_page(setting.results)


def _classified(
    community: Community, database: str, collection: Placed, work: Path, wanted: tuple[str, ...], asked: Asked
) -> dict[str, Any]:
    """One community with one of its databases."""
    references, placed = collection
    members = choose_members(community, references, placed)
    folder = work / community.name
    reads = make_reads(community, members, collection, folder / "reads", asked.say)
    kept = kept_references(community, members, collection, database)
    # What holds everything is the same for all communities of a collection.
    place = folder if database != MEMBERS_IN else work / community.collection.split()[0]
    built = make_database(place / f"db-{database}", kept, placed, asked.say)
    truth = folder / "reads" / "truth.tsv"
    result = classify(reads, truth, built, folder / database, wanted, asked.setting.slots)
    result["database"]["removed"] = len(references) - len(kept)
    for engine, one in result["engines"].items():
        _, known, called, right = one["scores"]["genus"]
        asked.say(
            f"{community.name}/{database}, {engine}: {result['reads']:,} reads, genus {right:,} right of {called:,} "
            f"calls and {known:,} that could be; {one['seconds']:.0f} s"
        )
    return {"words": community.words, "collection": community.collection, **result}


PART = Part(
    "amplicon-truth",
    "taxa of amplicon reads against the truth, SINTAX and a plain LCA",
    measure,
    order=130,
    share=0,
    sections=tuple(f"{community}/{database}" for community in COMMUNITIES for database in DATABASES),
    has_place=False,
)
