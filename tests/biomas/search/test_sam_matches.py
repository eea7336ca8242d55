"""SAM rows to matches: whose row is whose, what a CIGAR says, and which alignments are worth telling."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.biomas.search.sam_matches import (
    Alignments,
    Measured,
    Shape,
    combine,
    format_matches,
    read_alignments,
    unbeaten,
)
from metapipe.errors import MetapipeError

UNMAPPED, FIRST, SECOND, SECONDARY = 4, 65, 129, 256


def row(name: str, flags: int, reference: str = "*", cigar: str = "*", differences: int | None = None) -> bytes:
    told = "" if differences is None else f"\tAS:i:0\tNM:i:{differences}\tMD:Z:9\tYT:Z:UU"
    return f"{name}\t{flags}\t{reference}\t1\t255\t{cigar}\t*\t0\t0\tACGT\tIIII{told}\n".encode()


def shapes() -> st.SearchStrategy[Shape]:
    def of(columns: int, gaps: int, more: int) -> Shape:
        bases = max(1, columns - gaps)
        return Shape(columns, min(columns, columns - bases + more), bases)

    return st.builds(of, st.integers(1, 30), st.integers(0, 5), st.integers(0, 30))


@given(st.lists(shapes(), min_size=1, max_size=12))
def test_a_shape_stays_when_no_other_equals_or_beats_it_in_identity_and_coverage(given: list[Shape]) -> None:
    def identity(shape: Shape) -> Fraction:
        return Fraction(shape.columns - shape.differences, shape.columns)

    kept = unbeaten(given)
    assert set(kept) <= set(given)
    # Plainly: one of each pair of values that no other pair is as good as in both.
    values = {(identity(shape), shape.bases) for shape in given}
    front = {a for a in values if not any(b != a and b[0] >= a[0] and b[1] >= a[1] for b in values)}
    assert {(identity(shape), shape.bases) for shape in kept} == front
    assert len(kept) == len(front)
    assert unbeaten(reversed(given)) == kept == sorted(kept, key=lambda shape: -shape.bases)


@given(st.lists(st.tuples(st.integers(1, 300), st.sampled_from("MIDNSHPX=")), min_size=1, max_size=8))
def test_columns_and_bases_of_a_cigar_are_those_of_its_steps(steps: list[tuple[int, str]]) -> None:
    steps = [*steps, (1, "M")]
    cigar = "".join(f"{length}{kind}" for length, kind in steps).encode()
    spelled = "".join(kind * length for length, kind in steps)
    assert Measured()[cigar] == (
        sum(kind in "MIDX=" for kind in spelled),
        sum(kind in "MIX=" for kind in spelled),
    )


@pytest.mark.parametrize("cigar", [b"*", b"", b"10S3D", b"10", b"M", b"10M3", b"10M-2D", b"10Q"])
def test_what_is_no_cigar_is_refused(cigar: bytes) -> None:
    with pytest.raises(MetapipeError, match="E403"):
        Measured()[cigar]


def test_alignments_of_a_single_read_are_gathered_by_reference() -> None:
    rows = [
        row("a", 0, "r1", "3S90M1I2D9M", 5),
        row("a", SECONDARY, "r2", "100M", 0),
        row("a", SECONDARY + 16, "r1", "100M", 20),
        row("b", UNMAPPED),
        row("c", 16, "r:3|x", "50M", 1),
    ]
    assert list(read_alignments(rows, [b"a", b"b", b"c"], 1)) == [
        {(b"r1", 1): [Shape(102, 5, 100), Shape(100, 20, 100)], (b"r2", 1): [Shape(100, 0, 100)]},
        {},
        {(b"r:3|x", 1): [Shape(50, 1, 50)]},
    ]


def test_equal_reads_side_by_side_are_told_apart() -> None:
    rows = [row("a", 0, "r1", "9M", 0), row("a", SECONDARY, "r2", "9M", 0)] * 2 + [row("a", UNMAPPED)]
    one: Alignments = {(b"r1", 1): [Shape(9, 0, 9)], (b"r2", 1): [Shape(9, 0, 9)]}
    assert list(read_alignments(rows, [b"a"] * 3, 1)) == [one, one, {}]


def test_mates_come_in_either_order_and_in_turns() -> None:
    pair = [
        row("p", FIRST, "r1", "9M", 0),
        row("p", SECOND, "r1", "8M", 1),
        row("p", FIRST + SECONDARY, "r2", "9M", 2),
        row("p", SECOND + SECONDARY, "r2", "8M", 3),
    ]
    half = [row("p", SECOND, "r1", "8M", 1), row("p", FIRST + UNMAPPED, "r1")]
    none = [row("p", FIRST + UNMAPPED), row("p", SECOND + UNMAPPED)]
    found = list(read_alignments([*pair, *half, *none, *pair], [b"p"] * 4, 2))
    whole = {(b"r1", 1): [Shape(9, 0, 9)], (b"r1", 2): [Shape(8, 1, 8)]}
    whole |= {(b"r2", 1): [Shape(9, 2, 9)], (b"r2", 2): [Shape(8, 3, 8)]}
    assert found == [whole, {(b"r1", 2): [Shape(8, 1, 8)]}, {}, whole]


@pytest.mark.parametrize(
    ("rows", "names", "mates"),
    [
        ([], ["a"], 1),
        ([row("a", 4)], ["a", "b"], 1),
        ([row("a", 4), row("a", 4)], ["a"], 1),
        ([row("b", 4), row("a", 4)], ["a", "b"], 1),
        ([row("a", SECONDARY, "r", "9M", 0)], ["a"], 1),
        ([row("a", FIRST + UNMAPPED)], ["a"], 2),
        ([row("a", FIRST + UNMAPPED), row("b", FIRST + UNMAPPED), row("b", SECOND + UNMAPPED)], ["a", "b"], 2),
        ([row("a", 0, "r", "9M")], ["a"], 1),
        ([b"a\t0\tr\t1\t255\t9M\n"], ["a"], 1),
        ([b"a\t0\tr\n"], ["a"], 1),
        ([b"a\tzero\tr\t1\t255\t9M\t*\tNM:i:0\n"], ["a"], 1),
        ([b"a\t0\tr\t1\t255\t9M\t*\tNM:i:\n"], ["a"], 1),
        ([b"\n"], ["a"], 1),
    ],
)
def test_rows_that_are_not_those_of_the_reads_given_fail_the_block(
    rows: Sequence[bytes], names: Sequence[str], mates: int
) -> None:
    with pytest.raises(MetapipeError, match="E403"):
        list(read_alignments(rows, [name.encode() for name in names], mates))


def test_differences_are_read_where_they_end_the_row() -> None:
    assert list(read_alignments([b"a\t0\tr\t1\t255\t9M\t*\tNM:i:12"], [b"a"], 1)) == [{(b"r", 1): [Shape(9, 12, 9)]}]


def test_two_searches_are_combined_read_by_read() -> None:
    end: list[Alignments] = [{(b"r1", 1): [Shape(100, 8, 100)]}, {}]
    local: list[Alignments] = [{(b"r1", 1): [Shape(80, 0, 80)], (b"r2", 1): [Shape(70, 1, 70)]}, {(b"r3", 2): []}]
    combined = list(combine([end, local]))
    assert combined[0] == {(b"r1", 1): [Shape(100, 8, 100), Shape(80, 0, 80)], (b"r2", 1): [Shape(70, 1, 70)]}
    assert format_matches(combined[0]) == b"r1:1:100:8:100 r1:1:80:0:80 r2:1:70:1:70"
    assert format_matches({}) == b""
