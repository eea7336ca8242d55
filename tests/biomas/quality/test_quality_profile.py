"""What is counted about reads, against counting them one by one; and what the numbers of a position are."""

from __future__ import annotations

import json
from collections import Counter
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.biomas.quality.mate import Mate, tidy
from metapipe.biomas.quality.profile import GROUP_STARTS, MateProfile, batches, group_end, group_of
from metapipe.runner.declare.elements import Record
from metapipe.runner.declare.merge import add_counts

Read = tuple[bytes, bytes]


def part_of(reads: list[Read]) -> dict[str, Any]:
    profile = MateProfile()
    profile.add(reads)
    return profile.as_part()


def mate(reads: list[Read]) -> Mate:
    return Mate("R1", "reads.fastq", json.loads(json.dumps(part_of(reads))))


bases = st.text("ACGTNacgtnURYK.-", max_size=30).map(str.encode)
reads = st.lists(
    bases.flatmap(
        lambda text: st.tuples(st.just(text), st.binary(min_size=len(text), max_size=len(text))).map(
            lambda read: (read[0], bytes(33 + byte % 94 for byte in read[1]))
        )
    ),
    max_size=20,
)


@given(reads)
def test_every_base_is_counted_once_under_its_position_quality_and_letter(given_reads: list[Read]) -> None:
    part = part_of(given_reads)
    qualities: Counter[tuple[int, int]] = Counter()
    letters: Counter[tuple[int, str]] = Counter()
    for text, quality in given_reads:
        for place, (letter, score) in enumerate(zip(text.decode().upper().replace("U", "T"), quality, strict=True), 1):
            qualities[place, score - 33] += 1
            letters[place, letter if letter in "ACGT" else "N"] += 1
    assert qualities == {(int(at), int(q)): n for at, counts in part["qualities"].items() for q, n in counts.items()}
    assert letters == {(int(at), x): n for at, counts in part["letters"].items() for x, n in counts.items() if n}
    assert part["reads"] == len(given_reads)
    assert part["bases"] == sum(len(text) for text, _ in given_reads)


@given(reads, reads)
def test_counts_of_parts_add_up_to_those_of_the_whole(left: list[Read], right: list[Read]) -> None:
    assert reduce(add_counts, [part_of(left), part_of(right)]) == part_of(left + right)


def test_adapters_are_found_where_they_begin_in_any_letter_case() -> None:
    found = part_of(
        [
            (b"ACGTAGATCGGAAGAGCACA", b"I" * 20),
            (b"acgtagatcggaagagcaca", b"I" * 20),
            (b"CTGTCTCTTATACACATCTC", b"I" * 20),
            (b"ACGTAGATCGGAAGA", b"I" * 15),
        ]
    )["adapters"]
    assert found == {"Illumina TruSeq": {"5": 2}, "Nextera": {"1": 1}}


def test_positions_are_single_in_illumina_reads_and_grouped_in_longer_ones() -> None:
    assert list(GROUP_STARTS[group_of(600)]) == list(range(1, 601))
    assert GROUP_STARTS[group_of(40_000)][[609, 610, 2999, 3000, 39_999]].tolist() == [601, 611, 2991, 3001, 30_001]
    assert [group_end(start) for start in (1, 600, 601, 2991, 3001, 30_001)] == [1, 600, 610, 3000, 3100, None]


@given(st.integers(1, 50_000))
def test_every_position_is_in_the_last_group_that_begins_at_or_before_it(position: int) -> None:
    start = int(GROUP_STARTS[group_of(position)[-1]])
    end = group_end(start)
    assert start <= position
    assert end is None or position <= end


def test_quartiles_are_those_of_the_qualities_at_the_position() -> None:
    scores = [2, 10, 20, 30, 40]
    (at,) = mate([(b"A", bytes([33 + score])) for score in scores]).positions
    assert (at.p10, at.p25, at.median, at.p75, at.p90, at.mean) == (2, 10, 20, 30, 40, 20.4)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 93), min_size=1, max_size=60))
def test_the_median_and_quartiles_agree_with_numpy(scores: list[int]) -> None:
    (at,) = mate([(b"A", bytes([33 + score])) for score in scores]).positions
    for value, share in ((at.p10, 10), (at.p25, 25), (at.median, 50), (at.p75, 75), (at.p90, 90)):
        assert value == np.percentile(scores, share, method="inverted_cdf")


@pytest.mark.parametrize(
    ("texts", "beginning"),
    [
        (["GTGCCAGCAGCCGCGGTAAT", "GTGTCAGCCGCCGCGGTAAT"], "GTGYCAGCMGCCGCGGTAAT"),
        (["GTGCCAGCAGCCGCGGTAAT"], "GTGCCAGCAGCCGCGGTAAT"),
        (["ACGTACGTACGT"], "ACGTACGTACGT"),
        (["ACGTACGTACG"], ""),
        (["ACGTACGTACGTNNNN"], "ACGTACGTACGT"),
        (["A" * 20, "C" * 20, "G" * 20], ""),
    ],
)
def test_the_common_beginning_of_the_reads_is_written_with_iupac_codes(texts: list[str], beginning: str) -> None:
    assert mate([(text.encode(), b"I" * len(text)) for text in texts]).beginning() == beginning


def test_reads_without_any_base_have_no_positions_and_no_shares() -> None:
    empty = mate([(b"", b""), (b"", b"")])
    assert (empty.reads, empty.bases, empty.positions) == (2, 0, ())
    assert (empty.share_from(20), empty.letter_share("GC")) == (0, 0)


def test_the_profile_has_rounded_numbers_for_each_position_and_counts_for_the_reads() -> None:
    part = {"name": "a.fastq", **part_of([(b"ACGT", b"I5+!"), (b"ACN", b"III")])}
    made = tidy({"reads-1": part, "reads-2": part})
    assert (made["schema"], list(made)) == (1, ["schema", "reads-1", "reads-2"])
    assert made["reads-1"]["lengths"] == {"3": 1, "4": 1}
    assert (made["reads-1"]["q20"], made["reads-1"]["q30"]) == (0.7143, 0.5714)
    third = made["reads-1"]["positions"][2]
    assert (third["first"], third["last"], third["mean"], third["G"], third["N"]) == (3, 3, 25.0, 0.5, 0.5)


def test_batches_hold_every_pair_once_in_order_and_stay_small_for_long_reads() -> None:
    lengths = [10] * 5000 + [3_000_000] * 2 + [10] * 3
    pairs = [
        (Record(str(number), "", b"A" * length, b"I" * length, number), Record(str(number), "", b"", b"", number))
        for number, length in enumerate(lengths)
    ]
    made = list(batches(iter(pairs)))
    assert [pair for batch in made for pair in batch] == pairs
    assert [len(batch) for batch in made] == [4096, 904, 1, 1, 3]
