"""The communities: which organisms, which region is copied of each, and how it is sequenced."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metapipe.demo.amplicons import FragmentSpec, MockSpec, cut
from metapipe.demo.taxa_scores import RANKS
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.references import Reference

REFSEQ, SILVA = "16S of bacteria (NCBI RefSeq)", "18S of eukaryotes (SILVA SSURef 93)"

#: Genera of sea water and marine sediment in RefSeq.
MARINE = (
    "Aliivibrio", "Alcanivorax", "Algoriphagus", "Alteromonas", "Aquimarina", "Arcobacter", "Bizionia", "Cellulophaga",
    "Celeribacter", "Colwellia", "Croceibacter", "Desulfobacter", "Dokdonia", "Enterovibrio", "Erythrobacter",
    "Glaciecola", "Halomonas", "Idiomarina", "Kordia", "Lentisphaera", "Loktanella", "Maribacter", "Marinobacter",
    "Marinomonas", "Maritimibacter", "Moritella", "Muricauda", "Neptunomonas", "Oceanicola", "Oceanospirillum",
    "Phaeobacter", "Photobacterium", "Polaribacter", "Prochlorococcus", "Pseudoalteromonas", "Psychrobacter",
    "Psychromonas", "Rhodopirellula", "Roseovarius", "Ruegeria", "Salinispora", "Shewanella", "Sulfitobacter",
    "Sulfurimonas", "Sulfurovum", "Tenacibaculum", "Thalassospira", "Thalassotalea", "Vibrio", "Winogradskyella",
    "Zobellia",
)  # fmt: skip
#: Genera of soil, its plants' roots and fresh water.
SOIL = (
    "Acidobacterium", "Actinoplanes", "Adhaeribacter", "Agromyces", "Amycolatopsis", "Arthrobacter", "Azospirillum",
    "Bacillus", "Blastococcus", "Bosea", "Bradyrhizobium", "Burkholderia", "Caulobacter", "Cellulomonas",
    "Chitinophaga", "Cupriavidus", "Devosia", "Dyella", "Ensifer", "Flavisolibacter", "Gaiella", "Gemmata",
    "Gemmatimonas", "Geodermatophilus", "Geobacter", "Granulicella", "Hymenobacter", "Hyphomicrobium", "Kribbella",
    "Luteimonas",
    "Lysobacter", "Massilia", "Mesorhizobium", "Methylobacterium", "Microvirga", "Mucilaginibacter", "Mycobacterium",
    "Nitrosomonas", "Nocardia", "Nocardioides", "Paenibacillus", "Paraburkholderia", "Pedobacter", "Phenylobacterium",
    "Pseudomonas", "Ramlibacter", "Rhizobium", "Rhodanobacter", "Rubrobacter", "Solirubrobacter", "Sphingomonas",
    "Spirosoma", "Sporosarcina", "Streptomyces", "Terriglobus", "Terrimonas", "Variovorax",
)  # fmt: skip
#: Genera of the gut and mouth of man and animals.
GUT = (
    "Actinomyces", "Adlercreutzia", "Akkermansia", "Alistipes", "Anaerococcus", "Anaerostipes", "Bacteroides",
    "Bifidobacterium", "Bilophila", "Blautia", "Butyricicoccus", "Butyrivibrio", "Campylobacter", "Capnocytophaga",
    "Citrobacter", "Clostridium", "Collinsella", "Coprococcus", "Desulfovibrio", "Dialister", "Dorea", "Eggerthella",
    "Enterobacter", "Enterococcus", "Eubacterium", "Faecalibacterium", "Faecalicatena", "Finegoldia", "Fusobacterium",
    "Haemophilus", "Helicobacter", "Klebsiella", "Lachnospira", "Lacticaseibacillus", "Lactobacillus", "Lactococcus",
    "Ligilactobacillus", "Limosilactobacillus", "Megamonas", "Megasphaera", "Mitsuokella", "Neisseria", "Odoribacter",
    "Olsenella", "Oscillibacter", "Parabacteroides", "Peptoniphilus", "Phascolarctobacterium", "Phocaeicola",
    "Porphyromonas", "Prevotella", "Proteus", "Roseburia", "Rothia", "Ruminococcus", "Segatella", "Selenomonas",
    "Slackia", "Streptococcus", "Subdoligranulum", "Sutterella", "Treponema", "Turicibacter", "Veillonella",
)  # fmt: skip
#: Groups of marine plankton among the eukaryotes.
PLANKTON = (
    "Bacillariophyta", "Calanoida", "Centroheliozoa", "Cercozoa", "Chaetognatha", "Choanoflagellida", "Chrysophyceae",
    "Ciliophora", "Cnidaria", "Cryptophyta", "Ctenophora", "Cyclopoida", "Dictyochophyceae", "Dinophyceae",
    "Eustigmatophyceae", "Foraminifera", "Harpacticoida", "Haptophyceae", "Labyrinthulomycetes", "Mamiellophyceae",
    "Nephroselmidophyceae", "Pelagophyceae", "Perkinsea", "Prasinophyceae", "Raphidophyceae", "Tunicata",
)  # fmt: skip

V4 = FragmentSpec(name="V4", forward="GTGYCAGCMGCCGCGGTAA", reverse="GGACTACNVGGGTWTCTAAT", share=1.0)
V3_V4 = FragmentSpec(name="V3V4", forward="CCTACGGGNGGCWGCAG", reverse="GACTACHVGGGTATCTAATCC", share=1.0)
V4_OF_18S = FragmentSpec(name="V4", forward="CCAGCASCYGCGGTAATTCC", reverse="ACTTTCGTTCTTGATYRA", share=1.0)


@dataclass(frozen=True)
class Community:
    """A mock community.

    :param collection: where references come from, :data:`REFSEQ` or :data:`SILVA`.
    :param taxa: names of the taxa, of genera if any of them is one, that members are drawn from.
    :param merged: whether mates overlap, so that merged reads are classified; else the pairs are.
    :param members: half of them have another reference of their species in the collection, half have none.
    """

    name: str
    words: str
    collection: str
    taxa: tuple[str, ...]
    fragment: FragmentSpec
    seed: int
    read_length: int = 250
    merged: bool = True
    members: int = 200
    pairs: int = 600
    sigma: float = 1.0

    def spec(self, members: Sequence[str]) -> MockSpec:
        """The recipe of its reads."""
        return MockSpec(
            name=self.name, seed=self.seed, read_length=self.read_length, pairs=self.pairs, sigma=self.sigma,
            fragments=[self.fragment], members=list(members),
        )  # fmt: skip


COMMUNITIES = {
    community.name: community
    for community in (
        Community("marine", "sea water and sediment, 16S V4", REFSEQ, MARINE, V4, 20261122, members=300, pairs=1_200),
        Community("soil", "soil, 16S V4", REFSEQ, SOIL, V4, 20261128),
        Community("gut", "gut and mouth, 16S V4", REFSEQ, GUT, V4, 20261129),
        Community("plankton", "marine plankton, 18S V4", SILVA, PLANKTON, V4_OF_18S, 20261130),
        Community(
            "pairs", "gut, mouth and soil, 16S V3-V4 by 2 × 150 bases, which do not meet", REFSEQ, (*GUT, *SOIL), V3_V4,
            20261131, read_length=150, merged=False, members=150, pairs=400,
        ),
    )
}  # fmt: skip
#: For trying: few members of few genera.
QUICK = Community("marine", "some marine genera, 16S V4", REFSEQ, MARINE[:12], V4, 20261122, members=30, pairs=300)


def choose_members(community: Community, references: Sequence[Reference], placed: Placement) -> list[str]:
    """Draw members to which the primers bind; half of them have a sibling of their species."""
    ranks = {reference.name: main_ranks_of(placed.taxon_of[reference.name], placed) for reference in references}
    wanted = frozenset(community.taxa)
    under: dict[int, bool] = {0: False}
    siblings = Counter(lineage.get("species") for lineage in ranks.values())
    candidates: dict[bool, list[str]] = {True: [], False: []}
    for reference in sorted(references, key=lambda reference: reference.name):
        lineage = ranks[reference.name]
        if (
            {"genus", "species"} <= lineage.keys()
            and _is_under(placed.taxon_of[reference.name], wanted, placed, under)
            and len(cut(reference.sequence, community.fragment) or "") >= community.read_length
        ):
            candidates[siblings[lineage["species"]] > 1].append(reference.name)
    dice = random.Random(community.seed)
    half = community.members // 2
    return [
        name for group in (True, False) for name in dice.sample(candidates[group], min(half, len(candidates[group])))
    ]


def choose_genera(community: Community, members: Sequence[str], placed: Placement) -> frozenset[int]:
    """Draw half of the members' genera, those that one of the databases lacks altogether."""
    genera = sorted({main_ranks_of(placed.taxon_of[name], placed)["genus"] for name in members})
    return frozenset(random.Random(community.seed + 1).sample(genera, len(genera) // 2))


def main_ranks_of(taxid: int, placed: Placement) -> Mapping[str, int]:
    """Main rank -> taxid, of a taxon and those above it."""
    found = {}
    while taxid:
        taxon = placed.taxa[taxid]
        if taxon.rank in RANKS:
            found[taxon.rank] = taxid
        taxid = taxon.parent
    return found


def _is_under(taxid: int, names: frozenset[str], placed: Placement, known: dict[int, bool]) -> bool:
    if taxid not in known:
        taxon = placed.taxa[taxid]
        known[taxid] = taxon.name in names or _is_under(taxon.parent, names, placed, known)
    return known[taxid]
