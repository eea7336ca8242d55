"""All stages by name, as ``module:Class``: listing them imports none of their engines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from importlib import import_module
from typing import Any

STAGES: dict[str, str] = {
    "check_samplesheet": "metapipe.stages.reads.check_samplesheet:CheckSamplesheet",
    "check_reads": "metapipe.stages.reads.check_reads:CheckReads",
    "trim_reads": "metapipe.stages.reads.trim_reads:TrimReads",
    "quality_report": "metapipe.biomas.quality.quality_report:QualityReport",
    "merge_pairs": "metapipe.merging.merge_pairs:MergePairs",
    "extract_rrna": "metapipe.stages.rrna.extract_rrna:ExtractRrna",
    "assemble": "metapipe.stages.assembly.assemble:Assemble",
    "filter_contigs": "metapipe.stages.assembly.filter_contigs:FilterContigs",
    "extract_contig_rrna": "metapipe.stages.rrna.extract_contig_rrna:ExtractContigRrna",
    "predict_genes": "metapipe.stages.genes.predict_genes:PredictGenes",
    "search_proteins": "metapipe.stages.evidence.search_proteins:SearchProteins",
    "search_domains": "metapipe.stages.evidence.search_domains:SearchDomains",
    "classify_rrna": "metapipe.stages.rrna.classify_rrna:ClassifyRrna",
    "classify_reads": "metapipe.stages.taxonomy.classify_reads:ClassifyReads",
    "profile_markers": "metapipe.stages.markers.profile_markers:ProfileMarkers",
    "contig_taxonomy": "metapipe.stages.taxonomy.contig_taxonomy:ContigTaxonomy",
    "map_reads": "metapipe.stages.abundance.map_reads:MapReads",
    "annotate": "metapipe.stages.annotation.annotate:Annotate",
    "annotation_report": "metapipe.stages.report.annotation_report:AnnotationReport",
    "dereplicate": "metapipe.biomas.reads.dereplicate:Dereplicate",
    "trim_unmerged": "metapipe.biomas.reads.trim_unmerged:TrimUnmerged",
    "map_amplicons": "metapipe.biomas.search.map_amplicons:MapAmplicons",
    "map_pairs": "metapipe.biomas.search.map_pairs:MapPairs",
    "filter_matches": "metapipe.biomas.search.filter_matches:FilterMatches",
    "assign_taxa": "metapipe.biomas.taxa.assign_taxa:AssignTaxa",
    "summarise_taxa": "metapipe.biomas.taxa.summarise_taxa:SummariseTaxa",
    "amplicon_report": "metapipe.biomas.report.amplicon_report:AmpliconReport",
    "combine_samples": "metapipe.biomas.taxa.combine_samples:CombineSamples",
}

#: One line each, for ``metapipe --help``: kept here so that it starts without importing NumPy, PyHMMER and the rest.
SUMMARIES: dict[str, str] = {
    "check_samplesheet": "check a samplesheet against a list of reads",
    "check_reads": "check reads of any form: pairs in step, interleaved reads split, orphans kept apart",
    "trim_reads": "remove adapters and low-quality ends from read pairs or single reads",
    "quality_report": "show the quality of amplicon read pairs on one page",
    "merge_pairs": "merge overlapping mates into one read (FLASH or vsearch)",
    "extract_rrna": "cut rRNA out of reads and hand on the reads without any (PyHMMER)",
    "assemble": "assemble reads into contigs (MEGAHIT)",
    "filter_contigs": "drop short contigs",
    "extract_contig_rrna": "find rRNA on contigs and cut it out (PyHMMER)",
    "predict_genes": "find protein-coding genes on contigs (Pyrodigal)",
    "search_proteins": "search proteins in a protein database (DIAMOND)",
    "search_domains": "find protein domains (PyHMMER)",
    "classify_rrna": "find the taxon of each 16S or 18S (SINTAX)",
    "classify_reads": "find out which taxon each read comes from, by the proteins it resembles (DIAMOND, LCA)",
    "profile_markers": "find out which taxa are there, and their shares of the cells, by marker genes (DIAMOND)",
    "contig_taxonomy": "find out which taxon each contig comes from, by its genes' hits",
    "map_reads": "map reads back to contigs: how much of each contig, gene and taxon there is (minimap2)",
    "annotate": "combine the evidence into an annotation with confidence tiers",
    "annotation_report": "make one page a biologist can read",
    "dereplicate": "count identical amplicon reads once; drop short, rare and chimeric ones (vsearch)",
    "trim_unmerged": "trim amplicon pairs that did not merge, by Trim Galore's rules (cutadapt)",
    "map_amplicons": "map merged amplicon reads to reference sequences",
    "map_pairs": "map pairs of amplicon reads to reference sequences",
    "filter_matches": "keep the references a read matches well enough, in two tiers of identity",
    "assign_taxa": "assign each read to the taxon that fits its matches best (TANGO)",
    "summarise_taxa": "summarise the taxa of a sample: table, tree, BIOM, drawing, chart (Krona)",
    "amplicon_report": "make one page from the summaries and the taxa of a sample",
    "combine_samples": "put the taxa of many samples side by side",
}


def reference_of(name: str) -> str:
    """``module:Class`` of a stage: META-pipe's own, or one that another installed package declares.

    :raises KeyError: for neither.
    """
    if name in STAGES:
        return STAGES[name]
    from metapipe.stages.other_packages import outside_stages

    return outside_stages()[name][0]


def declared_defaults(stages: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the defaults that the named stages declare, to tell which settings were changed; those known here."""
    found: dict[str, dict[str, Any]] = {}
    for name in STAGES.keys() & set(stages):
        module, _, class_name = STAGES[name].partition(":")
        stage = getattr(import_module(module), class_name)
        found[name] = {field.name: field.default for field in dataclasses.fields(stage.options)}
    return found
