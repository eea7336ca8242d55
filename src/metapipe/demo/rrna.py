"""Sequences with rRNA genes and where these lie, by the annotation of the genomes they were cut from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from metapipe.demo.community import Member, assemble_community, load_spec
from metapipe.demo.placement import reverse_complement
from metapipe.demo.reads import simulate_reads
from metapipe.refdb.fetch import Say, obtain, silent
from metapipe.refdb.readers.annotated_genomes import read_genome
from metapipe.refdb.readers.proteins import write_fasta
from metapipe.refdb.sources import find_source

#: Bases of a piece of 16S, and from one to the next.
PIECE, STEP = 150, 100
DOMAINS = {"roseobacter-denitrificans": "bacteria", "thermococcus-kodakarensis": "archaea"}


class TrueRrna(NamedTuple):
    """An rRNA gene, or what a slice's end has left of it; 1-based, included, on the sequence of that name."""

    sequence: str
    start: int
    end: int
    strand: str
    gene: str


def write_rrna_data(folder: Path, cache: Path | None = None, say: Say = silent) -> None:
    """Write the slices as contigs, every other one reversed, their reads, and the rRNA genes annotated on the contigs.

    The eukaryote comes without annotation.
    """
    spec = load_spec("rrna")
    members = assemble_community(spec, cache, say)
    folder.mkdir(parents=True, exist_ok=True)
    simulate_reads(members, spec.seed, folder / "reads_1.fastq.gz", folder / "reads_2.fastq.gz")
    genes = list(true_rrnas(members, cache, say))
    write_pieces(members, genes, folder / "ssu.fasta")
    turned = dict(zip((member.name for member in members), [False, True] * len(members), strict=False))
    with (folder / "contigs.fasta").open("w", encoding="ascii", newline="\n") as contigs:
        for member in members:
            bases = reverse_complement(member.sequence) if turned[member.name] else member.sequence
            write_fasta(contigs, f"{member.name} {member.start}-{member.end}", bases)
    with (folder / "truth.tsv").open("w", encoding="ascii", newline="\n") as table:
        table.write("#" + "\t".join(TrueRrna._fields) + "\n")
        for gene in genes:
            if turned[gene.sequence]:
                length = next(len(member.sequence) for member in members if member.name == gene.sequence)
                other = "-" if gene.strand == "+" else "+"
                gene = gene._replace(start=length + 1 - gene.end, end=length + 1 - gene.start, strand=other)
            table.write("\t".join(map(str, gene)) + "\n")


def write_pieces(members: Sequence[Member], genes: Sequence[TrueRrna], path: Path) -> None:
    """Write pieces of the annotated 16S genes as ``extract_rrna`` writes what it cuts out of reads."""
    sequences = {member.name: member.sequence for member in members}
    with path.open("w", encoding="ascii", newline="\n") as target:
        for gene in genes:
            if gene.gene != "16S":
                continue
            bases = sequences[gene.sequence][gene.start - 1 : gene.end]
            bases = bases if gene.strand == "+" else reverse_complement(bases)
            for start in range(0, len(bases) - PIECE, STEP):
                name = f"{gene.sequence}-{start}/1:1-{PIECE}"
                header = f"{name} 16S {DOMAINS[gene.sequence]} strand={gene.strand}"
                write_fasta(target, header, bases[start : start + PIECE])


def true_rrnas(members: Sequence[Member], cache: Path | None = None, say: Say = silent) -> Iterator[TrueRrna]:
    """Yield the annotated rRNA genes of slices, in the slices' coordinates."""
    paths = obtain([member.name for member in members], cache, say)
    for member in members:
        genome = read_genome(paths[member.name], find_source(member.name)[1])
        for gene in genome.rrnas:
            start, end = max(gene.start, member.start), min(gene.end, member.end)
            if start <= end:
                before = member.start - 1
                yield TrueRrna(member.name, start - before, end - before, gene.strand, gene.gene)
