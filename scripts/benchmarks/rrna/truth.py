"""Reads and pieces of annotated genomes, of which it is known which rRNA genes they cover."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.read_taxonomy.communities import genome
from metapipe.demo.placement import reverse_complement
from metapipe.refdb.fetch import Say
from metapipe.refdb.readers.annotated_genomes import AnnotatedRrna, Genome

#: The genomes whose rRNA genes are annotated → domain of life, as models call it.
ANNOTATED = {
    "roseobacter-denitrificans": "bacteria",
    "escherichia-coli": "bacteria",
    "bradyrhizobium-japonicum": "bacteria",
    "methanococcus-maripaludis": "archaea",
    "methanosarcina-acetivorans": "archaea",
    "thermococcus-kodakarensis": "archaea",
    "methanothermobacter-thermautotrophicus": "archaea",
}
SEED = 20261130
LENGTH, ERRORS = 150, 0.004
#: Reads for each base at which one can begin that holds a base of an rRNA gene, so that long genes have as many more as
#: in a sample; and reads from anywhere in each genome.
PER_START, PER_GENOME = 0.02, 1_500


@dataclass(frozen=True)
class TrueRead:
    """A read with its bases as read. :param covers: gene → bases of it that the read holds; of two of one kind, most.

    :param strand: gene → ``+`` where the RNA runs as the read does.
    """

    name: str
    bases: str
    domain: str
    covers: Mapping[str, int]
    strand: Mapping[str, str]


def genomes(say: Say) -> dict[str, Genome]:
    """The annotated genomes."""
    return {alias: genome(alias, say) for alias in ANNOTATED}


def true_reads(
    found: Mapping[str, Genome], per_start: float = PER_START, per_genome: int = PER_GENOME
) -> list[TrueRead]:
    """Reads of fixed places: on both strands, with errors, many of them at the ends of genes."""
    dice, reads = random.Random(SEED), list[TrueRead]()
    for alias, one in found.items():
        last = len(one.sequence) - LENGTH
        starts = [dice.randrange(last) for _ in range(per_genome)]
        for gene in one.rrnas:
            wanted = round(per_start * (gene.end - gene.start + LENGTH))
            starts += [dice.randint(gene.start - LENGTH, gene.end - 1) for _ in range(wanted)]
        for number, start in enumerate(max(0, min(start, last)) for start in starts):
            reads.append(_read(f"{alias}-{number}", one, start, ANNOTATED[alias], dice))
    return reads


def _read(name: str, source: Genome, start: int, domain: str, dice: random.Random) -> TrueRead:
    bases = list(source.sequence[start : start + LENGTH])
    for place, base in enumerate(bases):
        if dice.random() < ERRORS:
            bases[place] = dice.choice([other for other in "ACGT" if other != base])
    turned = dice.random() < 0.5
    covers, strands = dict[str, int](), dict[str, str]()
    for gene, shared in _genes_in(source.rrnas, start + 1, start + LENGTH):
        if shared > covers.get(gene.gene, 0):
            covers[gene.gene] = shared
            strands[gene.gene] = "+" if (gene.strand == "+") is not turned else "-"
    text = "".join(bases)
    return TrueRead(name, reverse_complement(text) if turned else text, domain, covers, strands)


def _genes_in(genes: Iterable[AnnotatedRrna], first: int, last: int) -> Iterator[tuple[AnnotatedRrna, int]]:
    for gene in genes:
        shared = min(gene.end, last) - max(gene.start, first) + 1
        if shared > 0:
            yield gene, shared


def write_fastq(reads: Iterable[TrueRead], path: Path) -> Path:
    """Write reads with one quality throughout."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"@{one.name}\n{one.bases}\n+\n{'I' * len(one.bases)}\n" for one in reads))
    return path


def pieces_of_16s(found: Mapping[str, Genome], step: int = 200) -> Iterator[tuple[str, str, str]]:
    """Name, genome and bases of pieces of each 16S, in the direction of the RNA."""
    for alias, one in found.items():
        for number, gene in enumerate(gene for gene in one.rrnas if gene.gene == "16S"):
            bases = one.sequence[gene.start - 1 : gene.end]
            bases = bases if gene.strand == "+" else reverse_complement(bases)
            for start in range(0, len(bases) - LENGTH, step):
                yield f"{alias}-{number}-{start}", alias, bases[start : start + LENGTH]
