from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

import pytest

from metapipe.demo.build import build_demo
from metapipe.demo.testdata import SUMS, TINY_DATABASES, build_test_data, compare_folders
from metapipe.refdb.manifest import read_manifest
from metapipe.refdb.verify import verify

MEGABYTE = 1_000_000


def listed(test_data: Path) -> dict[str, str]:
    return {line[66:]: line[:64] for line in (test_data / SUMS).read_text().splitlines()}


def test_every_file_is_the_one_its_recipe_gave(test_data: Path) -> None:
    for path, digest in listed(test_data).items():
        assert hashlib.sha256((test_data / path).read_bytes()).hexdigest() == digest, path


def test_no_file_is_larger_than_a_megabyte_and_all_are_below_ten(test_data: Path) -> None:
    sizes = {path: (test_data / path).stat().st_size for path in listed(test_data)}
    assert max(sizes.values()) <= MEGABYTE
    assert sum(sizes.values()) <= 10 * MEGABYTE


@pytest.mark.parametrize(
    ("label", "digest"),
    [
        ("metapipe-tiny-proteins:1", "9a1d9553c327215506841887dc6fe0cdf71a232f672d06c5b74db0268d91adf4"),
        ("metapipe-tiny-domains:1", "ceaabbd158786b013d2e72e90e0464458e26cbbfb56fc886877e8a1d0082fdc6"),
        ("metapipe-tiny-markers:1", "3ac775d14d7828ff61f0c93ccf51141749a16c5a9056d3c428112b3460f17a31"),
        ("biomas-tiny-16s:1", "e8d6a35f115ba7850d7f4ac1d32b954b599886a984ff9676409c505c0ce682fe"),
    ],
)
def test_the_tiny_databases_are_whole_and_have_their_digests(test_data: Path, label: str, digest: str) -> None:
    assert label in TINY_DATABASES
    folder = test_data / "refdb" / label.replace(":", "/")
    verify(folder, full=True)
    assert read_manifest(folder).digest == digest


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("truncated.fastq.gz", EOFError),
        ("bad_crc.fastq.gz", gzip.BadGzipFile),
        ("bad_crc_second_member.fastq.gz", gzip.BadGzipFile),
        ("not_gzip.fastq.gz", zlib.error),
    ],
)
def test_damaged_archives_are_damaged_as_they_claim(test_data: Path, file: str, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        gzip.decompress((test_data / "bad" / file).read_bytes())


@pytest.mark.parametrize("file", ["multi_member.fastq.gz", "blocked.fastq.gz"])
def test_unusual_archives_hold_whole_records(test_data: Path, file: str) -> None:
    reads = gzip.decompress((test_data / "reads_1.fastq.gz").read_bytes()).splitlines(keepends=True)
    assert gzip.decompress((test_data / "unusual" / file).read_bytes()) == b"".join(reads[:800])


def test_differences_between_two_copies_are_named(tmp_path: Path) -> None:
    for copy, contents in {"old": {"a": "1", "b": "2", "c": "3"}, "new": {"a": "1", "b": "x", "d": "4"}}.items():
        (tmp_path / copy).mkdir()
        for name, text in contents.items():
            (tmp_path / copy / name).write_text(text)
        sums = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in contents.items()]
        (tmp_path / copy / SUMS).write_text("".join(sums))
    assert compare_folders(tmp_path / "new", tmp_path / "old") == [
        "b: differs", "c: only in the committed copy", "d: only in the fresh copy",
    ]  # fmt: skip


def test_test_contigs_are_pieces_of_the_truth_on_either_strand(test_data: Path) -> None:
    text = (test_data / "contigs.fasta").read_text()
    headers = [line[1:].split() for line in text.splitlines() if line.startswith(">")]
    assert [header[0] for header in headers] == [f"contig_{number:06d}" for number in range(1, 6)]
    assert [header[1][-2] for header in headers] == ["+", "-", "+", "-", "+"]


@pytest.mark.slow
def test_a_fresh_build_from_public_packages_gives_the_committed_files(
    test_data: Path, tmp_path: Path, downloads: Path
) -> None:
    build_test_data(tmp_path, downloads)
    assert compare_folders(tmp_path, test_data) == []


@pytest.mark.slow
def test_the_demo_is_built_once_and_mended_when_damaged(tmp_path: Path, downloads: Path) -> None:
    folder = tmp_path / "demo"
    assert build_demo(folder, "test", downloads) is True
    assert build_demo(folder, "test", downloads) is False
    (folder / "truth" / "genes.tsv").write_text("altered")
    assert build_demo(folder, "test", downloads) is True
    assert build_demo(folder, "test", downloads) is False
