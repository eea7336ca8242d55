"""A small made-up taxonomy, proteins of its taxa, and reads that code for them."""

from __future__ import annotations

import random
from pathlib import Path

from metapipe.refdb.builders.build import build_from_file
from metapipe.refdb.store import resolve
from metapipe.runner.declare.elements import Database

CODONS = {
    "A": "GCA", "C": "TGC", "D": "GAT", "E": "GAA", "F": "TTC", "G": "GGT", "H": "CAT", "I": "ATC", "K": "AAA",
    "L": "CTG", "M": "ATG", "N": "AAC", "P": "CCG", "Q": "CAG", "R": "CGT", "S": "TCT", "T": "ACC", "V": "GTT",
    "W": "TGG", "Y": "TAC",
}  # fmt: skip
GAMMA = "d__Bacteria;p__Pseudomonadota;c__Gammaproteobacteria;o__Vibrionales;f__Vibrionaceae;g__Vibrio"
ALPHA = "d__Bacteria;p__Pseudomonadota;c__Alphaproteobacteria;o__Rhodobacterales;f__Roseobacteraceae;g__Roseobacter"
YEAST = "d__Eukaryota;p__Ascomycota;c__Saccharomycetes;o__Saccharomycetales;f__Saccharomycetaceae;g__Saccharomyces"
LINEAGES = {
    "vibrio": f"{GAMMA};s__cholerae",
    "sister": f"{GAMMA};s__fischeri",
    "alpha": f"{ALPHA};s__litoralis",
    "yeast": f"{YEAST};s__cerevisiae",
}


def protein(seed: int, length: int = 60) -> str:
    """A protein of random residues: nothing resembles it by chance."""
    return "".join(random.Random(seed).choices(sorted(CODONS), k=length))


def coding(residues: str) -> bytes:
    """DNA that codes for the residues."""
    return "".join(CODONS[residue] for residue in residues).encode()


def reverse(dna: bytes) -> bytes:
    return dna.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1]


def fastq(reads: dict[str, bytes]) -> bytes:
    return b"".join(b"@%s\n%s\n+\n%s\n" % (name.encode(), bases, b"I" * len(bases)) for name, bases in reads.items())


def made_database(folder: Path, proteins: dict[str, tuple[str, str]]) -> Database:
    """Build a database. :param proteins: accession → (organism of :data:`LINEAGES`, residues)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.faa").write_text("".join(f">{name}\n{residues}\n" for name, (_, residues) in proteins.items()))
    (folder / "own.tsv").write_text("".join(f"{name}\t{LINEAGES[of]}\n" for name, (of, _) in proteins.items()))
    build_from_file(
        "taxonomy-reads", folder / "own.faa", folder / "db", taxonomy=folder / "own.tsv", name="own", version="1"
    )
    return resolve(str(folder / "db"), kind="taxonomy-reads")


OWN, SHARED, EVERYWHERE, OF_YEAST, OF_ALPHA = (protein(seed) for seed in range(5))
NOISE = bytes(random.Random(9).choices(b"ACGT", k=150))
#: Of one organism, of two sisters, of all; and two of others.
PROTEINS = {
    "own": ("vibrio", OWN),
    "shared_1": ("vibrio", SHARED),
    "shared_2": ("sister", SHARED),
    "every_1": ("vibrio", EVERYWHERE),
    "every_2": ("alpha", EVERYWHERE),
    "every_3": ("yeast", EVERYWHERE),
    "of_yeast": ("yeast", OF_YEAST),
    "of_alpha": ("alpha", OF_ALPHA),
}
