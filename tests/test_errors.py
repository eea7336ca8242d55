"""User errors: one line, stable, complete in the documentation."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import CODES, WARNINGS, MetapipeError, printable, table_markdown, warning_line


@given(st.text(), st.text(), st.one_of(st.text(), st.binary()), st.text())
def test_nothing_breaks_the_one_line(message: str, file: str, found: str | bytes, expected: str) -> None:
    error = MetapipeError("E101", message, file=file, line=3, expected=expected, found=found)
    assert len(str(error).splitlines()) == 1
    assert str(error).isprintable()
    assert str(error).startswith("METAPIPE-E101 ")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.code, copy.file, copy.found) == (str(error), "E101", error.file, error.found)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            MetapipeError("E101", file=Path("/a/b c.fasta"), line=3, expected="'>'", found="ACGT"),
            "METAPIPE-E101 b c.fasta line 3: expected '>', found 'ACGT'",
        ),
        (MetapipeError("E101", file="/galaxy/x.dat"), "METAPIPE-E101 x.dat: not a FASTA file"),
        (MetapipeError("E201", "gone", file="sample 1/2; 'x'.fq"), "METAPIPE-E201 sample 1/2; 'x'.fq: gone"),
        (MetapipeError("E802"), "METAPIPE-E802 out of memory"),
        (MetapipeError("E101", found=b"\xff\n\x00a"), "METAPIPE-E101 found '\\xff\\n\\x00a'"),
    ],
)
def test_an_error_names_file_line_expected_and_found(error: MetapipeError, text: str) -> None:
    assert str(error) == text


def test_what_was_found_is_shortened() -> None:
    assert len(printable("x" * 1000)) == 63
    assert printable("é 'q'") == "'é 'q''"


def test_an_unknown_code_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no such code"):
        MetapipeError("E999")


def test_the_documentation_lists_every_code() -> None:
    text = (Path(__file__).parents[1] / "docs" / "errors.md").read_text()
    assert table_markdown().strip() in text


def test_every_code_that_the_sources_name_is_in_the_table_and_every_warning_is_used() -> None:
    sources = [path.read_text() for path in (Path(__file__).parents[1] / "src").rglob("*.py")]
    named = {code for text in sources for code in re.findall(r"[\"-]([EW]\d{3})\b", text)}
    assert named <= {*CODES, *WARNINGS}
    used = {code for text in sources for code in re.findall(r'warning_line\(\s*"(W\d{3})"', text)}
    assert used == set(WARNINGS)


def test_a_warning_is_one_line_with_a_code_of_the_table() -> None:
    assert warning_line("W402", "a\nb") == "METAPIPE-W402 a\\nb"
    with pytest.raises(ValueError, match="no such code"):
        warning_line("W999", "x")


def test_codes_have_their_exit_code_by_kind() -> None:
    kinds = {
        "E1": {65},
        "E2": {66},
        "E3": {69},
        "E4": {71},
        "E5": {73},
        "E6": {75},
        "E7": {78},
        "E8": {124, 137},
        "E9": {70},
    }
    for key, code in CODES.items():
        assert re.fullmatch(r"E\d{3}", key)
        assert code.exit_code in kinds[key[:2]]
        assert code.meaning
        assert code.remedy
