"""Alignments made hits by META-pipe 1.0's rules, and the table of hits."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place, check_header
from metapipe.proteins.protein_hits import HIT_TABLE, ProteinHit, best_first, is_significant
from metapipe.stages.evidence.alignments import Alignment, combine, hits_by_query, parse_alignment

PLACE = Place("hits.tsv", 7)
ALIGNMENT = Alignment("q", "s", 40, 60, 80, 1, 80, 11, 90, 1e-20, 100.0, 100, "s 1.1.1.1~~~adh~~~alcohol dehydrogenase")

words = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=";~"), max_size=8)
percentages = st.floats(0, 100).map(lambda value: round(value, 2))
hits = st.builds(
    ProteinHit,
    query=words.filter(bool),
    subject=words.filter(bool),
    database=words,
    identity=percentages,
    similarity=percentages,
    cover=percentages,
    alignment_length=st.integers(0, 10**6),
    query_start=st.integers(1, 10**6),
    query_end=st.integers(1, 10**6),
    subject_start=st.integers(1, 10**6),
    subject_end=st.integers(1, 10**6),
    evalue=st.floats(0, 10).map(lambda value: float(f"{value:.2e}")),
    bitscore=st.floats(-50, 5000).map(lambda value: round(value, 1)),
    product=words,
    gene=words,
    ec=st.lists(words.filter(bool), max_size=2).map(tuple),
    go=st.lists(words.filter(bool), max_size=2).map(tuple),
    taxid=words,
    organism=words,
    significant=st.booleans(),
)


@pytest.mark.parametrize(
    ("evalue", "identity", "similarity", "significant"),
    [
        (1e-5, 30, 0, True),
        (1e-5, 0, 40, True),
        (1.01e-5, 100, 100, False),
        (0, 29.99, 39.99, False),
        (0, 100, 100, True),
    ],
)
def test_a_hit_is_significant_by_evalue_and_identity_or_similarity(
    evalue: float, identity: float, similarity: float, significant: bool
) -> None:
    assert is_significant(evalue, identity, similarity) is significant


def test_percentages_are_over_the_length_of_the_query_not_of_the_alignment() -> None:
    hit = combine([ALIGNMENT], "db:1")
    assert (hit.identity, hit.similarity, hit.cover) == (40, 60, 80)
    assert (hit.product, hit.gene, hit.ec, hit.significant) == ("alcohol dehydrogenase", "adh", ("1.1.1.1",), True)


def test_alignments_of_one_subject_are_summed_and_their_evalues_and_scores_averaged() -> None:
    second = dataclasses.replace(ALIGNMENT, identical=10, similar=15, length=20, query_start=81, query_end=100)
    second = dataclasses.replace(second, subject_start=101, subject_end=120, evalue=3e-20, bitscore=50.0)
    hit = combine([ALIGNMENT, second], "db:1")
    assert (hit.identity, hit.similarity, hit.cover, hit.alignment_length) == (50, 75, 100, 100)
    assert (hit.evalue, hit.bitscore) == (2e-20, 75)
    assert (hit.query_start, hit.query_end, hit.subject_start, hit.subject_end) == (1, 100, 11, 120)


def test_an_accession_that_stands_twice_in_a_database_does_not_count_twice() -> None:
    twin = dataclasses.replace(ALIGNMENT, bitscore=90.0, evalue=1e-18)
    assert combine([twin, ALIGNMENT], "db:1") == combine([ALIGNMENT], "db:1")


def test_hits_of_a_query_stand_best_first_whatever_the_order_of_the_lines() -> None:
    lines = [
        dataclasses.replace(ALIGNMENT, subject=name, evalue=evalue, bitscore=score)
        for name, evalue, score in (("c", 1e-9, 50), ("b", 1e-9, 50), ("a", 1e-9, 49), ("z", 1e-10, 1))
    ]
    for order in (lines, lines[::-1]):
        assert [hit.subject for hit in hits_by_query(order, "db:1")["q"]] == ["z", "b", "c", "a"]


def test_an_aligners_line_is_read_with_a_tab_in_its_title() -> None:
    line = b"q\ts\t40\t60\t80\t1\t80\t11\t90\t1e-20\t100\t100\t95\ts 1.1.1.1~~~adh~~~alcohol\tdehydrogenase\n"
    assert combine([parse_alignment(line, PLACE)], "db:1") == combine([ALIGNMENT], "db:1")


@given(hits)
def test_a_row_of_the_table_reads_back_as_the_hit_it_was(hit: ProteinHit) -> None:
    assert HIT_TABLE.parse(HIT_TABLE.format(hit), PLACE) == hit


@given(st.lists(hits, max_size=5))
def test_best_first_is_an_order_without_ties_between_different_subjects(found: list[ProteinHit]) -> None:
    by_subject = {hit.subject: hit for hit in found}
    assert len({best_first(hit) for hit in by_subject.values()}) == len(by_subject)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_row_or_refused_with_file_and_line(line: bytes) -> None:
    for parse in (HIT_TABLE.parse, parse_alignment):
        try:
            parse(line, PLACE)
        except MetapipeError as error:
            assert (error.code, error.file, error.line) == ("E111", "hits.tsv", 7)  # noqa: PT017


@pytest.mark.parametrize(
    ("column", "value"),
    [("identity_pct", "many"), ("evalue", "nan"), ("query_start", "-1"), ("significant", "maybe"), ("bitscore", "")],
)
def test_a_cell_that_is_no_number_is_refused_by_its_column(column: str, value: str) -> None:
    cells = HIT_TABLE.format(combine([ALIGNMENT], "db:1")).decode().rstrip("\n").split("\t")
    cells[HIT_TABLE.columns.index(column)] = value
    with pytest.raises(MetapipeError, match=f"METAPIPE-E111 hits.tsv line 7: expected .*{column}"):
        HIT_TABLE.parse("\t".join(cells).encode(), PLACE)


def test_a_table_without_its_header_is_refused() -> None:
    check_header(HIT_TABLE.header, HIT_TABLE.columns, PLACE)
    with pytest.raises(MetapipeError, match="E111"):
        check_header(HIT_TABLE.format(combine([ALIGNMENT], "db:1")), HIT_TABLE.columns, PLACE)
