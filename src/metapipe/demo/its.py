"""A made-up ITS collection in the forms of UNITE and ITSoneDB, for tests: neither ships in a public package."""

from __future__ import annotations

import random
from pathlib import Path

from metapipe.refdb.readers.proteins import write_fasta

#: Names are real and sequences are not. Placeholders are UNITE's own kinds.
UNITE = (
    ("Glomus_macrocarpum", "SH1000001.10FU", "refs", "k__Fungi;p__Glomeromycota;c__Glomeromycetes;o__Glomerales;"
     "f__Glomeraceae;g__Glomus;s__Glomus_macrocarpum"),
    ("Glomus_sp", "SH1000002.10FU", "reps", "k__Fungi;p__Glomeromycota;c__Glomeromycetes;o__Glomerales;f__Glomeraceae;"
     "g__Glomus;s__Glomus_sp"),
    ("Kirschsteiniothelia_lignicola", "SH1000003.10FU", "refs", "k__Fungi;p__Ascomycota;c__Dothideomycetes;"
     "o__Dothideomycetes_ord_Incertae_sedis;f__Kirschsteiniotheliaceae;g__Kirschsteiniothelia;"
     "s__Kirschsteiniothelia_lignicola"),
    ("Corollospora_maritima", "SH1000004.10FU", "refs", "k__Fungi;p__Ascomycota;c__Sordariomycetes;o__Microascales;"
     "f__Halosphaeriaceae;g__Corollospora;s__Corollospora_maritima"),
    ("Fungi_sp", "SH1000005.10FU", "reps", "k__Fungi;p__Fungi_phy_Incertae_sedis;c__Fungi_cls_Incertae_sedis;"
     "o__Fungi_ord_Incertae_sedis;f__Fungi_fam_Incertae_sedis;g__Fungi_gen_Incertae_sedis;s__Fungi_sp"),
)  # fmt: skip
ITSONEDB = (("Corollospora maritima", 52271), ("Glomus macrocarpum", 190862), ("uncultured fungus", 175245))
#: A piece of NCBI's taxonomy: taxid, parent, rank, name.
_NODES = (
    (1, 1, "no rank", "root"),
    (4751, 1, "kingdom", "Fungi"),
    (4890, 4751, "phylum", "Ascomycota"),
    (52270, 4890, "genus", "Corollospora"),
    (52271, 52270, "species", "Corollospora maritima"),
    (214504, 4751, "phylum", "Mucoromycota"),
    (4875, 214504, "genus", "Glomus"),
    (190862, 4875, "species", "Glomus macrocarpum"),
    (57731, 4751, "no rank", "environmental samples"),
    (175245, 57731, "species", "uncultured fungus"),
)
_LENGTH = 240


def write_its(folder: Path) -> None:
    """Write ``unite.fasta``, ``itsonedb.fasta``, ``nodes.dmp`` and ``names.dmp``."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(20261122)  # noqa: S311  (made-up sequences, not secrets)
    with (folder / "unite.fasta").open("w", encoding="ascii", newline="\n") as target:
        for number, (name, hypothesis, kind, lineage) in enumerate(UNITE, 1):
            write_fasta(target, f"{name}|XX{number:06d}|{hypothesis}|{kind}|{lineage}", _sequence(dice))
    with (folder / "itsonedb.fasta").open("w", encoding="ascii", newline="\n") as target:
        for number, (name, taxid) in enumerate(ITSONEDB, 1):
            header = f"XX{number:06d}_ITS1_GB|{name}|{taxid}|ITS1 located by ENA annotation, {_LENGTH}bp"
            write_fasta(target, header, _sequence(dice))
    nodes = "".join(f"{taxid}\t|\t{parent}\t|\t{rank}\t|\n" for taxid, parent, rank, _ in _NODES)
    names = "".join(f"{taxid}\t|\t{name}\t|\t\t|\tscientific name\t|\n" for taxid, _, _, name in _NODES)
    (folder / "nodes.dmp").write_text(nodes, encoding="ascii", newline="\n")
    (folder / "names.dmp").write_text(names, encoding="ascii", newline="\n")


def _sequence(dice: random.Random) -> str:
    return "".join(dice.choices("ACGT", k=_LENGTH))
