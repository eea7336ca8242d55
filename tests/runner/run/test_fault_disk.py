"""Disks that are full: on a real one of a few hundred KiB, at every place a run writes to.

The run ends with E501 (exit code 73), nothing half written lies anywhere, the report says so where there is room for
it, and when there is room again the same command goes on from the blocks that are done.
"""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FULL = "cannot write.*No space left on device"


class SmallDisk:
    """A file system of its own that holds no more than it is given (needs root)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs", folder], check=True)

    def resize(self, kib: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={kib}k", self.folder], check=True)

    def left(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "small")
    yield made
    subprocess.run(["umount", made.folder], check=True)


@pytest.fixture
def contigs(tmp_path: Path) -> Path:
    """A file of 400 KB in 8 records."""
    path = tmp_path / "contigs.fasta"
    path.write_text("".join(f">contig_{index}\n{'ACGTT' * 10_000}\n" for index in range(8)))
    return path


def words(contigs: Path, session: str, *more: str | Path) -> list[str | Path]:
    return ["identity", "--contigs", contigs, "--blocks", "8", "--slots", "2", "--session", session, *more]


@pytest.mark.parametrize(("session", "room"), [("inline", 300), ("local", 500)])  # Spark's own files take some 150 KiB
def test_a_disk_that_fills_up_under_the_parts_ends_the_run_and_room_lets_it_go_on(
    session: str, room: int, program: Callable[..., Any], contigs: Path, disk: SmallDisk
) -> None:
    disk.resize(room)
    command = words(contigs, session, "--workdir", disk.folder / "work")
    ended = program(*command).wait()
    ended.must_fail("E501", FULL)
    kept = len(list(disk.folder.glob("work/*/parts/*")))
    assert 1 <= kept < 8
    assert not [name for name in disk.left() if "staging" in name]
    disk.resize(16_384)
    told = program(*command).wait().must_succeed({"copy.fasta": contigs.read_bytes()})
    assert told["totals"]["kept"] == kept
    assert disk.left() == []


def test_a_disk_that_fills_up_while_merging_ends_the_run_and_room_lets_it_go_on(
    program: Callable[..., Any], contigs: Path, disk: SmallDisk, tmp_path: Path
) -> None:
    disk.resize(300)
    command = words(contigs, "inline", "--workdir", tmp_path / "work")
    program(*command, outdir=disk.folder).wait().must_fail("E501", r"copy\.fasta: " + FULL)
    disk.resize(16_384)
    told = program(*command, outdir=disk.folder).wait().must_succeed({"copy.fasta": contigs.read_bytes()})
    assert told["totals"]["kept"] == 8


def test_a_disk_that_fills_up_under_the_uncompressed_copy_ends_the_run(
    program: Callable[..., Any], disk: SmallDisk, tmp_path: Path
) -> None:
    """One large gzip member has no places to cut at, so the file is uncompressed into the working folder."""
    packed = tmp_path / "contigs.fasta.gz"
    packed.write_bytes(gzip.compress(b">a\n" + (b"ACGTACGTAC" * 8 + b"\n") * 900_000, compresslevel=1))
    ended = program(*words(packed, "inline", "--workdir", disk.folder / "work")).wait()
    ended.must_fail("E501", r"contigs\.fasta\.gz: cannot write the uncompressed copy .No space left on device.$")
    assert disk.left() == []


def test_a_disk_that_is_full_for_the_summary_holds_back_the_outputs(
    program: Callable[..., Any], contigs: Path, disk: SmallDisk
) -> None:
    (disk.folder / "ballast").write_bytes(b"x" * 64 * 1024)
    command = words(contigs, "inline", "--summary", disk.folder / "summary.json")
    program(*command).wait().must_fail("E501", r"summary\.json: " + FULL)
    assert disk.left() == ["ballast"]
    (disk.folder / "ballast").unlink()
    assert program(*command).wait().process.returncode == 0
    assert disk.left() == ["summary.json"]


def test_a_disk_that_is_full_for_the_records_set_aside_holds_back_the_outputs(
    program: Callable[..., Any], fasta: Callable[..., Path], disk: SmallDisk
) -> None:
    (disk.folder / "ballast").write_bytes(b"x" * 64 * 1024)
    command = ["poisoned", "--contigs", fasta(6, poison=(3,)), "--how", "exit"]
    ended = program(*command, "--quarantine", disk.folder / "aside.fasta").wait()
    ended.must_fail("E501", r"aside\.fasta: " + FULL)
    assert disk.left() == ["ballast"]


def test_a_disk_that_is_full_for_the_report_still_ends_with_its_code_and_no_output(
    program: Callable[..., Any], contigs: Path, disk: SmallDisk
) -> None:
    (disk.folder / "ballast").write_bytes(b"x" * 64 * 1024)
    ended = program(*words(contigs, "inline", "--report", disk.folder / "report.json")).wait()
    ended.must_fail("E501", r"report\.json: " + FULL, report=False)
    assert disk.left() == ["ballast"]


def test_a_disk_that_is_full_from_the_start_is_told_at_once(
    program: Callable[..., Any], contigs: Path, disk: SmallDisk
) -> None:
    (disk.folder / "ballast").write_bytes(b"x" * 64 * 1024)
    ended = program(*words(contigs, "inline"), outdir=disk.folder).wait()
    assert (ended.process.returncode, ended.errors.count("\n")) == (73, 1)
    assert ended.errors.startswith("METAPIPE-E501 ")
    assert disk.left() == ["ballast"]
