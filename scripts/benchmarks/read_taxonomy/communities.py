"""Communities of known truth: whole genomes of public packages, log-normal abundances, reads by ART, fixed seeds."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from metapipe.demo.community import Member
from metapipe.demo.reads import READ_LENGTH, simulate_reads
from metapipe.refdb.builders.taxon_db import taxon_db, taxon_nodes
from metapipe.refdb.fetch import Say, obtain
from metapipe.refdb.readers.annotated_genomes import Genome, read_genome
from metapipe.refdb.readers.taxdump import Node
from metapipe.refdb.sources import find_source

TAXONOMY = ("ncbi-taxa", "ncbi-name-places", "ncbi-names")
#: All genomes of the databases that hold everything; what stands on one line is one species.
GENOMES = (
    "roseobacter-denitrificans",
    "methanococcus-maripaludis",
    "methanosarcina-acetivorans",
    "thermococcus-kodakarensis",
    "thermodesulfatator-indicus",
    "methanothermobacter-thermautotrophicus",
    "bradyrhizobium-japonicum",
    *("vibrio-cholerae", "vibrio-cholerae-2", "vibrio-cholerae-o395", "vibrio-cholerae-o395-2"),
    *("escherichia-coli", "escherichia-coli-dh1"),
    *("staphylococcus-aureus", "staphylococcus-aureus-rf122"),
    *("helicobacter-pylori", "helicobacter-pylori-els37"),
    "mycobacterium-tuberculosis",
    "mycolicibacterium-smegmatis",
)
MEMBERS_IN, MEMBERS_OUT, SPECIES_OUT = "members-in", "members-out", "species-out"
DATABASES = (MEMBERS_IN, MEMBERS_OUT, SPECIES_OUT)
#: What is measured. Without *V. cholerae* O395, *marine* is much the same as without its members.
SECTIONS = ("marine/members-in", "marine/members-out", "mixed/members-in", "mixed/members-out", "mixed/species-out")


@dataclass(frozen=True)
class Community:
    """Reads come from whole genomes.

    :param words: for the page. :param seeds: of each draw of abundances and reads.
    :param members: sources; two chromosomes of one genome have one abundance.
    :param foreign: a member that no database holds. :param pairs: of a draw.
    """

    name: str
    words: str
    seeds: tuple[int, ...]
    members: tuple[tuple[str, ...], ...]
    foreign: tuple[str, ...] = ()
    pairs: int = 1_500


COMMUNITIES = {
    community.name: community
    for community in (
        Community(
            "marine",
            "the six organisms of the demo, their whole genomes. Settings were chosen by looking at this one.",
            seeds=(20261201, 20262201),
            members=(
                ("roseobacter-denitrificans",),
                ("methanococcus-maripaludis",),
                ("methanosarcina-acetivorans",),
                ("thermococcus-kodakarensis",),
                ("vibrio-cholerae", "vibrio-cholerae-2"),
                ("thermodesulfatator-indicus",),
            ),
        ),
        Community(
            "mixed",
            "other organisms, and a chromosome of yeast that no database holds. Nothing was tuned on it.",
            seeds=(20261202, 20262202),
            members=(
                ("staphylococcus-aureus",),
                ("helicobacter-pylori",),
                ("mycobacterium-tuberculosis",),
                ("escherichia-coli",),
                ("bradyrhizobium-japonicum",),
                ("methanothermobacter-thermautotrophicus",),
                ("saccharomyces-cerevisiae-iv",),
            ),
            foreign=("saccharomyces-cerevisiae-iv",),
        ),
    )
}


def genome(alias: str, say: Say) -> Genome:
    """A genome of :data:`GENOMES`, fetched where it is not there."""
    source = find_source(alias)[1]
    return read_genome(obtain([alias], None, say)[alias], source)


def all_nodes(kept: Path, say: Say) -> dict[int, Node]:
    """NCBI's nodes on the way from the root to all genomes of databases and communities.

    :param kept: where they are kept: the whole of NCBI's names takes seconds to unpack.
    """
    members = (alias for one in COMMUNITIES.values() for member in one.members for alias in member)
    taxids = sorted({taxid_of(alias) for alias in (*GENOMES, *members)})
    if kept.exists():
        found = json.loads(kept.read_text())
        if found["taxids"] == taxids:
            return {taxid: Node(*node) for taxid, node in found["nodes"]}
    paths = obtain(list(TAXONOMY), None, say)
    nodes = taxon_nodes(set(taxids), taxon_db(paths), paths["ncbi-taxa"])
    kept.parent.mkdir(parents=True, exist_ok=True)
    rows = [(taxid, (node.parent, node.rank, node.name)) for taxid, node in nodes.items()]
    kept.write_text(json.dumps({"taxids": taxids, "nodes": rows}))
    return nodes


def taxid_of(alias: str) -> int:
    """The taxid of a genome."""
    return int(find_source(alias)[1].taxid)


def nodes_above(aliases: Iterable[str], nodes: Mapping[int, Node]) -> dict[int, Node]:
    """Of all nodes those of some genomes, and all above them but the root."""
    found: dict[int, Node] = {}
    for taxid in map(taxid_of, aliases):
        while taxid != 1 and taxid not in found:
            found[taxid] = nodes[taxid]
            taxid = nodes[taxid].parent
    return found


def kept_genomes(community: Community, database: str, nodes: dict[int, Node]) -> list[str]:
    """The genomes that a database of the community holds."""
    own = {alias for member in community.members for alias in member}
    if database == MEMBERS_IN:
        return list(GENOMES)
    if database == MEMBERS_OUT:
        return [alias for alias in GENOMES if alias not in own]
    species = {species_of(alias, nodes) for alias in own}
    return [alias for alias in GENOMES if species_of(alias, nodes) not in species]


def depths(community: Community, seed: int) -> list[float]:
    """How deep each member is sequenced, in parts of the others: how many cells of it there are."""
    dice = random.Random(seed)
    return [math.exp(dice.gauss(0.0, 1.0)) for _ in community.members]


def make_reads(community: Community, seed: int, folder: Path, say: Say) -> tuple[Path, Path]:
    """Write the pairs, named ``<source>-<number>``; nothing when they are there."""
    reads = folder / "reads_1.fastq.gz", folder / "reads_2.fastq.gz"
    if all(path.exists() for path in reads):
        return reads
    folder.mkdir(parents=True, exist_ok=True)
    raw = depths(community, seed)
    genomes = {alias: genome(alias, say) for member in community.members for alias in member}
    letters = sum(
        depth * len(genomes[alias].sequence)
        for depth, member in zip(raw, community.members, strict=True)
        for alias in member
    )
    wanted = community.pairs * 2 * READ_LENGTH
    members = [
        Member(
            name=alias, organism="", taxid="", accession="", start=1, end=1, sequence=genomes[alias].sequence,
            coverage=round(depth * wanted / letters, 4), abundance=0.0, annotated=False, genes=(), proteins=(),
        )
        for depth, member in zip(raw, community.members, strict=True)
        for alias in member
    ]  # fmt: skip
    say(f"{community.name}, seed {seed}: simulating {community.pairs:,} pairs")
    simulate_reads(members, seed, *reads)
    return reads


def species_of(alias: str, nodes: dict[int, Node]) -> int:
    """Taxid of the species of a source."""
    taxid = taxid_of(alias)
    while nodes[taxid].rank != "species":
        taxid = nodes[taxid].parent
    return taxid
