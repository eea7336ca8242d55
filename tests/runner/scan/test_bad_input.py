"""Every kind of bad input gets its code, its file, its line, what was expected and what was found."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.formats.mate_names import WORDS
from metapipe.runner.blocks import stream
from metapipe.runner.declare.elements import Fasta, Fastq, FastqPairs, Table
from metapipe.runner.declare.stage import Stage
from metapipe.runner.run.inputs import read_inputs
from metapipe.runner.scan import lines as scan_lines
from metapipe.runner.scan.scan import scan_file

FASTA, FASTQ = b">a\nACGT\n>b\nGGTT\n", b"@a\nACGT\n+\nIIII\n@b\nGG\n+\nII\n"


def inputs(tmp_path: Path, records: Fasta | Fastq | FastqPairs | Table, *contents: bytes) -> None:
    stage = type("Some", (Stage,), {"records": records})
    paths = {}
    for name, content in zip(records.files, contents, strict=True):
        paths[name] = tmp_path / f"{name}.dat"
        paths[name].write_bytes(content)
    read_inputs(stage, paths, {name: f"my {name}" for name in paths}, tmp_path)


def says(code: str, text: str, action: Callable[[], object]) -> None:
    with pytest.raises(MetapipeError) as caught:
        action()
    assert str(caught.value) == f"METAPIPE-{code} {text}"


BAD_FASTA = {
    "text": (b"hello\n", "E101", "my f line 1: expected '>' at the start of a record, found 'hello'"),
    "text after blank lines": (
        b"\n\r\nACGT\n>a\nA\n",
        "E101",
        "my f line 3: expected '>' at the start of a record, found 'ACGT'",
    ),
    "FASTQ": (FASTQ, "E101", "my f line 1: expected '>' at the start of a record, found '@a'"),
    "no name": (b">a\nA\n>\nA\n", "E101", "my f line 3: expected a name after '>', found '>'"),
    "blank name": (b">a\nA\n> b\nA\n", "E101", "my f line 3: expected a name after '>', found '> b'"),
    "zero byte": (b">a\nAC\0T\n", "E101", "my f line 2: expected text, found 'AC\\x00T'"),
    "zero byte in a header": (b">a\0\nACT\n", "E101", "my f line 1: expected text, found '>a\\x00'"),
    "junk": (b"\xff\xfa\x00\x01", "E101", "my f line 1: expected text, found '\\xff\\xfa\\x00\\x01'"),
    "carriage returns": (
        b">a\rACGT\r>b\rAC\r",
        "E101",
        "my f line 1: expected a line feed after every carriage return, found '>a\\rACGT\\r>b\\rAC'",
    ),
    "one carriage return": (
        b">a\r\nAC\rGT\r\n",
        "E101",
        "my f line 2: expected a line feed after every carriage return, found 'AC\\rGT'",
    ),
    "letter": (b">a\nACGT\nAC1T\n", "E109", "my f line 3: expected nucleotides (IUPAC letters), found '1'"),
    "blank": (b">a\nACGT ACG\n", "E109", "my f line 2: expected nucleotides (IUPAC letters), found ' '"),
    "protein": (b">a\nMKVLE\n", "E110", "my f line 2: expected nucleotides (IUPAC letters), found 'L'"),
    "first fault first": (b">a\nMKVLE\n>\n", "E110", "my f line 2: expected nucleotides (IUPAC letters), found 'L'"),
    "twice": (b">a x\nA\n>b\nA\n>a y\nA\n", "E107", "my f line 5: expected a name not used before (line 1), found 'a'"),
    "empty": (b"", "E108", "my f: expected at least one FASTA record, found 'none'"),
    "blank lines": (b"\n\r\n\n", "E108", "my f: expected at least one FASTA record, found 'none'"),
}
BAD_FASTQ = {
    "FASTA": (FASTA, "E102", "my f line 1: expected '@' at the start of a record, found '>a'"),
    "text": (b"hello", "E102", "my f line 1: expected '@' at the start of a record, found 'hello'"),
    "no plus": (b"@a\nA\nI\n+\n", "E102", "my f line 3: expected '+' before the qualities, found 'I'"),
    "no name": (b"@\nA\n+\nI\n", "E102", "my f line 1: expected a name after '@', found '@'"),
    "blank name": (b"@ a\nA\n+\nI\n", "E102", "my f line 1: expected a name after '@', found '@ a'"),
    "uneven": (FASTQ[:-2] + b"\n", "E103", "my f line 8: expected 2 qualities, one for each base, found '1'"),
    "cut": (FASTQ[:-5], "E102", "my f line 7: expected four lines a record, found 'the end of the file'"),
    "cut in a name": (FASTQ + b"@c", "E102", "my f line 10: expected four lines a record, found 'the end of the file'"),
    "line lost": (
        b"@a\nACGT\n+\n@b\nGG\n+\nII\n@c\nA\n+\nI\n",
        "E103",
        "my f line 4: expected 4 qualities, one for each base, found '2'",
    ),
    "base": (b"@a\nACXT\n+\nIIII\n", "E109", "my f line 2: expected bases (IUPAC letters), found 'X'"),
    "quality": (b"@a\nACGT\n+\nII I\n", "E102", "my f line 4: expected qualities ('!' to '~'), found 'II I'"),
    "blank line within": (
        FASTQ + b"\n" + FASTQ.replace(b"@", b"@x"),
        "E102",
        "my f line 10: expected nothing after a blank line, found '@xa'",
    ),
    "text after four blank lines": (
        FASTQ + b"\n\n\n\nhello\n",
        "E102",
        "my f line 13: expected nothing after a blank line, found 'hello'",
    ),
    "zero byte": (b"@a\nA\n+\n\0\n", "E102", "my f line 4: expected text, found '\\x00'"),
    "carriage returns": (
        b"@a\rACGT\r+\rIIII\r",
        "E102",
        "my f line 1: expected a line feed after every carriage return, found '@a\\rACGT\\r+\\rIIII'",
    ),
    "twice": (FASTQ + b"@a\nA\n+\nI\n", "E107", "my f line 9: expected a name not used before (line 1), found 'a'"),
    "empty": (b"", "E108", "my f: expected at least one FASTQ record, found 'none'"),
    "two faults": (
        b"@a\nA\n+\nII\nxb\nA\n+\nI\n",
        "E103",
        "my f line 4: expected 1 qualities, one for each base, found '2'",
    ),
}


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("case", BAD_FASTA)
def test_a_bad_fasta_file_is_refused_in_words(
    case: str, packed: bool, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, code, text = BAD_FASTA[case]
    monkeypatch.setattr(stream, "CHUNK", chunk)
    says(code, text, lambda: inputs(tmp_path, Fasta("f"), gzip.compress(content) if packed else content))


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("case", BAD_FASTQ)
def test_a_bad_fastq_file_is_refused_in_words(
    case: str, packed: bool, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, code, text = BAD_FASTQ[case]
    monkeypatch.setattr(stream, "CHUNK", chunk)
    says(code, text, lambda: inputs(tmp_path, Fastq("f"), gzip.compress(content) if packed else content))


def test_amino_acids_are_checked_as_such(tmp_path: Path) -> None:
    inputs(tmp_path, Fasta("f", alphabet="aa"), b">a\nMKVLE*XBZJOU-\nmk\n")
    says(
        "E109",
        "my f line 2: expected amino acids (IUPAC letters), found '1'",
        lambda: inputs(tmp_path, Fasta("f", alphabet="aa"), b">a\nMK1\n"),
    )


@pytest.mark.parametrize("content", [b"ACGTTGCA" * 30, b"acguugcaN" * 30, b"ACGTTGCAAGCT\n" * 20 + b"RYK"])
@pytest.mark.parametrize("long", [16, 8 << 20])
def test_nucleotides_are_no_proteins(
    content: bytes, long: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_lines, "LONG", long)
    text = "my f: expected proteins, found 'nucleotides'"
    for fasta in (b">a\n%s\n" % content, b">a\nACGT\n>b\n%s\n" % content):
        says("E122", text, lambda fasta=fasta: inputs(tmp_path, Fasta("f", alphabet="aa"), fasta))
        inputs(tmp_path, Fasta("f"), fasta)


@pytest.mark.parametrize("content", [b"AATAATAAT" * 50, b"GGAGAGS" * 50, b"ACGTN" * 20, b"MKVLACGTAC" * 30])
def test_peptides_of_few_letters_are_proteins(content: bytes, tmp_path: Path) -> None:
    inputs(tmp_path, Fasta("f", alphabet="aa"), b">a\n%s\n" % content)


@pytest.mark.parametrize("keep", range(1, 60, 3))
def test_a_gzip_file_cut_anywhere_is_refused(keep: int, tmp_path: Path) -> None:
    packed = gzip.compress(bytes(range(62, 200)))
    assert keep < len(packed)
    with pytest.raises(MetapipeError) as caught:
        inputs(tmp_path, Fasta("f"), packed[:keep])
    assert caught.value.code == ("E101" if keep == 1 else "E104")
    if keep > 1:
        assert str(caught.value) == "METAPIPE-E104 my f: expected the end of a gzip member, found 'the end of the file'"


def test_a_cut_second_member_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(FASTA) + gzip.compress(b">c\nACGT\n")[:-5]
    with pytest.raises(MetapipeError, match="METAPIPE-E104 my f: "):
        inputs(tmp_path, Fasta("f"), packed)


@pytest.mark.parametrize("member", [0, 1])
@pytest.mark.parametrize("place", [-8, -4], ids=["checksum", "length"])
def test_a_wrong_checksum_of_any_member_is_refused(member: int, place: int, tmp_path: Path) -> None:
    members = [bytearray(gzip.compress(FASTA)), bytearray(gzip.compress(b">c\nACGT\n"))]
    members[member][place] ^= 0x55
    with pytest.raises(MetapipeError, match="METAPIPE-E105 my f: damaged gzip data"):
        inputs(tmp_path, Fasta("f"), bytes(members[0] + members[1]))


def test_bytes_after_the_last_member_are_refused(tmp_path: Path) -> None:
    says(
        "E105",
        "my f: expected a gzip member or the end of the file, found 'garbage'",
        lambda: inputs(tmp_path, Fasta("f"), gzip.compress(FASTA) + b"garbage"),
    )
    with pytest.raises(MetapipeError, match="METAPIPE-E105"):
        inputs(tmp_path, Fasta("f"), gzip.compress(FASTA) + b"\0" * 600_000 + b"x")


def test_an_empty_gzip_file_is_empty(tmp_path: Path) -> None:
    says(
        "E108",
        "my f: expected at least one FASTA record, found 'none'",
        lambda: inputs(tmp_path, Fasta("f"), gzip.compress(b"")),
    )


def test_a_folder_a_missing_file_and_one_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    says("E201", "x: a folder, not a file", lambda: scan_file(tmp_path, "x", "fasta"))
    says("E201", "x: cannot be read (No such file or directory)", lambda: scan_file(tmp_path / "no", "x", "fasta"))
    says("E201", "x: not a regular file", lambda: scan_file(Path("/dev/null"), "x", "fasta"))
    # Permissions mean nothing to root, reading one's own memory at place 0 fails for everybody.
    says("E201", "x: cannot be read (Input/output error)", lambda: scan_file(Path("/proc/self/mem"), "x", "fasta"))


def reads(*names: str) -> bytes:
    return "".join(f"@{name}\nACGT\n+\nIIII\n" for name in names).encode()


MATES = {
    "other name": (
        reads("a/1", "b/1"),
        reads("a/2", "c/2"),
        "my two line 5: expected the mate of 'b/1' (my one), found 'c/2'",
    ),
    "swapped": (
        reads("a 1:N:0", "b 1:N:0"),
        reads("b 2:N:0", "a 2:N:0"),
        "my two line 1: expected the mate of 'a' (my one), found 'b'",
    ),
    "second ends early": (
        reads("a/1", "b/1"),
        reads("a/2"),
        "my two line 5: expected the mate of 'b/1' (my one), found 'the end of the file'",
    ),
    "first ends early": (
        reads("a/1"),
        reads("a/2", "b/2"),
        "my one line 5: expected the mate of 'b/2' (my two), found 'the end of the file'",
    ),
    "first mates twice": (
        reads("a/1", "b/1"),
        reads("a/1", "b/1").replace(b"C", b"T"),
        "my two line 1: holds the first mates, by their names, as my one does; choose the other file of the pair",
    ),
    "second mates twice": (
        reads("a 2:N:0:AC", "b 2:N:0:AC"),
        reads("a 2:N:0:AC", "b 2:N:0:AC").replace(b"C", b"T"),
        "my two line 1: holds the second mates, by their names, as my one does; choose the other file of the pair",
    ),
    "first mates twice, as ENA names them": (
        reads("S.1 HWI/1", "S.2 HWJ/1"),
        reads("S.1 HWI/1", "S.2 HWJ/1").replace(b"C", b"T"),
        "my two line 1: holds the first mates, by their names, as my one does; choose the other file of the pair",
    ),
    "first mates twice, as SRA names them": (
        reads("S.1.1", "S.2.1"),
        reads("S.1.1", "S.2.1").replace(b"C", b"T"),
        "my two line 1: its names end in '.1' as those of my one do; choose the file of the other mates",
    ),
    "mark lost": (
        reads("a.f", "b.f"),
        reads("a.r", "b"),
        "my two line 5: expected a name that ends in '.r', as all before it, found 'b'",
    ),
    "mark lost in both": (
        reads("a/1", "b"),
        reads("a/2", "b"),
        "my one line 5: expected a name that ends in '/1', as all before it, found 'b'",
    ),
    "another mark": (
        reads("a/1", "b_1"),
        reads("a/2", "b_2"),
        "my one line 5: expected a name that ends in '/1', as all before it, found 'b_1'",
    ),
    "mates the other way round": (
        reads("a/1", "b/2"),
        reads("a/2", "b/1"),
        "my one line 5: expected a name that ends in '/1', as all before it, found 'b/2'",
    ),
    "marks of two customs": (
        reads("a_1"),
        reads("a.2"),
        "my two line 1: expected the mate of 'a_1' (my one), found 'a.2'",
    ),
    "reads of a run, not mates": (
        reads("S.1", "S.3"),
        reads("S.2", "S.4"),
        "my one line 5: expected a name that ends in '.1', as all before it, found 'S.3'",
    ),
}


@pytest.mark.parametrize("case", MATES)
def test_mates_that_do_not_match_are_refused(case: str, tmp_path: Path) -> None:
    first, second, text = MATES[case]
    says("E106", text, lambda: inputs(tmp_path, FastqPairs("one", "two"), first, second))


ENDINGS = [("", ""), ("/1", "/2"), (" 1:N:0", " 2:N:0"), ("/1 x", "/2 y"), ("\t1", "\t2"), (" 1 length=4",) * 2]
ENDINGS += [(f"{before}{one}", f"{before}{other}") for before in "/._:-" for one, other in WORDS.items()]
ENDINGS += [(":0:1", ":0:2"), (".1 1 length=4", ".2 1 length=4"), ("#0/2", "#0/1")]


@pytest.mark.parametrize("endings", ENDINGS)
def test_mates_of_every_custom_are_accepted(endings: tuple[str, str], tmp_path: Path) -> None:
    first, second = (reads(*(f"r{i}{ending}" for i in range(300))) for ending in endings)
    inputs(tmp_path, FastqPairs(), first, second.replace(b"ACGT", b"GGGG"))


SAME = reads("S.1 1 length=4", "S.2 2 length=4")


@pytest.mark.parametrize("other", [SAME, gzip.compress(SAME), gzip.compress(SAME[:30]) + gzip.compress(SAME[30:])])
def test_the_same_reads_twice_are_no_pairs_however_they_are_packed(other: bytes, tmp_path: Path) -> None:
    text = "my two: holds the very same reads as my one; choose the other file of the pair"
    says("E106", text, lambda: inputs(tmp_path, FastqPairs("one", "two"), SAME, other))
    says("E106", text, lambda: inputs(tmp_path, FastqPairs("one", "two"), other, SAME))


def test_one_dataset_chosen_twice_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "reads.fastq"
    path.write_bytes(SAME)
    stage = type("Some", (Stage,), {"records": FastqPairs("one", "two")})
    says(
        "E106",
        "reads.fastq: is given for both mates; choose the other file of the pair",
        lambda: read_inputs(stage, {"one": path, "two": path}, dict.fromkeys(("one", "two"), "reads.fastq"), tmp_path),
    )


def test_files_that_share_their_first_reads_are_pairs(tmp_path: Path) -> None:
    first = reads(*(f"r{i}" for i in range(1000)))
    inputs(tmp_path, FastqPairs(), first, first.removesuffix(b"IIII\n") + b"III!\n")


OUT_OF_STEP = FastqPairs("one", "two", or_single=True, in_step=False)


def test_a_stage_that_puts_mates_in_step_is_given_two_files_as_they_are(tmp_path: Path) -> None:
    inputs(tmp_path, OUT_OF_STEP, reads(*"abd"), reads(*"cbxy", *map(str, range(900))))


def test_it_is_not_given_the_same_mates_twice(tmp_path: Path) -> None:
    said = "my two: holds the very same reads as my one; choose the other file of the pair"
    says("E106", said, lambda: inputs(tmp_path, OUT_OF_STEP, SAME, SAME))
    said = "my two line 1: holds the first mates, by their names, as my one does; choose the other file of the pair"
    says("E106", said, lambda: inputs(tmp_path, OUT_OF_STEP, reads("a/1", "b/1"), reads("b/1", "c/1")))


def test_both_mates_of_one_name_may_stand_side_by_side_in_one_file(tmp_path: Path) -> None:
    stage = type("Some", (Stage,), {"records": OUT_OF_STEP})
    for number, names in enumerate(
        (["a", "a", "b", "c", "c"], ["a", "a", "a", "b"], ["a", "b", "a"], ["a", "a", "b", "a"])
    ):
        path = tmp_path / f"{number}.fastq"
        path.write_bytes(reads(*names))
        if number == 0:
            assert read_inputs(stage, {"one": path}, {"one": "my one"}, tmp_path).totals.records == 5
        else:
            line = 4 * max(at for at, name in enumerate(names) if name == "a") + 1
            said = f"my one line {line}: expected a name not used before (line 1), found 'a'"
            says("E107", said, lambda path=path: read_inputs(stage, {"one": path}, {"one": "my one"}, tmp_path))


def test_no_reads_in_both_files_are_no_fault_of_pairs(tmp_path: Path) -> None:
    stage = type("Some", (Stage,), {"records": FastqPairs("one", "two"), "empty_ok": True})
    (tmp_path / "empty").touch()
    read_inputs(stage, dict.fromkeys(("one", "two"), tmp_path / "empty"), {"one": "1", "two": "2"}, tmp_path)


def test_contigs_named_like_mates_are_no_duplicates(tmp_path: Path) -> None:
    inputs(tmp_path, Fasta("f"), b">a/1\nACGT\n>a/2\nACGT\n")


def test_equal_hashes_of_different_names_are_no_duplicates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from metapipe.runner.scan.lines import _LineScanner

    monkeypatch.setattr(
        _LineScanner, "names", lambda self, buffer, starts, ends: np.full(len(starts), 7, dtype=np.uint64)
    )
    inputs(tmp_path, Fasta("f"), b">a\nA\n>b\nA\n>c\nA\n")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E107 my f line 7: expected .*\(line 3\), found 'b'"):
        inputs(tmp_path, Fasta("f"), b">a\nA\n>b\nA\n>c\nA\n>b\nA\n")


def test_accepted_are_crlf_lower_case_iupac_blank_lines_and_records_without_letters(tmp_path: Path) -> None:
    inputs(tmp_path, Fasta("f"), b"\r\n>a > 'q' \"x\" ; $(rm)\r\nacgtn\r\n\r\nRYSWKMBDHVU\r\n>b\r\n>c\r\n")
    inputs(tmp_path, Fastq("f"), b"@a\r\n\r\n+\r\n\r\n@b\r\nacgtn\r\n+b\r\n@@@@@\r\n\r\n\n")


FOREIGN = {
    "a bzip2 archive": bz2.compress(FASTA),
    "an xz archive": lzma.compress(FASTA),
    "packed with gzip twice": gzip.compress(gzip.compress(FASTA)),
    "a Zstandard archive": b"\x28\xb5\x2f\xfd\x04\x00",
    "a zip archive": b"PK\3\4\x14\0",
    "a tar archive": b"reads.fasta".ljust(257, b"\0") + b"ustar\x0000".ljust(255, b"\0"),
    "text in UTF-16": FASTA.decode().encode("utf-16"),
    "a BAM file": gzip.compress(b"BAM\1\0\0"),
    "a web page": b"\n<!DOCTYPE html>\n<html><head><title>404</title>\n",
}


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize("words", FOREIGN)
def test_what_is_neither_text_nor_gzip_is_refused_by_its_name(
    words: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "CHUNK", chunk)
    for records, code in ((Fasta("f"), "E101"), (Fastq("f"), "E102"), (Table("f", ("a", "b")), "E111")):
        for content in {
            FOREIGN[words],
            *([] if "gzip" in words or "BAM" in words else [gzip.compress(FOREIGN[words])]),
        }:
            with pytest.raises(MetapipeError, match=rf"METAPIPE-{code} my f: this is {words}"):
                inputs(tmp_path, records, content)


def with_qualities(*qualities: bytes) -> bytes:
    return b"".join(b"@r%d\n%s\n+\n%s\n" % (i, b"A" * len(text), text) for i, text in enumerate(qualities))


@pytest.mark.parametrize("qualities", [[b"hhhB", b"fT^B"], [b";@Z`"], [b"BBBB"] * 900 + [b"BCDU"] + [b"BBBB"] * 900])
def test_qualities_counted_from_64_are_refused(qualities: list[bytes], tmp_path: Path) -> None:
    letters = sorted(b"".join(qualities))
    text = f"my f: its qualities, '{chr(letters[0])}' to '{chr(letters[-1])}', are counted from '@' (Phred+64)"
    says("E121", text, lambda: inputs(tmp_path, Fastq("f"), with_qualities(*qualities)))


@pytest.mark.parametrize(
    "qualities",
    [[b"FFFF"], [b"IIII"], [b"JKKT"], [b"hhhB"] * 900 + [b"hh!h"], [b"~~~~", b"hhhh"], [b""], [b"BBBB", b""]],
    ids=["binned", "simulated", "high", "one low at the end", "consensus", "no base", "few"],
)
def test_qualities_that_may_be_counted_from_33_are_taken_so(qualities: list[bytes], tmp_path: Path) -> None:
    inputs(tmp_path, Fastq("f"), with_qualities(*qualities))


@pytest.mark.parametrize("plus", [b"+", b"+a", b"+a b"])
def test_a_header_may_be_repeated_after_the_plus(plus: bytes, tmp_path: Path) -> None:
    inputs(tmp_path, Fastq("f"), b"@a b\nA\n%s\nI\n@x y\r\nA\r\n+x y\r\nI\r\n" % plus)


@pytest.mark.parametrize("plus", [b"+b", b"+a c", b"+aa", b"+ab", b"+ a", b"+A"])
@pytest.mark.parametrize("before", [b"", b"@x y\nA\n+x y\nI\n", b"@x y\nA\n+\nI\n"])
def test_another_header_after_the_plus_is_refused(plus: bytes, before: bytes, tmp_path: Path) -> None:
    line = 7 if before else 3
    says(
        "E102",
        f"my f line {line}: expected '+' alone or with the header above, found '{plus.decode()}'",
        lambda: inputs(tmp_path, Fastq("f"), before + b"@a b\nA\n%s\nI\n" % plus),
    )


def test_the_files_of_test_data_get_the_codes_its_readme_gives_them(tmp_path: Path) -> None:
    bad = Path(__file__).parents[3] / "test-data" / "bad"
    expected = {
        "E101": ["not_fasta.txt", "late_header.fasta", "binary.fasta"],
        "E102": ["not_fastq.txt", "cut_record.fastq"],
        "E103": ["unequal_qualities.fastq"],
        "E104": ["truncated.fastq.gz"],
        "E105": ["bad_crc.fastq.gz", "bad_crc_second_member.fastq.gz"],
        "E107": ["duplicate_ids.fasta", "duplicate_ids.fastq"],
        "E108": ["empty.fasta", "empty.fastq", "empty.fastq.gz"],
        "E109": ["strange_letter.fasta"],
        "E110": ["protein_as_dna.fasta"],
    }
    for code, names in expected.items():
        for name in names:
            records = Fastq("f") if "fastq" in name else Fasta("f")
            with pytest.raises(MetapipeError) as caught:
                inputs(tmp_path, records, (bad / name).read_bytes())
            assert (name, caught.value.code) == (name, code)
    for pair in ("misordered", "unpaired"):
        with pytest.raises(MetapipeError, match="METAPIPE-E106"):
            inputs(tmp_path, FastqPairs(), *((bad / f"{pair}_{mate}.fastq").read_bytes() for mate in (1, 2)))
