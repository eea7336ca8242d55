"""The command lines of the wrapped programs: the same binary with the same options in every variant."""

from __future__ import annotations

from pathlib import Path

#: Pinned, because DIAMOND's answer otherwise depends on the query file as a whole (see
#: stages/evidence/search_proteins.py).
DIAMOND = ("--algo", "0", "--block-size", "0.4", "--index-chunks", "4", "--very-sensitive", "--max-target-seqs", "5")
#: Nothing that looks at the file as a whole: no adapter detection, no count of duplicates, no guess of poly-G.
FASTP = (
    *("--disable_adapter_trimming", "--dont_eval_duplication", "--disable_trim_poly_g", "--json", "/dev/null"),
    *("--html", "/dev/null", "--cut_right", "--cut_right_mean_quality", "20", "--length_required", "50"),
    *("--n_base_limit", "3", "--average_qual", "25"),
)

Words = list[str]


def hmmsearch(models: Path, source: str, target: str, total: int, threads: int) -> Words:
    """HMMER's search; ``total`` pins Z and domZ, so E-values do not change with the cutting."""
    pinned = ["-Z", str(total), "--domZ", str(total)]
    # --cpu 0: one thread. --cpu N: N threads besides the one that reads.
    return [
        *("hmmsearch", "--cpu", str(threads if threads > 1 else 0), "--noali", "--cut_ga", *pinned),
        *("-o", "/dev/null", "--domtblout", target, str(models), source),
    ]


def prodigal(source: str, target: str) -> Words:
    """Gene calling in meta mode: each contig by itself. One thread, whatever the machine."""
    return ["prodigal", "-q", "-p", "meta", "-f", "gff", "-i", source, "-o", target]


def diamond(database: Path, source: str, target: str, threads: int) -> Words:
    return [
        *("diamond", "blastp", "--quiet", "--db", str(database), "--query", source, "--out", target),
        *("--threads", str(threads), "--outfmt", "6", *DIAMOND),
    ]


def fastp(source: str, target: str, threads: int) -> Words:
    return ["fastp", "--in1", source, "--out1", target, "--thread", str(threads), *FASTP]
