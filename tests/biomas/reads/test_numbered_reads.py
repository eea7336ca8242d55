"""Reads find their way back by their numbers, and a program that lost the thread is caught."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_reads import fastq, pair

from metapipe.biomas.reads.dereplicate import Dereplicate
from metapipe.biomas.reads.trim_unmerged import TrimUnmerged
from metapipe.errors import MetapipeError
from metapipe.merging.merge_pairs import MergePairs
from metapipe.merging.numbered_reads import NumberedRead, fastq_record, read_numbered, with_numbers
from metapipe.runner.declare.stage import Stage

reads = st.dictionaries(st.integers(1, 60), st.text("ACGTN", max_size=20).map(str.encode)).map(
    lambda found: [NumberedRead(number, found[number], b"I" * len(found[number])) for number in sorted(found)]
)


def written(path: Path, found: list[NumberedRead]) -> Path:
    path.write_bytes(b"".join(fastq_record(str(read.number), *read[1:]) for read in found))
    return path


@given(reads)
def test_every_number_has_its_read_or_none(tmp_path: Path, found: list[NumberedRead]) -> None:
    by_number = {read.number: read for read in found}
    back = with_numbers(read_numbered(written(tmp_path / "x.fastq", found), "program"), 60)
    assert list(back) == [by_number.get(number) for number in range(1, 61)]


@pytest.mark.parametrize(
    "content",
    [
        b"@2\nA\n+\nI\n@1\nA\n+\nI\n",
        b"@1\nA\n+\nI\n@1\nA\n+\nI\n",
        b"@1 x\nA\n+\nI\n",
        b"@x\nA\n+\nI\n",
        b"@0\nA\n+\nI\n",
        b">1\nA\n",
        b"@1\nAC\n+\nI\n",
        b"@1\nAC\nII\n",
        b"@1\nA",
        b"@1\n",
        b"\n",
    ],
)
def test_anything_else_than_reads_in_order_under_their_numbers_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.fastq").write_bytes(content)
    with pytest.raises(MetapipeError) as refused:
        list(read_numbered(tmp_path / "x.fastq", "program"))
    assert refused.value.code == "E403"


def test_a_number_that_was_never_given_is_refused() -> None:
    with pytest.raises(MetapipeError, match="read 4 of 3"):
        list(with_numbers([NumberedRead(4, b"A", b"I")], 3))


#: Programs that end with success and have not done all their work, and the stage that must notice.
LIARS = {
    "flash reads half": (
        MergePairs(),
        {},
        "flash",
        'touch "$SCRATCH/flash.extendedFrags.fastq"; echo "[FLASH] Total pairs:      1"; echo complete!',
    ),
    "vsearch says nothing": (MergePairs(), {"merger": "vsearch"}, "vsearch", "echo Merged >&2"),
    "cutadapt forgets a mate": (
        TrimUnmerged(),
        {},
        "cutadapt",
        """printf '@1\\nACGT\\n+\\nIIII\\n' > "$SCRATCH/trimmed-1.fastq"; touch "$SCRATCH/trimmed-2.fastq"; """
        """echo '{"read_counts": {"input": 2, "read1_with_adapter": 0, "read2_with_adapter": 0}}' """
        """> "$SCRATCH/cutadapt.json"; echo Finished in""",
    ),
    "vsearch loses reads": (
        Dereplicate(),
        {"min_length": 1},
        "vsearch",
        """printf '@1;size=1\\nACGT\\n+\\nIIII\\n' > "$SCRATCH/uniques.fastq"; echo Writing FASTQ output file""",
    ),
}


@pytest.mark.parametrize("liar", LIARS)
def test_a_program_that_did_less_than_it_should_is_no_success(
    fake_task: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, liar: str
) -> None:
    stage: Stage
    stage, options, program, script = LIARS[liar]
    pairs = [pair("a", "ACGT" * 30, 80), pair("b", "GGCA" * 30, 80)]
    both = {f"reads-{mate + 1}": fastq([mates[mate] for mates in pairs]) for mate in (0, 1)}
    task = fake_task(stage, {"reads": both["reads-1"]} if isinstance(stage, Dereplicate) else both, **options)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / program).write_text(f"#!/bin/sh\nSCRATCH={task.scratch}\n{script}\n")
    (tmp_path / "bin" / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(MetapipeError) as refused:
        task.run()
    assert refused.value.code == "E403"
