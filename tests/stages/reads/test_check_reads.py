"""Pairs come out in step whatever form they came in; what has no mate is kept apart; nothing is lost."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_task import FakeTask
from metapipe.errors import MetapipeError
from metapipe.runner.declare.fastq_text import FastqText, fastq_texts
from metapipe.stages.reads.check_reads import CheckReads

READS = ("reads-1", "reads-2", "single", "orphans")


def fastq(*names: str, bases: str = "ACGT", quality: str = "I") -> bytes:
    return "".join(f"@{name}\n{bases}\n+\n{quality * len(bases)}\n" for name in names).encode()


def names(text: bytes) -> list[str]:
    return [line[1:].decode() for line in text.split(b"\n")[0:-1:4]]


def checked(fake_task: Callable[..., Any], *files: bytes, **options: Any) -> tuple[dict[str, list[str]], Any]:
    inputs = dict(zip(("reads-1", "reads-2"), files, strict=False))
    task = fake_task(CheckReads(), inputs, **options)
    made = task.run()
    return {name: names(made[name]) for name in READS}, task.notes


def table(fake_task: Callable[..., Any], *files: bytes, **options: Any) -> dict[str, dict[str, str]]:
    inputs = dict(zip(("reads-1", "reads-2"), files, strict=False))
    header, *rows = fake_task(CheckReads(), inputs, **options).run()["table"].decode().splitlines()
    cells = [dict(zip(header.lstrip("#").split("\t"), row.split("\t"), strict=True)) for row in rows]
    return {row["reads"]: row for row in cells}


def refused(fake_task: Callable[..., Any], code: str, *files: bytes, **options: Any) -> str:
    with pytest.raises(MetapipeError) as caught:
        checked(fake_task, *files, **options)
    assert caught.value.code == code
    return str(caught.value)


# ------------------------------------------------------------------------------------------------------ two files


def test_pairs_in_step_come_out_as_they_are(fake_task: Callable[..., Any]) -> None:
    first, second = fastq("a/1", "b/1 x", "c/1"), fastq("a/2", "b/2 y", "c/2", bases="GGTTA")
    task = fake_task(CheckReads(), {"reads-1": first, "reads-2": second})
    made = task.run()
    assert (made["reads-1"], made["reads-2"], made["single"], made["orphans"]) == (first, second, b"", b"")
    assert {key: task.notes[key] for key in ("layout", "mates_end_in", "pairs", "single_reads", "orphan_reads")} == {
        "layout": "paired",
        "mates_end_in": "/1 /2",
        "pairs": 3,
        "single_reads": 0,
        "orphan_reads": 0,
    }


def test_one_pair_is_a_sample(fake_task: Callable[..., Any]) -> None:
    made, notes = checked(fake_task, fastq("a 1:N:0:ACGT"), fastq("a 2:N:0:ACGT"))
    assert (made["reads-1"], made["reads-2"], notes["pairs"]) == (["a 1:N:0:ACGT"], ["a 2:N:0:ACGT"], 1)


def test_reads_that_lost_their_mates_are_kept_apart_those_of_the_first_file_first(
    fake_task: Callable[..., Any],
) -> None:
    made, notes = checked(fake_task, fastq(*"abdfgh"), fastq(*"bcdeghi"))
    assert made == {"reads-1": [*"bdgh"], "reads-2": [*"bdgh"], "single": [], "orphans": [*"afcei"]}
    assert (notes["pairs"], notes["orphan_reads"]) == (4, 5)


def test_mates_missing_at_the_very_end_are_seen(fake_task: Callable[..., Any]) -> None:
    made, _ = checked(fake_task, fastq(*"abc"), fastq(*"ab"))
    assert (made["reads-1"], made["orphans"]) == ([*"ab"], ["c"])
    made, _ = checked(fake_task, fastq(*"ab"), fastq(*"abc"))
    assert (made["reads-2"], made["orphans"]) == ([*"ab"], ["c"])


def test_mates_in_another_order_are_refused_with_their_line(fake_task: Callable[..., Any]) -> None:
    said = refused(fake_task, "E106", fastq(*"abcd"), fastq(*"acbd"))
    assert said.endswith("reads-2 line 5: expected mates in the order of reads-1; sort both files by name, found 'c'")


def test_files_of_two_samples_are_refused(fake_task: Callable[..., Any]) -> None:
    said = refused(fake_task, "E106", fastq("a", "b"), fastq("c", "d"))
    assert said.endswith("reads-2: no read has its mate in reads-1")


def test_numbered_reads_of_a_run_are_not_taken_for_mates(fake_task: Callable[..., Any]) -> None:
    made, notes = checked(fake_task, fastq("R.1", "R.2", "R.3"), fastq("R.2", "R.3", "R.4"))
    assert made == {"reads-1": ["R.2", "R.3"], "reads-2": ["R.2", "R.3"], "single": [], "orphans": ["R.1", "R.4"]}
    assert notes["mates_end_in"] == ""


# ------------------------------------------------------------------------------------------------------- one file


@pytest.mark.parametrize("layout", ["auto", "interleaved"])
@pytest.mark.parametrize(("one", "other"), [("/1", "/2"), (".1", ".2"), (" 1:N:0", " 2:N:0"), ("_R1", "_R2")])
def test_interleaved_reads_are_split_and_orphans_kept_apart(
    one: str, other: str, layout: str, fake_task: Callable[..., Any]
) -> None:
    given_names = [f"{name}{mark}" for name in ("a", "b", "c") for mark in (one, other)]
    given_names.insert(2, f"x{other}")
    given_names.append(f"y{one}")
    made, notes = checked(fake_task, fastq(*given_names), layout=layout)
    assert made == {
        "reads-1": [f"{name}{one}" for name in "abc"],
        "reads-2": [f"{name}{other}" for name in "abc"],
        "single": [],
        "orphans": [f"x{other}", f"y{one}"],
    }
    assert notes["layout"] == "interleaved"


def test_an_interleaved_file_may_begin_with_an_orphan(fake_task: Callable[..., Any]) -> None:
    made, _ = checked(fake_task, fastq("x/2", "a/1", "a/2", "b/1", "b/2"))
    assert (made["reads-1"], made["reads-2"], made["orphans"]) == (["a/1", "b/1"], ["a/2", "b/2"], ["x/2"])


@pytest.mark.parametrize("given_names", [["a"], [*"abc"], ["R.1", "R.2", "R.3", "R.4", "R.5"]])
def test_single_reads_are_told_from_interleaved_ones(given_names: list[str], fake_task: Callable[..., Any]) -> None:
    made, notes = checked(fake_task, fastq(*given_names))
    assert made == {"reads-1": [], "reads-2": [], "single": given_names, "orphans": []}
    assert (notes["layout"], notes["single_reads"]) == ("single", len(given_names))


def test_merged_reads_are_single_reads_by_another_name(fake_task: Callable[..., Any]) -> None:
    made, notes = checked(fake_task, fastq("a", "b"), layout="merged")
    assert (made["single"], notes["layout"]) == (["a", "b"], "merged")


def test_mates_that_do_not_stand_side_by_side_are_refused(fake_task: Callable[..., Any]) -> None:
    said = refused(fake_task, "E106", fastq("a/1", "a/2", "b/1", "c/1", "c/2", "b/2"), layout="interleaved")
    assert said.endswith("reads-1 line 21: expected mates side by side; sort the file by name, found 'b/2'")


def test_single_reads_are_no_interleaved_ones(fake_task: Callable[..., Any]) -> None:
    assert "no two mates stand side by side" in refused(fake_task, "E106", fastq(*"abc"), layout="interleaved")


@pytest.mark.parametrize(
    ("given_names", "layout", "line"),
    [
        (["a/1", "a/2", "b/1", "b/1"], "interleaved", 13),
        (["a/1", "a/2", "b/2", "b/1"], "interleaved", 13),
        (["a 1:N:0", "a 2:N:0", "b 1:N:0", "b 1:N:0"], "interleaved", 13),
        (["a", "b", "b"], "single", 9),
    ],
)
def test_a_read_twice_is_no_pair(given_names: list[str], layout: str, line: int, fake_task: Callable[..., Any]) -> None:
    assert f"reads-1 line {line}: " in refused(fake_task, "E107", fastq(*given_names), layout=layout)


@pytest.mark.parametrize("layout", ["interleaved", "single", "merged"])
def test_a_layout_of_one_file_does_not_fit_two(layout: str, fake_task: Callable[..., Any]) -> None:
    assert f"one file with --layout {layout}" in refused(fake_task, "E701", fastq("a"), fastq("a"), layout=layout)


# --------------------------------------------------------------------------------------------------------- figures


def test_the_table_has_a_row_for_each_output_that_has_reads(fake_task: Callable[..., Any]) -> None:
    first = fastq("a", bases="ACGTN", quality="5") + fastq("b", bases="GG", quality="!")
    rows = table(fake_task, first, fastq("a", quality="I"))
    assert list(rows) == ["reads-1", "reads-2", "orphans"]
    assert rows["reads-1"] == {
        "reads": "reads-1", "count": "1", "bases": "5", "shortest": "5", "longest": "5", "mean_length": "5.0",
        "mean_quality": "20.00", "lowest_quality": "20", "highest_quality": "20", "q20_pct": "100.00",
        "q30_pct": "0.00", "gc_pct": "50.00", "n_pct": "20.000",
    }  # fmt: skip
    assert (rows["orphans"]["lowest_quality"], rows["orphans"]["gc_pct"]) == ("0", "100.00")


def test_reads_of_n_and_reads_without_bases_have_figures(fake_task: Callable[..., Any]) -> None:
    rows = table(fake_task, fastq("a", bases="NNNN", quality="#") + fastq("b", bases=""))
    assert rows["single"] == {
        "reads": "single", "count": "2", "bases": "4", "shortest": "0", "longest": "4", "mean_length": "2.0",
        "mean_quality": "2.00", "lowest_quality": "2", "highest_quality": "2", "q20_pct": "0.00", "q30_pct": "0.00",
        "gc_pct": "0.00", "n_pct": "100.000",
    }  # fmt: skip
    empty = table(fake_task, fastq("a", bases=""))["single"]
    assert (empty["count"], empty["bases"], empty["mean_quality"], empty["gc_pct"]) == ("1", "0", "0.00", "0.00")


# --------------------------------------------------------------------------------------------------- any reads at all


@st.composite
def samples(draw: st.DrawFn) -> list[tuple[bool, bool]]:
    """Which mates of each pair there are; at least one pair is whole, at its place among the others."""
    some = draw(st.lists(st.sampled_from([(True, True), (True, False), (False, True)]), max_size=60))
    some.insert(draw(st.integers(0, len(some))), (True, True))
    return some


@given(there=samples(), marked=st.booleans(), seed=st.integers(0, 99))
def test_every_read_is_in_exactly_one_place_whichever_form_it_came_in(
    there: list[tuple[bool, bool]], marked: bool, seed: int
) -> None:
    choice = random.Random(seed)
    marks = ("/1", "/2") if marked else (" 1:N:0", " 2:N:0")
    reads = [[f"p{pair}{mark}" for pair, mates in enumerate(there) if mates[mate]] for mate, mark in enumerate(marks)]
    both = [f"p{pair}{marks[mate]}" for pair, mates in enumerate(there) for mate in (0, 1) if mates[mate]]
    lengths = {name: choice.randint(0, 9) for name in both}

    def text(some: list[str]) -> bytes:
        return b"".join(fastq(name, bases="ACGTN"[: lengths[name] % 6] * 2) for name in some)

    whole = [pair for pair, mates in enumerate(there) if all(mates)]
    lost = [
        [f"p{pair}{mark}" for pair, mates in enumerate(there) if mates[mate] and not all(mates)]
        for mate, mark in enumerate(marks)
    ]
    pairs = [[f"p{pair}{mark}" for pair in whole] for mark in marks]
    alone = [name for name in both if name not in pairs[0] + pairs[1]]
    with tempfile.TemporaryDirectory() as folder:
        files = {"reads-1": text(reads[0]), "reads-2": text(reads[1])}
        of_two = FakeTask(CheckReads(), Path(folder) / "two", files)
        made = of_two.run()
        assert [names(made[key]) for key in READS] == [*pairs, [], lost[0] + lost[1]]
        of_one = FakeTask(CheckReads(), Path(folder) / "one", {"reads-1": text(both)}, layout="interleaved")
        split = of_one.run()
        assert [names(split[key]) for key in READS] == [*pairs, [], alone]
        assert (made["reads-1"], made["reads-2"]) == (split["reads-1"], split["reads-2"]) == tuple(map(text, pairs))
        for key in ("reads-1", "reads-2", "pairs", "orphan_reads"):
            assert of_two.notes[key] == of_one.notes[key]


def test_it_does_not_matter_where_a_text_of_many_reads_ends(
    monkeypatch: pytest.MonkeyPatch, fake_task: Callable[..., Any]
) -> None:
    there = random.Random(7).choices([(1, 1), (1, 1), (1, 0), (0, 1)], k=400)
    reads = [[f"p{pair}" for pair, mates in enumerate(there) if mates[mate]] for mate in (0, 1)]
    both = [f"p{pair}" for pair, mates in enumerate(there) for mate in (0, 1) if mates[mate]]
    expected = checked(fake_task, *(fastq(*some) for some in reads)), checked(fake_task, fastq(*both))
    for size in (1, 100, 333):

        def short(self: FakeTask, name: str, size: int = size) -> Iterator[FastqText]:
            return fastq_texts([self.input_file(name).read_bytes()], name, size)

        monkeypatch.setattr(FakeTask, "texts", short)
        assert checked(fake_task, *(fastq(*some) for some in reads)) == expected[0]
        assert checked(fake_task, fastq(*both)) == expected[1]
