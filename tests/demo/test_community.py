from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from metapipe.demo.community import (
    Member,
    MemberSpec,
    TrueGene,
    draw_coverages,
    load_spec,
    place_gene,
    read_true_genes,
    write_truth,
)
from metapipe.demo.reads import simulate_reads
from metapipe.refdb.readers.annotated_genomes import Cds
from metapipe.refdb.readers.proteins import Protein

SEQUENCE = ("ACGTTGCAAGGCTTAACCGATCGGATATCCGTAGCATGCATTCGA" * 40)[:1500]


def member(name: str = "one", coverage: float = 4.0, genes: tuple[TrueGene, ...] = ()) -> Member:
    return Member(name, "Testium", "7", "NC_1", 1, len(SEQUENCE), SEQUENCE, coverage, 0.5, True, genes, ())


def test_coverages_are_the_same_on_every_draw_and_average_to_the_mean() -> None:
    spec = load_spec("demo")
    coverages = draw_coverages(spec)
    assert coverages == draw_coverages(spec)
    lengths = [m.end - m.start + 1 for m in spec.members]
    mean = sum(c * n for c, n in zip(coverages, lengths, strict=True)) / sum(lengths)
    assert mean == pytest.approx(spec.mean_coverage, abs=0.01)
    assert min(coverages) > 5


@pytest.mark.parametrize(
    ("start", "end", "strand", "spliced", "expected"),
    [
        (101, 200, "+", False, (1, 100, True, True)),
        (101, 200, "-", False, (1, 100, True, True)),
        (91, 150, "+", False, (1, 50, True, False)),
        (91, 150, "-", False, (1, 50, False, False)),
        (251, 310, "+", False, (151, 200, False, False)),
        (251, 310, "-", False, (151, 200, True, False)),
        (101, 200, "+", True, (1, 100, True, False)),
    ],
)
def test_genes_move_into_the_slice_and_are_clipped(
    start: int, end: int, strand: str, spliced: bool, expected: tuple[int, int, bool, bool]
) -> None:
    gene = place_gene(
        Cds(start, end, strand, "L1", spliced, Protein("a", "MK")), MemberSpec(source="x", start=101, end=300)
    )
    assert (gene.start, gene.end, gene.stop_inside, gene.complete) == expected


def test_the_truth_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    genes = (
        TrueGene("one", 3, 99, "+", "L1", "thrA", ("1.1.1.1", "2.7.2.4"), "kinase", True, True),
        TrueGene("one", 1, 50, "-", "L2", "", (), "", False, False),
    )
    write_truth([member(genes=genes)], tmp_path)
    assert tuple(read_true_genes(tmp_path / "genes.tsv")) == genes
    assert (tmp_path / "genomes.fasta").read_text().startswith(">one NC_1:1-1500\n")
    assert (tmp_path / "community.tsv").read_text().splitlines()[1].split("\t")[6:] == ["0.5", "4.0", "yes"]


def test_simulated_reads_are_the_same_every_time_and_come_in_pairs(tmp_path: Path) -> None:
    contents = []
    for turn in "ab":
        files = tmp_path / f"{turn}_1.fastq.gz", tmp_path / f"{turn}_2.fastq.gz"
        pairs = simulate_reads([member("one"), member("two")], 7, *files)
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]
    names = [gzip.decompress(content).split(b"\n")[:-1:4] for content in contents[0]]
    assert len(names[0]) == len(names[1]) == pairs
    assert [name.removesuffix(b"/1") for name in names[0]] == [name.removesuffix(b"/2") for name in names[1]]


def test_reads_of_the_genomes_are_mixed(tmp_path: Path) -> None:
    simulate_reads([member("one"), member("two")], 7, tmp_path / "1.gz", tmp_path / "2.gz")
    names = gzip.decompress((tmp_path / "1.gz").read_bytes()).split(b"\n")[:-1:4]
    genomes = [name.partition(b"-")[0] for name in names]
    assert genomes != sorted(genomes)
    assert set(genomes) == {b"@one", b"@two"}
