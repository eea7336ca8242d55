"""The benchmark of mapping: reads come from where its truth says, and counts are judged by how far they are off."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.parts.mapping import READ, judged, make_community

from metapipe.formats.fasta_text import reverse_complement


def test_counts_like_the_truth_have_no_error_and_others_as_much_as_they_are_off() -> None:
    truth = {"a": 200, "b": 100, "c": 0}
    assert judged(truth, truth) == {
        "reads_counted": 300,
        "reads_in_truth": 300,
        "wrong_share": 0.0,
        "median_error": 0.0,
        "worst_tenth": 0.0,
        "empty_with_reads": 0,
    }
    off = judged({"a": 180, "b": 110, "c": 10}, truth)
    assert off["wrong_share"] == pytest.approx(40 / 300, abs=1e-4)
    assert (off["median_error"], off["empty_with_reads"]) == (0.1, 1)


def test_reads_are_of_the_contigs_that_the_truth_counts_them_for(tmp_path: Path) -> None:
    truth = make_community(tmp_path, 20_000, 200)
    contigs = {
        name.decode(): letters
        for name, _, letters in (
            record.partition(b"\n") for record in (tmp_path / "contigs.fasta").read_bytes().split(b">")[1:]
        )
    }
    assert set(truth) == set(contigs)
    reads = [line for mate in (1, 2) for line in (tmp_path / f"reads_{mate}.fastq").read_bytes().splitlines()[1::4]]
    assert len(reads) == 400
    assert {len(read) for read in reads} == {READ}
    # Fragments keep long stretches without an error, by which most are found without a program.
    whole = b"|".join([*contigs.values(), *map(reverse_complement, contigs.values())])
    known = sum(any(read[at : at + 40] in whole for at in (0, 50, 100)) for read in reads)
    assert known == pytest.approx(sum(truth.values()), abs=4)
