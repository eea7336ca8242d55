"""A synthetic community: slices of real genomes, with the abundances, sequences and genes that are true of them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from metapipe.refdb.fetch import Say, obtain, silent
from metapipe.refdb.readers.annotated_genomes import Cds, read_genome
from metapipe.refdb.readers.proteins import clean_text, write_fasta
from metapipe.refdb.sources import find_source


class MemberSpec(BaseModel):
    """A slice of a source genome; ``start`` and ``end`` are 1-based and included."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    start: int
    end: int


class CommunitySpec(BaseModel):
    """A recipe ``community-*.yml``.

    :param sigma: standard deviation of the natural logarithm of the coverage; log-normal abundances are what
        surveys of natural communities find.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    seed: int
    mean_coverage: float
    sigma: float
    members: list[MemberSpec]


@dataclass(frozen=True)
class TrueGene:
    """A gene of a slice, in the slice's coordinates (1-based, included).

    :param stop_inside: the gene's 3' end lies in the slice, so that a gene finder can be judged by it.
    :param complete: the whole gene lies in the slice, in one piece.
    """

    genome: str
    start: int
    end: int
    strand: str
    locus: str
    gene: str
    ec: tuple[str, ...]
    product: str
    stop_inside: bool
    complete: bool


@dataclass(frozen=True)
class Member:
    """One genome's slice in the community.

    :param coverage: fold coverage of the reads.
    :param abundance: share of the community's cells, i.e. coverage over the sum of coverages.
    :param annotated: the source gives genes; without them nothing can be said of predicted genes.
    """

    name: str
    organism: str
    taxid: str
    accession: str
    start: int
    end: int
    sequence: str
    coverage: float
    abundance: float
    annotated: bool
    genes: tuple[TrueGene, ...]
    proteins: tuple[str, ...]


def load_spec(name: str) -> CommunitySpec:
    """Read the recipe ``community-<name>.yml`` of this package."""
    text = resources.files("metapipe.refdb").joinpath("recipes", f"community-{name}.yml").read_text(encoding="utf-8")
    return CommunitySpec.model_validate(yaml.safe_load(text))


def assemble_community(spec: CommunitySpec, cache: Path | None = None, say: Say = silent) -> tuple[Member, ...]:
    """Cut the slices and draw the coverages. The same recipe gives the same community on every machine."""
    paths = obtain([member.source for member in spec.members], cache, say)
    coverages = draw_coverages(spec)
    members = []
    for member, coverage in zip(spec.members, coverages, strict=True):
        _, source = find_source(member.source)
        genome = read_genome(paths[member.source], source)
        genes = [gene for gene in genome.genes if gene.end >= member.start and gene.start <= member.end]
        members.append(
            Member(
                name=member.source,
                organism=genome.organism,
                taxid=genome.taxid,
                accession=genome.accession,
                start=member.start,
                end=member.end,
                sequence=genome.sequence[member.start - 1 : member.end],
                coverage=coverage,
                abundance=round(coverage / sum(coverages), 4),
                annotated=bool(genome.genes),
                genes=tuple(place_gene(gene, member) for gene in genes),
                proteins=tuple(gene.protein.sequence for gene in genes),
            )
        )
    return tuple(members)


def draw_coverages(spec: CommunitySpec) -> list[float]:
    """Log-normal fold coverages, scaled so that their mean over the bases of the community is ``mean_coverage``."""
    dice = random.Random(spec.seed)  # noqa: S311  (a reproducible draw, not a secret)
    raw = [math.exp(dice.gauss(0.0, spec.sigma)) for _ in spec.members]
    lengths = [member.end - member.start + 1 for member in spec.members]
    mean = sum(value * length for value, length in zip(raw, lengths, strict=True)) / sum(lengths)
    return [round(value / mean * spec.mean_coverage, 2) for value in raw]


def place_gene(gene: Cds, member: MemberSpec) -> TrueGene:
    """Move a gene into the slice's coordinates and clip it at the slice's ends."""
    length = member.end - member.start + 1
    start, end = gene.start - member.start + 1, gene.end - member.start + 1
    stop_inside = end <= length if gene.strand == "+" else start >= 1
    return TrueGene(
        genome=member.source,
        start=max(start, 1),
        end=min(end, length),
        strand=gene.strand,
        locus=gene.locus,
        gene=gene.protein.gene,
        ec=gene.protein.ec,
        product=clean_text(gene.protein.product),
        stop_inside=stop_inside,
        complete=start >= 1 and end <= length and not gene.spliced,
    )


# ------------------------------------------------------------------------------------------------ truth files

COMMUNITY_COLUMNS = (
    "genome", "organism", "taxid", "accession", "slice_start", "slice_end", "abundance", "coverage", "annotated",
)  # fmt: skip
GENE_COLUMNS = (
    "genome", "start", "end", "strand", "ec", "product", "gene", "locus", "stop_inside", "complete",
)  # fmt: skip


def write_truth(members: Sequence[Member], folder: Path) -> None:
    """Write ``community.tsv``, ``genes.tsv`` and ``genomes.fasta``."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_table(
        folder / "community.tsv",
        COMMUNITY_COLUMNS,
        (
            (m.name, m.organism, m.taxid, m.accession, m.start, m.end, m.abundance, m.coverage, yes_no(m.annotated))
            for m in members
        ),
    )
    _write_table(
        folder / "genes.tsv",
        GENE_COLUMNS,
        (
            (g.genome, g.start, g.end, g.strand, ";".join(g.ec), g.product, g.gene, g.locus,
             yes_no(g.stop_inside), yes_no(g.complete))
            for m in members
            for g in m.genes
        ),
    )  # fmt: skip
    with (folder / "genomes.fasta").open("w", encoding="ascii", newline="\n") as target:
        for member in members:
            write_fasta(target, f"{member.name} {member.accession}:{member.start}-{member.end}", member.sequence)


def read_true_genes(path: Path) -> list[TrueGene]:
    """Read ``genes.tsv`` back."""
    genes = []
    with path.open(encoding="utf-8") as lines:
        columns = lines.readline().rstrip("\n").split("\t")
        for line in lines:
            row = dict(zip(columns, line.rstrip("\n").split("\t"), strict=True))
            genes.append(
                TrueGene(
                    genome=row["genome"],
                    start=int(row["start"]),
                    end=int(row["end"]),
                    strand=row["strand"],
                    locus=row["locus"],
                    gene=row["gene"],
                    ec=tuple(filter(None, row["ec"].split(";"))),
                    product=row["product"],
                    stop_inside=row["stop_inside"] == "yes",
                    complete=row["complete"] == "yes",
                )
            )
    return genes


def yes_no(value: bool) -> str:
    """``yes`` or ``no``, as all our tables write truth values."""
    return "yes" if value else "no"


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as target:
        target.write("\t".join(columns) + "\n")
        for row in rows:
            target.write("\t".join(str(cell) for cell in row) + "\n")
