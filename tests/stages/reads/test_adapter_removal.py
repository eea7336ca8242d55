"""The way to fastp and back loses no pair, whatever the reads are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.stages.reads.adapter_removal import Read, fastp_command, read_back, write_numbered

PAIRS = [
    (Read(b"same name; rm -rf '*'", b"ACGT", b"IIII"), Read(b"same", b"GG", b"II")),
    (Read(b"same name; rm -rf '*'", b"A", b"I"), Read(b"same", b"CCC", b"III")),
    (Read(b"2 3", b"TTT", b"!!!"), Read(b"", b"C", b"I")),
]


def move(folder: Path, source: str, target: str) -> None:
    (folder / source).rename(folder / target)


def test_pairs_written_are_the_pairs_read_back(tmp_path: Path) -> None:
    assert write_numbered(PAIRS, tmp_path) == (3, True)
    for mate in "12":
        move(tmp_path, f"{mate}.fastq", f"cut-{mate}.fastq")
        (tmp_path / f"lone-{mate}.fastq").touch()
    assert list(read_back(tmp_path, 3)) == PAIRS


def test_a_mate_that_was_all_adapter_comes_back_empty_and_its_partner_is_found_among_the_lone(tmp_path: Path) -> None:
    (tmp_path / "cut-1.fastq").write_bytes(b"@1 a\nAC\n+\nII\n@4 d\nAC\n+\nII\n")
    (tmp_path / "cut-2.fastq").write_bytes(b"@1 a\nGT\n+\nII\n@4 d\nGT\n+\nII\n")
    (tmp_path / "lone-1.fastq").write_bytes(b"@2 b\nCC\n+\nII\n")
    (tmp_path / "lone-2.fastq").write_bytes(b"")
    back = list(read_back(tmp_path, 4))
    assert [(first.sequence, second.sequence) for first, second in back] == [
        (b"AC", b"GT"),
        (b"CC", b""),
        (b"", b""),
        (b"AC", b"GT"),
    ]


def test_reads_in_another_order_are_not_taken_for_success(tmp_path: Path) -> None:
    for name in ("cut-2", "lone-1", "lone-2"):
        (tmp_path / f"{name}.fastq").touch()
    (tmp_path / "cut-1.fastq").write_bytes(b"@2 b\nAC\n+\nII\n@1 a\nAC\n+\nII\n")
    with pytest.raises(MetapipeError) as refused:
        list(read_back(tmp_path, 2))
    assert refused.value.code == "E403"


def test_nothing_that_looks_beyond_one_pair_is_switched_on(tmp_path: Path) -> None:
    command = [str(word) for word in fastp_command(tmp_path, "ACGT", "TGCA")]
    assert {"--disable_trim_poly_g", "--dont_eval_duplication", "--adapter_sequence", "--adapter_sequence_r2"} <= set(
        command
    )
    assert not {"--detect_adapter_for_pe", "--dedup", "--correction", "--merge"} & set(command)
