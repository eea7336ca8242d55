"""The stages the page speaks of, in pipeline order, with the words a biologist uses for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

#: Program -> the option that asks for it, and the value; a stage names all programs it may use.
_ASKED_BY = {
    "flash": ("merger", "flash"),
    "vsearch": ("merger", "vsearch"),
    "bowtie2": ("engine", "bowtie2"),
    "edlib": ("engine", "exact"),
}


def used(program: str, options: Mapping[str, Any]) -> bool:
    """Whether a step with these options used this one of its programs."""
    option, value = _ASKED_BY.get(program, ("", ""))
    return bool(options.get(option, value) == value)
