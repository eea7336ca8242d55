"""Adapters go, orphans stay, blocks join to the same bytes, and all is as the rules say base by base."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import reduce
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_trimming import Rules, adapter_place, fastq, good_bases, trimmed
from read_pairs import random_pairs

from fake_task import FakeTask
from metapipe.errors import MetapipeError
from metapipe.formats.called_bases import called_bases
from metapipe.formats.fasta_text import reverse_complement
from metapipe.runner.declare.merge import add_counts
from metapipe.stages.reads import trim_reads
from metapipe.stages.reads.trim_reads import TrimReads, TrimReadsOptions

ADAPTER_1, ADAPTER_2 = TrimReadsOptions().adapter_1, TrimReadsOptions().adapter_2
LENGTH = 150


def dna(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def sequenced(seed: int, pairs: int = 150) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """Pairs from inserts of 0 to 400 bases, some of them with bad ends."""
    choice = random.Random(seed)
    first, second = [], []
    for number in range(pairs):
        insert = "".join(choice.choice("ACGT") for _ in range(choice.randint(0, 400)))
        mates = (insert + ADAPTER_1, reverse_complement(insert.encode()).decode() + ADAPTER_2)
        for mate, bases, reads in zip((1, 2), mates, (first, second), strict=True):
            bases = (bases + "".join(choice.choice("ACGT") for _ in range(LENGTH)))[:LENGTH]
            good = LENGTH if choice.random() < 0.6 else choice.randrange(LENGTH)
            quality = "I" * good + "".join(choice.choice("#(5") for _ in range(LENGTH - good))
            reads.append((f"run.{number} {mate}:N:0", bases, quality))
    return first, second


def run(fake_task: Callable[..., Any], first: list[Any], second: list[Any], **options: Any) -> Any:
    task = fake_task(TrimReads(), {"reads-1": fastq(first), "reads-2": fastq(second)}, **options)
    return task.run(), task.notes


def test_an_insert_shorter_than_the_reads_is_cut_where_the_adapter_begins(fake_task: Callable[..., Any]) -> None:
    insert = dna(1, 100)
    first = [("a left", insert + ADAPTER_1, "I" * 133)]
    second = [("a right", reverse_complement(insert.encode()).decode() + ADAPTER_2, "I" * 133)]
    made, notes = run(fake_task, first, second)
    assert made["reads-1"] == fastq([("a left", insert, "I" * 100)])
    assert made["reads-2"] == fastq([("a right", reverse_complement(insert.encode()).decode(), "I" * 100)])
    assert made["single"] == b""
    assert notes["adapters_removed"] == {"reads": 2, "bases": 66}


@pytest.mark.parametrize(("written", "as_dna"), [("U", "T"), ("acgt", "ACGT")], ids=["RNA", "lower case"])
def test_letters_for_the_same_bases_are_trimmed_alike_and_stay_as_they_were(
    fake_task: Callable[..., Any], written: str, as_dna: str
) -> None:
    first, second = sequenced(3, 40)
    table = str.maketrans(as_dna, written)
    other = [[(name, bases.translate(table), quality) for name, bases, quality in mates] for mates in (first, second)]
    expected, notes = run(fake_task, first, second)
    made, other_notes = run(fake_task, *other)
    assert {name: fastq_with(reads, table) for name, reads in expected.items()} == made
    assert other_notes["adapters_removed"] == notes["adapters_removed"] != {"reads": 0, "bases": 0}


def fastq_with(reads: bytes, table: dict[int, int]) -> bytes:
    lines = reads.decode().split("\n")
    return "\n".join(line.translate(table) if at % 4 == 1 else line for at, line in enumerate(lines)).encode()


@pytest.mark.parametrize("letter", "N.RYSWKMBDHV-n")
def test_a_letter_that_is_no_base_has_no_quality_whatever_the_file_says(
    fake_task: Callable[..., Any], letter: str
) -> None:
    bases = dna(4, 100)
    odd = ("a", bases[:80] + 4 * letter + bases[84:], "I" * 100)
    made, _ = run(fake_task, [odd], [("a", dna(5, 100), "I" * 100)])
    assert made["reads-1"] == fastq([("a", bases[:80], "I" * 80)])


def test_a_good_read_whose_mate_is_bad_becomes_a_single_read(fake_task: Callable[..., Any]) -> None:
    bases = [dna(seed, 100) for seed in range(8)]
    good, bad, short = "I" * 100, "#" * 100, "I" * 60 + "#" * 10 + "I" * 30
    qualities = [(good, good), (good, bad), (short, good), (bad, bad)]
    first = [(f"p{number}", bases[2 * number], pair[0]) for number, pair in enumerate(qualities)]
    second = [(f"p{number}", bases[2 * number + 1], pair[1]) for number, pair in enumerate(qualities)]
    made, notes = run(fake_task, first, second)
    assert made["reads-1"] == fastq(first[:1])
    assert made["reads-2"] == fastq(second[:1])
    assert made["single"] == fastq([first[1], second[2]])
    assert notes["dropped_reads"] == {"mean_quality": 3, "too_short": 1}
    assert notes["pairs"] == {"before": 4, "after": 1}


@pytest.mark.parametrize("blocks", [2, 3, 7, 60])
def test_blocks_joined_are_the_whole_byte_by_byte_and_so_are_the_counts(
    fake_task: Callable[..., Any], blocks: int
) -> None:
    first, second = sequenced(5, pairs=60)
    whole, notes = run(fake_task, first, second)
    cuts = [round(len(first) * part / blocks) for part in range(blocks + 1)]
    parts = [run(fake_task, first[start:end], second[start:end]) for start, end in pairwise(cuts)]
    assert {name: b"".join(made[name] for made, _ in parts) for name in whole} == whole
    assert reduce(add_counts, [note for _, note in parts]) == notes


def test_every_read_is_accounted_for(fake_task: Callable[..., Any]) -> None:
    first, second = sequenced(6)
    made, notes = run(fake_task, first, second)
    after = {name: notes[name]["after"]["reads"] for name in made}
    assert after == {name: content.count(b"\n+\n") for name, content in made.items()}
    assert sum(after.values()) + sum(notes["dropped_reads"].values()) == 300
    assert after["reads-1"] == after["reads-2"] > 20
    assert after["single"] > 5
    assert notes["dropped_reads"]["too_short"] > 5
    assert min(map(int, notes["single"]["after"]["lengths"])) >= 75


def test_no_pair_at_all_gives_empty_files(fake_task: Callable[..., Any]) -> None:
    made, notes = run(fake_task, [], [])
    assert made == {"reads-1": b"", "reads-2": b"", "single": b""}
    assert notes["pairs"] == {"before": 0, "after": 0}


def test_reads_without_any_base_are_dropped(fake_task: Callable[..., Any]) -> None:
    bases = "ACGTTGCA" * 10
    made, notes = run(fake_task, [("a", "", ""), ("b", bases, "I" * 80)], [("a", bases, "I" * 80), ("b", "", "")])
    assert made["single"] == fastq([("a", bases, "I" * 80), ("b", bases, "I" * 80)])
    assert notes["dropped_reads"] == {"mean_quality": 0, "too_short": 2}


@pytest.mark.parametrize("adapter", ["", "ACGT", "ACGTNACGT", "acgtacgt", "auto", "ACGTACGT; rm"])
def test_an_adapter_that_is_not_dna_is_refused_before_anything_starts(adapter: str) -> None:
    with pytest.raises(MetapipeError) as refused:
        TrimReads().check(TrimReadsOptions(adapter_2=adapter))
    assert refused.value.code == "E701"
    assert "--adapter-2" in str(refused.value)


adapter_letters = st.text("ACGT", min_size=8, max_size=36)
rules = st.builds(
    Rules,
    adapter_1=adapter_letters,
    adapter_2=adapter_letters,
    mean_quality=st.integers(0, 35),
    window_size=st.integers(1, 12),
    window_quality=st.integers(0, 35),
    min_length=st.integers(1, 60),
)


@given(st.integers(0, 2**32), rules, st.lists(st.integers(1, 12), max_size=4), st.integers(200, 5000))
def test_pairs_are_trimmed_as_the_rules_say_base_by_base_however_they_are_cut(
    seed: int, rules: Rules, cuts: list[int], cells: int
) -> None:
    pairs = random_pairs(seed, sum(cuts) + 3, (rules.adapter_1, rules.adapter_2), longest=90)
    borders = [0, *accumulate(cuts), len(pairs)]
    made: dict[str, bytes] = {"reads-1": b"", "reads-2": b"", "single": b""}
    notes = []
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(trim_reads, "BATCH_CELLS", cells)
        for number, (start, end) in enumerate(pairwise(borders)):
            block = {f"reads-{mate + 1}": fastq([pair[mate] for pair in pairs[start:end]]) for mate in (0, 1)}
            task = FakeTask(TrimReads(), Path(folder) / str(number), block, **vars(rules))
            for name, content in task.run().items():
                made[name] += content
            notes.append(task.notes)
    expected = trimmed(pairs, rules)
    assert made == expected
    total = reduce(add_counts, notes)
    given = {name: [pair[mate] for pair in pairs] for mate, name in enumerate(("reads-1", "reads-2"))}
    for name, reads in given.items():
        assert total[name]["before"] == counted(reads)
    for name, content in expected.items():
        lines = content.decode().split("\n")
        assert total[name]["after"] == counted(list(zip(lines[0:-1:4], lines[1::4], lines[3::4], strict=True)))


def counted(reads: list[tuple[str, str, str]]) -> dict[str, Any]:
    """What the summary says of reads, from one read after the other."""
    lengths, means, gc, sums = Counter[str](), Counter[str](), Counter[str](), Counter[int]()
    for _, bases, qualities in reads:
        scores = [ord(sign) - 33 for sign in qualities]
        lengths[str(len(bases))] += 1
        sums.update(dict(enumerate(scores, 1)))
        if bases:
            means[str(sum(scores) // len(scores))] += 1
        strong, known = (sum(base in letters for base in bases.upper()) for letters in ("GCS", "ACGTUSW"))
        if known:
            gc[str((200 * strong + known) // (2 * known))] += 1
    return {
        "reads": len(reads),
        "bases": sum(len(bases) for _, bases, _ in reads),
        "lengths": dict(lengths),
        "mean_qualities": dict(means),
        "gc": dict(gc),
        "quality_sums": {str(place): sums[place] for place in range(1, max(map(int, lengths), default=0) + 1)},
    }


@given(st.integers(0, 2**32), rules, st.lists(st.integers(1, 12), max_size=4))
def test_single_reads_are_trimmed_by_the_same_rules_without_the_mates_overlap_however_they_are_cut(
    seed: int, rules: Rules, cuts: list[int]
) -> None:
    reads = [first for first, _ in random_pairs(seed, sum(cuts) + 3, (rules.adapter_1, rules.adapter_2), longest=90)]
    made, notes = b"", []
    with tempfile.TemporaryDirectory() as folder:
        for number, (start, end) in enumerate(pairwise([0, *accumulate(cuts), len(reads)])):
            block = {"reads-1": fastq(reads[start:end])}
            task = FakeTask(TrimReads(), Path(folder) / str(number), block, **vars(rules))
            outputs = task.run()
            assert outputs["reads-1"] == outputs["reads-2"] == b""
            made += outputs["single"]
            notes.append(task.notes)
    expected = []
    for header, bases, qualities in reads:
        place = adapter_place(called_bases(bases.encode()).decode(), rules.adapter_1)
        length = len(bases) if place is None else max(place, 0)
        kept = good_bases(bases[:length], qualities[:length], rules)
        if kept:
            expected.append((header, bases[:kept], qualities[:kept]))
    assert made == fastq(expected)
    total = reduce(add_counts, notes)
    assert total["single"]["before"] == counted(reads)
    assert total["single"]["after"] == counted(expected)
    assert total["single_reads"] + sum(total["dropped_reads"].values()) == len(reads)


def test_headers_are_written_as_they_are_read_and_single_reads_in_the_order_of_the_pairs(
    fake_task: Callable[..., Any],
) -> None:
    good, bad = ("ACGTTGCA" * 10, "I" * 80), ("ACGTTGCA" * 10, "#" * 80)
    first = [("a\tx  y ", *good), ("b", *bad), ("c", *good), ("d 1", *bad)]
    second = [("a z", *bad), ("b\t2", *good), ("c", *bad), ("d  2", *good)]
    made, _ = run(fake_task, first, second)
    assert made["single"] == fastq([("a x  y", *good), ("b 2", *good), ("c", *good), ("d 2", *good)])


def test_the_rules_are_metapipes_and_need_no_program() -> None:
    assert TrimReads().tool_versions() == TrimReads.programs == {}
    assert vars(Rules()) == vars(TrimReadsOptions())
