"""The tables of taxa: what a row of each holds, and so its columns, its writer and its reader.

Tab-separated, one header line that starts with ``#`` (:mod:`metapipe.formats.row_type`).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from metapipe.formats.row_type import Column, RowType


class AssignmentRow(NamedTuple):
    """A read or pair with the taxon it was given; empty cells for an unclassified read.

    :param size: reads it stands for. :param tier: :param identity: of the matches, where the stage has such.
    :param matches: references that were looked at.
    """

    read: str
    size: int
    tier: str
    identity: str
    matches: str
    taxid: str
    taxon: str
    rank: str
    score: str
    lineage: str


class TaxonRow(NamedTuple):
    """A taxon of a sample, from the root downwards; counts are weighted by ``;size=``.

    :param direct: reads placed right at it. :param total: those and all below it.
    """

    taxon: str
    taxid: str
    rank: str
    direct: int
    total: int
    lineage: str


class ProfileRow(NamedTuple):
    """A taxon in a profile by marker genes, from the root downwards.

    :param markers: different markers that reads were found of, at it or below it. :param expected: those that the
        database has of it. :param reads: reads of markers, at it and below it. :param cells: how often its genome was
        sequenced: the mean depth of its markers. :param share: of all cells, 0 to 1.
    """

    taxon: str
    taxid: str
    rank: str
    markers: int
    expected: int
    reads: int
    cells: Annotated[float, Column("cells", ".4f")]
    share: Annotated[float, Column("share", ".6f")]
    lineage: str


class ContigRow(NamedTuple):
    """A contig with the taxon it was given, in the order of the contigs; empty cells for one without a taxon.

    :param length: bases. :param genes: those with a vote. :param support: their votes for the taxon, per cent.
    """

    contig: str
    length: int
    genes: int
    taxid: str
    taxon: str
    rank: str
    support: str
    lineage: str


ASSIGNMENT_TABLE = RowType(AssignmentRow)
TAXON_TABLE = RowType(TaxonRow)
CONTIG_TAXA = RowType(ContigRow)
PROFILE_TABLE = RowType(ProfileRow)
