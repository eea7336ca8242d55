"""Find the genes on one contig with Pyrodigal, and cut them out of it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pyrodigal

from metapipe.formats.called_bases import called_bases
from metapipe.formats.fasta_text import reverse_complement
from metapipe.formats.genes import Gene

#: Column 2 of the GFF3: who says so.
SOURCE = f"Pyrodigal_v{version('pyrodigal')}"

#: Bases; so many N in a row are a gap between pieces of a scaffold, and no gene runs across it.
GAP = 50


def gene_finder(min_length: int) -> Any:
    """Return a Pyrodigal finder in meta mode: each contig is judged alone by the best of its trained models.

    :param min_length: shortest gene, in bases. A gene cut off by the contig's end may be a third shorter and two genes
        may share up to 60 bases: Prodigal's own proportions (90, 60, 60).
    """
    edge = min_length * 2 // 3
    overlap = min(60, min_length)
    # Without the mask a gap reads as one long open frame: Prodigal calls a gene on 500 N and nothing else.
    return pyrodigal.GeneFinder(
        meta=True, min_gene=min_length, min_edge_gene=edge, max_overlap=overlap, mask=True, min_mask=GAP
    )


def find_genes(finder: Any, contig: str, sequence: bytes) -> list[Gene]:
    """Return the genes of a contig from left to right, with ids ``<contig>_<n>``.

    Coordinates are those of whole codons, so the phase is 0 also where a gene runs over the contig's end: such a gene
    begins at base 1, 2 or 3. Scores are rounded to the digits Prodigal prints.

    :param sequence: any letter case; ambiguous bases are read as N.
    """
    found = sorted(finder.find_genes(called_bases(sequence)), key=lambda gene: (gene.begin, gene.end, gene.strand))
    return [
        Gene(
            id=f"{contig}_{number}",
            contig=contig,
            start=gene.begin,
            end=gene.end,
            strand=gene.strand,
            partial_left=gene.partial_begin,
            partial_right=gene.partial_end,
            start_type=gene.start_type,
            translation_table=gene.translation_table,
            score=round(gene.score, 1),
            confidence=round(gene.confidence(), 2),
            rbs_motif=gene.rbs_motif or "",
            rbs_spacer=gene.rbs_spacer or "",
            source=SOURCE,
        )
        for number, gene in enumerate(found, 1)
    ]


def cut_gene(gene: Gene, contig: bytes) -> bytes:
    """Return the gene's bases in its own 5' to 3' direction, letters as on the contig, stop codon included."""
    bases = contig[gene.start - 1 : gene.end]
    return bases if gene.strand == 1 else reverse_complement(bases)
