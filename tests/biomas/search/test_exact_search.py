"""The exact search against a plain one that places every read on every reference, and however reads are batched."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import edlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_reads import dna, other_strand

from metapipe.biomas.search.exact_search import ExactSearch
from metapipe.biomas.search.reference_text import References, read_reference_text, write_reference_text
from metapipe.biomas.search.windows import safe_differences
from metapipe.errors import MetapipeError
from metapipe.formats.called_bases import called_bases

NINETY = Fraction(9, 10)


def held(folder: Path, references: dict[str, str]) -> References:
    """The references as the search has them."""
    (folder / "references.fasta").write_text("".join(f">{name}\n{bases}\n" for name, bases in references.items()))
    write_reference_text(folder, folder)
    return read_reference_text(folder)


def cells(references: References, batch: Sequence[Sequence[str]], margin: Fraction = Fraction(0)) -> list[str]:
    search = ExactSearch(references, NINETY, margin)
    reads = [[mate.encode() for mate in mates] for mates in batch]
    return [cell.decode() for cell, _ in search.search(reads)]


def told(cell: str) -> dict[str, tuple[int, ...]]:
    """Reference -> mate, columns, differences, bases."""
    entries = [entry.rsplit(":", 4) for entry in cell.split()]
    assert entries == sorted(entries)
    return {name: tuple(map(int, numbers)) for name, *numbers in entries}


def mutated(bases: str, dice: random.Random, changes: int) -> str:
    """Bases with so many of them replaced, left out or doubled."""
    letters = list(bases)
    for place in sorted(dice.sample(range(len(bases)), min(changes, len(bases))), reverse=True):
        letters[place : place + 1] = dice.choice((dice.choice("ACGT"), dice.choice("ACGT"), "", letters[place] * 2))
    return "".join(letters)


def family(dice: random.Random) -> dict[str, str]:
    """References of a gene: relatives of relatives, some equal over long stretches, some begun late or ended early."""
    genes = [dna(dice.randrange(10**6), 700)]
    for _ in range(14):
        genes.append(mutated(dice.choice(genes), dice, dice.choice((0, 1, 3, 10, 40))))
    cuts = [(0, 0)] + [(dice.choice((0, 0, 0, 150, 240)), dice.choice((0, 0, 0, 150, 260))) for _ in genes[1:]]
    return {
        f"g{n}": gene[low : len(gene) - high] for n, (gene, (low, high)) in enumerate(zip(genes, cuts, strict=True))
    }


def reads_of(references: dict[str, str], dice: random.Random, length: int, number: int) -> Iterator[str]:
    for _ in range(number):
        gene = dice.choice(list(references.values()))
        start = dice.randrange(max(1, len(gene) - length))
        read = mutated(gene[start : start + length], dice, dice.choice((0, 1, 2, 5, 7, 12, 20)))
        if dice.random() < 0.2:
            read = read.replace(read[50:52], "NN", 1)
        yield dice.choice((read, other_strand(read), read.lower().replace("t", "u")))


def whole(read: str, reference: str) -> int:
    """Differences of the whole read and a reference, either strand, letters that are no base being different."""
    strands = [called_bases(each.encode()).decode().replace("N", "X") for each in (read, other_strand(read.upper()))]
    return min(edlib.align(each, reference, mode="HW")["editDistance"] for each in strands)


@settings(max_examples=60)
@given(st.integers(0, 10**9))
def test_a_read_is_told_all_references_with_the_fewest_differences_and_no_others(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    dice = random.Random(seed)
    genes = {name: gene for name, gene in family(dice).items() if len(gene) == 700 or len(gene) > 680}
    references = held(tmp_path_factory.mktemp("held"), genes)
    batch = [[genes_read] for genes_read in reads_of(genes, dice, dice.choice((80, 150, 250)), 12)]
    for (read,), cell in zip(batch, cells(references, batch), strict=True):
        found = told(cell)
        differences = {name: whole(read, gene) for name, gene in genes.items()}
        best = min(differences.values())
        overhanging = {name: each for name, each in found.items() if each[3] < len(read)}
        if best <= min(safe_differences(len(read)), len(read) // 10) and not overhanging:
            assert found == {
                name: (1, len(read), best, len(read)) for name, each in differences.items() if each == best
            }
        else:  # nothing is made up, and what is told is right
            assert all(each[2] >= best for each in found.values()) or overhanging
            assert all(each[2] == differences[name] for name, each in found.items() if name not in overhanging)


@settings(max_examples=40)
@given(st.integers(0, 10**9), st.data())
def test_cells_are_the_same_however_reads_are_batched(
    tmp_path_factory: pytest.TempPathFactory, seed: int, data: st.DataObject
) -> None:
    dice = random.Random(seed)
    genes = family(dice)
    references = held(tmp_path_factory.mktemp("held"), genes)
    batch = [[read] for read in reads_of(genes, dice, dice.choice((60, 100, 250)), 8)]
    margin = Fraction(dice.choice((0, 0, 2)), 100)
    together = cells(references, batch, margin)
    cut = data.draw(st.integers(0, len(batch)))
    assert (cells(references, batch[:cut], margin) if cut else []) + (
        cells(references, batch[cut:], margin) if cut < len(batch) else []
    ) == together
    assert [cells(references, [read], margin)[0] for read in batch] == together


@settings(max_examples=30)
@given(st.integers(0, 10**9), st.sampled_from((0, 1, 5)))
def test_a_pair_is_told_the_references_of_the_best_mean_identity(
    tmp_path_factory: pytest.TempPathFactory, seed: int, margin: int
) -> None:
    dice = random.Random(seed)
    genes = {name: gene for name, gene in family(dice).items() if len(gene) > 680}
    references = held(tmp_path_factory.mktemp("held"), genes)
    length = 150
    batch = []
    for _ in range(8):
        gene = dice.choice(list(genes.values()))
        mates = gene[40 : 40 + length], other_strand(gene[400 : 400 + length])
        batch.append([mutated(mate, dice, dice.choice((0, 1, 3, 6))) for mate in mates])
    for pair, cell in zip(batch, cells(references, batch, Fraction(margin, 100)), strict=True):
        certain = min(safe_differences(length - 6), (length - 6) // 10)
        means = {}
        for name, gene in genes.items():
            differences = [whole(mate, gene) for mate in pair]
            if max(differences) <= certain:
                means[name] = 1 - sum(Fraction(d, 2 * len(mate)) for d, mate in zip(differences, pair, strict=True))
        if not means or max(means.values()) < 1 - Fraction(certain, length + 6) / 2:
            continue
        expected = {name for name, mean in means.items() if mean >= max(means.values()) - Fraction(margin, 100)}
        found = {entry.rsplit(":", 4)[0] for entry in cell.split()}
        assert expected <= found
        assert {entry.rsplit(":", 4)[1] for entry in cell.split()} == {"1", "2"}
        assert margin or found == expected


def test_both_strands_of_a_read_are_told_the_same(tmp_path: Path) -> None:
    dice = random.Random(4)
    genes = family(dice)
    references = held(tmp_path, genes)
    reads = [read.upper().replace("U", "T") for read in reads_of(genes, dice, 200, 30)]
    assert cells(references, [[read] for read in reads]) == cells(references, [[other_strand(r)] for r in reads])


def test_equal_references_come_out_whole_also_beyond_a_hundred(tmp_path: Path) -> None:
    region = dna(10, 300)
    references = {f"copy{n:03}": dna(100 + n, 50) + region + dna(900 + n, 50) for n in range(250)}
    other = mutated(region, random.Random(1), 8)
    references |= {f"other{n}": dna(5000 + n, 50) + other + dna(6000 + n, 50) for n in range(3)}
    (cell,) = cells(held(tmp_path, references), [[region[20:270]]])
    assert cell == " ".join(f"copy{n:03}:1:250:0:250" for n in range(250))


def test_a_read_may_hang_over_the_end_of_a_reference_by_less_than_a_third_of_it(tmp_path: Path) -> None:
    gene = dna(1, 600)
    references = held(tmp_path, {"whole": gene, "late": gene[100:], "early": gene[:400], "short": gene[130:310]})
    (cell,) = cells(references, [[gene[50:300]]])
    assert told(cell) == {"early": (1, 250, 0, 250), "late": (1, 200, 0, 200), "whole": (1, 250, 0, 250)}
    (cell,) = cells(references, [[gene[250:450]]])
    assert told(cell) == {"early": (1, 150, 0, 150), "late": (1, 200, 0, 200), "whole": (1, 200, 0, 200)}
    (cell,) = cells(references, [[gene[110:340]]])
    assert told(cell)["short"] == (1, 180, 0, 180)
    (cell,) = cells(references, [[dna(7, 60) + gene[200:400]]])  # foreign bases in the middle of a gene are differences
    assert cell == ""


def test_a_mismatch_at_the_very_end_of_a_read_counts(tmp_path: Path) -> None:
    gene = dna(2, 600)
    read = gene[200:450]
    other = gene[:200] + ("A" if gene[200] != "A" else "C") + gene[201:]
    references = held(tmp_path, {"same": gene, "other": other})
    (cell,) = cells(references, [[read]])
    assert told(cell) == {"same": (1, 250, 0, 250)}
    (cell,) = cells(references, [[read]], Fraction(1, 100))
    assert told(cell) == {"other": (1, 250, 1, 250), "same": (1, 250, 0, 250)}


def test_mates_whose_best_references_differ_are_told_the_one_that_is_best_for_both(tmp_path: Path) -> None:
    gene = dna(3, 800)
    dice = random.Random(5)
    first, second = gene[50:200], gene[500:650]
    references = held(
        tmp_path,
        {
            "first": gene[:400] + mutated(gene[400:], dice, 60),
            "second": mutated(gene[:400], dice, 60) + gene[400:],
            "both": gene[:80] + ("A" if gene[80] != "A" else "C") + gene[81:550]
            + ("A" if gene[550] != "A" else "C") + gene[551:],
        },
    )  # fmt: skip
    (cell,) = cells(references, [[first, other_strand(second)]])
    assert cell == "both:1:150:1:150 both:2:150:1:150"


def test_mates_without_a_reference_in_common_are_told_what_each_is_best_on(tmp_path: Path) -> None:
    one, two = dna(11, 500), dna(12, 500)
    references = held(tmp_path, {"one": one, "two": two})
    assert cells(references, [[one[:150], two[:150]]]) == ["one:1:150:0:150 two:2:150:0:150"]
    assert cells(references, [[one[:150], ""]]) == ["one:1:150:0:150"]


@pytest.mark.parametrize("read", ["", "A", "ACGTACG", "N" * 60, dna(8, 250), "ACGT" * 60])
def test_reads_that_say_nothing_match_nothing(tmp_path: Path, read: str) -> None:
    references = held(tmp_path, {"gene": dna(9, 500)})
    assert cells(references, [[read]]) == [""]


def test_a_database_without_references_is_told(tmp_path: Path) -> None:
    (tmp_path / "references.fasta").write_text("")
    with pytest.raises(MetapipeError, match="E206"):
        write_reference_text(tmp_path, tmp_path)
