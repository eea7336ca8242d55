"""The scan against a naive reader, on anything a file may look like."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.runner.blocks import stream
from metapipe.runner.declare.records import READERS
from metapipe.runner.scan import scan
from metapipe.runner.scan.scan import scan_file

ENOUGH = settings(max_examples=120)

NAME = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=12)
COMMENT = st.sampled_from(["", " x", " two words", "\ttab > inside", " é ü ; ' \" $(x)", "  ", " 1:N:0:ACGT"])
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
COLUMNS = ("name", "number", "word")
END = st.sampled_from(["\n", "\r\n"])
DNA = st.text("ACGTUNRYSWKMBDHVacgtn", max_size=40)


@st.composite
def fasta_text(draw: st.DrawFn) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Text and its records (name, sequence)."""
    text, records = draw(st.sampled_from(["", "\n", "\r\n\n"])).encode(), []
    for number in range(draw(st.integers(1, 9))):
        name = f"{draw(NAME)}.{number}"
        text += f">{name}{draw(COMMENT)}{draw(END)}".encode()
        sequence = ""
        for piece in draw(st.lists(DNA, max_size=4)):
            sequence += piece
            text += f"{piece}{draw(END)}".encode()
        records.append((name.encode(), sequence.encode()))
    if draw(st.booleans()):
        text = text.removesuffix(b"\n").removesuffix(b"\r")
    return text, records


@st.composite
def table_text(draw: st.DrawFn) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Text of a table and its rows (first cell, whole row)."""
    text, rows = f"#{chr(9).join(COLUMNS)}{draw(END)}".encode(), []
    for number in range(draw(st.integers(1, 9))):
        cells = [f"{draw(NAME)}{draw(st.sampled_from(['', ' ']))}.{number}", draw(CELL), draw(CELL)]
        row = "\t".join(cells).encode()
        text += row + draw(END).encode()
        rows.append((cells[0].encode(), row))
    if draw(st.booleans()) and rows[-1][1].split(b"\t")[2]:
        text = text.removesuffix(b"\n").removesuffix(b"\r")
    else:
        text += draw(st.sampled_from([b"", b"\n", b"\r\n\n"]))
    return text, rows


@st.composite
def fastq_text(draw: st.DrawFn) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    text, records = b"", []
    for number in range(draw(st.integers(1, 9))):
        name, comment, sequence, end = f"{draw(NAME)}.{number}", draw(COMMENT), draw(DNA), draw(END)
        quality = draw(st.text("!~@+IJ>", min_size=len(sequence), max_size=len(sequence)))
        plus = draw(st.sampled_from(["+", f"+{name}", f"+{name}{comment}"]))
        text += f"@{name}{comment}{end}{sequence}{end}{plus}{end}{quality}{end}".encode()
        records.append((name.encode(), sequence.encode()))
    if draw(st.booleans()) and records[-1][1]:
        text = text.removesuffix(b"\n").removesuffix(b"\r")
    else:
        text += draw(st.sampled_from([b"", b"\n", b"\r\n", b"\n" * 5, b"\n\r\n\n\n\r"]))
    return text, records


def bgzf(content: bytes, size: int) -> bytes:
    """Blocked gzip as bgzip writes it: members with a BC field of their own length, and an empty one at the end."""
    out = b""
    for start in [*range(0, len(content), size), len(content)]:
        piece = content[start : start + size] if start < len(content) else b""
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(piece) + packer.flush()
        length = len(packed) + 26
        out += b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", length - 1)
        out += packed + struct.pack("<II", zlib.crc32(piece), len(piece))
    return out


def multi_member(content: bytes, size: int) -> bytes:
    return b"".join(gzip.compress(content[at : at + size]) for at in range(0, max(1, len(content)), size))


PACKING: dict[str, Callable[[bytes, int], bytes]] = {
    "plain": lambda content, _: content,
    "one member": lambda content, _: gzip.compress(content),
    "members": multi_member,
    "bgzf": bgzf,
    "padded": lambda content, _: gzip.compress(content) + b"\0" * 512,
}


def check(path: Path, form: str, text: bytes, records: list[tuple[bytes, bytes]], atom: int, spool: Path) -> None:
    scanned = scan_file(path, "label", form, alphabet="any", columns=COLUMNS, spool=spool, atom=atom)
    assert scanned.total_records == len(records)
    assert scanned.total_residues == sum(len(sequence) for _, sequence in records)
    assert len(scanned.names) == len(records)
    assert len(set(scanned.names.tolist())) == len({name for name, _ in records})
    atoms = len(scanned.records)
    reader = READERS[form]
    mark = {"fasta": b">", "fastq": b"@", "table": b""}[form]
    got, index = [], 0
    for at in range(atoms):
        extent = scanned.range(at, at + 1)
        piece = b"".join(extent.chunks())
        start = int(scanned.starts[at])
        assert piece == text[start : start + extent.length]
        assert piece.startswith(mark)
        assert extent.line == text.count(b"\n", 0, start) + 1
        found = list(reader(extent.chunks(), index))
        assert len(found) == scanned.records[at]
        assert sum(len(record.sequence) for record in found) == scanned.residues[at]
        assert [record.index for record in found] == list(range(index, index + len(found)))
        index += len(found)
        got += [(record.name.encode(), record.sequence) for record in found]
    assert got == records
    whole = b"".join(scanned.range(0, atoms).chunks())
    first = int(scanned.starts[0])
    assert whole == text[first : first + len(whole)]
    assert not text[first + len(whole) :].strip()


@ENOUGH
@given(
    case=st.one_of(
        fasta_text().map(lambda c: ("fasta", *c)),
        fastq_text().map(lambda c: ("fastq", *c)),
        table_text().map(lambda c: ("table", *c)),
    ),
    packing=st.sampled_from(sorted(PACKING)),
    member=st.integers(1, 60),
    chunk=st.integers(1, 50),
    raw=st.integers(1, 40),
    atom=st.sampled_from([1, 10, 1000]),
    limit=st.sampled_from([16, 1 << 26]),
)
def test_a_scan_finds_what_a_naive_reader_finds(
    case: tuple[str, bytes, list[tuple[bytes, bytes]]],
    packing: str,
    member: int,
    chunk: int,
    raw: int,
    atom: int,
    limit: int,
    tmp_path: Path,
) -> None:
    form, text, records = case
    path = tmp_path / "input"
    path.write_bytes(PACKING[packing](text, member))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK", chunk)
        patch.setattr(stream, "_RAW", raw)
        patch.setattr(scan, "MEMBER_LIMIT", limit)
        check(path, form, text, records, atom, tmp_path)


def test_a_large_member_after_a_small_one_is_spooled_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MEMBER_LIMIT", 1000)
    monkeypatch.setattr(stream, "CHUNK", 256)
    first, second = b">a\nACGT\n", b">b\n" + b"ACGT\n" * 1000
    path = tmp_path / "two.gz"
    path.write_bytes(gzip.compress(first) + gzip.compress(second))
    scanned = scan_file(path, "two.gz", "fasta", spool=tmp_path)
    assert not scanned.compressed
    assert scanned.path.read_bytes() == first + second


def test_two_files_of_one_name_are_spooled_to_two_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MEMBER_LIMIT", 10)
    found = []
    for text in (b">a\nACGTACGT\n", b">b\nTTTTTTTT\n"):
        folder = tmp_path / text[1:2].decode()
        folder.mkdir()
        (folder / "reads.gz").write_bytes(gzip.compress(text))
        found.append(scan_file(folder / "reads.gz", "reads.gz", "fasta", spool=tmp_path))
    assert [b"".join(one.range(0, 1).chunks())[1:2] for one in found] == [b"a", b"b"]


def test_a_file_cut_after_the_scan_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.fasta"
    path.write_bytes(b">a\nACGT\n>b\nACGT\n")
    extent = scan_file(path, "a.fasta", "fasta").range(0, 1)
    path.write_bytes(b">a\nACGT\n")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E201 a\.fasta: the file has changed"):
        b"".join(extent.chunks())


def test_atoms_of_mates_lie_at_the_same_records(tmp_path: Path) -> None:
    path = tmp_path / "r.fastq"
    path.write_bytes(b"".join(b"@r%d\n%s\n+\n%s\n" % (i, b"A" * (i % 5), b"I" * (i % 5)) for i in range(700)))
    scanned = scan_file(path, "r", "fastq", by_records=True)
    assert scanned.records.tolist() == [256, 256, 188]
    assert scanned.lines.tolist() == [1, 1025, 2049, 2801]


def test_names_are_hashed_to_their_last_letter() -> None:
    scanner = scan.FastaScanner("x", "any")
    long = b"n" * 60_000
    found = scanner.feed(b">%sa\nA\n>%sb\nA\n>x/1\nA\n>x/2\nA\n>end\n" % (long, long))
    assert len(set(found.names.tolist())) == 4


def test_mates_share_a_hash_without_the_mark_of_all() -> None:
    def hashes(text: bytes, mark: bytes) -> np.ndarray:
        return scan.FastqScanner("x", mark).feed(text).names

    first = hashes(b"@a/1\nA\n+\nI\n@b 1:N:0:T\nA\n+\nI\n@c/1\t1\nA\n+\nI\n@/1\nA\n+\nI\n", b"/1")
    second = hashes(b"@a/2\nA\n+\nI\n@b 2:N:0:T\nA\n+\nI\n@c/2\t2\nA\n+\nI\n@/2\nA\n+\nI\n", b"/2")
    assert (first == second).tolist() == [True, False, True, False]
    assert first[0] == hashes(b"@a\nA\n+\nI\n", b"")[0]
