"""Whatever bytes stand in a file of reads, sequences or rows: they are read, or refused as bad input by their line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.errors import CODES, EX_DATA, MetapipeError
from metapipe.runner.blocks import stream
from metapipe.runner.declare.elements import Fasta, Fastq, FastqPairs, SideFile, Table
from metapipe.runner.declare.given import Given
from metapipe.runner.declare.records import READERS
from metapipe.runner.declare.stage import Stage
from metapipe.runner.run.inputs import read_inputs
from metapipe.runner.scan import scan
from metapipe.runner.scan.side_files import check_text, readable_side_files

ODD = [
    b"\0",
    b"\xff",
    b"caf\xe9",
    "é".encode(),
    b"\xef\xbb\xbf",
    b"\t",
    b"\x0b",
    b"\x0c",
    b"\x01",
    b"\x7f",
    b"\r",
    b" ",
]
ODD += [
    "\u2028".encode(),
    "\u00a0".encode(),
    b"\xe2\x80",
    b"\x1f\x8b",
    b"BZh9",
    b"PK\3\4",
    b"NUL",
    b".",
    b"-",
    b"*",
    b"1",
]
LINES = [b"\n", b"\r\n", b"\n\n", b"\r", b""]
FASTA = [b">a", b">", b"> a", b">a b", b">b", b">", b"ACGT", b"N", b"MKV", b"U"]
FASTQ = [b"@a/1", b"@a/2", b"@a", b"@", b"A", b"+", b"+a", b"I", b"h", b"ACGT", b"IIII", b"@b.1", b"@b.2", b"+b"]
ROWS = [b"#x\ty", b"a\tb", b"a", b"\tb", b"a\tb\tc", b"#"]

WHOLE = [b"@a/1\nAC\n+\nII\n", b"@a/2\nGT\n+a/2\nhh\r\n", b"@b\nA\n+\nI\n", b">a x\nACGT\n", b">b\r\nMK\r\n", b"a\tb\n"]


def made_of(pieces: list[bytes]) -> st.SearchStrategy[bytes]:
    piece = st.sampled_from([*pieces, *ODD])
    line = st.tuples(piece, st.sampled_from(["", *ODD]).map(lambda odd: odd or b""), st.sampled_from(LINES))
    whole = st.sampled_from(WHOLE)
    return st.lists(st.one_of(whole, line.map(b"".join)), max_size=9).map(b"".join)


TEXT = st.one_of(made_of(FASTA), made_of(FASTQ), made_of(ROWS), st.binary(max_size=60))
RECORDS = [Fasta("f"), Fasta("f", alphabet="aa"), Fasta("f", alphabet="any"), Fastq("f"), Table("f", ("x", "y"))]
ENOUGH = settings(max_examples=250)


@ENOUGH
@given(
    first=TEXT,
    second=TEXT,
    packed=st.booleans(),
    chunk=st.sampled_from([1, 5, 1 << 20]),
    records=st.sampled_from([*RECORDS, FastqPairs("f", "g")]),
)
def test_any_bytes_are_read_or_refused_as_bad_input(
    first: bytes, second: bytes, packed: bool, chunk: int, records: Fasta | Fastq | Table | FastqPairs, tmp_path: Path
) -> None:
    stage = type("Some", (Stage,), {"records": records, "empty_ok": True})
    paths = {name: tmp_path / name for name in records.files}
    for path, content in zip(paths.values(), (first, second), strict=False):
        path.write_bytes(gzip.compress(content) if packed else content)
    refused = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK", chunk)
        patch.setattr(scan, "PIECE", chunk)
        try:
            scanned = read_inputs(stage, paths, {name: name for name in paths}, tmp_path)
        except MetapipeError as error:
            refused = error
    if refused is not None:
        assert CODES[refused.code].exit_code == EX_DATA, refused
        return
    for one in scanned.scanned:
        found = list(READERS[scanned.form](one.range(0, len(one.records)).chunks(), 0))
        assert len(found) == one.total_records
        assert len({record.name for record in found}) == len(found)
        assert not any("\ufffd" in record.name for record in found)


@ENOUGH
@given(content=TEXT, packed=st.booleans(), raw=st.sampled_from([1, 2, 1 << 18]))
def test_side_files_are_text_as_they_are_or_refused_by_their_line(
    content: bytes, packed: bool, raw: int, tmp_path: Path
) -> None:
    path = tmp_path / "side"
    path.write_bytes(gzip.compress(content) if packed else content)
    refused = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK", raw)
        try:
            run_given = Given(side={"side": [path]}, labels={"side": "my side"})
            (read,) = readable_side_files({"side": SideFile("tabular", "help")}, run_given, tmp_path)["side"]
        except MetapipeError as error:
            refused = error
    if refused is not None:
        assert CODES[refused.code].exit_code == EX_DATA
        assert str(refused).startswith(f"METAPIPE-{refused.code} my side")
        return
    text = read.read_bytes()
    if packed and text.startswith(b"\x1f\x8b"):
        text = gzip.decompress(text)
    assert text == content.removeprefix(b"\xef\xbb\xbf")
    assert "\0" not in text.decode()


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_text_is_checked_alike_wherever_the_chunks_end(size: int) -> None:
    def chunks(text: bytes) -> list[bytes]:
        return [text[at : at + size] for at in range(0, len(text), size)]

    check_text(iter(chunks("a é\n日本 𝄞\r\n\u2028 ø".encode())), "x", "E111")
    for fault in (b"\xe9", b"\xe2\x80", b"\xf0\x9d\x84", b"\x80"):
        for after in (b"", b"\n", b"z\nz", "é".encode()):
            with pytest.raises(MetapipeError, match="METAPIPE-E111 x line 2: expected text in UTF-8"):
                check_text(iter(chunks("é\n".encode() + fault + after)), "x", "E111")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E111 x line 2: expected text, found"):
        check_text(iter(chunks(b"a\nb\0c\n\xff")), "x", "E111")
