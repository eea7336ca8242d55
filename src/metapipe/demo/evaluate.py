"""How much of the truth a result has found: contigs, genes, EC numbers. Pure functions over plain values.

Genes are compared by their 3' end, as is usual for gene finders (Hyatt et al. 2010): the stop codon is certain, the
start a matter of opinion. A gene is *assembled* when contigs cover it to 95 % and its stop codon is on one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metapipe.demo.community import TrueGene
from metapipe.demo.placement import GenomeIndex, PlacedContig

ASSEMBLED = 0.95
Mask = NDArray[np.bool_]  # one value per base of a genome
Stop = tuple[str, int, str]  # genome, 1-based last base of the stop codon in the direction of the gene, strand


@dataclass(frozen=True)
class PredictedGene:
    """A gene of a result: contig coordinates as in GFF3 (1-based, included)."""

    id: str
    contig: str
    start: int
    end: int
    strand: str
    ec: tuple[str, ...] = ()
    tier: str = ""


@dataclass
class GeneCounts:
    """Counts over one genome, or over all.

    :ivar assembled: true genes, complete in the slice, that lie on the contigs.
    :ivar found: those of them whose 3' end was predicted.
    :ivar predicted: predicted genes with a stop codon that lie on an annotated genome.
    :ivar right: those of them that end where a true gene ends.
    """

    assembled: int = 0
    found: int = 0
    predicted: int = 0
    right: int = 0

    @property
    def recall(self) -> float | None:
        """Share of the true genes that were found, 0 to 1; None when there are none."""
        return ratio(self.found, self.assembled)

    @property
    def precision(self) -> float | None:
        """Share of the predicted genes that are right, 0 to 1; None when there are none."""
        return ratio(self.right, self.predicted)


@dataclass
class EcCounts:
    """Complete (four-field) EC numbers of genes that were found.

    :ivar true: found genes with an EC number in the annotation.
    :ivar named: those of them for which the result gives one.
    :ivar right: those of them where one of the numbers is the same; ``right_3`` where the first three fields are.
    :ivar unjudged: found genes with an EC number in the result and none in the annotation: nobody knows.
    """

    true: int = 0
    named: int = 0
    right: int = 0
    right_3: int = 0
    unjudged: int = 0

    @property
    def recall(self) -> float | None:
        """Share of the genes with a true EC number for which the result gives it, 0 to 1; None when there are none."""
        return ratio(self.right, self.true)

    @property
    def precision(self) -> float | None:
        """Share of the genes named by the result whose EC number is right, 0 to 1; None when there are none."""
        return ratio(self.right, self.named)

    @property
    def precision_3(self) -> float | None:
        """The same with the first three fields right, which is the reaction without its substrate."""
        return ratio(self.right_3, self.named)


@dataclass
class Evaluation:
    """All figures. ``ec_by_tier`` counts only genes for which the result gives an EC number."""

    contigs: int = 0
    placed: int = 0
    genome_fraction: dict[str, float] = field(default_factory=dict)
    genes: dict[str, GeneCounts] = field(default_factory=dict)
    ec: EcCounts = field(default_factory=EcCounts)
    ec_by_tier: dict[str, EcCounts] = field(default_factory=dict)
    assembled_with_ec: int = 0

    @property
    def all_genes(self) -> GeneCounts:
        """The counts of all genomes together."""
        total = GeneCounts()
        for counts in self.genes.values():
            total.assembled += counts.assembled
            total.found += counts.found
            total.predicted += counts.predicted
            total.right += counts.right
        return total


def evaluate(
    genomes: Mapping[str, str],
    true_genes: Sequence[TrueGene],
    contigs: Mapping[str, str],
    predicted: Iterable[PredictedGene],
) -> Evaluation:
    """Compare a result with the truth.

    :param genomes: slices by name; :param contigs: contig sequences by name.
    """
    index = GenomeIndex(dict(genomes))
    placed = {name: PlacedContig(sequence, index) for name, sequence in contigs.items()}
    covered = index.covered(contigs.values())
    figures = Evaluation(contigs=len(contigs), placed=sum(contig.origin() is not None for contig in placed.values()))
    figures.genome_fraction = {name: round(float(mask.mean()), 4) for name, mask in covered.items()}
    annotated = sorted({gene.genome for gene in true_genes})
    figures.genes = {name: GeneCounts() for name in annotated}

    stops: dict[Stop, PredictedGene] = {}
    for gene in predicted:
        stop = place_stop(gene, placed.get(gene.contig))
        if stop is not None and stop[0] in figures.genes:
            stops[stop] = gene
    true_stops = {stop_of(gene) for gene in true_genes if gene.stop_inside}
    for stop in stops:
        figures.genes[stop[0]].predicted += 1
        figures.genes[stop[0]].right += stop in true_stops
    for true_gene in true_genes:
        if not true_gene.complete or not is_assembled(true_gene, covered[true_gene.genome]):
            continue
        counts = figures.genes[true_gene.genome]
        counts.assembled += 1
        figures.assembled_with_ec += bool(complete_ec(true_gene.ec))
        match = stops.get(stop_of(true_gene))
        if match is not None:
            counts.found += 1
            judge_ec(true_gene, match, figures)
    figures.ec_by_tier = dict(sorted(figures.ec_by_tier.items()))
    return figures


def judge_ec(true_gene: TrueGene, found: PredictedGene, figures: Evaluation) -> None:
    """Count the EC numbers of one gene that was found."""
    truth, named = complete_ec(true_gene.ec), complete_ec(found.ec)
    tier = figures.ec_by_tier.setdefault(found.tier, EcCounts()) if named else EcCounts()
    for counts in (figures.ec, tier):
        if not truth:
            counts.unjudged += bool(named)
            continue
        counts.true += 1
        counts.named += bool(named)
        counts.right += bool(truth & named)
        counts.right_3 += bool({three(number) for number in truth} & {three(number) for number in named})


def complete_ec(numbers: Iterable[str]) -> set[str]:
    """The four-field numbers: a partial one (``3.6.1.-``) is neither right nor wrong."""
    return {number for number in numbers if number.count(".") == 3 and "-" not in number}


def three(number: str) -> str:
    """First three fields: the reaction, without the substrate."""
    return number.rpartition(".")[0]


def stop_of(gene: TrueGene) -> Stop:
    """Where a true gene ends."""
    return gene.genome, gene.end if gene.strand == "+" else gene.start, gene.strand


def place_stop(gene: PredictedGene, contig: PlacedContig | None) -> Stop | None:
    """Where on the genomes a predicted gene ends; ``None`` when its contig has no place, or when it runs off its
    contig: then it has no stop codon, and its end says nothing."""
    if contig is None:
        return None
    forward = gene.strand == "+"
    if (gene.end >= contig.length - 2) if forward else (gene.start <= 3):
        return None
    place = contig.locate((gene.end if forward else gene.start) - 1)
    if place is None:
        return None
    return place.genome, place.position + 1, "+" if forward == (place.strand == "+") else "-"


def is_assembled(gene: TrueGene, mask: Mask) -> bool:
    """Whether contigs cover a gene and its stop codon."""
    stop = (gene.end if gene.strand == "+" else gene.start) - 1
    return bool(mask[stop]) and float(mask[gene.start - 1 : gene.end].mean()) >= ASSEMBLED


def ratio(part: int, whole: int) -> float | None:
    """A share, to four places; ``None`` when there is nothing to take a share of."""
    return round(part / whole, 4) if whole else None
