"""Inputs of every odd shape: told in words where they are at fault, read in little memory where they are not."""

from __future__ import annotations

import gzip
import os
import re
import resource
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_scan import PACKING, bgzf, check, fasta_text, fastq_text

from metapipe.errors import MetapipeError
from metapipe.runner.blocks import stream
from metapipe.runner.declare.elements import Fasta, Fastq
from metapipe.runner.declare.records import fasta_records, fastq_records
from metapipe.runner.declare.stage import Stage
from metapipe.runner.run.inputs import StageInput, read_inputs
from metapipe.runner.scan import lines as scan_lines
from metapipe.runner.scan import scan
from metapipe.runner.scan.letters import blanked, joined
from metapipe.runner.scan.name_hashes import hash_names
from metapipe.runner.scan.scan import scan_file

ENOUGH = settings(max_examples=150)
DNA, BASES = set(b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv"), set(b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv.-")


# ------------------------------------------------------------------------------------------- the first fault, naively


def split_lines(text: bytes) -> list[bytes]:
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def stray(line: bytes) -> bool:
    return b"\0" in line or b"\r" in line


def no_header(line: bytes) -> bool:
    """Whether a header line has no name, is not UTF-8, or has a control character or white space in its name."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    name = re.split(rb"[ \t]", line[1:])[0].decode()
    return not name or any(unicodedata.category(letter) in ("Cc", "Zs", "Zl", "Zp") for letter in name)


def fault_of_fasta(text: bytes) -> tuple[str, int] | None:
    open_record = False
    for number, line in enumerate(split_lines(text), 1):
        if stray(line):
            return "E101", number
        if line.startswith(b">"):
            if no_header(line):
                return "E101", number
            open_record = True
        elif line and not open_record:
            return "E101", number
        elif bad := [letter for letter in line if letter not in DNA]:
            return ("E110" if bad[0] in b"EFILPQXZJOefilpqxzjo*" else "E109"), number
    return None


def fault_of_fastq(text: bytes) -> tuple[str, int] | None:
    lines = split_lines(text)
    at = 0
    while at < len(lines):
        record = lines[at : at + 4]
        for offset, line in enumerate(record):
            if stray(line):
                return "E102", at + offset + 1
        if not record[0]:
            filled = [number for number, line in enumerate(lines[at:], at + 1) if line]
            return ("E102", filled[0]) if filled else None
        if not record[0].startswith(b"@"):
            return "E102", at + 1
        if len(record) < 4:
            while not record[-1]:
                record.pop()
            return "E102", at + len(record) + 1
        name, bases, plus, qualities = record
        if no_header(name):
            return "E102", at + 1
        if not plus.startswith(b"+") or plus[1:] not in (b"", name[1:], re.split(rb"[ \t]", name[1:])[0]):
            return "E102", at + 3
        if any(letter not in BASES for letter in bases):
            return "E109", at + 2
        if len(bases) != len(qualities):
            return "E103", at + 4
        if any(not 33 <= letter <= 126 for letter in qualities):
            return "E102", at + 4
        at += 4
    return None


@ENOUGH
@given(
    case=st.one_of(fasta_text().map(lambda c: ("fasta", c[0])), fastq_text().map(lambda c: ("fastq", c[0]))),
    place=st.floats(0, 1, exclude_max=True),
    put=st.sampled_from([b"", b"\0", b"\r", b"\n", b" ", b"1", b"E", b"*", b"\t", b"\x7f", b"\xff", b">", b"@", b"+"]),
    over=st.booleans(),
    chunk=st.sampled_from([1, 3, 17, 1 << 20]),
    long=st.sampled_from([1, 7, 8 << 20]),
    piece=st.sampled_from([1, 40]),
)
@example(case=("fasta", b">a\nAC>T\n"), place=0.9, put=b"\n", over=False, chunk=1, long=1, piece=1)
@example(case=("fasta", b"\r\n\n>a\n"), place=0.0, put=b"\r", over=False, chunk=1, long=1, piece=1)
def test_the_first_fault_is_found_wherever_the_chunks_end(
    case: tuple[str, bytes], place: float, put: bytes, over: bool, chunk: int, long: int, piece: int, tmp_path: Path
) -> None:
    form, text = case
    at = int(place * len(text))
    text = text[:at] + put + text[at + (1 if over or not put else 0) :]
    path = tmp_path / "input"
    path.write_bytes(text)
    found = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK", chunk)
        patch.setattr(scan_lines, "LONG", long)
        patch.setattr(scan, "PIECE", piece)
        try:
            scan_file(path, "label", form, alphabet="dna")
        except MetapipeError as error:
            found = error.code, int(re.match(r"METAPIPE-\w+ label line (\d+)", str(error))[1])  # type: ignore[index]
    expected = (fault_of_fasta if form == "fasta" else fault_of_fastq)(text)
    assert found == expected


@ENOUGH
@given(
    case=st.one_of(fasta_text().map(lambda c: ("fasta", *c)), fastq_text().map(lambda c: ("fastq", *c))),
    packing=st.sampled_from(sorted(PACKING)),
    chunk=st.integers(1, 50),
    long=st.integers(1, 60),
    piece=st.integers(1, 100),
)
def test_lines_used_in_parts_are_found_whole(
    case: tuple[str, bytes, list[tuple[bytes, bytes]]],
    packing: str,
    chunk: int,
    long: int,
    piece: int,
    tmp_path: Path,
) -> None:
    form, text, records = case
    path = tmp_path / "input"
    path.write_bytes(PACKING[packing](text, 13))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK", chunk)
        patch.setattr(scan_lines, "LONG", long)
        patch.setattr(scan, "PIECE", piece)
        check(path, form, text, records, 10, tmp_path)


# ------------------------------------------------------------------------------------------------- letters and names


STRETCHES = st.lists(st.tuples(st.binary(max_size=200), st.binary(max_size=90)), min_size=1, max_size=20)


def laid_out(stretches: list[tuple[bytes, bytes]]) -> tuple[bytes, np.ndarray, np.ndarray]:
    text, starts, ends = b"", [], []
    for before, inside in stretches:
        text += before
        starts.append(len(text))
        text += inside
        ends.append(len(text))
    return text, np.array(starts), np.array(ends)


@ENOUGH
@given(stretches=STRETCHES)
def test_stretches_are_joined_and_blanked_to_their_last_byte(stretches: list[tuple[bytes, bytes]]) -> None:
    text, starts, ends = laid_out(stretches)
    assert set(joined(np.frombuffer(text, dtype=np.uint8), starts, ends)) == set(b"".join(s for _, s in stretches))
    assert blanked(text, starts, ends) == b"".join(before + b"\n" * len(inside) for before, inside in stretches)


@pytest.mark.parametrize("alphabet", ["dna", "aa", "any"])
@pytest.mark.parametrize("form", ["fasta", "fastq"])
def test_every_byte_in_every_place_is_judged_as_one_by_one(form: str, alphabet: str) -> None:
    good, allowed = b"ACGT" * 20, BASES
    if form == "fasta":
        allowed = {"dna": DNA, "aa": set(b"ABCDEFGHIKLMNPQRSTVWXYZJOUabcdefghiklmnpqrstvwxyzjou*-")}.get(
            alphabet, DNA | set(b"ABCDEFGHIKLMNPQRSTVWXYZJOUabcdefghiklmnpqrstvwxyzjou*-")
        )
    for letter in set(range(256)) - set(b"\n\r\0"):
        for place in (0, 1, 31, 63, 64, 65, 79):
            line = good[:place] + bytes([letter]) + good[place + 1 :]
            text = b">a b\n%s\n>c\n%s\n" % (good, line)
            if form == "fastq":
                text = b"@a b\n%s\n+\n%s\n@c\n%s\n+\n%s\n" % (good, b"I" * 80, line, b"I" * 80)
            scanner = scan.FastaScanner("x", alphabet) if form == "fasta" else scan.FastqScanner("x")
            if letter in allowed or (form == "fasta" and place == 0 and letter == 62):
                scanner.feed(text)
            else:
                with pytest.raises(MetapipeError, match=r"E109|E110"):
                    scanner.feed(text)


NAMES = st.lists(st.binary(min_size=1, max_size=150).filter(lambda b: b"\0" not in b), min_size=1, max_size=30)


@ENOUGH
@given(names=NAMES, before=st.binary(max_size=20))
def test_a_hash_depends_on_the_name_alone(names: list[bytes], before: bytes) -> None:
    def hashes(stretches: list[tuple[bytes, bytes]]) -> list[int]:
        text, starts, ends = laid_out(stretches)
        return hash_names(np.frombuffer(text, dtype=np.uint8), starts, ends).tolist()

    together = hashes([(before, name) for name in names])
    assert together == [hashes([(b"", name)])[0] for name in names]
    assert len(set(together)) == len(set(names))


def test_names_of_one_machine_have_hashes_of_their_own() -> None:
    text = b"".join(
        b"@A00738:133:HTVW3DSXX:%d:%d:%d:%d\n" % (lane, tile, x, y)
        for lane in (1, 2)
        for tile in range(1101, 1131)
        for x in range(1000, 32000, 500)
        for y in range(1000, 37000, 500)
    )
    scanner = scan.FastaScanner("x", "any")
    hashes = scanner.feed(text.replace(b"@", b">")).names
    assert len(hashes) > 267_000
    assert len(np.unique(hashes)) == len(hashes)


# ------------------------------------------------------------------------------------------------------- odd files


def says(code: str, text: str, action: Callable[[], object]) -> None:
    with pytest.raises(MetapipeError) as caught:
        action()
    assert str(caught.value) == f"METAPIPE-{code} {text}"


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    for form, text in (("fasta", b">a\nACGT\n>b\nA\n"), ("fastq", b"@a\nACGT\n+\nIIII\n"), ("table", b"#x\ty\na\tb\n")):
        for packing in PACKING.values():
            path = written(tmp_path / "x", packing(b"\xef\xbb\xbf" + text, 7))
            scanned = scan_file(path, "x", form, columns=("x", "y"))
            start = text.index(b"a\tb") if form == "table" else 0
            assert b"".join(scanned.range(0, len(scanned.records)).chunks()) == text[start:]
            assert scanned.lines[0] == (2 if form == "table" else 1)
    says(
        "E101",
        "x line 1: expected '>' at the start of a record, found '\\ufeff>a'",
        lambda: scan_file(written(tmp_path / "x", b"\xef\xbb\xbf" * 2 + b">a\nA\n"), "x", "fasta"),
    )


@pytest.mark.parametrize("odd", ["\x01", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\xa0", "\u2003", "\u2028"])
def test_no_name_holds_control_characters_or_white_space_of_unicode(odd: str, tmp_path: Path) -> None:
    for form, mark, code in (("fasta", ">", "E101"), ("fastq", "@", "E102")):
        rest = "\nACGT\n" if form == "fasta" else "\nACGT\n+\nIIII\n"
        good = f"{mark}a b{odd}c{rest}"  # NCBI's nr has them in descriptions
        assert scan_file(written(tmp_path / "x", good.encode()), "x", form).total_records == 1
        bad = written(tmp_path / "x", f"{good}{mark}b{odd}c d{rest}".encode())
        with pytest.raises(MetapipeError, match=rf"METAPIPE-{code} x line \d: expected a name without control char"):
            scan_file(bad, "x", form)


@pytest.mark.parametrize("text", [b">a b\xf8\nA\n", b">caf\xe9\nA\n>caf\xe8\nA\n"])
def test_headers_that_are_not_utf8_are_refused_by_their_line(text: bytes, tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E101 x line 1: expected text in UTF-8, found '>.*\\x"):
        scan_file(written(tmp_path / "x", text), "x", "fasta")
    with pytest.raises(MetapipeError, match="METAPIPE-E102 x line 5: expected text in UTF-8"):
        scan_file(written(tmp_path / "x", b"@z\nA\n+\nI\n@\xe9\nA\n+\nI\n"), "x", "fastq")
    with pytest.raises(MetapipeError, match="METAPIPE-E111 x line 2: expected text in UTF-8"):
        scan_file(written(tmp_path / "x", b"#x\ty\na\t\xe9\n"), "x", "table", columns=("x", "y"))


def test_headers_may_hold_marks_and_letters_of_any_language(tmp_path: Path) -> None:
    text = ">Ålesund_1 >b @c +d\nACGT\n>日本-x\ttab\nAC\n".encode()
    scanned = scan_file(written(tmp_path / "x", text), "x", "fasta")
    records = list(fasta_records(scanned.range(0, len(scanned.records)).chunks(), 0))
    assert [(r.name, r.description) for r in records] == [("Ålesund_1", ">b @c +d"), ("日本-x", "tab")]
    text = "@Ålesund é\nACGT\n+Ålesund é\n@@@@\n".encode() * 1
    scanned = scan_file(written(tmp_path / "y", text), "y", "fastq")
    assert [r.qualities for r in fastq_records(scanned.range(0, 1).chunks(), 0)] == [b"@@@@"]


def test_an_empty_member_within_a_gzip_file_changes_nothing(tmp_path: Path) -> None:
    packed = gzip.compress(b">a\nAC") + gzip.compress(b"") + gzip.compress(b"GT\n>b\nA\n") + gzip.compress(b"")
    scanned = scan_file(written(tmp_path / "x.gz", packed), "x", "fasta")
    assert (scanned.total_records, scanned.total_residues) == (2, 5)
    assert b"".join(scanned.range(0, 1).chunks()) == b">a\nACGT\n>b\nA\n"


def test_a_bgzf_file_without_its_end_block_is_read_and_one_cut_short_is_refused(tmp_path: Path) -> None:
    packed = bgzf(b">a\nACGT\n" * 1, 5)
    assert scan_file(written(tmp_path / "x", packed[:-28]), "x", "fasta").total_residues == 4
    with pytest.raises(MetapipeError, match="METAPIPE-E104"):
        scan_file(written(tmp_path / "x", packed[:-40]), "x", "fasta")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    says("E201", "x: not a regular file", lambda: scan_file(tmp_path / "pipe", "x", "fasta"))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_a_file_that_grows_while_it_is_checked_is_refused(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"".join(b">a%d\nACGT\n" % number for number in range(50_000))
    path = written(tmp_path / "x", gzip.compress(text) if packed else text)
    feed = scan.FastaScanner.feed

    def grow(self: scan.FastaScanner, chunk: bytes) -> scan_lines.Found:
        with path.open("ab") as more:
            more.write(gzip.compress(b">more\nA\n") if packed else b">more\nA\n")
        return feed(self, chunk)

    monkeypatch.setattr(scan.FastaScanner, "feed", grow)
    says("E201", "x: the file has changed while it was checked", lambda: scan_file(path, "x", "fasta"))


def test_a_file_cut_after_the_scan_is_noticed_when_it_is_copied_or_halved(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fasta", b">a\nACGT\n>b\nACGT\n>c\nA\n>d\nA\n")
    scanned = scan_file(path, "a.fasta", "fasta")
    (block,) = StageInput("fasta", (scanned,), ("f",)).blocks((0, 1))
    path.write_bytes(b">a\nACGT\n")
    with (tmp_path / "copy").open("wb") as copy, pytest.raises(MetapipeError, match="METAPIPE-E201"):
        block.ranges[0].copy_to(copy)
    with pytest.raises(MetapipeError, match="METAPIPE-E201"):
        StageInput("fasta", (scanned,), ("f",)).split(block)


def test_a_full_disk_under_the_uncompressed_copy_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "MEMBER_LIMIT", 1000)
    path = written(tmp_path / "x.gz", gzip.compress(b">a\n" + b"ACGT" * 100_000 + b"\n"))
    spool = tmp_path / "spool"
    spool.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(MetapipeError, match="METAPIPE-E501 x: cannot write the uncompressed copy"):
            scan_file(path, "x", "fasta", spool=spool)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(spool.iterdir())
    says(
        "E501",
        "x: cannot write the uncompressed copy (No such file or directory)",
        lambda: scan_file(path, "x", "fasta", spool=tmp_path / "gone"),
    )


def test_many_names_are_compared_in_parts(tmp_path: Path) -> None:
    class Some(Stage):
        records = Fasta("f")

    # More than a mebi-name, so that they are sorted in parts; the same name at both ends.
    text = b"".join(b">n%d\n" % number for number in range(1_100_000)) + b">n0\n"
    path = written(tmp_path / "x", text)
    says(
        "E107",
        "x line 1100001: expected a name not used before (line 1), found 'n0'",
        lambda: read_inputs(Some, {"f": path}, {"f": "x"}, tmp_path),
    )
    path.write_bytes(text[:-4])
    kept = read_inputs(Some, {"f": path}, {"f": "x"}, tmp_path)
    assert kept.totals.records == 1_100_000
    assert not len(kept.scanned[0].names)


# ------------------------------------------------------------------------------------------------- memory, measured


PEAK = """
import resource, sys
from pathlib import Path
from metapipe.errors import MetapipeError
from metapipe.runner.run.inputs import read_inputs
from metapipe.runner.declare.stage import Stage
from metapipe.runner.declare.elements import Fasta, Fastq

class Some(Stage):
    records = Fasta("f") if sys.argv[1] == "fasta" else Fastq("f")

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    found = read_inputs(Some, {"f": Path(sys.argv[2])}, {"f": "f"}, Path("."))
    if len(sys.argv) > 3:
        (block,) = found.blocks((0, len(found.weights)))
        print(len(found.split(block)), end=" ")
    print(found.totals.residues, end=" ")
except MetapipeError as error:
    print(error.code, end=" ")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def peak(form: str, path: Path, *more: str) -> list[str]:
    """What the scan found, and the mebibytes it needed more than Python with NumPy."""
    return subprocess.run(
        [sys.executable, "-c", PEAK, form, str(path), *more], check=True, capture_output=True, text=True
    ).stdout.split()


def long_line(path: Path, head: bytes, megabytes: int, tail: bytes) -> Path:
    with path.open("wb") as file:
        file.write(head)
        for _ in range(megabytes):
            file.write(b"ACGT" * (1 << 18))
        file.write(tail)
    return path


def test_a_sequence_in_one_line_of_any_length_needs_little_memory(tmp_path: Path) -> None:
    path = long_line(tmp_path / "x", b">chromosome\n", 300, b"\n>b\nAC\n")
    residues, megabytes = peak("fasta", path)
    assert int(residues) == (300 << 20) + 2
    assert int(megabytes) < 120


def test_a_large_file_that_is_no_sequence_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    for form, head, code in (("fasta", b"", "E101"), ("fasta", b">", "E101"), ("fastq", b"", "E102")):
        found, megabytes = peak(form, long_line(tmp_path / "x", head, 200, b""))
        assert found == code
        assert int(megabytes) < 120


@pytest.mark.slow
def test_a_line_of_a_gigabyte_is_checked_in_little_memory(tmp_path: Path) -> None:
    path = long_line(tmp_path / "x", b">chromosome\n", 1024, b"")
    assert int(peak("fasta", path)[1]) < 120


@pytest.mark.slow
def test_ten_million_reads_need_few_bytes_each_and_a_half_of_them_no_more(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("wb") as file:
        for first in range(0, 10_000_000, 10_000):
            file.write(b"".join(b"@r%d\nACGT\n+\nIIII\n" % number for number in range(first, first + 10_000)))
    halves, residues, megabytes = peak("fastq", path, "halve")
    assert (int(halves), int(residues)) == (2, 40_000_000)
    assert int(megabytes) < 30 + 12 * 10  # twelve bytes a read


def test_a_record_larger_than_a_block_is_one_block(tmp_path: Path) -> None:
    class Some(Stage):
        records = Fastq("f")

    text = b"@a\n%s\n+\n%s\n" % (b"ACGT" * 50_000, b"IIII" * 50_000) + b"@b\nA\n+\nI\n"
    found = read_inputs(Some, {"f": written(tmp_path / "x", text)}, {"f": "x"}, tmp_path, atom=1000)
    assert found.weights.tolist() == [200_000, 1]
    assert [block.residues for block in found.blocks((0, 1, 2))] == [200_000, 1]
