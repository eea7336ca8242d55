"""Text made safe for every format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.formats.plain_text import one_line, plain
from metapipe.proteins.protein_letters import clean_protein


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("β-lactamase", "beta-lactamase"),
        ("µ-crystallin", "mu-crystallin"),
        ("Δ9-desaturase", "delta9-desaturase"),
        ("Sjöström’s 5′-nucleotidase", "Sjostrom's 5'-nucleotidase"),
        ('the "big" one', "the ''big'' one"),
        ("two\r\nlines\tand\x00control", "two lines and control"),
        ("海", "?"),
    ],
)
def test_plain_text_is_what_a_curator_would_type(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_plain_text_is_ascii_on_one_line_and_stays_as_it_is(text: str) -> None:
    made = plain(text)
    assert made.isascii()
    assert made.isprintable()
    assert '"' not in made
    assert plain(made) == made


@given(st.text())
def test_one_line_is_one_cell(text: str) -> None:
    assert not set("\t\r\n\x00\x85\u2028") & set(one_line(text))


@pytest.mark.parametrize(
    ("protein", "cleaned"),
    [(b"MKV*", b"MKV"), (b"-KV*L", b"XKVXL"), (b"mkUOJBZX", b"MKUOJBZX"), (b"M.K?V~", b"MXKXVX"), (b"***", b"")],
)
def test_odd_letters_of_a_protein_become_any_residue_and_positions_stay(protein: bytes, cleaned: bytes) -> None:
    assert clean_protein(protein) == cleaned


@given(st.binary())
def test_a_cleaned_protein_has_capital_letters_only(protein: bytes) -> None:
    cleaned = clean_protein(protein)
    assert not cleaned or (cleaned.isalpha() and cleaned.isupper())
    assert len(cleaned) == len(protein.rstrip(b"*"))
