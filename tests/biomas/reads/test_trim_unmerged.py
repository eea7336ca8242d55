"""Pairs through the real cutadapt, by Trim Galore's rules."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from made_reads import ADAPTER_1, ADAPTER_2, Read, columns, dna, fastq, other_strand, pair, reads_of, sequenced

from metapipe.biomas.reads.trim_unmerged import TrimUnmerged, TrimUnmergedOptions
from metapipe.errors import MetapipeError
from metapipe.runner.declare.merge import add_counts

Pairs = Sequence[tuple[Read, Read]]

# Made with: trim_galore -q 25 --length 50 --stringency 5 --paired --illumina (version 0.6.10, cutadapt 4.2), from the
# pairs `various(11, 300)`. Three columns: number of the pair, bases kept of both mates; a dropped pair has no line.
TRIM_GALORE = Path(__file__).parent / "data" / "trim-galore-0.6.10-kept-lengths.tsv"


def run(fake_task: Callable[..., Any], pairs: Pairs, **options: Any) -> Any:
    first, second = columns(pairs)
    task = fake_task(TrimUnmerged(), {"reads-1": fastq(first), "reads-2": fastq(second)}, **options)
    made = task.run()
    return (reads_of(made["trimmed-1"]), reads_of(made["trimmed-2"])), task.notes


def various(seed: int, count: int = 120) -> Pairs:
    """Pairs of 150 bases from fragments of 0 to 400, many with bad ends."""
    choice = random.Random(seed)
    pairs = []
    for number in range(count):
        mates = []
        for mate, bases in enumerate(sequenced(dna(choice.random(), choice.randint(0, 400)), 150, "C" * 200), 1):
            good = len(bases) if choice.random() < 0.5 else choice.randrange(len(bases))
            quality = "I" * good + "".join(choice.choices("#+5", k=len(bases) - good))
            mates.append((f"run.{number} {mate}:N:0", bases, quality))
        pairs.append((mates[0], mates[1]))
    return pairs


def test_300_pairs_are_cut_and_dropped_as_trim_galore_does(fake_task: Callable[..., Any]) -> None:
    pairs = various(11, 300)
    kept = [tuple(map(int, line.split())) for line in TRIM_GALORE.read_text().splitlines()]
    expected = (
        [
            (name, bases[:length], quality[:length])
            for pair, length, _ in kept
            for name, bases, quality in [pairs[pair][0]]
        ],
        [
            (name, bases[:length], quality[:length])
            for pair, _, length in kept
            for name, bases, quality in [pairs[pair][1]]
        ],
    )
    assert run(fake_task, pairs)[0] == expected
    assert 100 < len(kept) < 250


@pytest.mark.parametrize(("as_dna", "written"), [("T", "U"), ("ACGT", "acgt")])
def test_letters_for_the_same_bases_are_trimmed_alike_and_stay_as_they_were(
    fake_task: Callable[..., Any], as_dna: str, written: str
) -> None:
    table = str.maketrans(as_dna, written)

    def other(read: Read) -> Read:
        return (read[0], read[1].translate(table), read[2])

    pairs = various(12, 40)
    expected, notes = run(fake_task, pairs)
    made, other_notes = run(fake_task, [(other(first), other(second)) for first, second in pairs])
    assert made == tuple([other(read) for read in reads] for reads in expected)
    assert other_notes == notes
    assert notes["adapters_removed"] > 0


def test_adapters_are_cut_off_both_mates(fake_task: Callable[..., Any]) -> None:
    fragment = dna(1, 80)
    (first, second), notes = run(fake_task, [pair("a", fragment, 110)])
    assert first == [("a/1", fragment, "I" * 80)]
    assert second == [("a/2", other_strand(fragment), "I" * 80)]
    assert notes == {"pairs": {"before": 1, "after": 1}, "adapters_removed": 2, "bases_trimmed": 60}


@pytest.mark.parametrize(("bases", "cut"), [(4, 0), (5, 5), (6, 6)])
def test_the_beginning_of_an_adapter_counts_from_five_bases_on(
    fake_task: Callable[..., Any], bases: int, cut: int
) -> None:
    mates = ("a/1", "C" * 60 + ADAPTER_1[:bases], "I" * (60 + bases)), ("a/2", "C" * 60, "I" * 60)
    (first, _), _ = run(fake_task, [mates])
    assert len(first[0][1]) == 60 + bases - cut


def test_one_error_in_ten_bases_of_the_adapter_is_allowed(fake_task: Callable[..., Any]) -> None:
    wrong = "AGATCGCAAGAGC"
    mates = ("a/1", "C" * 60 + wrong, "I" * 73), ("a/2", "C" * 60 + "AGATCGCATGAGC", "I" * 73)
    (first, second), _ = run(fake_task, [mates])
    assert (len(first[0][1]), len(second[0][1])) == (60, 73)


def test_bad_ends_are_cut_at_quality_25(fake_task: Callable[..., Any]) -> None:
    bases = dna(1, 100)
    quality = "I" * 60 + chr(33 + 25) * 20 + chr(33 + 24) * 20
    (first, second), notes = run(fake_task, [(("a/1", bases, quality), ("a/2", bases, "I" * 100))])
    assert first == [("a/1", bases[:80], quality[:80])]
    assert len(second[0][1]) == 100
    assert notes["bases_trimmed"] == 20


@pytest.mark.parametrize(("length", "kept"), [(49, False), (50, True)])
@pytest.mark.parametrize("mate", [0, 1])
def test_a_pair_goes_when_either_mate_is_too_short(
    fake_task: Callable[..., Any], length: int, kept: bool, mate: int
) -> None:
    lengths = [100, 100]
    lengths[mate] = length
    one, two = ((f"a/{number + 1}", dna(number, lengths[number]), "I" * lengths[number]) for number in (0, 1))
    (first, second), notes = run(fake_task, [(one, two)])
    assert len(first) == len(second) == notes["pairs"]["after"] == kept


def test_pairs_that_need_nothing_stay_byte_by_byte(fake_task: Callable[..., Any]) -> None:
    pairs = [
        (("a b c", dna(1, 60).lower(), "~" * 60), ("a b d", dna(2, 70), "J" * 70)),
        (("ä/1", "N" * 60, "I" * 60), ("ä/2", "RYKM." * 12, "I" * 60)),
    ]
    made, _ = run(fake_task, pairs)
    assert made == columns(pairs)


def test_names_do_not_matter_to_the_program(fake_task: Callable[..., Any]) -> None:
    names = [("x/1", "x/2"), ("7", "7"), ("1 2", "1 3"), ("/1", "/1"), ("a;size=3", "a;size=3")]
    pairs = [
        ((first, dna(number, 60), "I" * 60), (second, dna(50 + number, 60), "I" * 60))
        for number, (first, second) in enumerate(names)
    ]
    made, _ = run(fake_task, pairs)
    assert made == columns(pairs)


@pytest.mark.parametrize("blocks", [2, 5, 12])
def test_blocks_joined_are_the_whole_byte_by_byte_and_so_are_the_counts(
    fake_task: Callable[..., Any], blocks: int
) -> None:
    pairs = various(3, 60)
    whole, notes = run(fake_task, pairs)
    assert 5 < notes["pairs"]["after"] < len(pairs) - 5
    assert notes["adapters_removed"] > 5
    cuts = [round(len(pairs) * part / blocks) for part in range(blocks + 1)]
    parts = [run(fake_task, pairs[start:end]) for start, end in pairwise(cuts)]
    assert tuple([read for made, _ in parts for read in made[mate]] for mate in (0, 1)) == whole
    assert reduce(add_counts, [note for _, note in parts]) == notes


def test_every_kept_pair_is_long_enough_in_order_and_together(fake_task: Callable[..., Any]) -> None:
    pairs = various(4)
    (first, second), notes = run(fake_task, pairs)
    assert [name.split()[0] for name, _, _ in first] == [name.split()[0] for name, _, _ in second]
    order = {mates[0][0]: number for number, mates in enumerate(pairs)}
    positions = [order[name] for name, _, _ in first]
    assert positions == sorted(positions)
    assert min(len(bases) for _, bases, _ in first + second) >= 50
    assert notes["pairs"] == {"before": len(pairs), "after": len(first)}
    before = sum(len(mate[1]) for position in positions for mate in pairs[position])
    assert notes["bases_trimmed"] == before - sum(len(bases) for _, bases, _ in first + second)


def test_no_pair_gives_empty_files(fake_task: Callable[..., Any]) -> None:
    made, notes = run(fake_task, [])
    assert made == ([], [])
    assert notes == {"pairs": {"before": 0, "after": 0}, "adapters_removed": 0, "bases_trimmed": 0}


def test_reads_without_any_base_and_of_adapter_only_are_dropped(fake_task: Callable[..., Any]) -> None:
    pairs = [
        (("e/1", "", ""), ("e/2", dna(1, 90), "I" * 90)),
        (("o/1", ADAPTER_1 * 2, "I" * 66), ("o/2", ADAPTER_2 * 2, "I" * 66)),
    ]
    made, notes = run(fake_task, pairs)
    assert made == ([], [])
    assert notes["pairs"] == {"before": 2, "after": 0}


@pytest.mark.parametrize("adapter", ["", "ACGT", "ACGTNACGT", "acgtacgt", "auto", "file:/etc/passwd", "^ACGTACGT"])
def test_an_adapter_that_is_not_dna_is_refused_before_anything_starts(adapter: str) -> None:
    with pytest.raises(MetapipeError) as refused:
        TrimUnmerged().check(TrimUnmergedOptions(adapter_2=adapter))
    assert refused.value.code == "E701"
    assert "--adapter-2" in str(refused.value)


def test_an_adapter_shorter_than_the_stringency_could_never_be_found_and_is_refused() -> None:
    with pytest.raises(MetapipeError, match="at least 14 letters"):
        TrimUnmerged().check(TrimUnmergedOptions(stringency=14))


def test_the_version_of_cutadapt_is_known() -> None:
    assert TrimUnmerged().tool_versions()["cutadapt"].count(".") >= 1
