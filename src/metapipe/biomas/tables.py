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


MATCH_TABLE = RowType(MatchRow)
KEPT_TABLE = RowType(KeptRow)
