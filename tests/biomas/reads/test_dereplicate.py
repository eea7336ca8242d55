"""Reads through the real vsearch: each sequence once, with the reads it stands for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_reads import Read, dna, fastq, reads_of

from metapipe.biomas.reads.dereplicate import Dereplicate, Unique, distinct_names
from metapipe.biomas.reads.read_sizes import split_size, with_size
from metapipe.errors import MetapipeError


def run(fake_task: Callable[..., Any], reads: Sequence[Read], **options: Any) -> Any:
    task = fake_task(Dereplicate(), {"reads": fastq(reads)}, **options)
    return reads_of(task.run()["unique"]), task.notes


def good(name: str, bases: str, quality: str = "I") -> Read:
    return name, bases, quality * len(bases)


def test_identical_reads_become_one_named_after_the_first_with_their_number(fake_task: Callable[..., Any]) -> None:
    common, rare = dna(1, 60), dna(2, 60)
    reads = [good("a", rare), good("b 1:N:0", common), good("c", common), good("d", common)]
    unique, notes = run(fake_task, reads)
    assert [(name, bases) for name, bases, _ in unique] == [("b;size=3", common), ("a;size=1", rare)]
    assert notes == {
        "reads": 4,
        "too_short": 0,
        "unique": 2,
        "rare": {"unique": 0, "reads": 0},
        "chimeras": {"unique": 0, "reads": 0},
        "kept_unique": 2,
        "kept_reads": 4,
    }


def test_reads_shorter_than_the_limit_go_first(fake_task: Callable[..., Any]) -> None:
    reads = [good("short", dna(1, 49)), good("long", dna(1, 50)), good("none", "")]
    unique, notes = run(fake_task, reads)
    assert [name for name, _, _ in unique] == ["long;size=1"]
    assert (notes["reads"], notes["too_short"]) == (3, 2)
    assert [name for name, _, _ in run(fake_task, reads, min_length=49)[0]] == ["short;size=1", "long;size=1"]


@pytest.mark.parametrize("chimera_check", [False, True])
def test_no_read_is_too_short_or_too_long_for_the_program(fake_task: Callable[..., Any], chimera_check: bool) -> None:
    reads = [good("long", dna(1, 60_000)), good("tiny", "A"), good("short", "ACGTA"), good("other", dna(2, 60))]
    unique, notes = run(fake_task, reads, min_length=1, chimera_check=chimera_check)
    assert sorted(name for name, _, _ in unique) == sorted(f"{name};size=1" for name, _, _ in reads)
    assert notes["kept_reads"] == 4


def test_a_minimum_of_two_drops_singletons(fake_task: Callable[..., Any]) -> None:
    reads = [good(f"r{number}", dna(number // 2 if number < 6 else number, 60)) for number in range(9)]
    unique, notes = run(fake_task, reads, min_size=2)
    assert {name.split(";")[1] for name, _, _ in unique} == {"size=2"}
    assert (notes["unique"], notes["rare"], notes["kept_reads"]) == (6, {"unique": 3, "reads": 3}, 6)


def test_letter_case_and_u_make_no_difference_and_upper_case_dna_is_written(fake_task: Callable[..., Any]) -> None:
    bases = dna(1, 60)
    reads = [good("a", bases.lower()), good("b", bases.replace("T", "U")), good("c", bases)]
    unique, _ = run(fake_task, reads)
    assert [(name, written) for name, written, _ in unique] == [("a;size=3", bases)]


def test_ambiguous_letters_are_letters_of_their_own_and_gaps_are_n(fake_task: Callable[..., Any]) -> None:
    bases = dna(1, 60)
    reads = [good("a", bases + letter) for letter in "NR-."]
    unique, _ = run(fake_task, reads)
    assert [(name, written[-1]) for name, written, _ in unique] == [("a;size=3", "N"), ("a_2;size=1", "R")]


def test_sizes_that_the_names_hold_are_added_up(fake_task: Callable[..., Any]) -> None:
    bases, other = dna(1, 60), dna(2, 60)
    reads = [good("a", other), good("b;size=7", bases), good("c;size=2;", bases), good("d", bases)]
    unique, notes = run(fake_task, [*reads, good("s;size=5", "ACGT")])
    assert [name for name, _, _ in unique] == ["b;size=10", "a;size=1"]
    assert (notes["reads"], notes["too_short"], notes["kept_reads"]) == (16, 5, 11)


@pytest.mark.parametrize("name", ["a;size=0", "a;size=99999999999999999999"])
def test_an_impossible_size_is_refused(fake_task: Callable[..., Any], name: str) -> None:
    with pytest.raises(MetapipeError) as refused:
        run(fake_task, [good("fine", dna(1, 60)), good(name, dna(1, 60))])
    assert refused.value.code == "E120"
    assert f"reads line 5: expected ;size= of 1 to 1000000000000, found '{name}'" in str(refused.value)


def test_names_never_confuse_the_program(fake_task: Callable[..., Any]) -> None:
    names = ["size=3", ";size=3;x", "a;size=x", "7", "a|b", "ä", ">x", "a;size=2;size=3"]
    unique, _ = run(fake_task, [good(name, dna(number, 60)) for number, name in enumerate(names)])
    assert {name.rpartition(";")[0] for name, _, _ in unique} == {*names[:-1], "a;size=2"}
    assert unique[0][0] == "a;size=2;size=3"


def test_each_base_has_the_best_quality_any_of_the_reads_gives_it(fake_task: Callable[..., Any]) -> None:
    bases = dna(1, 60)
    reads = [("a", bases, "I" * 30 + "#" * 30), ("b", bases, "5" * 60), ("c", bases, "!" * 59 + "~")]
    unique, _ = run(fake_task, reads)
    assert unique[0][2] == "I" * 30 + "5" * 29 + "~"


def many_reads(seed: int) -> list[Read]:
    choice = random.Random(seed)
    reads = []
    for number in range(300):
        bases = dna(choice.randrange(40), 60 + choice.randrange(2))
        reads.append((f"r{number}", bases, "".join(choice.choices("#5GIK~", k=len(bases)))))
    return reads


def test_sequences_sizes_qualities_and_their_order_do_not_depend_on_the_order_of_the_reads(
    fake_task: Callable[..., Any],
) -> None:
    reads = many_reads(1)
    expected, notes = run(fake_task, reads)
    for seed in range(3):
        shuffled = random.Random(seed).sample(reads, len(reads))
        found, other_notes = run(fake_task, shuffled)
        assert [(split_size(name)[1], *rest) for name, *rest in found] == [
            (split_size(name)[1], *rest) for name, *rest in expected
        ]
        assert notes == other_notes


def test_the_result_is_what_counting_gives_most_abundant_first_then_by_sequence(fake_task: Callable[..., Any]) -> None:
    reads = many_reads(2)
    counts = Counter(bases for _, bases, _ in reads)
    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    unique, _ = run(fake_task, reads)
    assert [(bases, split_size(name)[1]) for name, bases, _ in unique] == expected
    first = {bases: name for name, bases, _ in reversed(reads)}
    assert [split_size(name)[0] for name, _, _ in unique] == [first[bases] for bases, _ in expected]


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.text("ACGTNacgu", min_size=1, max_size=4), st.integers(1, 5)), max_size=30),
    st.integers(1, 4),
    st.integers(1, 6),
)
def test_any_reads_of_any_sizes_are_counted_as_by_hand(
    fake_task: Callable[..., Any], given_reads: list[tuple[str, int]], min_length: int, min_size: int
) -> None:
    reads = [good(f"r{number};size={size}", bases) for number, (bases, size) in enumerate(given_reads)]
    counts: Counter[str] = Counter()
    for bases, size in given_reads:
        counts[bases.upper().replace("U", "T")] += size * (len(bases) >= min_length)
    expected = sorted(((-size, bases) for bases, size in counts.items() if size >= min_size))
    unique, notes = run(fake_task, reads, min_length=min_length, min_size=min_size)
    assert [(-split_size(name)[1], bases) for name, bases, _ in unique] == expected
    assert notes["kept_reads"] == -sum(size for size, _ in expected)


def test_dereplicating_twice_changes_nothing(fake_task: Callable[..., Any]) -> None:
    once, _ = run(fake_task, many_reads(3))
    assert run(fake_task, once)[0] == once


def chimeric() -> list[Read]:
    left, right = dna(1, 250), dna(2, 250)
    chimera = left[:120] + right[120:]
    sequences = [left] * 40 + [right] * 30 + [chimera] * 2 + [dna(3, 250)] * 2
    return [good(f"r{number}", bases) for number, bases in enumerate(sequences)]


def test_a_chimera_of_two_abundant_sequences_is_dropped_when_asked_for_only(fake_task: Callable[..., Any]) -> None:
    kept, notes = run(fake_task, chimeric())
    assert (len(kept), notes["chimeras"]) == (4, {"unique": 0, "reads": 0})
    checked, notes = run(fake_task, chimeric(), chimera_check=True)
    assert [split_size(name)[1] for name, _, _ in checked] == [40, 30, 2]
    assert notes["chimeras"] == {"unique": 1, "reads": 2}
    assert notes["kept_reads"] == 72


def test_the_chimera_check_does_not_depend_on_the_order_of_the_reads(fake_task: Callable[..., Any]) -> None:
    expected = {bases for _, bases, _ in run(fake_task, chimeric(), chimera_check=True)[0]}
    for seed in range(3):
        reads = random.Random(seed).sample(chimeric(), 74)
        assert {bases for _, bases, _ in run(fake_task, reads, chimera_check=True)[0]} == expected


@pytest.mark.parametrize("options", [{}, {"chimera_check": True}, {"min_size": 2}])
def test_nothing_given_or_nothing_left_is_an_empty_file(fake_task: Callable[..., Any], options: dict[str, Any]) -> None:
    assert run(fake_task, [], **options)[0] == []
    unique, notes = run(fake_task, [good("a", dna(1, 49))], **options)
    assert unique == []
    assert (notes["too_short"], notes["unique"], notes["kept_reads"]) == (1, 0, 0)
    assert run(fake_task, [good("a", dna(1, 60))], min_size=2, chimera_check=True)[0] == []


def test_every_read_is_accounted_for(fake_task: Callable[..., Any]) -> None:
    reads = [*many_reads(4), *chimeric(), good("short", "ACGT")]
    unique, notes = run(fake_task, reads, min_size=3, chimera_check=True)
    dropped = notes["too_short"] + notes["rare"]["reads"] + notes["chimeras"]["reads"]
    assert notes["reads"] == len(reads) == dropped + notes["kept_reads"]
    assert notes["unique"] == notes["rare"]["unique"] + notes["chimeras"]["unique"] + notes["kept_unique"]
    assert notes["kept_reads"] == sum(split_size(name)[1] for name, _, _ in unique)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.integers(0, 10**6))
def test_a_size_given_to_a_name_is_read_again(name: str, size: int) -> None:
    assert split_size(with_size(name, size)) == (name, size)


def test_a_name_that_only_looks_like_one_with_a_size_has_none() -> None:
    for name in ("a", "a;size=", "a;size=x", "size=3", "a;size=3;b", "a;Size=3"):
        assert split_size(name) == (name, 1)


def test_the_version_of_vsearch_is_known() -> None:
    assert Dereplicate().tool_versions()["vsearch"].count(".") == 2


def test_first_reads_that_differ_in_their_size_alone_give_sequences_of_different_names() -> None:
    kept = [Unique(number, 2, b"", b"") for number in (1, 2, 3, 4)]
    assert list(distinct_names(kept, {1: "r", 2: "r", 3: "r_2", 4: "s"})) == ["r", "r_2x", "r_2", "s"]
