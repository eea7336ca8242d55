"""Builder ``annotated-proteins``: the proteins of annotated genomes and of Prokka's genus databases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.proteins.product_names import is_informative
from metapipe.refdb.readers.annotated_genomes import read_genome
from metapipe.refdb.readers.proteins import Protein, read_proteins
from metapipe.refdb.sources import find_source


def annotated_proteins(
    paths: Mapping[str, Path], ec_only: Collection[str] = (), accessions: Collection[str] | None = None
) -> Iterator[Protein]:
    """Yield the proteins of all sources, in the order of ``paths``, each sequence once.

    Proteins of which nothing is known (``hypothetical protein`` and the like, no EC number) are left out: as best hits
    they would hide the informative ones. Identical sequences are merged, see :func:`merge_identical`.

    :param paths: source alias → file.
    :param ec_only: sources of which only proteins with an EC number are taken: their annotation names enzymes
        without numbering them, so that an unnumbered enzyme would hide a numbered one.
    :param accessions: keep these only (for the tiny databases of the tests), also those of which nothing is known: the
        list is the recipe, whatever is later found to be a name that says nothing.
    :raises MetapipeError: E702 when one of ``accessions`` does not exist.
    """
    named = frozenset(accessions or ())
    kept = []
    for alias, path in paths.items():
        for protein in _read(alias, path):
            unknown = not protein.ec and (alias in ec_only or not is_informative(protein.product))
            if unknown and protein.accession not in named:
                continue
            kept.append(protein)
    merged = list(merge_identical(kept))
    if accessions is None:
        yield from merged
        return
    missing = named - {protein.accession for protein in merged}
    if missing:
        raise MetapipeError("E702", "the recipe names proteins that the sources lack", found=", ".join(sorted(missing)))
    yield from (protein for protein in merged if protein.accession in named)


def merge_identical(proteins: Iterable[Protein]) -> Iterator[Protein]:
    """Keep the first of proteins with one sequence, and fill its empty fields from the others.

    Full fields are not mixed: two sources that disagree on an EC number would otherwise both be reported as true.
    An accession met a second time with another sequence gets a suffix ``.b``, ``.c`` …
    """
    merged: dict[str, Protein] = {}
    for protein in proteins:
        known = merged.get(protein.sequence)
        if known is None:
            merged[protein.sequence] = protein
            continue
        merged[protein.sequence] = replace(
            known,
            ec=known.ec or protein.ec,
            gene=known.gene or protein.gene,
            product=known.product or protein.product,
            go=known.go or protein.go,
        )
    used: set[str] = set()
    for protein in merged.values():
        accession, suffix = protein.accession, ord("b")
        while accession in used:
            accession, suffix = f"{protein.accession}.{chr(suffix)}", suffix + 1
        used.add(accession)
        yield replace(protein, accession=accession)


def _read(alias: str, path: Path) -> Iterator[Protein]:
    _, source = find_source(alias)
    if source.accession:
        for gene in read_genome(path, source).genes:
            yield gene.protein
    else:
        for protein in read_proteins(path):
            yield replace(protein, taxid=str(source.taxid), organism=source.organism)
