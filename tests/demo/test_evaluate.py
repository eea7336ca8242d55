from __future__ import annotations

import random
from pathlib import Path

import pytest

from metapipe.demo.community import TrueGene
from metapipe.demo.evaluate import Evaluation, PredictedGene, complete_ec, evaluate
from metapipe.demo.placement import reverse_complement
from metapipe.demo.result_files import add_annotation, evaluate_files, figures, read_gff, table_lines
from metapipe.errors import MetapipeError

_dice = random.Random(3)
ONE, TWO = ("".join(_dice.choices("ACGT", k=3000)) for _ in range(2))
GENOMES = {"one": ONE, "two": TWO}


def truth(start: int, end: int, strand: str = "+", ec: tuple[str, ...] = (), genome: str = "one") -> TrueGene:
    return TrueGene(genome, start, end, strand, f"L{start}", "", ec, "", True, True)


def gene(
    start: int, end: int, strand: str = "+", ec: tuple[str, ...] = (), tier: str = "1", contig: str = "c"
) -> PredictedGene:
    return PredictedGene(f"{contig}_{start}", contig, start, end, strand, ec, tier)


def judge(true_genes: list[TrueGene], predicted: list[PredictedGene], contig: str = ONE) -> Evaluation:
    return evaluate(GENOMES, true_genes, {"c": contig}, predicted)


def test_a_gene_is_found_by_its_stop_codon_whatever_its_start() -> None:
    result = judge([truth(301, 600), truth(901, 1200, "-")], [gene(361, 600), gene(901, 1140, "-")])
    counts = result.all_genes
    assert (counts.assembled, counts.found, counts.predicted, counts.right) == (2, 2, 2, 2)
    assert (counts.recall, counts.precision) == (1.0, 1.0)


def test_genes_on_a_reversed_contig_are_found() -> None:
    result = judge([truth(301, 600)], [gene(2401, 2700, "-")], reverse_complement(ONE))
    assert result.all_genes.found == 1


def test_the_same_end_on_the_other_strand_is_another_gene() -> None:
    result = judge([truth(301, 600, "+")], [gene(600, 900, "-")])
    assert (result.all_genes.found, result.all_genes.right) == (0, 0)


def test_genes_that_were_not_assembled_are_not_missed() -> None:
    result = judge([truth(301, 600), truth(1501, 1800)], [gene(301, 600)], ONE[:1000])
    assert (result.all_genes.assembled, result.all_genes.recall) == (1, 1.0)
    assert result.genome_fraction == {"one": 0.3333, "two": 0.0}


def test_a_gene_that_runs_off_its_contig_is_not_judged() -> None:
    result = judge([], [gene(901, 1000), gene(2, 90, "-")], ONE[:1000])
    assert result.all_genes.predicted == 0


def test_genes_on_a_genome_without_annotation_are_not_judged() -> None:
    result = evaluate(GENOMES, [truth(301, 600)], {"c": ONE, "d": TWO}, [gene(301, 600, contig="d"), gene(301, 600)])
    assert (result.all_genes.predicted, result.all_genes.right) == (1, 1)


def test_a_predicted_gene_that_is_none_lowers_the_precision() -> None:
    assert judge([truth(301, 600)], [gene(301, 600), gene(1001, 1300)]).all_genes.precision == 0.5


def test_ec_numbers_are_counted_by_tier() -> None:
    true_genes = [
        truth(301, 600, ec=("1.1.1.1",)),
        truth(701, 900, ec=("2.7.2.4", "1.1.1.3")),
        truth(1001, 1200, ec=("3.5.1.9",)),
        truth(1301, 1500, ec=("3.6.1.-",)),
        truth(1601, 1800),
    ]
    predicted = [
        gene(301, 600, ec=("1.1.1.2",), tier="2"),
        gene(701, 900, ec=("1.1.1.3",)),
        gene(1001, 1200),
        gene(1301, 1500, ec=("3.6.1.1",)),
        gene(1601, 1800, ec=("4.1.1.1",)),
    ]
    result = judge(true_genes, predicted)
    assert (result.ec.true, result.ec.named, result.ec.right, result.ec.right_3, result.ec.unjudged) == (3, 2, 1, 2, 2)
    assert (result.ec.recall, result.ec.precision) == (0.3333, 0.5)
    assert result.assembled_with_ec == 3
    assert {tier: (ec.named, ec.right) for tier, ec in result.ec_by_tier.items()} == {"1": (1, 1), "2": (1, 0)}


def test_an_empty_result_is_judged_too() -> None:
    result = evaluate(GENOMES, [truth(301, 600)], {}, [])
    assert (result.contigs, result.all_genes.assembled, result.all_genes.recall) == (0, 0, None)
    assert "–" in "\n".join(table_lines(result))
    assert figures(result)["genes"]["all"]["recall"] is None


def test_partial_ec_numbers_are_neither_right_nor_wrong() -> None:
    assert complete_ec(["3.6.1.-", "1.1.1.1", "3.6.1"]) == {"1.1.1.1"}


def test_genes_and_their_annotation_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "a.gff3").write_text(
        "##gff-version 3\nc%3B1\tp\tCDS\t301\t600\t9\t-\t0\tID=c%3B1_1;product=x\n"
        "c\tp\tgene\t1\t9\t.\t+\t.\tID=g\n##FASTA\n>c\nACGT\n"
    )
    (tmp_path / "a.tsv").write_text("#gene\tec\tother\ttier\nc;1_1\t1.1.1.1;1.1.1.2\tx\t2\n")
    genes = read_gff(tmp_path / "a.gff3")
    assert genes == [PredictedGene("c;1_1", "c;1", 301, 600, "-")]
    assert add_annotation(genes, tmp_path / "a.tsv") == [
        PredictedGene("c;1_1", "c;1", 301, 600, "-", ("1.1.1.1", "1.1.1.2"), "2")
    ]


def test_malformed_files_are_named(tmp_path: Path, test_data: Path) -> None:
    (tmp_path / "a.gff3").write_text("##gff-version 3\nc\tp\tCDS\n")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E111 a.gff3 line 2"):
        read_gff(tmp_path / "a.gff3")
    (tmp_path / "a.tsv").write_text("gene\tec\n")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E111 a.tsv line 1: expected column tier"):
        add_annotation([], tmp_path / "a.tsv")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E201 nowhere.gff3"):
        evaluate_files(test_data / "truth", tmp_path / "nowhere.gff3", test_data / "contigs.fasta")


def test_the_truth_judged_by_itself_is_perfect(tmp_path: Path, test_data: Path) -> None:
    lines = ["##gff-version 3"]
    for row in (test_data / "truth" / "genes.tsv").read_text().splitlines()[1:]:
        genome, start, end, strand = row.split("\t")[:4]
        lines.append(f"{genome}\ttruth\tCDS\t{start}\t{end}\t.\t{strand}\t0\tID={genome}_{start}")
    (tmp_path / "truth.gff3").write_text("\n".join(lines) + "\n")
    result = evaluate_files(test_data / "truth", tmp_path / "truth.gff3", test_data / "truth" / "genomes.fasta")
    assert set(result.genome_fraction.values()) == {1.0}
    assert (result.all_genes.recall, result.all_genes.precision) == (1.0, 1.0)
    assert result.all_genes.assembled > 70
