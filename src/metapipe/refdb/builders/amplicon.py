"""Kind ``amplicon``: reference sequences of marker genes (16S, 18S, ITS), and the taxonomy they belong to.

``references.fasta``; ``references.tsv`` says which taxon a reference belongs to, and ``taxonomy.tsv`` holds the tree
above them, nothing else. Older ones hold a Bowtie 2 index, too (``reference.*.bt2``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from metapipe import __version__
from metapipe.errors import MetapipeError
from metapipe.refdb.builders.diamond import Built
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.proteins import write_fasta
from metapipe.refdb.readers.ranks import SPECIES
from metapipe.refdb.readers.references import Reference

FASTA, REFERENCES, TAXONOMY = "references.fasta", "references.tsv", "taxonomy.tsv"
REFERENCE_COLUMNS = ("reference", "taxid")
TAXONOMY_COLUMNS = ("taxid", "parent", "rank", "name", "flags")
UNCLASSIFIED = "unclassified"


def build_amplicon(references: Iterable[Reference], placed: Placement, folder: Path) -> Built:
    """Write the database's files into ``folder``, references in the order given.

    :raises MetapipeError: E108 without references.
    """
    counts = {"references": 0, "taxa": len(placed.taxa), "species": 0, "bases": 0}
    counts["species"] = sum(taxon.rank == SPECIES for taxon in placed.taxa.values())
    with (
        (folder / FASTA).open("w", encoding="utf-8", newline="\n") as fasta,
        (folder / REFERENCES).open("w", encoding="utf-8", newline="\n") as table,
    ):
        table.write("#" + "\t".join(REFERENCE_COLUMNS) + "\n")
        for reference in references:
            write_fasta(fasta, reference.name, reference.sequence)
            table.write(f"{reference.name}\t{placed.taxon_of[reference.name]}\n")
            counts["references"] += 1
            counts["bases"] += len(reference.sequence)
    if not counts["references"]:
        raise MetapipeError("E108", "there is no reference to build a database from")
    write_taxonomy(placed, folder / TAXONOMY)
    return Built("fasta", f"metapipe {__version__}", counts)


def write_taxonomy(placed: Placement, path: Path) -> None:
    """Write the tree above what was placed, a row a taxon, by number."""
    with path.open("w", encoding="utf-8", newline="\n") as target:
        target.write("#" + "\t".join(TAXONOMY_COLUMNS) + "\n")
        for taxid in sorted(placed.taxa):
            taxon = placed.taxa[taxid]
            parent, flags = str(taxon.parent or ""), UNCLASSIFIED if taxon.unclassified else ""
            target.write("\t".join((str(taxid), parent, taxon.rank, taxon.name, flags)) + "\n")
