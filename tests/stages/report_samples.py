"""A small analysis as the stages would leave it: summaries and an annotation table, the same on every call."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

STAGES = (
    "trim_reads",
    "assemble",
    "filter_contigs",
    "predict_genes",
    "search_proteins",
    "search_domains",
    "annotate",
)

PRODUCTS = (
    ("ABC transporter ATP-binding protein", "", "", "ABC_tran"),
    ("DNA-directed RNA polymerase subunit beta", "rpoB", "2.7.7.6", "RNA_pol_Rpb2_1;RNA_pol_Rpb2_6"),
    ("hypothetical protein", "", "", ""),
    ("ATP synthase subunit alpha", "atpA", "7.1.2.2", "ATP-synt_ab"),
    ("Glutamine synthetase", "glnA", "6.3.1.2", "Gln-synt_C"),
    ("Methyl-coenzyme M reductase subunit alpha", "mcrA", "2.8.4.1", "MCR_alpha"),
    ("Serine hydroxymethyltransferase", "glyA", "2.1.2.1", "SHMT"),
    ("Aconitate hydratase A", "acnA", "4.2.1.3", "Aconitase"),
    ("NADH-quinone oxidoreductase subunit B", "nuoB", "7.1.1.2", "Oxidored_q6"),
    ("Alkaline phosphatase", "phoA", "3.1.3.1", "Alk_phosphatase"),
    ("Isocitrate dehydrogenase [NADP]", "icd", "1.1.1.42", "Iso_dh"),
    ("Glucose-6-phosphate isomerase", "pgi", "5.3.1.9", "PGI"),
)
ORGANISMS = (
    "Roseobacter denitrificans OCh 114",
    "Methanococcus maripaludis S2",
    "Thermococcus kodakarensis KOD1",
    "Escherichia coli K-12",
)
HEADER = (
    "gene\tlocus_tag\tcontig\tstart\tend\tstrand\tpartial\ttier\ttransferred_level\tfunctional_level\tproduct\t"
    "gene_name\tec\tec_partial\tgo\tdomains\tdomain_names\thit_identity_pct\thit_significant\torganism"
)


def _wave(index: int, size: int) -> int:
    """A number that looks random and is the same everywhere."""
    return int(abs(math.sin(index * 12.9898 + 4.1)) * 43758.5453) % size


def _bell(middle: float, width: float, low: int, high: int, total: int) -> dict[str, int]:
    raw = {key: math.exp(-(((key - middle) / width) ** 2)) for key in range(low, high + 1)}
    scale = total / sum(raw.values())
    return {str(key): round(value * scale) for key, value in raw.items() if round(value * scale)}


def contig_lengths(count: int = 214) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for index in range(count):
        length = str(1000 + int(math.exp(5 + 5 * ((_wave(index, 1000) / 1000) ** 1.4))))
        lengths[length] = lengths.get(length, 0) + 1
    return lengths


def summary(stage: str, results: dict[str, Any], **parts: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "schema": 1,
        "stage": stage,
        "version": "1",
        "inputs": {},
        "options": {},
        "programs": {},
        "databases": {},
        "quarantined": 0,
        "results": results,
    }
    return base | parts


def read_counts(lengths: dict[str, int], quality: float, width: float) -> dict[str, Any]:
    reads = sum(lengths.values())
    longest = max(map(int, lengths), default=0)
    reach = [sum(count for key, count in lengths.items() if int(key) >= at) for at in range(1, longest + 1)]
    return {
        "reads": reads,
        "bases": sum(int(key) * count for key, count in lengths.items()),
        "lengths": lengths,
        "mean_qualities": _bell(quality, width, 8, 39, reads) if reads else {},
        "gc": _bell(55, 12, 15, 85, reads) if reads else {},
        "quality_sums": {
            str(at): round(count * (quality + 3 - 7 * (at / 150) ** 3)) for at, count in enumerate(reach, 1)
        },
    }


def contig_counts(lengths: dict[str, int]) -> dict[str, Any]:
    total = sum(int(length) * count for length, count in lengths.items())
    contigs = sum(lengths.values())
    gc = _bell(59, 5, 30, 72, contigs * 2 // 3)
    for key, count in _bell(34, 3, 25, 45, contigs // 3).items():
        gc[key] = gc.get(key, 0) + count
    return {
        "contigs": contigs,
        "bases": total,
        "gc_bases": int(total * 0.512),
        "acgt_bases": total,
        "lengths": lengths,
        "gc": gc if contigs else {},
    }


def gene_counts(genes: int) -> dict[str, Any]:
    return {
        "contigs": 214,
        "bases": 886_450,
        "genes": genes,
        "complete_genes": genes - genes // 6,
        "left_out_incomplete": 0,
        "coding_bases": 760_000 if genes else 0,
        "partial": {"00": genes - genes // 6, "01": genes // 6, "10": 0, "11": 0},
        "lengths": {"900": genes} if genes else {},
    }


def annotation_counts(genes: int) -> dict[str, Any]:
    one, two = genes * 61 // 100, genes * 20 // 100
    none = genes - one - two
    return {
        "genes": genes,
        "with_ec": genes // 3,
        "with_partial_ec_only": genes // 50,
        "with_supported_ec": genes // 5,
        "tiers": {"1": one, "2": two, "3": none},
        "transferred_levels": {"1": one, "2": two, "3": 0, "4": none},
        "functional_levels": {"1": one, "2": 0, "3": two + none},
        "products": {"Glutamine synthetase": one, "Enolase": two} if genes else {},
        "ec_classes": {"6": one, "4": two} if genes else {},
        "families": {"PF00120": one} if genes else {},
        "organisms": {ORGANISMS[0]: one + two} if genes else {},
    }


def full(genes: int = 1034) -> dict[str, dict[str, Any]]:
    """Summaries of all stages, by stage."""
    reads = 61_728
    lengths = contig_lengths()
    dropped = {"512": 400, "740": 211}
    return {
        "trim_reads": summary(
            "trim_reads",
            {
                "pairs": {"before": reads, "after": 58_911},
                "reads-1": {
                    "before": read_counts({"150": reads - 2200, "149": 2200}, 34, 4),
                    "after": read_counts(_bell(152, 12, 75, 150, 58_911), 35, 3),
                },
                "reads-2": {
                    "before": read_counts({"150": reads - 3000, "149": 1000, "148": 2000}, 32, 5),
                    "after": read_counts(_bell(150, 16, 75, 150, 58_911), 33.5, 3),
                },
                "single": {"after": read_counts(_bell(140, 20, 75, 150, 1_204), 31, 3)},
                "dropped_reads": {"mean_quality": 2_300, "too_short": 1_500},
                "adapters_removed": {"reads": 4_100, "bases": 98_000},
                "quality_trimmed": {"reads": 40_000, "bases": 700_000},
            },
            options={
                "adapter_1": "AGATCGGAAGAGCACACGTCTGAACTCCAGTCA",
                "adapter_2": "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT",
                "mean_quality": 20,
                "min_length": 75,
                "window_quality": 15,
                "window_size": 4,
            },
            inputs={"reads-1": {"name": "marine_R1.fastq.gz", "records": reads, "residues": reads * 150}},
        ),
        "assemble": summary(
            "assemble",
            contig_counts(lengths | dropped),
            options={"k_list": "", "min_length": 200, "preset": "default"},
            programs={"megahit": "1.2.9"},
        ),
        "filter_contigs": summary(
            "filter_contigs",
            {"before": contig_counts(lengths | dropped), "after": contig_counts(lengths)},
            options={"min_length": 1000},
        ),
        "predict_genes": summary(
            "predict_genes",
            gene_counts(genes),
            options={"complete_only": False, "min_gene_length": 90},
            programs={"pyrodigal": "3.7.1"},
        ),
        "search_proteins": summary(
            "search_proteins",
            {"proteins": genes, "queries_with_hits": genes * 8 // 10, "queries_significant": genes * 7 // 10},
            options={"evalue": 1e-05, "max_hits": 5, "sensitivity": "fast"},
            programs={"diamond": "2.1.3"},
            databases={"proteins": {"name": "swissprot-go", "version": "2014_01", "digest": "3f1c9ab2d4e5" + "0" * 52}},
        ),
        "search_domains": summary(
            "search_domains",
            {"proteins": genes, "queries_with_hits": genes * 8 // 10, "queries_significant": genes * 6 // 10},
            programs={"pyhmmer": "0.12.0"},
            databases={"hmm": {"name": "pfam-gecco", "version": "35.0", "digest": "a77d0c114b90" + "1" * 52}},
        ),
        "annotate": summary(
            "annotate",
            annotation_counts(genes),
            options={"sample": "Fram Strait 40 m"},
        ),
    }


def rows(genes: int = 1034) -> list[list[str]]:
    """Rows of the annotation table; tiers 61 / 20 / 19 %."""
    made = []
    for index in range(genes):
        product, name, ec, domains = PRODUCTS[min(_wave(index, 19), 11) if index % 3 else _wave(index, 12)]
        tier = 1 if index % 100 < 61 else 2 if index % 100 < 81 else 3
        if tier == 3:
            product, name, ec, domains = "hypothetical protein", "", "", ""
        gene = f"contig_{1 + index // 5:06d}_{1 + index % 5}"
        start = 1 + 950 * (index % 5)
        made.append(
            [
                gene,
                f"MP_{index + 1:05d}",
                gene.rpartition("_")[0],
                str(start),
                str(start + 899),
                "+-"[index % 2],
                "00" if index % 6 else "10",
                str(tier),
                "4" if tier == 3 else "1",
                "1" if tier == 1 else "3",
                product,
                name,
                ec,
                "" if index % 50 else "3.1.-.-",
                "GO:0005524" if ec else "",
                "PF00005" if domains else "",
                domains,
                "" if tier == 3 else f"{40 + _wave(index, 60)}.25",
                "no" if tier == 3 else "yes",
                "" if tier == 3 else ORGANISMS[min(_wave(index + 7, 6), 3)],
            ]
        )
    return made


def table(made: list[list[str]]) -> bytes:
    return "".join(line + "\n" for line in [HEADER, *("\t".join(row) for row in made)]).encode()


def write(folder: Path, summaries: dict[str, dict[str, Any]]) -> list[Path]:
    """Write each summary to a file of its own and return the paths."""
    paths = []
    for stage, value in summaries.items():
        path = folder / f"{stage}.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        paths.append(path)
    return paths
