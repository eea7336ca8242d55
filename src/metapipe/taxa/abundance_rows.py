"""How much of a sample is in each contig, gene and taxon: what a row of each table holds, its writer and its reader."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from metapipe.formats.row_type import Column, RowType


class ContigAbundance(NamedTuple):
    """A contig, in the order given; zeros where no read lies.

    :param length: bases. :param reads: counted at it. :param covered_bases: those with a read or more on them.
    :param breadth: covered bases of all its bases, 0 to 1. :param mean_depth: reads over a base, on average.
    :param tpm: its reads for each of its bases, as its share of a million for all contigs.
    """

    contig: str
    length: int
    reads: int
    covered_bases: int
    breadth: Annotated[float, Column(format=".4f")]
    mean_depth: Annotated[float, Column(format=".4f")]
    tpm: Annotated[float, Column(format=".4f")]


class GeneAbundance(NamedTuple):
    """A gene, in the order of the GFF3.

    :param start, end: first and last base, 1-based. :param reads: whose middle lies in it.
    :param mean_depth, tpm: as of a contig, among genes.
    """

    gene: str
    contig: str
    start: int
    end: int
    strand: str
    length: int
    reads: int
    mean_depth: Annotated[float, Column(format=".4f")]
    tpm: Annotated[float, Column(format=".4f")]


class TaxonAbundance(NamedTuple):
    """A taxon with the contigs placed right at it, most reads for each base first; at last those placed nowhere.

    :param contigs: how many. :param bases: of them all. :param reads: counted at them.
    :param mean_depth: reads over a base of them, on average. :param tpm: the sum of theirs.
    """

    taxid: str
    rank: str
    taxon: str
    lineage: str
    contigs: int
    bases: int
    reads: int
    mean_depth: Annotated[float, Column(format=".4f")]
    tpm: Annotated[float, Column(format=".4f")]


CONTIG_ABUNDANCE = RowType(ContigAbundance)
GENE_ABUNDANCE = RowType(GeneAbundance)
TAXON_ABUNDANCE = RowType(TaxonAbundance)
