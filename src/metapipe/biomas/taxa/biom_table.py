"""BIOM 1.0 (JSON): taxa by samples, as QIIME, phyloseq and MEGAN read it.

Format: https://biom-format.org/documentation/format_versions/biom-1.0.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from metapipe import __version__
from metapipe.taxa.main_ranks import MAIN_RANKS, main_ranks
from metapipe.taxa.taxon_tree import UNCLASSIFIED, Taxon, TaxonTree

#: The format demands a date. A result carries none (the same input gives the same bytes), so it is always this one.
NO_DATE = "1970-01-01T00:00:00"


def biom(tree: TaxonTree, samples: Sequence[str]) -> str:
    """Return the table of direct counts: a row for each taxon that has reads of its own, and one for those without.

    A row's ``taxonomy`` has the seven main ranks in QIIME's form, ``k__Bacteria`` … ``s__``, empty below the taxon.
    """
    main = main_ranks(taxon.rank for taxon in tree)
    rows: list[dict[str, Any]] = []
    counts: list[Sequence[int]] = []
    for taxon in tree:
        if taxon.direct_reads:
            metadata = {"taxonomy": taxonomy(taxon, main), "name": taxon.name, "rank": taxon.rank}
            rows.append({"id": str(taxon.taxid), "metadata": metadata})
            counts.append(taxon.direct)
    if tree.unclassified_reads:
        nowhere = [f"{letter}__" for letter in MAIN_RANKS.values()]
        rows.append({"id": UNCLASSIFIED, "metadata": {"taxonomy": nowhere, "name": UNCLASSIFIED, "rank": ""}})
        counts.append(tree.unclassified)
    cells = [
        [row, column, count]
        for row, numbers in enumerate(counts)
        for column, count in enumerate(numbers)
        if count  # sparse: zeros are left out
    ]
    parts = {
        "id": "null",
        "format": '"Biological Observation Matrix 1.0.0"',
        "format_url": '"http://biom-format.org"',
        "type": '"Taxon table"',
        "generated_by": json.dumps(f"META-pipe for Galaxy {__version__}"),
        "date": f'"{NO_DATE}"',
        "rows": _lines(rows),
        "columns": _lines({"id": sample, "metadata": None} for sample in samples),
        "matrix_type": '"sparse"',
        "matrix_element_type": '"int"',
        "shape": f"[{len(rows)}, {len(samples)}]",
        "data": _lines(cells),
    }
    return "{\n" + ",\n".join(f'"{key}": {value}' for key, value in parts.items()) + "\n}\n"


def taxonomy(taxon: Taxon, main: dict[str, str]) -> list[str]:
    """Return the names at the seven main ranks, each with its letter."""
    names = {main[one.rank]: one.name for one in taxon.ancestors() if one.rank in main}
    return [f"{letter}__{names.get(rank, '')}" for rank, letter in MAIN_RANKS.items()]


def _lines(values: Iterable[Any]) -> str:
    """One value a line: a person and ``diff`` can read it."""
    lines = [json.dumps(value, ensure_ascii=False) for value in values]
    return "[\n" + ",\n".join(lines) + "\n]" if lines else "[]"
