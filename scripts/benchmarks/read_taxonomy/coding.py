"""How much of each read lies within a gene, and how many of the reads that do, or do not, get a genus."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.measure import run
from benchmarks.read_taxonomy.communities import genome
from metapipe.refdb.builders.genomes import genes_of
from metapipe.refdb.fetch import Say
from metapipe.refdb.readers.proteins import write_fasta

#: Fewest bases of a read within a gene, of each row of the table.
STEPS = (0, 30, 60, 90, 120, 150)


def coding_bases(aliases: Iterable[str], reads: Path, work: Path, say: Say) -> dict[str, int]:
    """Read → bases of it within a gene of the genome it comes from, where minimap2 finds its place."""
    kept = reads.parent / "coding.json"
    if not kept.exists():
        places = reads.parent / "genomes.fasta"
        coding = {}
        with places.open("w") as target:
            for alias in aliases:
                whole = genome(alias, say)
                write_fasta(target, alias, whole.sequence)
                coding[alias] = _coding(alias, len(whole.sequence), work, say)
        table = reads.parent / "places.paf"
        run(["minimap2", "-x", "sr", "--secondary=no", "-o", table, places, reads], log=reads.parent / "minimap2.log")
        kept.write_text(json.dumps(dict(_counted(table, coding))))
    found: dict[str, int] = json.loads(kept.read_text())
    return found


def _coding(alias: str, length: int, work: Path, say: Say) -> np.ndarray:
    """Bases within genes before each place of a genome; shape (length + 1,)."""
    kept = work / f"{alias}.genes.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([(start, end) for start, end, _ in genes_of(genome(alias, say))]))
    inside = np.zeros(length, dtype=np.int64)
    for start, end in json.loads(kept.read_text()):
        inside[start - 1 : end] = 1
    return np.concatenate(([0], np.cumsum(inside)))


def _counted(table: Path, coding: Mapping[str, np.ndarray]) -> Iterable[tuple[str, int]]:
    with table.open() as lines:
        for line in lines:
            read, _, _, _, _, place, _, start, end = line.split("\t")[:9]
            if read.startswith(f"{place}-"):
                yield read.removesuffix("/1"), int(coding[place][int(end)] - coding[place][int(start)])


def by_coding(coding: Mapping[str, int], has_genus: Callable[[str], bool]) -> dict[str, list[int]]:
    """Fewest bases within a gene → reads, and those of them with a genus."""
    found = {str(least): [0, 0] for least in STEPS}
    for read, bases in coding.items():
        row = found[str(max(least for least in STEPS if least <= bases or not least))]
        row[0] += 1
        row[1] += has_genus(read)
    return found
