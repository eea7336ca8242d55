"""Real 16S reads of desert soils through the read stages, against what DADA2 infers from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from made_reads import reads_of

from fake_task import read_records
from metapipe.biomas.reads.dereplicate import Dereplicate
from metapipe.biomas.reads.trim_unmerged import TrimUnmerged
from metapipe.merging.merge_pairs import MergePairs

ATACAMA = Path(__file__).parent / "data" / "atacama"


def merged(fake_task: Callable[..., Any], **options: Any) -> Mapping[str, bytes]:
    reads = {f"reads-{mate}": (ATACAMA / f"reads_{mate}.fastq.gz").read_bytes() for mate in (1, 2)}
    outputs: Mapping[str, bytes] = fake_task(MergePairs(), reads, **options).run()
    return outputs


@pytest.mark.parametrize(
    ("options", "share"), [({}, 0.96), ({"fragment_length": 253}, 0.96), ({"merger": "vsearch"}, 0.94)]
)
def test_nearly_all_pairs_merge_to_the_length_of_v4(
    fake_task: Callable[..., Any], options: dict[str, Any], share: float
) -> None:
    lengths = Counter(len(bases) for _, bases, _ in reads_of(merged(fake_task, **options)["merged"]))
    assert lengths.total() >= share * 1000
    assert sum(lengths[length] for length in (252, 253, 254)) >= 0.97 * lengths.total()


@pytest.mark.parametrize("merger", ["flash", "vsearch"])
def test_every_sequence_that_dada2_infers_is_among_the_distinct_merged_reads(
    fake_task: Callable[..., Any], merger: str
) -> None:
    reads = merged(fake_task, merger=merger)["merged"]
    made = fake_task(Dereplicate(), {"reads": reads}).run()["unique"]
    distinct = {bases for _, bases, _ in reads_of(made)}
    variants = {record.sequence.decode() for record in read_records(ATACAMA / "dada2_variants.fasta")}
    assert len(variants) == 18
    assert variants <= distinct


def test_unmerged_pairs_that_are_good_enough_stay_pairs(fake_task: Callable[..., Any]) -> None:
    made = merged(fake_task)
    task = fake_task(TrimUnmerged(), {f"reads-{mate}": made[f"unmerged-{mate}"] for mate in (1, 2)})
    trimmed = task.run()
    pairs = task.notes["pairs"]
    assert 10 < pairs["after"] < pairs["before"] < 40
    assert len(reads_of(trimmed["trimmed-1"])) == len(reads_of(trimmed["trimmed-2"])) == pairs["after"]
