"""Kind ``taxonomy-reads``: proteins that reads are searched in, each with its taxon, and the taxonomy above them.

``proteins.fasta`` and ``proteins.dmnd`` hold the proteins as ``ACCESSION_TAXID`` and no more: what a search names says
its taxon by itself. ``taxonomy.tsv`` is that of an amplicon database; ``merged.tsv`` has the numbers that NCBI has
given up for one of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.amplicon import TAXONOMY, write_taxonomy
from metapipe.refdb.builders.diamond import FASTA, Built, find_diamond, index_proteins
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.proteins import Protein, write_fasta
from metapipe.refdb.readers.ranks import SPECIES
from metapipe.taxa.ancestry import MERGED_COLUMNS, MERGED_FILE

#: A protein with what says its taxon, a key of the placement.
Said = tuple[Protein, str]


def build_read_taxonomy(
    proteins: Iterable[Said], placed: Placement, folder: Path, merged: Mapping[int, int] | None = None
) -> Built:
    """Write the database's files into ``folder``. Proteins without a place are left out, and counted.

    :param merged: number that was given up → the one it was merged into.
    :raises MetapipeError: E107 an accession twice for one taxon, E108 no protein with a place, E301, E401.
    """
    find_diamond()
    counts = Counter(proteins=0, residues=0, without_taxon=0)
    with (folder / FASTA).open("w", encoding="ascii", newline="\n") as fasta:
        for protein, taxid in _with_taxids(proteins, placed, counts):
            write_fasta(fasta, f"{protein.accession}_{taxid}", protein.sequence)
    write_taxonomy(placed, folder / TAXONOMY)
    rows = sorted((old, now) for old, now in (merged or {}).items() if now in placed.taxa)
    if rows:
        lines = ["#" + "\t".join(MERGED_COLUMNS), *(f"{old}\t{now}" for old, now in rows)]
        (folder / MERGED_FILE).write_text("\n".join(lines) + "\n", encoding="ascii")
    counts["taxa"] = len(placed.taxa)
    counts["species"] = sum(taxon.rank == SPECIES for taxon in placed.taxa.values())
    return Built(*index_proteins(folder, counts["proteins"]), dict(counts))


def _with_taxids(proteins: Iterable[Said], placed: Placement, counts: Counter[str]) -> Iterator[tuple[Protein, int]]:
    seen: set[tuple[str, int]] = set()
    for protein, text in proteins:
        taxid = placed.taxon_of.get(text)
        if taxid is None:
            counts["without_taxon"] += 1
            continue
        if not protein.sequence:
            continue
        if (protein.accession, taxid) in seen:
            raise MetapipeError("E107", expected="a protein's name once for each taxon", found=protein.accession)
        seen.add((protein.accession, taxid))
        counts["proteins"] += 1
        counts["residues"] += len(protein.sequence)
        yield protein, taxid
