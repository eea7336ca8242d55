"""Summaries as the stages would leave them for the samples of taxa_samples."""

from __future__ import annotations

from typing import Any

DATABASE = {
    "amplicon": {"name": "ssu-refseq", "version": "2024", "kind": "amplicon", "digest": "sha256:" + "ab12" * 16}
}


def summary(stage: str, results: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """One summary of schema 1."""
    return {
        "schema": 1,
        "stage": stage,
        "version": "1",
        "inputs": {},
        "options": {},
        "programs": {},
        "databases": {},
        "quarantined": 0,
        "results": results,
        **parts,
    }


def of_a_sample(
    *,
    sample: str = "bay",
    reads: int = 1099,
    pairs: int = 3,
    classified: int = 1073,
    upper: int = 952,
    lower: int = 121,
) -> dict[str, dict[str, Any]]:
    """Summaries of all stages by file name; ``reads`` to classify, ``pairs`` of them not merged."""
    merged = reads - pairs
    none = reads - upper - lower
    before = {
        "reads-1": {"name": f"{sample}_R1.fastq.gz", "records": reads + 50, "residues": 250 * (reads + 50)},
        "reads-2": {"name": f"{sample}_R2.fastq.gz", "records": reads + 50, "residues": 250 * (reads + 50)},
    }
    filters = {"min_coverage": 70.0, "upper_identity": 97.0, "lower_identity": 90.0}
    tango = {"q": 0.5, "lower_q": 1.0, "rank_identities": "genus=94.5,family=86.5,order=82,class=78.5,phylum=75"}
    bowtie = {"programs": {"bowtie2": "2.5.0"}, "databases": DATABASE, "options": {"search": "both"}}
    some = {"upper": pairs - pairs // 3, "lower": 0, "none": pairs // 3}
    others = {"upper": upper - some["upper"], "lower": lower, "none": none - some["none"]}
    return {
        "quality": summary("quality_report", {"pairs": reads + 50, "bases": 500 * (reads + 50)}, inputs=before),
        "merge": summary(
            "merge_pairs",
            {"pairs": reads + 50, "merged": merged + 10, "unmerged": 40},
            inputs=before,
            programs={"flash": "1.2.11", "vsearch": "2.22.1"},
            options={"merger": "flash", "fragment_length": 0, "min_overlap": 10},
        ),
        "dereplicate": summary(
            "dereplicate",
            {
                "reads": merged + 10,
                "too_short": 10,
                "unique": max(merged // 5, 1),
                "rare": {"unique": 0, "reads": 0},
                "chimeras": {"unique": 0, "reads": 0},
                "kept_unique": max(merged // 5, 1),
                "kept_reads": merged,
            },
            programs={"vsearch": "2.22.1"},
            options={"min_length": 50, "min_size": 1, "chimera_check": False},
        ),
        "trim": summary(
            "trim_unmerged",
            {"pairs": {"before": 40, "after": pairs}, "adapters_removed": 4, "bases_trimmed": 812},
            programs={"cutadapt": "4.2"},
            options={"quality": 20, "min_length": 50, "stringency": 5},
        ),
        "map_merged": summary(
            "map_amplicons",
            {"records": 9, "reads": merged, "matched_records": 8, "matched_reads": merged - 4},
            **bowtie,
        ),
        "map_pairs": summary(
            "map_pairs", {"records": pairs, "reads": pairs, "matched_records": pairs, "matched_reads": pairs}, **bowtie
        ),
        "filter_merged": summary("filter_matches", {"reads": others}, options=filters),
        "filter_pairs": summary("filter_matches", {"reads": some}, options=filters),
        "assign_merged": summary(
            "assign_taxa",
            {"reads": {"classified": classified - some["upper"], "unclassified": others["none"]}},
            options=tango,
            databases=DATABASE,
        ),
        "assign_pairs": summary(
            "assign_taxa",
            {"reads": {"classified": some["upper"], "unclassified": some["none"]}},
            options=tango,
            databases=DATABASE,
        ),
        "taxa": summary(
            "summarise_taxa",
            {"sample": sample, "reads": reads, "classified": classified, "taxa": 20, "species": 2},
            programs={"kronatools": "2.8.1"},
            options={"sample": sample, "drawn_taxa": 200},
        ),
    }
