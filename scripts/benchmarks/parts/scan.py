"""Checking input files: FASTQ packed in three ways, and FASTA."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import datasets
from benchmarks.measure import Variant, rounds
from benchmarks.part import Asked, Part
from benchmarks.place import Setting
from benchmarks.results import Results
from benchmarks.variants import IMPORTS, SCAN, START, keep, python, speeds

LETTERS, SIZE = 30_000_000, 200_000_000


def measure(asked: Asked) -> None:
    """Measure it by rounds and keep it after each."""
    setting, results = asked.setting, Results("scan", asked.setting, asked.command)
    fasta = datasets.contigs(setting, LETTERS)
    variants: dict[str, Variant] = {START: python(IMPORTS)}
    sizes: dict[str, int] = {}
    for packing in ("plain", "gzip", "members"):
        path = datasets.reads(setting, SIZE, packing)
        variants[f"FASTQ, {packing}"] = python(SCAN, path, "fastq")
        sizes[f"FASTQ, {packing}"] = datasets.uncompressed(setting, SIZE)
    variants["FASTA, plain"] = python(SCAN, fasta, "fasta")
    sizes["FASTA, plain"] = fasta.stat().st_size
    after = keep(results, setting, "scan", speeds(sizes))
    rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=asked.say)


def inputs(setting: Setting) -> Iterator[Path]:
    """Contigs, and reads packed in every way."""
    yield datasets.contigs(setting, LETTERS)
    for packing in ("plain", "gzip", "members"):
        yield datasets.reads(setting, SIZE, packing)


PART = Part(
    "scan",
    "checking input files",
    measure,
    order=20,
    share=3,
    inputs=inputs,
    titles={"scan": "Checking input files"},
)
