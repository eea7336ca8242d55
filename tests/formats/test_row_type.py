"""A table's columns, writer and reader come from the class of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.formats.row_type import Column, RowType
from metapipe.formats.table_rows import Place
from metapipe.proteins.domain_hits import DOMAIN_TABLE, DomainHit
from metapipe.proteins.protein_hits import HIT_TABLE, ProteinHit

PLACE = Place("rows.tsv", 7)


@dataclass(frozen=True, slots=True)
class Each:
    word: str
    count: int
    share: Annotated[float, Column("share_pct", ".2f")]
    score: Annotated[float, Column(format=".1f", signed=True)]
    terms: tuple[str, ...] = ()
    good: bool = False


class Few(NamedTuple):
    word: str
    count: int


EACH, FEW = RowType(Each), RowType(Few)


def test_columns_are_the_fields_in_their_order_under_the_names_they_give() -> None:
    assert EACH.header == b"#word\tcount\tshare_pct\tscore\tterms\tgood\n"
    assert FEW.columns == ("word", "count")


def test_every_type_of_a_cell_is_written_as_the_tables_have_it() -> None:
    assert EACH.format(Each("a b", 3, 12.345, -0.25, ("x", "y"), good=True)) == b"a b\t3\t12.35\t-0.2\tx;y\tyes\n"
    assert EACH.format(Each("", 0, 0, 0)) == b"\t0\t0.00\t0.0\t\tno\n"
    assert FEW.format(Few("a", 1)) == b"a\t1\n"


def test_a_table_may_have_one_column() -> None:
    class One(NamedTuple):
        count: int

    assert RowType(One).format(One(3)) == b"3\n"
    assert RowType(One).parse(b"3\n", PLACE) == One(3)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\t\r\n")),
    st.integers(0, 10**17),
    st.integers(0, 10_000),
    st.integers(-9999, 9999),
    st.lists(st.text("abc:1", min_size=1)),
    st.booleans(),
)
def test_a_row_reads_back_as_it_was(
    word: str, count: int, share: int, score: int, terms: list[str], good: bool
) -> None:
    row = Each(word, count, share / 100, score / 10, tuple(terms), good)
    assert EACH.parse(EACH.format(row), PLACE) == row


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"a\tx\t1\t1\t\tno", "expected a whole number in column count, found 'x'"),
        (b"a\t1\t-1\t1\t\tno", "expected a number in column share_pct, found '-1'"),
        (b"a\t1\t1\tnan\t\tno", "expected a number in column score, found 'nan'"),
        (b"a\t1\t1\t1\t\ttrue", "expected yes or no in column good, found 'true'"),
        (b"a\tx\t-1\t1\t\ttrue", "expected a whole number in column count, found 'x'"),
        (b"a\t1", "expected 6 columns, found '2 columns'"),
        (b"\xff\t1\t1\t1\t\tno", "expected UTF-8 text"),
    ],
)
def test_the_first_wrong_cell_is_named_by_its_column(line: bytes, why: str) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-E111 rows.tsv line 7: {why}"):
        EACH.parse(line, PLACE)


def test_a_field_that_has_no_cell_is_an_error_of_ours() -> None:
    class Odd(NamedTuple):
        word: list[str]

    with pytest.raises(TypeError, match="word"):
        RowType(Odd).parse(b"a", PLACE)


def test_tables_of_hits_and_domains_are_those_that_users_have() -> None:
    """A field that is renamed must not rename a column of a published table."""
    hit = ProteinHit(
        "q", "P1", "db:1", 50, 60, 70, 100, 1, 100, 2, 101, 1e-20, 99.96, "Kinase", "kinA", ("2.7.1.1",), ("GO:1",),
        "9", "Escherichia", True,
    )  # fmt: skip
    assert HIT_TABLE.header + HIT_TABLE.format(hit) == (
        b"#query\tsubject\tdatabase\tidentity_pct\tsimilarity_pct\tquery_cover_pct\talignment_length\tquery_start\t"
        b"query_end\tsubject_start\tsubject_end\tevalue\tbitscore\tproduct\tgene\tec\tgo\ttaxid\torganism\tsignificant\n"
        b"q\tP1\tdb:1\t50.00\t60.00\t70.00\t100\t1\t100\t2\t101\t1.00e-20\t100.0\tKinase\tkinA\t2.7.1.1\tGO:1\t9\t"
        b"Escherichia\tyes\n"
    )
    domain = DomainHit(
        "q", "PF1.2", "one", "pfam:1", "First", -3.25, 1e-10, 1e-9, 11, 110, 1, 100, "IPR1", "Fold", ("GO:1", "GO:2"),
        False, ("1.1.1.1",),
    )  # fmt: skip
    assert DOMAIN_TABLE.header + DOMAIN_TABLE.format(domain) == (
        b"#query\tfamily\tname\tdatabase\tdescription\tscore\tevalue\tdomain_evalue\tenvelope_start\tenvelope_end\t"
        b"hmm_start\thmm_end\tinterpro\tinterpro_name\tgo\tsignificant\tec\n"
        b"q\tPF1.2\tone\tpfam:1\tFirst\t-3.2\t1.00e-10\t1.00e-09\t11\t110\t1\t100\tIPR1\tFold\tGO:1;GO:2\tno\t1.1.1.1\n"
    )
