"""Names made from what users and workflows call things."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.formats import file_names
from metapipe.formats.file_names import folder_names, safe_name, unique_file_names
from metapipe.galaxy import progress
from metapipe.runner.declare import stage


@given(st.text())
def test_a_safe_name_never_leaves_its_folder_and_needs_no_quoting(text: str) -> None:
    name = safe_name(text)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_")
    assert name[0] not in ".-_"
    assert ".." not in name
    assert 1 <= len(name) <= 80


@given(st.text())
def test_a_safe_name_is_its_own_safe_name(text: str) -> None:
    assert safe_name(safe_name(text)) == safe_name(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Ærlig talt", "rlig-talt"), ("a; rm -rf ~", "a-rm-rf"), ("C:\\reads", "c-reads"), ("São Tomé 2", "sao-tome-2")],
)
def test_safe_names_stay_readable(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_labels_whose_short_names_clash_keep_their_parentheses() -> None:
    names = unique_file_names({"Annotation (GFF3)": "gff3", "Proteins (all)": "fasta", "Proteins (known)": "fasta"})
    assert names == {
        "Annotation (GFF3)": "annotation.gff3",
        "Proteins (all)": "proteins-all.fasta",
        "Proteins (known)": "proteins-known.fasta",
    }


@pytest.mark.parametrize("module", [file_names, progress, stage])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@given(st.lists(st.text(max_size=6) | st.sampled_from(["Bay", "bay", "bay-2", "Bay!"]), unique=True, max_size=8))
def test_no_two_samples_share_a_folder_and_no_two_results_a_file(names: list[str]) -> None:
    folders = folder_names(names)
    assert len(set(folders.values())) == len(names)
    files = unique_file_names(dict.fromkeys(names, "tabular"))
    assert len(set(files.values())) == len(names)
    assert all(name.endswith(".tsv") and safe_name(name) == name for name in files.values())
