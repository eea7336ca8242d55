from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.annotated import annotated_proteins, merge_identical
from metapipe.refdb.readers.proteins import Protein


def test_identical_proteins_become_one_with_the_first_ones_statements() -> None:
    first = Protein("a", "MKV", (), "thrA", "kinase", (), "1", "x")
    second = Protein("b", "MKV", ("2.7.2.4",), "other", "other", ("GO:0000001",), "2", "y")
    assert list(merge_identical([first, second])) == [
        Protein("a", "MKV", ("2.7.2.4",), "thrA", "kinase", ("GO:0000001",), "1", "x")
    ]


def test_one_accession_of_two_sequences_gets_a_suffix() -> None:
    proteins = [Protein("a", "MKV"), Protein("a", "MKL"), Protein("a", "MKI")]
    assert [protein.accession for protein in merge_identical(proteins)] == ["a", "a.b", "a.c"]


@pytest.fixture
def genus(tmp_path: Path) -> dict[str, Path]:
    path = tmp_path / "Escherichia"
    path.write_text(
        ">a 1.1.1.1~~~adhP~~~alcohol dehydrogenase\nMKVA\n>b ~~~~~~hypothetical protein\nMKVB\n"
        ">c 2.7.2.4~~~~~~hypothetical protein\nMKVC\n>d ~~~~~~permease\nMKVD\n"
        ">e ~~~~~~conserved protein\nMKVE\n>f ~~~~~~Rac prophage; predicted protein\nMKVF\n"
    )
    return {"prokka-escherichia": path}


def test_proteins_of_which_nothing_is_known_are_left_out(genus: dict[str, Path]) -> None:
    proteins = list(annotated_proteins(genus))
    assert [protein.accession for protein in proteins] == ["a", "c", "d"]
    assert proteins[0].organism == "Escherichia"


def test_from_some_sources_only_enzymes_are_taken(genus: dict[str, Path]) -> None:
    proteins = annotated_proteins(genus, ec_only=["prokka-escherichia"])
    assert [protein.accession for protein in proteins] == ["a", "c"]


def test_a_list_of_accessions_is_followed_or_refused(genus: dict[str, Path]) -> None:
    assert [protein.accession for protein in annotated_proteins(genus, accessions=["d"])] == ["d"]
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 .*lack, found 'x, y'"):
        list(annotated_proteins(genus, accessions=["d", "x", "y"]))


def test_a_protein_that_is_named_is_taken_whatever_is_known_of_it(genus: dict[str, Path]) -> None:
    """The rule of names that say nothing grows; what a list made of proteins before must not fall out of it."""
    named = ["a", "b", "e"]
    assert [protein.accession for protein in annotated_proteins(genus, accessions=named)] == named
    only_enzymes = annotated_proteins(genus, ec_only=["prokka-escherichia"], accessions=named)
    assert [protein.accession for protein in only_enzymes] == named
