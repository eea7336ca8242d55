from __future__ import annotations

import struct
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.swissprot import first_string, swissprot_proteins
from metapipe.refdb.readers.ontology import Term

LETTERS = "-ABCDEFGHIKLMNPQRSTVWXYZU*OJ"
TERMS = {
    "GO:0000001": Term("GO:0000001", "transferase activity", (), ()),
    "GO:0000002": Term("GO:0000002", "thing kinase activity, slow", ("GO:0000001",), ("2.7.1.1",)),
}


def write_volume(folder: Path, entries: list[tuple[str, str]], version: int = 4) -> tuple[Path, Path, Path]:
    """A BLAST volume as makeblastdb wrote it up to version 4."""
    titles, sequences, header_starts, sequence_starts = b"", b"\0", [0], [1]
    for title, sequence in entries:
        length = bytes([len(title)]) if len(title) < 128 else b"\x82" + struct.pack(">H", len(title))
        titles += b"\x30\x80\x30\x80\xa0\x80\x1a" + length + title.encode() + b"\x00\x00\x1a\x09BL_ORD_ID\x00"
        sequences += bytes(LETTERS.index(letter) for letter in sequence) + b"\0"
        header_starts.append(len(titles))
        sequence_starts.append(len(sequences))
    index = struct.pack(">ii", version, 1) + struct.pack(">i", 3) + b"abc" + struct.pack(">i", 4) + b"date"
    index += struct.pack(">i", len(entries)) + struct.pack("<q", 10) + struct.pack(">i", 5)
    index += struct.pack(f">{2 * len(entries) + 2}I", *header_starts, *sequence_starts)
    paths = folder / "a.pin", folder / "a.phr", folder / "a.psq"
    for path, content in zip(paths, (index, titles, sequences), strict=True):
        path.write_bytes(content)
    return paths


def test_proteins_with_their_terms_are_read(tmp_path: Path) -> None:
    long = ",".join(["GO:0000001"] * 30)
    # The length of a title may itself be a letter or a digit: 0x32 is "2".
    entries = [
        ("A0|GO:0000002,GO:0000001,GO:0000002", "MKVUOJX"),
        (f"B0|{long}", "MWYZ"),
        ("C|" + "GO:0000009," * 5, "M"),
    ]
    proteins = list(swissprot_proteins(*write_volume(tmp_path, entries), TERMS))
    assert [(p.accession, p.sequence) for p in proteins] == [("A0", "MKVUOJX"), ("B0", "MWYZ"), ("C", "M")]
    assert (proteins[0].product, proteins[0].ec) == ("thing kinase, slow", ("2.7.1.1",))
    assert proteins[0].go == ("GO:0000001", "GO:0000002")
    assert (proteins[1].product, proteins[1].ec, proteins[1].go) == ("transferase", (), ("GO:0000001",))
    assert proteins[2].product == ""


def test_a_limit_gives_the_first_ones(tmp_path: Path) -> None:
    volume = write_volume(tmp_path, [("A|GO:0000001", "MK"), ("B|GO:0000001", "MV")])
    assert [p.accession for p in swissprot_proteins(*volume, TERMS, limit=1)] == ["A"]


def test_another_version_of_the_format_is_refused(tmp_path: Path) -> None:
    volume = write_volume(tmp_path, [("A|GO:0000001", "MK")], version=5)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E205 a.pin: expected a protein BLAST volume of version 4"):
        list(swissprot_proteins(*volume, TERMS))


@pytest.mark.parametrize("length", [1, 50, 127, 128, 200, 300])
def test_titles_of_any_length_are_read(length: int) -> None:
    encoded = bytes([length]) if length < 128 else b"\x82" + struct.pack(">H", length)
    assert first_string(b"\x30\x80\x1a" + encoded + b"x" * length + b"\x1a\x01y") == "x" * length
