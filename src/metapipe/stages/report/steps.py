"""The stages the page speaks of, in pipeline order, with the words a biologist uses for them."""

from __future__ import annotations

STEPS: dict[str, str] = {
    "check_reads": "Check of the reads",
    "trim_reads": "Read trimming",
    "merge_pairs": "Merging of pairs",
    "extract_rrna": "rRNA removal",
    "classify_reads": "Taxa of reads",
    "classify_rrna": "Taxa of rRNA",
    "assemble": "Assembly",
    "filter_contigs": "Contig filtering",
    "extract_contig_rrna": "rRNA of contigs",
    "predict_genes": "Gene prediction",
    "search_proteins": "Protein search",
    "search_domains": "Domain search",
    "contig_taxonomy": "Taxa of contigs",
    "map_reads": "Mapping reads back",
    "profile_markers": "Profile of marker genes",
    "annotate": "Annotation",
}

#: Stages that one analysis may run more than once, against different databases or with pairs, merged and single reads.
REPEATED = frozenset({"search_proteins", "search_domains", "classify_reads", "extract_rrna"})
