"""Mapping reads back to contigs: our stage, minimap2 by itself and Bowtie 2, each against where the reads are from.

Contigs are pieces of genomes, a quarter of them with a twin, another strain; depths span a thousandfold. What is
compared is what the tables of abundance rest on: reads of each contig, and its depth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import datasets
from benchmarks.measure import Spent, run
from benchmarks.part import Asked, Part
from benchmarks.place import environment, metapipe, need, scratch
from benchmarks.results import Results
from metapipe.formats.fasta_text import reverse_complement

OURS, MINIMAP2, BOWTIE2 = "map_reads", "minimap2, pairs", "Bowtie 2, pairs"
LETTERS, PAIRS, QUICK = 2_000_000, 300_000, 40
READ, INSERT, SPREAD, ERRORS, STRAIN, TWINS, FOREIGN = 150, 350, 40, 0.004, 0.02, 0.25, 0.1
_BASES = np.frombuffer(b"ACGT", np.uint8)
Chance = np.random.Generator
Bytes = npt.NDArray[np.uint8]


def measure(asked: Asked) -> None:
    """Make a community, map its reads with each program, keep counts and cost, write the page."""
    need("minimap2", "bowtie2")
    setting = asked.setting
    results = Results("mapping", setting, asked.command, ["minimap2", "bowtie2"])
    with scratch(setting) as folder:
        smaller = QUICK if setting.quick else 1
        truth = make_community(folder, LETTERS // smaller, PAIRS // smaller)
        found: dict[str, Any] = {"contigs": len(truth), "pairs": PAIRS // smaller, "programs": {}}
        for name, program in PROGRAMS.items():
            counted, spent = program(folder, setting.slots)
            found["programs"][name] = judged(counted, truth) | {"cpu_seconds": round(spent.cpu, 1)}
            asked.say(f"  {name}: {found['programs'][name]}")
            results.save("mapping", found, finished=name == BOWTIE2)
    (setting.results / "mapping.md").write_text("\n".join(page(found, asked.command)) + "\n")


# ------------------------------------------------------------------------------------------------ the community


def make_community(folder: Path, letters: int, pairs: int) -> Mapping[str, int]:
    """Write contigs and pairs; return the reads of each contig. A tenth of the pairs is of none.

    The contigs are the genomes cut into pieces one after the other: no two of them share a place.
    """
    chance, source = np.random.default_rng(12), datasets.genomes()[:letters]
    contigs: list[Bytes] = []
    lengths = datasets.pareto_lengths(len(source), chance, longest=60_000)
    for start, end in pairwise([0, *np.cumsum(lengths).tolist()]):
        if len(source) < end:
            break
        contigs.append(source[start:end])
        if chance.random() < TWINS:
            contigs.append(changed(contigs[-1], STRAIN, chance))
    (folder / "contigs.fasta").write_bytes(
        b"".join(b">c%d\n%b\n" % (number, letters.tobytes()) for number, letters in enumerate(contigs))
    )
    weights = np.array([len(contig) for contig in contigs]) * chance.lognormal(0, 1.7, len(contigs))
    chosen = chance.choice(len(contigs), pairs, p=weights / weights.sum())
    truth = {f"c{number}": 0 for number in range(len(contigs))}
    mates = [(folder / f"reads_{mate}.fastq").open("wb") for mate in (1, 2)]
    for number, contig in enumerate(chosen.tolist()):
        foreign = chance.random() < FOREIGN
        fragment = drawn(chance.choice(_BASES, 2 * INSERT) if foreign else contigs[contig], chance)
        if not foreign:
            truth[f"c{contig}"] += 2
        for stream, read in zip(mates, (fragment[:READ], reverse_complement(fragment)[:READ]), strict=True):
            stream.write(b"@r%d\n%b\n+\n%b\n" % (number, read, b"I" * len(read)))
    for stream in mates:
        stream.close()
    return truth


def drawn(letters: Bytes, chance: Chance) -> bytes:
    """A fragment of a contig, of either strand, with errors."""
    length = min(len(letters), max(READ, int(chance.normal(INSERT, SPREAD))))
    start = int(chance.integers(0, len(letters) - length + 1))
    fragment = changed(letters[start : start + length], ERRORS, chance).tobytes()
    return fragment if chance.random() < 0.5 else reverse_complement(fragment)


def changed(letters: Bytes, share: float, chance: Chance) -> Bytes:
    """The letters, so many of them drawn anew (a quarter of those stay what they were)."""
    where = chance.random(len(letters)) < share * 4 / 3
    return np.where(where, chance.choice(_BASES, len(letters)), letters).astype(np.uint8)


# ------------------------------------------------------------------------------------------------ the programs

Counted = Mapping[str, int]


def ours(folder: Path, slots: int) -> tuple[Counted, Spent]:
    """Reads of each contig by our stage, and what it cost."""
    given = [word for mate in "12" for word in (f"--reads-{mate}", folder / f"reads_{mate}.fastq")]
    out = folder / "ours"
    words = metapipe("map_reads", *given, "--contigs", folder / "contigs.fasta", "--outdir", out, "--slots", str(slots))
    spent = run(words, environment=environment())
    rows = (line.split("\t") for line in (out / "contig-abundance.tsv").read_text().splitlines()[1:])
    return {row[0]: int(row[2]) for row in rows}, spent


def minimap2(folder: Path, slots: int) -> tuple[Counted, Spent]:
    """Primary alignments by contig of pairs mapped together."""
    words = f"minimap2 -ax sr -t {slots} contigs.fasta reads_1.fastq reads_2.fastq > mm.sam"
    return in_shell(folder, words, "mm.sam")


def bowtie2(folder: Path, slots: int) -> tuple[Counted, Spent]:
    """The same with Bowtie 2, whose index costs, too."""
    words = (
        f"bowtie2-build -q --threads {slots} contigs.fasta index && "
        f"bowtie2 -p {slots} --no-unal -x index -1 reads_1.fastq -2 reads_2.fastq > bt.sam"
    )
    return in_shell(folder, words, "bt.sam")


def in_shell(folder: Path, words: str, sam: str) -> tuple[Counted, Spent]:
    """Run a line of shell; count the primary alignments of its SAM."""
    spent = run(["sh", "-c", words], folder=folder)
    counted: Counter[str] = Counter()
    with (folder / sam).open() as lines:
        for line in lines:
            _, flags, contig, _ = line.split("\t", 3)[:4] if not line.startswith("@") else ("", "4", "", "")
            if not int(flags) & 0x904:
                counted[contig] += 1
    return counted, spent


PROGRAMS: Mapping[str, Callable[[Path, int], tuple[Counted, Spent]]] = {
    OURS: ours,
    MINIMAP2: minimap2,
    BOWTIE2: bowtie2,
}


# ------------------------------------------------------------------------------------------------ the judgement


def judged(counted: Counted, truth: Counted) -> dict[str, float]:
    """How far the counts are from the truth.

    ``wrong_share``: reads too many or too few, over all contigs, as a share of all. ``median_error`` and
    ``worst_tenth``: relative errors of the counts of contigs with 100 reads or more. ``empty_with_reads``: contigs
    without reads in truth that were given some.
    """
    off = sum(abs(counted.get(contig, 0) - reads) for contig, reads in truth.items())
    errors = [abs(counted.get(contig, 0) / reads - 1) for contig, reads in truth.items() if reads >= 100]
    return {
        "reads_counted": sum(counted.values()),
        "reads_in_truth": sum(truth.values()),
        "wrong_share": round(off / sum(truth.values()), 4),
        "median_error": round(float(np.median(errors)), 4),
        "worst_tenth": round(float(np.quantile(errors, 0.9)), 4),
        "empty_with_reads": sum(not reads and counted.get(contig, 0) > 0 for contig, reads in truth.items()),
    }


def page(found: Mapping[str, Any], command: str) -> Iterator[str]:
    """The page of this part."""
    yield from ("# Reads mapped back to contigs, against where they are from", "")
    yield f"{found['contigs']:,} contigs (a quarter have a twin, 2 % of its bases other), {found['pairs']:,} pairs"
    yield f"with 0.4 % errors, a tenth of them of no contig; depths span a thousandfold. Written by `{command}`."
    yield from (
        "",
        "| | reads counted (true) | off, all contigs | error of a contig's count: median, worst tenth | core-s |",
    )
    yield "| --- | --- | --- | --- | --- |"
    for name, one in found["programs"].items():
        yield (
            f"| {name} | {one['reads_counted']:,} ({one['reads_in_truth']:,}) | {one['wrong_share']:.2%} "
            f"| {one['median_error']:.2%}, {one['worst_tenth']:.2%} | {one['cpu_seconds']} |"
        )


PART = Part(
    "mapping",
    "reads mapped back to contigs, against where they are from: minimap2, Bowtie 2",
    measure,
    order=145,
    share=0,
    has_place=False,
)
