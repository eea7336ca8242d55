"""The stages the page speaks of, in pipeline order, with the words a biologist uses for them."""

from __future__ import annotations

STEPS: dict[str, str] = {
    "quality_report": "Read quality",
    "merge_pairs": "Merging",
    "dereplicate": "Dereplication",
    "trim_unmerged": "Trimming of unmerged pairs",
    "map_amplicons": "Mapping of merged reads",
    "map_pairs": "Mapping of unmerged pairs",
    "filter_matches": "Filtering of matches",
    "assign_taxa": "Classification",
    "summarise_taxa": "Summary of taxa",
}

#: Run once for the merged reads and once for the unmerged pairs of a sample.
REPEATED = frozenset({"filter_matches", "assign_taxa"})
