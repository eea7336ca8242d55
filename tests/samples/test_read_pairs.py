"""Finding read pairs in a folder."""

import bz2
import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.formats.gzip_files import is_gzip
from metapipe.samples.read_pairs import find_samples

RECORD = b"@read1\nACGT\n+\nIIII\n"


def put(folder: Path, *names: str) -> None:
    for name in names:
        content = gzip.compress(RECORD) if name.endswith(".gz") else RECORD
        (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("first", "second", "sample"),
    [
        ("sea_R1.fastq.gz", "sea_R2.fastq.gz", "sea"),
        ("ERR2206779_1.fastq.gz", "ERR2206779_2.fastq.gz", "ERR2206779"),
        ("S1_L001_R1_001.fastq.gz", "S1_L001_R2_001.fastq.gz", "S1_L001"),
        ("sea.1.fq", "sea.2.fq", "sea"),
        ("my sea; 'x'_R1.fq.gz", "my sea; 'x'_R2.fq.gz", "my sea; 'x'"),
        ("sea_r1.FASTQ", "sea_r2.FASTQ", "sea"),
        ("station_1_R1.fastq", "station_1_R2.fastq", "station_1"),
        ("SRR0000001_1.fastq", "SRR0000001_2.fastq", "SRR0000001"),
        ("sea_F.fastq.gz", "sea_R.fastq.gz", "sea"),
        ("sea.f.fq", "sea.r.fq", "sea"),
        ("sea_forward.fq.gz", "sea_reverse.fq.gz", "sea"),
        ("sea-Fwd.fq", "sea-Rev.fq", "sea"),
        ("sea_read1.fq", "sea_read2.fq", "sea"),
        ("sea_1_val_1.fq.gz", "sea_2_val_2.fq.gz", "sea"),
        ("S1_L001_R1_001_val_1.fq.gz", "S1_L001_R2_001_val_2.fq.gz", "S1_L001"),
    ],
)
def test_mates_are_recognised_by_the_usual_endings(tmp_path: Path, first: str, second: str, sample: str) -> None:
    put(tmp_path, second, first)
    found = find_samples(tmp_path)
    assert [(one.name, one.first.name, one.second.name) for one in found] == [(sample, first, second)]


def test_several_samples_come_in_order_of_their_names_and_other_files_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "b_1.fq", "b_2.fq", "a_1.fq", "a_2.fq")
    (tmp_path / "README.txt").write_text("no reads")
    (tmp_path / "truth").mkdir()
    assert [sample.name for sample in find_samples(tmp_path)] == ["a", "b"]


def test_a_folder_that_does_not_exist_is_e201(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E201 nowhere: .*no such folder"):
        find_samples(tmp_path / "nowhere")


def test_a_folder_without_reads_is_e201_and_says_how_files_must_be_called(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E201 .*SAMPLE_R1\.fastq\.gz"):
        find_samples(tmp_path)


def test_a_file_without_its_mate_is_e106_and_names_the_missing_file(tmp_path: Path) -> None:
    put(tmp_path, "sea_R1.fastq.gz")
    with pytest.raises(MetapipeError, match=r"E106 sea_R1\.fastq\.gz: its mate is missing, expected sea_R2\.fastq\.gz"):
        find_samples(tmp_path)


def test_a_file_whose_name_says_no_mate_is_e106(tmp_path: Path) -> None:
    put(tmp_path, "sea.fastq")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E106 sea\.fastq"):
        find_samples(tmp_path)


def test_a_file_whose_name_says_no_mate_is_a_sample_where_single_reads_are_taken(tmp_path: Path) -> None:
    put(tmp_path, "sea.fastq", "bay_R1.fq.gz", "bay_R2.fq.gz", "lagoon 2.fq.gz", "pier_10.fq")
    found = find_samples(tmp_path, single_too=True)
    assert [(one.name, [file.name for file in one.files]) for one in found] == [
        ("bay", ["bay_R1.fq.gz", "bay_R2.fq.gz"]),
        ("lagoon 2", ["lagoon 2.fq.gz"]),
        ("pier_10", ["pier_10.fq"]),
        ("sea", ["sea.fastq"]),
    ]
    assert len({one.digest() for one in found}) == 3, "sea and pier hold the same bytes"


def test_a_lost_mate_is_refused_where_single_reads_are_taken_too(tmp_path: Path) -> None:
    put(tmp_path, "sea_R1.fastq.gz")
    with pytest.raises(MetapipeError, match=r"E106 sea_R1\.fastq\.gz: its mate is missing, .*without a mate's number"):
        find_samples(tmp_path, single_too=True)


@pytest.mark.parametrize("other", ["sea.fq.gz", "sea.FASTQ"])
def test_a_pair_and_a_single_file_of_one_name_are_e107(tmp_path: Path, other: str) -> None:
    put(tmp_path, "sea_1.fq", "sea_2.fq", other)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E107 .*a second file for sample sea"):
        find_samples(tmp_path, single_too=True)


def test_the_same_sample_twice_is_e107(tmp_path: Path) -> None:
    put(tmp_path, "sea_1.fq", "sea_2.fq", "sea_R1.fq", "sea_R2.fq")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E107 .* sample sea"):
        find_samples(tmp_path)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "E108"),
        (gzip.compress(b""), "E108"),
        (b">contig\nACGT\n", "E102"),
        (gzip.compress(b">contig\nACGT\n"), "E102"),
        (gzip.compress(RECORD)[:10], "E104"),
        (gzip.compress(gzip.compress(RECORD)), "E102"),
        (bz2.compress(RECORD), "E102"),
        (b"\x1f\x8b\x08\x00" + b"no gzip data at all", "E105"),
    ],
)
def test_what_is_visibly_no_fastq_is_refused_before_it_is_uploaded(tmp_path: Path, content: bytes, code: str) -> None:
    put(tmp_path, "sea_1.fq")
    (tmp_path / "sea_2.fq").write_bytes(content)
    with pytest.raises(MetapipeError, match=r"sea_2\.fq") as caught:
        find_samples(tmp_path)
    assert caught.value.code == code


def test_what_is_no_fastq_is_named_and_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    put(tmp_path, "sea_1.fq")
    (tmp_path / "sea_2.fq").write_bytes(bz2.compress(RECORD))
    with pytest.raises(MetapipeError, match=r"METAPIPE-E102 sea_2\.fq: this is a bzip2 archive; unpack it"):
        find_samples(tmp_path)
    (tmp_path / "sea_2.fq").write_bytes(b"\xef\xbb\xbf" + RECORD)
    assert [sample.name for sample in find_samples(tmp_path)] == ["sea"]


@pytest.mark.parametrize("ending", ["bz2", "xz", "zst", "zip", "tar.gz"])
def test_reads_packed_in_another_way_are_not_left_out_in_silence(ending: str, tmp_path: Path) -> None:
    put(tmp_path, "sea_1.fq", "sea_2.fq")
    (tmp_path / f"bay_1.fastq.{ending}").write_bytes(b"x")
    with pytest.raises(
        MetapipeError, match=rf"METAPIPE-E102 bay_1\.fastq\.{ending}: is neither plain nor gzip; unpack"
    ):
        find_samples(tmp_path)


@settings(max_examples=300)
@given(
    start=st.sampled_from(
        [b"", b"@", b"\x1f\x8b", b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"\xef\xbb\xbf@", gzip.compress(RECORD)[:20]]
    ),
    rest=st.binary(max_size=40),
)
def test_files_of_any_bytes_are_taken_or_refused(start: bytes, rest: bytes, tmp_path: Path) -> None:
    put(tmp_path, "sea_1.fq")
    (tmp_path / "sea_2.fq").write_bytes(start + rest)
    code = ""
    try:
        find_samples(tmp_path)
    except MetapipeError as error:
        code = error.code
    assert code in ("", "E102", "E104", "E105", "E108")


def test_the_digest_knows_the_same_reads_again_and_tells_swapped_mates_apart(tmp_path: Path) -> None:
    for folder, (one, two) in {"a": ("AC", "GT"), "b": ("AC", "GT"), "c": ("GT", "AC")}.items():
        (tmp_path / folder).mkdir()
        for mate, bases in (("1", one), ("2", two)):
            (tmp_path / folder / f"{folder}_{mate}.fq").write_text(f"@r\n{bases}\n+\nII\n")
    a, b, c = (find_samples(tmp_path / folder)[0].digest() for folder in "abc")
    assert a == b
    assert a != c


def test_compression_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    (tmp_path / "plain.fq.gz").write_bytes(RECORD)
    (tmp_path / "compressed.fq").write_bytes(gzip.compress(RECORD))
    assert not is_gzip(tmp_path / "plain.fq.gz")
    assert is_gzip(tmp_path / "compressed.fq")
