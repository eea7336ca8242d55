"""Example assignments: a small coastal sample and a second one, with odd names; and a tree of 200 taxa."""

from __future__ import annotations

import random

from metapipe.taxa.rows import ASSIGNMENT_TABLE

ROOT = "1:no rank:root"
BACTERIA = f"{ROOT};131567:no rank:cellular organisms;2:superkingdom:Bacteria"
PROTEO = f"{BACTERIA};1224:phylum:Pseudomonadota"
GAMMA = f"{PROTEO};1236:class:Gammaproteobacteria;135623:order:Vibrionales;641:family:Vibrionaceae"
VIBRIO = f"{GAMMA};662:genus:Vibrio"
CHOLERAE = f"{VIBRIO};666:species:Vibrio cholerae"
STRAIN = f"{CHOLERAE};243277:strain:Vibrio cholerae O1 biovar El Tor str. N16961"
ALPHA = f"{PROTEO};28211:class:Alphaproteobacteria"
#: No order between class and family.
ODD = f"{ALPHA};900001:family:'Candidatus' [Odd] (family: IV), \"A & B\" <x>"
OTHER = f"{ODD};900002:genus:O'Neill's genus_7"
ARCHAEA = f"{ROOT};2157:superkingdom:Archaea"
KODAK = (
    f"{ARCHAEA};183963:phylum:Methanobacteriota;2258:class:Thermococci;2259:order:Thermococcales;"
    "2259001:family:Thermococcaceae;2263:genus:Thermococcus;311400:species:Thermococcus kodakarensis"
)

#: (read, size, tier, identity, matches, lineage)
MERGED = [
    ("m1", 700, "upper", "99.60", 3, CHOLERAE),
    ("m2", 120, "upper", "98.02", 1, STRAIN),
    ("m3", 90, "upper", "97.10", 12, VIBRIO),
    ("m4", 60, "lower", "93.40", 40, GAMMA),
    ("m5", 55, "lower", "91.00", 100, PROTEO),
    ("m6", 40, "upper", "100.00", 1, KODAK),
    ("m7", 25, "none", "", 0, ""),
    ("m8", 3, "lower", "90.01", 5, OTHER),
    ("m9", 2, "lower", "90.00", 7, ODD),
    ("m10", 1, "lower", "90.00", 100, ROOT),
]
PAIRS = [
    ("p1", 1, "upper", "98.90", 2, CHOLERAE),
    ("p2", 1, "upper", "99.00", 1, KODAK),
    ("p3", 1, "none", "", 0, ""),
]
SECOND = [
    ("s1", 10, "upper", "99.60", 3, VIBRIO),
    ("s2", 500, "upper", "99.60", 3, KODAK),
    ("s3", 4, "none", "", 0, ""),
]

Row = tuple[str, int, str, str, int, str]


def assignments(rows: list[Row]) -> bytes:
    """The table as assign_taxa writes it."""
    lines = ["#" + "\t".join(ASSIGNMENT_TABLE.columns)]
    for read, size, tier, identity, matches, lineage in rows:
        taxid, rank, taxon = lineage.rpartition(";")[2].split(":", 2) if lineage else ("", "", "")
        score = "0.5" if lineage else ""
        cells = (read, str(size), tier, identity, str(matches), taxid, taxon, rank, score, lineage)
        lines.append("\t".join(cells))
    return ("\n".join(lines) + "\n").encode()


def many_taxa(taxa: int = 200, seed: int = 7) -> list[Row]:
    """Rows of a sample whose tree has about so many taxa of main ranks: names as long and counts as uneven as real."""
    source = random.Random(seed)
    ranks = ("superkingdom", "phylum", "class", "order", "family", "genus", "species")
    endings = ("", "ota", "ia", "ales", "aceae", "", "")
    lineages = [ROOT]
    depth = {ROOT: 0}
    number = 10
    while len(lineages) < taxa:
        # The newest first, so that the tree has long branches down to species.
        above = lineages[-1] if source.random() < 0.6 else source.choice(lineages)
        if depth[above] == len(ranks):
            continue
        number += 1
        rank = ranks[depth[above]]
        stem = "".join(source.choice(("pha", "reo", "ther", "mo", "vi", "bri", "rose", "lac", "no")) for _ in range(4))
        genus = above.rpartition(":")[2]
        name = f"{genus} {stem}ensis" if rank == "species" else stem.capitalize() + endings[depth[above]]
        lineages.append(f"{above};{number}:{rank}:{name}")
        depth[lineages[-1]] = depth[above] + 1
    rows: list[Row] = [
        (f"r{index}", int(source.lognormvariate(3, 2)) + 1, "upper", "99.00", 1, lineage)
        for index, lineage in enumerate(lineages)
        if depth[lineage] >= 4 or source.random() < 0.4
    ]
    return [*rows, ("r_none", 321, "none", "", 0, "")]
