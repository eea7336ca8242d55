"""Example matches against biomas-tiny-16s, a row for each rule of assign_taxa; and references as a user has them: a
table of lineages for that database's, and a few made-up ones whose headers say it themselves."""

from __future__ import annotations

import random
from pathlib import Path

from metapipe.biomas.tables import KEPT_TABLE
from metapipe.taxa.taxonomy import read_taxonomy

DATABASE = Path(__file__).parents[2] / "test-data/refdb/biomas-tiny-16s/1"
RUEGERIA_POMEROYI, RUEGERIA_CONCHAE = "NR_028727.1 NR_074150.1", "NR_109062.1"
VIBRIO, PHOTOBACTERIUM = "NR_024632.1 NR_024680.1 NR_026361.1", "NR_028002.1"
UNCLASSIFIED_POLARIBACTER, POLARIBACTER_BUTKEVICHII = "NR_197660.1", "NR_042779.1"

#: (read, size, tier, identity, references)
KEPT = [
    ("both;size=40", 40, "upper", "99.60", RUEGERIA_POMEROYI),  # all references of a species
    ("tie;size=12", 12, "upper", "97.63", f"NR_028727.1 {RUEGERIA_CONCHAE}"),  # a species and its genus are as good
    ("stray;size=9", 9, "upper", "98.02", f"NR_025267.1 {RUEGERIA_POMEROYI}"),  # two of a species, one far away
    ("strain;size=7", 7, "upper", "100.00", "NR_043384.1"),
    ("species;size=6", 6, "lower", "96.84", "NR_026361.1"),  # the lower tier tells no species
    ("family;size=5", 5, "lower", "93.28", f"{VIBRIO} {PHOTOBACTERIUM}"),
    ("flagged;size=4", 4, "upper", "98.81", f"{POLARIBACTER_BUTKEVICHII} {UNCLASSIFIED_POLARIBACTER}"),
    ("only_flagged;size=3", 3, "upper", "98.81", UNCLASSIFIED_POLARIBACTER),
    ("far;size=2", 2, "lower", "90.12", "NR_025751.1 NR_029028.1 NR_125480.1"),
    ("nothing", 1, "none", "", ""),
]
NOTHING = [("a;size=3", 3, "none", "", ""), ("b", 1, "none", "", "")]
#: A row for another database, whose names this one lacks.
FOREIGN = [*KEPT[:2], ("foreign", 1, "upper", "99.00", "AB000001.1")]
_LETTERS = {"superkingdom": "k", "phylum": "p", "class": "c", "order": "o", "family": "f", "genus": "g", "species": "s"}


def kept(rows: list[tuple[str, int, str, str, str]]) -> bytes:
    """The table as filter_matches writes it."""
    lines = ["#" + "\t".join(KEPT_TABLE.columns)]
    lines += ["\t".join(map(str, (*cells, " ".join(sorted(names.split()))))) for *cells, names in rows]
    return ("\n".join(lines) + "\n").encode()


def lineages() -> bytes:
    """Each reference of the database and its lineage of main ranks, as a user's own table has it."""
    taxonomy = read_taxonomy(DATABASE)
    lines = []
    for name, taxon in sorted(zip(taxonomy.references, taxonomy.reference_taxa.tolist(), strict=True)):
        named = [(taxonomy.ranks[above], taxonomy.names[above]) for above in taxonomy.lineage(taxon)]
        lines.append(f"{name}\t" + "; ".join(f"{_LETTERS[rank]}__{it}" for rank, it in named if rank in _LETTERS))
    return ("\n".join(lines) + "\n").encode()


def unite() -> bytes:
    """Three made-up sequences with headers as in UNITE's general release."""
    chance = random.Random(7)
    lineage = "k__Fungi;p__Ascomycota;c__Saccharomycetes;o__Saccharomycetales;f__Saccharomycetaceae;g__{0};s__{0}_{1}"
    return "".join(
        f">{genus}_{species}|AB{number:06}|SH{number:07}.09FU|refs|{lineage.format(genus, species)}\n"
        + "".join(chance.choices("ACGT", k=240))
        + "\n"
        for number, (genus, species) in enumerate([("Pichia", "marina"), ("Pichia", "salina"), ("Candida", "pelagica")])
    ).encode()
