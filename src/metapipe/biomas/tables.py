"""The tables between the amplicon stages: their columns, and what stands in a cell of several values.

Tab-separated, one header line that starts with ``#`` (:mod:`metapipe.formats.table_rows`).
"""

from __future__ import annotations

#: One row for each read or pair, in input order. ``matches``: see :mod:`metapipe.biomas.search.map_amplicons`.
MATCH_COLUMNS = ("read", "size", "length_1", "length_2", "matches")
#: The same rows with the references that passed: tier ``upper``, ``lower`` or ``none``.
KEPT_COLUMNS = ("read", "size", "tier", "identity", "references")
#: The same rows with the taxon TANGO chose; empty cells for an unclassified read.
ASSIGNMENT_COLUMNS = (
    "read",
    "size",
    "tier",
    "identity",
    "matches",
    "taxid",
    "taxon",
    "rank",
    "score",
    "lineage",
)
#: One row for each taxon of a sample, from the root downwards; counts are weighted by ``;size=``.
TAXON_COLUMNS = ("taxon", "taxid", "rank", "direct", "total", "lineage")
