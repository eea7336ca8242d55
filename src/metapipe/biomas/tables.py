"""The tables between the amplicon stages: what a row of each holds, and so its columns, its writer and its reader.

Tab-separated, one header line that starts with ``#`` (:mod:`metapipe.formats.row_type`). A row is made and read in one
place each; who writes and reads it, and what its texts mean, say the stages.
"""

from __future__ import annotations

from typing import NamedTuple

from metapipe.formats.row_type import RowType


class MatchRow(NamedTuple):
    """A read or pair, in input order, with the references it matches.

    :param size: reads it stands for. :param length_1: bases of the mates; the second is 0 for a single read.
    :param matches: see :mod:`metapipe.biomas.search.map_amplicons`.
    """

    read: str
    size: int
    length_1: int
    length_2: int
    matches: str


class KeptRow(NamedTuple):
    """The same read with the references that passed.

    :param tier: ``upper``, ``lower`` or ``none``. :param identity: of the best reference in per cent, two decimals;
        empty without a tier. :param references: names divided by blanks.
    """

    read: str
    size: int
    tier: str
    identity: str
    references: str


class AssignmentRow(NamedTuple):
    """The same read with the taxon TANGO chose; empty cells for an unclassified read.

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


MATCH_TABLE = RowType(MatchRow)
KEPT_TABLE = RowType(KeptRow)
ASSIGNMENT_TABLE = RowType(AssignmentRow)
TAXON_TABLE = RowType(TaxonRow)
