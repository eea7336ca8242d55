"""Titles of database proteins, in the forms databases have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.stages.subject_titles import SEPARATOR, SubjectTitle, ec_numbers, go_terms, parse_title


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (
            "1.1.1.1;2.7.-.-~~~adhA~~~alcohol dehydrogenase~~~GO:0004022;GO:0008270~~~375451~~~Roseobacter sp.",
            SubjectTitle(
                "alcohol dehydrogenase",
                "adhA",
                ("1.1.1.1", "2.7.-.-"),
                ("GO:0004022", "GO:0008270"),
                "375451",
                "Roseobacter sp.",
            ),
        ),
        ("2.7.7.6~~~rpoB~~~RNA polymerase", SubjectTitle("RNA polymerase", "rpoB", ("2.7.7.6",))),
        ("~~~~~~hypothetical protein~~~COG1234", SubjectTitle("hypothetical protein")),
        ("~~~~~~~~~~~~~~~", SubjectTitle()),
        (
            "Insulin OS=Homo sapiens OX=9606 GN=INS PE=1 SV=1",
            SubjectTitle("Insulin", "INS", taxid="9606", organism="Homo sapiens"),
        ),
        (
            "Uncharacterized protein n=2 Tax=Vibrio TaxID=662 RepID=A0A1_VIB",
            SubjectTitle("Uncharacterized protein", taxid="662", organism="Vibrio"),
        ),
        ("DNA ligase [Vibrio cholerae]", SubjectTitle("DNA ligase", organism="Vibrio cholerae")),
        ("3-oxoacyl-[acyl-carrier-protein] synthase", SubjectTitle("3-oxoacyl-[acyl-carrier-protein] synthase")),
        ("just  some\ttext ", SubjectTitle("just some text")),
        ("", SubjectTitle()),
    ],
)
def test_a_title_is_read_in_every_form_databases_use(title: str, expected: SubjectTitle) -> None:
    assert parse_title(title) == expected


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1.1.1.1", ("1.1.1.1",)),
        ("EC:3.1", ("3.1.-.-",)),
        ("3.6.5.n1, 1.1.1.1;1.1.1.1", ("3.6.5.n1", "1.1.1.1")),
        ("8.1.1.1 x 12 7", ()),
    ],
)
def test_ec_numbers_are_padded_to_four_levels_and_the_rest_is_left_out(text: str, numbers: tuple[str, ...]) -> None:
    assert ec_numbers(text) == numbers


@given(st.text())
def test_any_text_is_a_title_whose_parts_are_single_lines_without_separators(text: str) -> None:
    title = parse_title(text)
    for part in (title.product, title.gene, title.organism, *title.ec, *title.go):
        assert "\t" not in part
        assert "\n" not in part
    assert SEPARATOR not in title.product
    assert go_terms(";".join(title.go)) == title.go
    assert title.taxid == "" or title.taxid.isdigit()
