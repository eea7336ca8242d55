"""Pairs through the real FLASH and vsearch: what merges, what stays as it was, and why cutting does not matter."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from made_reads import Read, columns, dna, fastq, other_strand, pair, reads_of, sequenced

from metapipe.merging.merge_pairs import MergePairs
from metapipe.merging.pair_merging import flash_max_overlap
from metapipe.runner.declare.elements import Totals
from metapipe.runner.declare.merge import add_counts

MERGERS = ["flash", "vsearch"]
Pairs = Sequence[tuple[Read, Read]]


def run(fake_task: Callable[..., Any], pairs: Pairs, totals: Totals | None = None, **options: Any) -> Any:
    first, second = columns(pairs)
    task = fake_task(MergePairs(), {"reads-1": fastq(first), "reads-2": fastq(second)}, totals=totals, **options)
    return task.run(), task.notes


def totals_of(pairs: Pairs) -> Totals:
    lengths = [len(mate[1]) for mates in pairs for mate in mates]
    return Totals(len(lengths), sum(lengths))


def amplicons(seed: int, count: int = 200) -> list[tuple[Read, Read]]:
    """Pairs of 150 bases from fragments of 90 to 400, with errors; every tenth of bad quality."""
    choice = random.Random(seed)
    pairs = []
    for number in range(count):
        mates = []
        for mate, bases in enumerate(sequenced(dna(choice.random(), choice.randint(90, 400)), 150, "G" * 60), 1):
            wrong = 0.2 if number % 10 == 0 else 0.01
            letters = [choice.choice("ACGTN") if choice.random() < wrong else base for base in bases]
            quality = "".join("5" if letter != base else "G" for letter, base in zip(letters, bases, strict=True))
            mates.append((f"run:{number} {mate}:N:0:ACGT", "".join(letters), quality))
        pairs.append((mates[0], mates[1]))
    return pairs


@pytest.mark.parametrize("merger", MERGERS)
def test_mates_that_overlap_become_the_fragment_under_the_pairs_name(
    fake_task: Callable[..., Any], merger: str
) -> None:
    fragment = dna(1, 180)
    made, notes = run(fake_task, [pair("amplicon.1", fragment, 120)], merger=merger)
    ((name, bases, quality),) = reads_of(made["merged"])
    assert (name, bases, len(quality)) == ("amplicon.1", fragment, 180)
    assert made["unmerged-1"] == made["unmerged-2"] == b""
    assert notes == {"pairs": 1, "merged": 1, "unmerged": 0}


@pytest.mark.parametrize("merger", MERGERS)
def test_mates_that_do_not_overlap_stay_byte_by_byte_and_that_is_success(
    fake_task: Callable[..., Any], merger: str
) -> None:
    pairs = [pair(f"far.{number}", dna(number, 400), 100) for number in range(20)]
    made, notes = run(fake_task, pairs, merger=merger)
    assert made["merged"] == b""
    assert (made["unmerged-1"], made["unmerged-2"]) == tuple(fastq(mates) for mates in columns(pairs))
    assert notes == {"pairs": 20, "merged": 0, "unmerged": 20}


@pytest.mark.parametrize("merger", MERGERS)
def test_merged_and_unmerged_reads_keep_the_order_of_the_pairs(fake_task: Callable[..., Any], merger: str) -> None:
    pairs = [pair(f"p{number}", dna(50 + number, 180 if number % 3 else 500), 120) for number in range(30)]
    made, _ = run(fake_task, pairs, merger=merger)
    assert [name for name, _, _ in reads_of(made["merged"])] == [f"p{n}" for n in range(30) if n % 3]
    assert [name for name, _, _ in reads_of(made["unmerged-1"])] == [f"p{n}/1" for n in range(0, 30, 3)]
    assert [name for name, _, _ in reads_of(made["unmerged-2"])] == [f"p{n}/2" for n in range(0, 30, 3)]


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        ("a/1", "a/2", "a"),
        ("a", "a", "a"),
        ("a 1:N:0:ACGT", "a 2:N:0:ACGT", "a"),
        ("M00:7:x#ACGT/1", "M00:7:x#ACGT/2", "M00:7:x#ACGT"),
        ("ä/1", "ä/2", "ä"),
        ("1", "1", "1"),
        ("/1", "/1", "/1"),
    ],
)
@pytest.mark.parametrize("merger", MERGERS)
def test_a_merged_read_is_named_without_mate_suffix_and_description(
    fake_task: Callable[..., Any], merger: str, first: str, second: str, merged: str
) -> None:
    (_, one, quality), (_, two, _) = pair("x", dna(1, 150), 100)
    made, _ = run(fake_task, [((first, one, quality), (second, two, quality))], merger=merger)
    assert [name for name, _, _ in reads_of(made["merged"])] == [merged]


@pytest.mark.parametrize("merger", MERGERS)
def test_mates_in_the_wrong_orientation_do_not_merge(fake_task: Callable[..., Any], merger: str) -> None:
    (one, bases_1, quality), (two, bases_2, _) = pair("x", dna(1, 150), 100)
    turned = [((one, bases_1, quality), (two, other_strand(bases_2), quality))]
    made, _ = run(fake_task, turned, merger=merger)
    assert made["merged"] == b""
    assert made["unmerged-2"] == fastq([turned[0][1]])


@pytest.mark.parametrize("merger", MERGERS)
def test_reads_of_n_only_do_not_merge(fake_task: Callable[..., Any], merger: str) -> None:
    pairs = [(("n/1", "N" * 100, "#" * 100), ("n/2", "N" * 100, "#" * 100))]
    made, _ = run(fake_task, pairs, merger=merger)
    assert (made["merged"], made["unmerged-1"]) == (b"", fastq([pairs[0][0]]))


@pytest.mark.parametrize("merger", MERGERS)
def test_mates_of_different_length_merge(fake_task: Callable[..., Any], merger: str) -> None:
    fragment = dna(1, 180)
    first, second = fragment[:150], other_strand(fragment)[:70]
    pairs = [(("x/1", first, "I" * 150), ("x/2", second, "5" * 70))]
    made, _ = run(fake_task, pairs, merger=merger)
    assert [bases for _, bases, _ in reads_of(made["merged"])] == [fragment]


@pytest.mark.parametrize(("overlap", "merges"), [(9, False), (10, True)])
def test_flash_merges_from_the_shortest_overlap_on(fake_task: Callable[..., Any], overlap: int, merges: bool) -> None:
    made, _ = run(fake_task, [pair("x", dna(1, 200 - overlap), 100)])
    assert bool(made["merged"]) is merges


@pytest.mark.parametrize("merger", MERGERS)
def test_the_shortest_overlap_can_be_raised(fake_task: Callable[..., Any], merger: str) -> None:
    pairs = [pair("x", dna(1, 170), 100)]
    for asked, merges in ((30, True), (31, False)):
        made, _ = run(fake_task, pairs, merger=merger, min_overlap=asked)
        assert bool(made["merged"]) is merges


@pytest.mark.parametrize("lengths", [(0, 0), (0, 100), (9, 100), (5, 5)])
@pytest.mark.parametrize("merger", MERGERS)
def test_a_pair_shorter_than_the_overlap_stays_as_it_is(
    fake_task: Callable[..., Any], merger: str, lengths: tuple[int, int]
) -> None:
    short = tuple((f"s/{mate}", dna(mate, length), "I" * length) for mate, length in enumerate(lengths, 1))
    pairs = [pair("a", dna(1, 150), 100), (short[0], short[1]), pair("b", dna(2, 150), 100)]
    made, notes = run(fake_task, pairs, totals=Totals(2000, 200_000), merger=merger)
    assert [name for name, _, _ in reads_of(made["merged"])] == ["a", "b"]
    assert (made["unmerged-1"], made["unmerged-2"]) == (fastq([short[0]]), fastq([short[1]]))
    assert notes == {"pairs": 3, "merged": 2, "unmerged": 1}


@pytest.mark.parametrize("merger", MERGERS)
def test_qualities_above_41_are_accepted(fake_task: Callable[..., Any], merger: str) -> None:
    (one, bases_1, _), (two, bases_2, _) = pair("x", dna(1, 150), 100)
    made, _ = run(fake_task, [((one, bases_1, "~" * 100), (two, bases_2, "K" * 100))], merger=merger)
    ((_, _, quality),) = reads_of(made["merged"])
    assert quality.startswith("~" * 50)
    assert quality.endswith("K" * 50)


@pytest.mark.parametrize("merger", MERGERS)
def test_lower_case_rna_and_ambiguous_letters_merge_and_stay_as_given_when_they_do_not(
    fake_task: Callable[..., Any], merger: str
) -> None:
    fragment = dna(1, 150)
    (one, bases_1, quality), (two, bases_2, _) = pair("x", fragment, 100)
    odd = bases_1[:10] + "." + bases_1[11:20].lower() + bases_1[20:40].replace("T", "U") + bases_1[40:]
    far = (("far/1", "acguRY-." + dna(5, 92), quality), ("far/2", dna(6, 100).lower(), quality))
    made, _ = run(fake_task, [((one, odd, quality), (two, bases_2, quality)), far], merger=merger)
    ((_, bases, _),) = reads_of(made["merged"])
    assert bases == fragment[:10] + "N" + fragment[11:]
    assert (made["unmerged-1"], made["unmerged-2"]) == (fastq([far[0]]), fastq([far[1]]))


def test_a_fragment_shorter_than_the_reads_is_merged_by_vsearch_and_left_to_trimming_by_flash(
    fake_task: Callable[..., Any],
) -> None:
    fragment = dna(1, 80)
    pairs = [pair("short", fragment, 100)]
    by_vsearch, _ = run(fake_task, pairs, merger="vsearch")
    assert [bases for _, bases, _ in reads_of(by_vsearch["merged"])] == [fragment]
    by_flash, _ = run(fake_task, pairs)
    assert by_flash["merged"] == b""
    assert (by_flash["unmerged-1"], by_flash["unmerged-2"]) == tuple(fastq(mates) for mates in columns(pairs))


def test_a_fragment_as_long_as_the_reads_is_merged(fake_task: Callable[..., Any]) -> None:
    fragment = dna(1, 100)
    made, _ = run(fake_task, [pair("x", fragment, 100)])
    assert [bases for _, bases, _ in reads_of(made["merged"])] == [fragment]


@pytest.mark.parametrize("options", [{"merger": "vsearch"}, {}, {"fragment_length": 180}, {"min_overlap": 20}])
@pytest.mark.parametrize("blocks", [2, 5, 80])
def test_blocks_joined_are_the_whole_byte_by_byte_and_so_are_the_counts(
    fake_task: Callable[..., Any], blocks: int, options: dict[str, Any]
) -> None:
    pairs = amplicons(7, 80)
    totals = totals_of(pairs)
    whole, notes = run(fake_task, pairs, totals, **options)
    assert notes["merged"] > 20
    assert notes["unmerged"] > 20
    cuts = [round(len(pairs) * part / blocks) for part in range(blocks + 1)]
    parts = [run(fake_task, pairs[start:end], totals, **options) for start, end in pairwise(cuts)]
    assert {name: b"".join(made[name] for made, _ in parts) for name in whole} == whole
    assert reduce(add_counts, [note for _, note in parts]) == notes


@pytest.mark.parametrize("merger", MERGERS)
def test_every_pair_is_in_exactly_one_place(fake_task: Callable[..., Any], merger: str) -> None:
    pairs = amplicons(8)
    made, notes = run(fake_task, pairs, merger=merger)
    names = {key: [name.split()[0] for name, _, _ in reads_of(content)] for key, content in made.items()}
    assert names["unmerged-1"] == names["unmerged-2"]
    assert sorted(names["merged"] + names["unmerged-1"]) == sorted(first[0].split()[0] for first, _ in pairs)
    assert (notes["merged"], notes["unmerged"]) == (len(names["merged"]), len(names["unmerged-1"]))


@pytest.mark.parametrize(("fragment", "mean"), [(180, 100), (253, 250), (450, 301), (465, 250), (10, 250), (181, 100)])
def test_the_longest_overlap_is_what_flash_makes_of_the_fragment_length(
    tmp_path: Path, fragment: int, mean: int
) -> None:
    for name in ("1", "2"):
        (tmp_path / name).touch()
    asked = ["-f", str(fragment), "-r", str(mean), "-s", str(fragment // 10)]
    said = subprocess.run(["flash", "-t", "1", *asked, "1", "2"], cwd=tmp_path, capture_output=True, check=True).stdout
    found = re.search(rb"Max overlap: +(\d+)", said)
    assert found is not None
    assert flash_max_overlap(Totals(1000, 1000 * mean), fragment, 10) == int(found[1])


@pytest.mark.parametrize(
    ("fragment", "mean", "expected"),
    [(0, 100, 90), (0, 251, 225), (0, 8, 10), (800, 100, 10), (0, 301, 270)],
)
def test_without_fragment_length_nine_tenths_of_the_reads_are_expected_to_overlap_but_never_too_little(
    fragment: int, mean: int, expected: int
) -> None:
    assert flash_max_overlap(Totals(4, 4 * mean), fragment, 10) == expected


def test_a_fragment_longer_than_both_reads_is_no_error(fake_task: Callable[..., Any]) -> None:
    made, _ = run(fake_task, [pair("x", dna(1, 800), 100)], fragment_length=800)
    assert made["merged"] == b""


@pytest.mark.parametrize("merger", MERGERS)
def test_a_block_without_any_pair_gives_empty_files(fake_task: Callable[..., Any], merger: str) -> None:
    made, notes = run(fake_task, [], merger=merger)
    assert set(made.values()) == {b""}
    assert notes == {"pairs": 0, "merged": 0, "unmerged": 0}


def test_the_versions_of_both_programs_are_known() -> None:
    versions = MergePairs().tool_versions()
    assert set(versions) == {"flash", "vsearch"}
    assert all(version.count(".") == 2 for version in versions.values())
