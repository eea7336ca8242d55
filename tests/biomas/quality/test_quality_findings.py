"""What the page says about reads: one rule each, on reads that show it and on reads that do not."""

from __future__ import annotations

import random

import pytest

from metapipe.biomas.quality.findings import findings, good_length
from metapipe.biomas.quality.mate import Mate
from metapipe.biomas.quality.profile import MateProfile


def mate(reads: list[tuple[str, str]], label: str = "R1") -> Mate:
    profile = MateProfile()
    profile.add([(bases.encode(), quality.encode()) for bases, quality in reads])
    return Mate(label, f"{label}.fastq", profile.as_part())


def random_reads(quality: str, count: int = 1000, seed: int = 1) -> list[tuple[str, str]]:
    choice = random.Random(seed)
    return [("".join(choice.choices("ACGT", k=len(quality))), quality) for _ in range(count)]


def said(*mates: Mate) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for hint in findings(mates):
        found.setdefault(hint.level, []).append(hint.what)
    return found


GOOD = "".join(chr(33 + 30 + place % 10) for place in range(100))


def test_good_reads_are_called_good_and_nothing_else() -> None:
    both = mate(random_reads(GOOD)), mate(random_reads(GOOD, seed=2), "R2")
    assert said(*both) == {
        "good": [
            "R1 is of good quality to its end.",
            "R2 is of good quality to its end.",
            "No adapters.",
            "1,000 pairs.",
        ]
    }


@pytest.mark.parametrize(
    ("good", "level", "words"),
    [
        (90, "note", "R2 is good up to base 90 of 100."),
        (60, "look", "R2 is good up to base 60 of 100."),
        (30, "stop", "R2 is good up to base 30 of 100 only."),
        (0, "stop", "R2 is good up to base 0 of 100 only."),
    ],
)
def test_a_bad_end_is_graver_the_earlier_it_begins(good: int, level: str, words: str) -> None:
    both = mate(random_reads(GOOD)), mate(random_reads(GOOD[:good] + "+" * (100 - good)), "R2")
    assert words in said(*both)[level]


def test_a_weak_base_between_good_ones_does_not_end_the_good_part() -> None:
    quality = GOOD[:40] + "#" + GOOD[41:]
    assert good_length(mate(random_reads(quality, 10))) == 100


def test_weak_bases_before_a_good_end_are_pointed_out_and_the_mate_is_not_called_good() -> None:
    found = said(mate(random_reads("+" * 10 + GOOD[10:])))
    assert "R1 has 10 weak bases between base 1 and base 10, before its end." in found["look"]
    assert "R1 is of good quality to its end." not in found["good"]


def test_a_quarter_of_bad_reads_makes_a_position_bad() -> None:
    reads = random_reads(GOOD, 70) + random_reads(GOOD[:50] + "#" * 50, 30)
    assert good_length(mate(reads)) == 50


def test_many_bad_bases_and_many_bad_reads_are_pointed_out() -> None:
    found = said(mate(random_reads(GOOD, 1600) + random_reads("+" * 100, 400)))
    assert "20 % of the R1 reads have a mean quality below 20." in found["look"]
    found = said(mate(random_reads(GOOD[:60] + ":" * 40)))
    assert "Only 60 % of the bases of R1 have quality 30 or better." in found["look"]


def test_a_cycle_of_unknown_bases_is_pointed_out_with_its_position() -> None:
    reads = [(bases[:33] + "N" + bases[34:], quality) for bases, quality in random_reads(GOOD, 1000)]
    assert "R1 has many unknown bases (N), up to 100 % at base 34." in said(mate(reads))["look"]


@pytest.mark.parametrize(("adapter", "name"), [("AGATCGGAAGAGC", "Illumina TruSeq"), ("CTGTCTCTTATAC", "Nextera")])
def test_reads_that_run_into_an_adapter_are_pointed_out_with_what_to_give_the_trimming_step(
    adapter: str, name: str
) -> None:
    reads = [(bases[:50] + adapter + bases[63:], quality) for bases, quality in random_reads(GOOD, 1000)]
    hints = [hint for hint in findings((mate(reads),)) if hint.level == "look"]
    assert [hint.what for hint in hints] == [f"100 % of the R1 reads run into the {name} adapter."]
    assert adapter[:12] in hints[0].remedy


def test_a_few_adapters_are_no_reason_to_worry() -> None:
    reads = random_reads(GOOD, 1000)
    reads[0] = ("ACGT" + "AGATCGGAAGAG" + reads[0][0][16:], GOOD)
    hints = findings((mate(reads),))
    assert ("good", "Few adapters.", "Found in 0.1 % of the reads.") in [(h.level, h.what, h.why) for h in hints]


def test_qualities_that_are_all_the_same_are_called_no_qualities() -> None:
    assert "All bases of R1 have the same quality, 30." in said(mate(random_reads("?" * 100)))["look"]


def test_the_old_way_to_write_qualities_is_recognised() -> None:
    old = "".join(chr(64 + 20 + place % 20) for place in range(100))
    found = said(mate(random_reads(old)))
    assert "The qualities of R1 are written in the old Illumina way (Phred+64)." in found["stop"]


def test_few_pairs_and_reads_trimmed_before_are_pointed_out() -> None:
    reads = random_reads(GOOD, 900) + random_reads(GOOD[:80], 99)
    found = said(mate(reads), mate(random_reads(GOOD, 999), "R2"))
    assert "There are only 999 pairs." in found["look"]
    assert "The R1 reads are of different length." in found["note"]


def test_a_common_beginning_is_explained_as_the_primer() -> None:
    primer = "GTGCCAGCAGCCGCGGTAA"
    reads = [(primer + bases[19:], quality) for bases, quality in random_reads(GOOD)]
    found = said(mate(reads), mate(random_reads(GOOD), "R2"))
    assert found["note"] == [f"The reads begin alike: R1 with {primer}."]


def test_reads_without_any_base_are_the_only_thing_said() -> None:
    assert said(mate([("", "")]), mate([("", "")], "R2")) == {"stop": ["There are no reads with any base."]}


def test_one_file_without_any_base_is_no_reason_to_fail() -> None:
    assert "R1 is of good quality to its end." in said(mate(random_reads(GOOD)), mate([("", "")] * 1000, "R2"))["good"]
