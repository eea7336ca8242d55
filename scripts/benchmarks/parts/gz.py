"""Reading gzip files, of one member and of many, against Python's own reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import datasets
from benchmarks.measure import Variant, rounds
from benchmarks.part import Asked, Part
from benchmarks.place import Setting
from benchmarks.results import Results
from benchmarks.variants import IMPORTS, SCAN, START, keep, python, speeds

SIZE = 500_000_000
DECOMPRESS = """
import sys
import metapipe.runner.scan.scan
from pathlib import Path
from metapipe.runner.blocks.stream import gzip_chunks
with open(sys.argv[1], "rb") as raw:
    for chunk in gzip_chunks(raw, "bench"):
        pass
"""

ZLIB = """
import sys, gzip
import metapipe.runner.scan.scan
with gzip.open(sys.argv[1], "rb") as raw:
    while raw.read(1 << 20):
        pass
"""


def measure(asked: Asked) -> None:
    """Measure it by rounds and keep it after each."""
    setting, results = asked.setting, Results("gz", asked.setting, asked.command)
    variants: dict[str, Variant] = {START: python(IMPORTS)}
    for packing in ("gzip", "members"):
        path = datasets.reads(setting, SIZE, packing)
        variants[f"our reader alone, {packing}"] = python(DECOMPRESS, path)
        variants[f"reading and checking, {packing}"] = python(SCAN, path, "fastq")
    variants["Python's gzip, gzip"] = python(ZLIB, datasets.reads(setting, SIZE, "gzip"))
    sizes = dict.fromkeys(list(variants)[1:], datasets.uncompressed(setting, SIZE))
    after = keep(results, setting, "gz", speeds(sizes))
    rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=asked.say)


def inputs(setting: Setting) -> Iterator[Path]:
    """Reads packed in every way; the plain ones tell how long the text is."""
    for packing in ("plain", "gzip", "members"):
        yield datasets.reads(setting, SIZE, packing)


PART = Part("gz", "reading gzip files", measure, order=30, share=3, inputs=inputs, titles={"gz": "Reading gzip"})
