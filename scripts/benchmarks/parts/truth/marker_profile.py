"""Who is there: species by marker genes and by classified reads, against communities of known truth.

The communities, genomes and databases are those of the part ``read-taxonomy``; there are more reads, since one in a
hundred is of a marker gene.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Spent, run
from benchmarks.part import Asked, Part
from benchmarks.place import environment, metapipe, need
from benchmarks.read_taxonomy.communities import (
    COMMUNITIES,
    MEMBERS_IN,
    Community,
    all_nodes,
    depths,
    kept_genomes,
    make_reads,
    nodes_above,
    species_of,
)
from benchmarks.read_taxonomy.databases import OURS, Databases
from benchmarks.read_taxonomy.marker_page import write_page
from benchmarks.read_taxonomy.presence import Truth, species_of_profile, species_of_reads
from benchmarks.results import Results
from metapipe.refdb.builders.markers import build_markers, profile_sources, read_marker_profiles
from metapipe.refdb.builders.read_taxonomy import Said
from metapipe.refdb.fetch import obtain
from metapipe.refdb.manifest import Manifest, describe_files
from metapipe.refdb.readers.proteins import Protein, read_fasta
from metapipe.refdb.readers.taxdump import Node, placement

PAIRS, QUICK_PAIRS = 10_000, 600
#: *marine* is what defaults were chosen on; another seed of it, and other organisms.
MARINE, AGAIN, MIXED = "marine", "marine again", "mixed"
SECTIONS = tuple(
    f"{name}/{database}" for name in (MARINE, AGAIN, MIXED) for database in ("members-in", "members-out", "species-out")
)
MARKERS = (1, 2, 3, 5, 8)
SUPPORTS = (1, 2, 5, 10, 50)
#: Other settings of the profile, beside its default.
SETTINGS = {
    "--rank-identities none": ("--rank-identities", "none"),
    "--rank-identities species=90,genus=80,family=70,order=60": (
        "--rank-identities",
        "species=90,genus=80,family=70,order=60",
    ),
    "--rank-identities species=97,genus=85,family=75,order=65": (
        "--rank-identities",
        "species=97,genus=85,family=75,order=65",
    ),
    "--top 0": ("--top", "0"),
    "--top 10": ("--top", "10"),
}


def measure(asked: Asked) -> None:
    """Make communities and databases, profile and classify their reads, write ``marker-profile.json`` and ``.md``."""
    setting = asked.setting
    need("diamond", "art_illumina")
    results = Results("marker-profile", setting, asked.command, ("diamond",))
    for section in ["marine/members-in"] if setting.quick else asked.sections:
        name, _, database = section.partition("/")
        keep = partial(results.save, section)
        keep(_measured(_community(name, quick=setting.quick), database, asked), finished=True)
    write_page(setting.results)


def _community(name: str, *, quick: bool) -> Community:
    known = COMMUNITIES[MARINE if name == AGAIN else name]
    seed = known.seeds[1 if name == AGAIN else 0]
    return replace(known, name=name.replace(" ", "-"), seeds=(seed,), pairs=QUICK_PAIRS if quick else PAIRS)


def _measured(community: Community, database: str, asked: Asked) -> dict[str, Any]:
    setting, say = asked.setting, asked.say
    top = setting.data / ("marker-profile-quick" if setting.quick else "marker-profile")
    work = top / community.name
    nodes = all_nodes(setting.data / "read-taxonomy" / "nodes.json", say)
    first, second = make_reads(community, community.seeds[0], work / "reads", say)
    kept = kept_genomes(community, database, nodes)
    place = (top if database == MEMBERS_IN else work) / database
    called = setting.data / "read-taxonomy" / "called"
    proteins = Databases(tuple(kept), nodes, place, called, setting.slots, say).of(OURS)
    markers = _markers(proteins, place / "markers", nodes_above(kept, nodes), asked)
    known = {species_of(alias, nodes) for alias in kept}
    cells: dict[int, float] = {}
    for depth, member in zip(depths(community, community.seeds[0]), community.members, strict=True):
        if member[0] not in community.foreign:
            cells[species_of(member[0], nodes)] = depth
    total = sum(cells.values())
    truth = Truth({one: depth / total for one, depth in cells.items()}, frozenset(cells.keys() & known))
    found: dict[str, Any] = {
        "words": community.words,
        "pairs": community.pairs,
        "species": len(cells),
        "in_database": len(known),
        "profile": {},
        "settings": {},
        "reads": {},
        "spent": {},
    }
    for number in MARKERS:
        table, spent = _profile(first, second, markers, work / "run", setting.slots, ("--min-markers", str(number)))
        found["profile"][str(number)] = truth.judged(species_of_profile(table))
        found["spent"]["profile_markers"] = _costs(spent)
    if community.name == MARINE or setting.quick:
        for label, words in SETTINGS.items():
            table, _ = _profile(first, second, markers, work / "run", setting.slots, words)
            found["settings"][label] = truth.judged(species_of_profile(table))
    folder = work / "classified"
    words = ["classify_reads", "--reads-1", first, "--reads-2", second, "--db-taxonomy", proteins, "--outdir", folder]
    spent = _run(words, folder, setting.slots)
    found["spent"]["classify_reads"] = _costs(spent)
    for support in SUPPORTS:
        found["reads"][str(support)] = truth.judged(species_of_reads(folder / "taxa-of-reads.tsv", support))
    say(f"{community.name}/{database}: profile {found['profile']}, reads {found['reads']}")
    return found


def _profile(
    first: Path, second: Path, markers: Path, folder: Path, slots: int, options: tuple[str, ...]
) -> tuple[Path, Spent]:
    words = ["profile_markers", "--reads-1", first, "--reads-2", second, "--db-markers", markers, "--outdir", folder]
    return folder / "marker-profile.tsv", _run([*words, *options], folder, slots)


def _run(words: list[str | Path], folder: Path, slots: int) -> Spent:
    shutil.rmtree(folder, ignore_errors=True)
    command = metapipe(*words, "--session", "inline", "--slots", str(slots))
    return run(list(command), environment=environment())


def _costs(spent: Spent) -> dict[str, float]:
    return {"cpu_seconds": round(spent.cpu, 1), "mib": round(spent.rss_mib)}


def _markers(proteins: Path, folder: Path, nodes: dict[int, Node], asked: Asked) -> Path:
    """The database of the markers among the proteins of another; what is there from before stays."""
    if (folder / "manifest.json").exists():
        return folder
    asked.say(f"{folder.parent.name}: markers")
    folder.mkdir(parents=True, exist_ok=True)
    placed = placement({str(taxid): taxid for taxid in nodes}, nodes)

    def given() -> Iterator[Said]:
        for header, sequence in read_fasta(proteins / "proteins.fasta"):
            name, _, taxid = header.rpartition("_")
            yield Protein(name, sequence), taxid

    profiles = read_marker_profiles(obtain(profile_sources(), None, asked.say))
    built = build_markers(given(), placed, folder, profiles=profiles)
    Manifest(
        schema=1, name="bench", version="1", kind="markers", title="bench", sources=[], licence="as its sources",
        date="2024-09", format=built.format, tool=built.tool, counts=built.counts,
        builder="scripts/bench marker-profile", files=describe_files(folder),
    ).write(folder)  # fmt: skip
    return folder


PART = Part(
    "marker-profile",
    "who is there: species by marker genes and by classified reads, against the truth",
    measure,
    order=136,
    share=0,
    sections=SECTIONS,
    has_place=False,
)
