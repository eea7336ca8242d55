"""Pairs of a shotgun library, whose fragments have any length: what merges is the fragment, as META-pipe needs it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from made_reads import dna, fastq, other_strand

from metapipe.merging.merge_pairs import MergePairs

LENGTH, PAIRS = 150, 300
ADAPTERS = (
    "AGATCGGAAGAGCACACGTCTGAACTCCAGTCACATCACGATCTCGTATGCC",
    "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGTAGATCTCGGTGGTCGCCG",
)


def sequenced(choice: random.Random, letters: str) -> tuple[str, str]:
    """The first bases of a fragment and its adapter with errors as often as their qualities say, and the qualities."""
    letters = (letters + "".join(choice.choices("ACGT", k=LENGTH)))[:LENGTH]
    scores = [max(2, min(41, round(choice.gauss(38 - 14 * (place / LENGTH) ** 2, 4)))) for place in range(LENGTH)]
    bases = [
        choice.choice("ACGT".replace(base, "")) if choice.random() < 10 ** (-score / 10) else base
        for base, score in zip(letters, scores, strict=True)
    ]
    return "".join(bases), "".join(chr(33 + score) for score in scores)


def library(mean: int, deviation: int) -> tuple[list[str], bytes, bytes]:
    """Fragments of a made-up genome, and the mates read from them."""
    choice = random.Random(mean)
    genome = dna(mean, 40_000)
    fragments = []
    for _ in range(PAIRS):
        length = max(40, round(choice.gauss(mean, deviation)))
        start = choice.randrange(len(genome) - length)
        fragments.append(genome[start : start + length])
    first = [(f"p{at}/1", *sequenced(choice, one + ADAPTERS[0])) for at, one in enumerate(fragments)]
    second = [(f"p{at}/2", *sequenced(choice, other_strand(one) + ADAPTERS[1])) for at, one in enumerate(fragments)]
    return fragments, fastq(first), fastq(second)


def merged(fake_task: Callable[..., Any], mates: tuple[bytes, bytes], merger: str) -> dict[int, str]:
    lines = (
        fake_task(MergePairs(), dict(zip(("reads-1", "reads-2"), mates, strict=True)), merger=merger)
        .run()["merged"]
        .decode()
        .split("\n")
    )
    return {int(name[2:]): bases for name, bases in zip(lines[0:-1:4], lines[1::4], strict=False)}


@pytest.mark.parametrize(("mean", "deviation"), [(130, 40), (250, 40), (350, 40), (500, 30)])
def test_vsearch_merges_fragments_and_nothing_by_chance(
    mean: int, deviation: int, fake_task: Callable[..., Any]
) -> None:
    fragments, *mates = library(mean, deviation)
    made = merged(fake_task, (mates[0], mates[1]), "vsearch")
    assert [at for at, bases in made.items() if len(bases) != len(fragments[at])] == []
    overlapping = {at for at, fragment in enumerate(fragments) if len(fragment) <= 2 * LENGTH - 20}
    assert len(overlapping & set(made)) >= 0.99 * len(overlapping)


def test_flash_leaves_fragments_shorter_than_the_reads(fake_task: Callable[..., Any]) -> None:
    fragments, *mates = library(130, 40)
    made = merged(fake_task, (mates[0], mates[1]), "flash")
    assert {at for at, fragment in enumerate(fragments) if len(fragment) < LENGTH - 10} & set(made) == set()
