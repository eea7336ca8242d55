"""The rule of two tiers against a plain reading of it, and the stage that applies it to a table."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.biomas.search import filter_matches
from metapipe.biomas.search.filter_matches import FilterMatches, FilterMatchesOptions, Rows, parse_matches
from metapipe.biomas.search.identity_tiers import Measure, Thresholds, Verdict, percent
from metapipe.biomas.tables import KEPT_TABLE, MATCH_TABLE
from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place

BIOMAS = Thresholds.of_percent(70, 97, 90)
PLACE = Place("matches.tsv", 2)


class Match(NamedTuple):
    """One alignment, as the table tells it."""

    reference: str
    mate: int
    columns: int
    differences: int
    bases: int


def judge(thresholds: Thresholds, lengths: tuple[int, int], matches: Sequence[Match]) -> Verdict:
    return thresholds.judge(lengths, [match.reference for match in matches], [Measure(*match[1:]) for match in matches])


def read_back(cell: str, lengths: tuple[int, int]) -> list[Match]:
    return [Match(reference, *measure) for reference, measure in zip(*parse_matches(cell, lengths, PLACE), strict=True)]


def plainly(lengths: tuple[int, int], matches: Sequence[Match]) -> Verdict:
    """BioMaS's rule word for word, over all alignments, in fractions (domain note, 2.1, row 6)."""
    mates = (1, 2) if lengths[1] else (1,)
    identities = {}
    for reference in {match.reference for match in matches}:
        best = []
        for mate in mates:
            covered = [
                Fraction(match.columns - match.differences, match.columns) * 100
                for match in matches
                if (match.reference, match.mate) == (reference, mate)
                and Fraction(match.bases, lengths[mate - 1]) * 100 >= 70
            ]
            if covered:
                best.append(max(covered))
        if len(best) == len(mates):
            identities[reference] = sum(best) / len(mates)
    over_97 = {reference for reference, identity in identities.items() if identity >= 97}
    under_97 = {reference for reference, identity in identities.items() if 90 <= identity < 97}
    for tier, references in (("upper", over_97), ("lower", under_97)):
        if references:
            best_of_all = max(identities[reference] for reference in references) / 100
            return Verdict(tier, best_of_all, tuple(sorted(references)))
    return Verdict("none", None, ())


@st.composite
def reads(draw: st.DrawFn) -> tuple[tuple[int, int], list[Match]]:
    """A read or pair with alignments near the thresholds."""
    lengths = (draw(st.integers(1, 120)), draw(st.one_of(st.just(0), st.integers(1, 120))))
    matches = []
    for _ in range(draw(st.integers(0, 12))):
        mate = draw(st.sampled_from((1, 2) if lengths[1] else (1,)))
        length = lengths[mate - 1]
        bases = min(length, max(1, draw(st.integers(length * 7 // 10 - 1, length))))
        columns = bases + draw(st.integers(0, 3))
        differences = draw(st.integers(columns - bases, min(columns, columns - bases + columns // 8 + 1)))
        matches.append(Match(draw(st.sampled_from("ABC")), mate, columns, min(columns, differences), bases))
    return lengths, matches


@given(reads())
def test_the_rule_is_that_of_biomas_word_for_word(read: tuple[tuple[int, int], list[Match]]) -> None:
    lengths, matches = read
    expected = plainly(lengths, matches)
    assert judge(BIOMAS, lengths, matches) == expected
    assert judge(BIOMAS, lengths, matches[::-1]) == expected


@given(reads())
def test_what_a_row_says_is_read_back_as_it_was_meant(read: tuple[tuple[int, int], list[Match]]) -> None:
    lengths, matches = read
    cell = " ".join(f"{match.reference}:{':'.join(map(str, match[1:]))}" for match in matches)
    row = MATCH_TABLE.parse(f"r;size=3\t3\t{lengths[0]}\t{lengths[1]}\t{cell}".encode(), PLACE)
    assert row == ("r;size=3", 3, *lengths, cell)
    assert read_back(row.matches, lengths) == matches


def single(columns: int, differences: int, bases: int | None = None, length: int | None = None) -> Verdict:
    bases = columns if bases is None else bases
    return judge(BIOMAS, (length or bases, 0), [Match("R", 1, columns, differences, bases)])


@pytest.mark.parametrize(
    ("columns", "differences", "tier"),
    [(100, 3, "upper"), (1000, 30, "upper"), (1000, 31, "lower"), (300, 9, "upper"), (301, 10, "lower"),
     (100, 10, "lower"), (1000, 100, "lower"), (1000, 101, "none"), (30, 3, "lower"), (31, 4, "none")],
)  # fmt: skip
def test_identities_of_exactly_97_and_90_percent_are_in(columns: int, differences: int, tier: str) -> None:
    assert single(columns, differences).tier == tier


@pytest.mark.parametrize(
    ("bases", "length", "tier"),
    [(70, 100, "upper"), (69, 100, "none"), (7, 10, "upper"), (699, 1000, "none"), (210, 300, "upper"),
     (209, 300, "none")],
)  # fmt: skip
def test_a_coverage_of_exactly_70_percent_is_in(bases: int, length: int, tier: str) -> None:
    assert single(bases, 0, bases, length).tier == tier


def test_a_read_of_the_upper_tier_leaves_the_lower() -> None:
    found = judge(
        BIOMAS, (100, 0), [Match("B", 1, 100, 2, 100), Match("A", 1, 100, 3, 100), Match("C", 1, 100, 5, 100)]
    )
    assert found == Verdict("upper", Fraction(98, 100), ("A", "B"))


def test_a_longer_alignment_of_less_identity_does_not_hide_a_shorter_of_more() -> None:
    both = [Match("R", 1, 100, 9, 100), Match("R", 1, 75, 0, 75)]
    assert judge(BIOMAS, (100, 0), both) == Verdict("upper", Fraction(1), ("R",))
    assert judge(BIOMAS, (120, 0), both) == Verdict("lower", Fraction(91, 100), ("R",))


def test_mates_must_agree_on_a_reference_and_their_mean_counts() -> None:
    apart = [Match("A", 1, 100, 0, 100), Match("B", 2, 100, 0, 100)]
    assert judge(BIOMAS, (100, 100), apart).tier == "none"
    # 96 and 98 %: exactly 97.
    mean = [Match("A", 1, 100, 4, 100), Match("A", 2, 50, 1, 50)]
    assert judge(BIOMAS, (100, 50), mean) == Verdict("upper", Fraction(97, 100), ("A",))
    assert judge(BIOMAS, (100, 50), [mean[0], Match("A", 2, 49, 1, 49)]).tier == "lower"
    # Each mate must be covered by itself.
    assert judge(BIOMAS, (100, 72), mean).tier == "none"


def test_thresholds_are_the_decimal_numbers_somebody_wrote() -> None:
    assert Thresholds.of_percent(70, 98.7, 0.1) == Thresholds(Fraction(7, 10), Fraction(987, 1000), Fraction(1, 1000))
    assert judge(Thresholds.of_percent(70, 98.7, 90), (1000, 0), [Match("R", 1, 1000, 13, 1000)]).tier == "upper"


@pytest.mark.parametrize(
    ("margin", "kept"),
    [(0, ("A",)), (0.5, ("A",)), (1, ("A", "B")), (2, ("A", "B", "C")), (100, ("A", "B", "C"))],
)
def test_a_margin_drops_what_is_further_below_the_best(margin: float, kept: tuple[str, ...]) -> None:
    matches = [Match(name, 1, 100, differences, 100) for name, differences in (("A", 1), ("B", 2), ("C", 3), ("D", 4))]
    assert judge(Thresholds.of_percent(70, 97, 90, margin), (100, 0), matches).references == kept


def test_a_margin_never_takes_from_the_tier_below() -> None:
    matches = [Match("A", 1, 100, 3, 100), Match("B", 1, 100, 4, 100)]
    assert judge(Thresholds.of_percent(70, 97, 90, 50), (100, 0), matches).references == ("A",)


def test_a_coverage_of_0_asks_for_nothing_and_an_identity_of_0_takes_all() -> None:
    open_to_all = Thresholds.of_percent(0, 100, 0)
    assert judge(open_to_all, (1000, 0), [Match("R", 1, 10, 10, 1)]) == Verdict("lower", Fraction(0), ("R",))


def test_per_cent_is_cut_off_so_that_no_read_of_the_lower_tier_reads_as_97() -> None:
    assert [percent(Fraction(number, 100_000)) for number in (96_999, 97_000, 100_000, 5, 50)] == [
        "96.99",
        "97.00",
        "100.00",
        "0.00",
        "0.05",
    ]


ROWS = [
    "a;size=3\t3\t100\t0\tR1:1:100:1:100 R2:1:100:3:100 R3:1:100:6:100",
    "b\t1\t100\t0\tR|3:x:1:100:6:100",
    "c;size=7\t7\t100\t0\tR1:1:60:0:60",
    "d\t1\t100\t0\t",
    "e\t1\t100\t90\tR1:1:100:2:100 R1:2:90:0:90 R2:1:100:0:100",
    "f\t1\t0\t0\t",
]
TABLE = MATCH_TABLE.header + "".join(f"{row}\n" for row in ROWS).encode()
KEPT = [
    "a;size=3\t3\tupper\t99.00\tR1",
    "b\t1\tlower\t94.00\tR|3:x",
    "c;size=7\t7\tnone\t\t",
    "d\t1\tnone\t\t",
    "e\t1\tupper\t99.00\tR1",
    "f\t1\tnone\t\t",
]


def test_every_row_of_the_table_gives_a_row(fake_task: Callable[..., Any]) -> None:
    task = fake_task(FilterMatches(), {"matches": TABLE})
    assert task.run()["kept"] == KEPT_TABLE.header + "".join(f"{row}\n" for row in KEPT).encode()
    assert task.notes == {
        "records": {"upper": 2, "lower": 1, "none": 3},
        "reads": {"upper": 4, "lower": 1, "none": 9},
    }


def test_thresholds_are_options(fake_task: Callable[..., Any]) -> None:
    options = {"min_coverage": 60.0, "upper_identity": 94.0, "best_margin": 100.0}
    loose = fake_task(FilterMatches(), {"matches": TABLE}, **options).run()["kept"]
    assert b"a;size=3\t3\tupper\t99.00\tR1 R2 R3\n" in loose
    assert b"c;size=7\t7\tupper\t100.00\tR1\n" in loose


@pytest.mark.parametrize("blocks", [2, 5])
def test_rows_are_the_same_on_any_cut_and_in_any_order(fake_task: Callable[..., Any], blocks: int) -> None:
    rows = random.Random(blocks).sample(ROWS, len(ROWS))
    kept = []
    for start in range(0, len(rows), -(-len(rows) // blocks)):
        part = "".join(f"{row}\n" for row in rows[start : start + -(-len(rows) // blocks)])
        made = fake_task(FilterMatches(), {"matches": MATCH_TABLE.header + part.encode()}).run()["kept"]
        kept += made.decode().splitlines()[1:]
    assert kept == [KEPT[ROWS.index(row)] for row in rows]


@pytest.mark.parametrize("remembered", [0, 300, 32_000_000])
def test_what_is_remembered_of_rows_changes_none(
    fake_task: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(filter_matches, "_REMEMBERED", remembered)
    again = [f"{name}{row[1:]}" for row in ROWS for name in ("x", "ø", row[0])]
    kept = [f"{name}{row[1:]}" for row in KEPT for name in ("x", "ø", row[0])]
    table = MATCH_TABLE.header + "".join(f"{row}\n" for row in again).encode()
    assert fake_task(FilterMatches(), {"matches": table}).run()["kept"].decode().splitlines()[1:] == kept


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"b\t-1\t100\t0\tR1:1:100:1:100", "line 3: expected a whole number in column size, found '-1'"),
        (b"b\t\t100\t0\tR1:1:100:1:100", "line 3: expected a whole number in column size, found ''"),
        (b"b\xff\t1\t100\t0\tR1:1:100:1:100", "line 3: expected UTF-8 text"),
        (b"100\t0\tR1:1:100:1:100", "line 3: expected 5 columns, found '3 columns'"),
    ],
)
def test_a_row_whose_matches_were_seen_before_is_checked_like_any_other(row: bytes, message: str) -> None:
    rows = Rows(BIOMAS, "matches.tsv")
    assert rows.judge(b"a\t1\t100\t0\tR1:1:100:1:100", 2) == (b"a\t1\tupper\t99.00\tR1\n", "upper", 1)
    with pytest.raises(MetapipeError, match=f"METAPIPE-E111 matches.tsv {message}"):
        rows.judge(row, 3)


def test_a_table_without_rows_is_a_result(fake_task: Callable[..., Any]) -> None:
    task = fake_task(FilterMatches(), {"matches": MATCH_TABLE.header})
    assert task.run()["kept"] == KEPT_TABLE.header
    assert task.notes["reads"] == {"upper": 0, "lower": 0, "none": 0}


@pytest.mark.parametrize(
    "cell",
    [
        "R", "R:1:2:3", "R:1:9:0:x", ":1:9:0:9", "R:3:9:0:9", "R:0:9:0:9", "R:1:9:10:9", "R:1:9:-1:9", "R:1:8:0:9",
        "R:1:9:0:0", "R:1:999:0:999", "R:2:9:0:9", "R:1:9:0:9  R:1:9:0:9", " ", "R:1:9:0:9 ", "R:1:٩:0:9",
        "R:1: 9:0:9", "R:1:1_0:0:9", "R:1:+9:0:9",
    ],
)  # fmt: skip
def test_a_cell_that_no_mapping_writes_is_named_with_its_line(cell: str) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E111 matches.tsv line 2: expected REFERENCE:mate"):
        parse_matches(MATCH_TABLE.parse(f"r\t1\t100\t0\t{cell}".encode(), PLACE).matches, (100, 0), PLACE)


@pytest.mark.parametrize("row", ["r\t1\t100\t0", "r\tx\t100\t0\t", "r\t1\t-1\t0\t", "r\t1\t100\t\t", "r\t1\t1\t0\t\t"])
def test_a_row_that_is_none_is_named_with_its_line(row: str) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E111 matches.tsv line 2: expected"):
        MATCH_TABLE.parse(row.encode(), PLACE)


def test_tiers_that_overlap_are_refused_before_anything_starts() -> None:
    FilterMatches().check(FilterMatchesOptions(lower_identity=97.0))
    with pytest.raises(MetapipeError, match=r"E701 expected --lower-identity not above --upper-identity \(97\)"):
        FilterMatches().check(FilterMatchesOptions(lower_identity=97.5))
