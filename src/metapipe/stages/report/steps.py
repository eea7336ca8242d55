"""The stages the page speaks of, in pipeline order, with the words a biologist uses for them."""

from __future__ import annotations

STEPS: dict[str, str] = {
    "trim_reads": "Read trimming",
    "merge_pairs": "Merging of pairs",
    "extract_rrna": "rRNA removal",
    "assemble": "Assembly",
    "filter_contigs": "Contig filtering",
    "predict_genes": "Gene prediction",
    "search_proteins": "Protein search",
    "search_domains": "Domain search",
    "contig_taxonomy": "Taxa of contigs",
    "map_reads": "Mapping reads back",
    "annotate": "Annotation",
}

#: Stages that one analysis may run more than once, against different databases or with pairs, merged and single reads.
REPEATED = frozenset({"search_proteins", "search_domains", "extract_rrna"})
