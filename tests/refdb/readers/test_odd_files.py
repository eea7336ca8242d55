"""Bytes that nobody would write, for every reader of a user's file: read, or refused, never an error of our own."""

from __future__ import annotations

import contextlib
import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path

import published_sets as published
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.family_table import read_family_table
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.placing import place_references
from metapipe.refdb.readers.proteins import read_proteins
from metapipe.refdb.readers.references import read_references
from metapipe.refdb.readers.silva import read_ranks
from metapipe.refdb.readers.taxdump import Taxdump
from metapipe.refdb.readers.text_files import text_lines

Read = Callable[[Path], object]
PIECES = [
    b"", b"\n", b"\r\n", b"\r", b"\t", b"\v", b" ", b"\0", b"\xe9", b"\xff\xfe", b"\xef\xbb\xbf", "×β²".encode(),
    b">", b"#", b";", b"|", b",", b":", b"__", b"k__", b"D_99999999999999999999__", b"9999999999999999999", b"-1",
    b"~~~", b"[", b"]", b"(", b"EC:1.1.1.1", b"tax=", b"###", b"Lineage=", b"root_1", b"Bacteria", b"Root;rootrank;",
    b"\x1f\x8b", b"PK\3\4",
]  # fmt: skip


def placed(fasta: Path, table: Path | None = None, dump: Taxdump | None = None) -> Placement:
    """Place references, and hold the result to what our tables can hold."""
    references, placement = place_references(read_references(fasta), fasta, table, dump)
    assert len({reference.name for reference in references}) == len(references)
    for reference in references:
        assert reference.name.split() == [reference.name]
        reference.name.encode()
    for taxon in placement.taxa.values():
        assert taxon.name == taxon.name.strip() != ""
        assert not set("\t\n\r;:|") & set(taxon.name)
        taxon.name.encode()
    return placement


def with_table(path: Path) -> Placement:
    """The file as the table of two references, then as a table of taxids."""
    fasta = path.with_name("two.fasta")
    fasta.write_bytes(published.dna(["AA000001.1.120", "AA000002.1.120"]))
    for name, content in published.TAXDUMP.items():
        path.with_name(name).write_text(content)
    return placed(fasta, path, Taxdump(path.with_name("nodes.dmp"), path.with_name("names.dmp")))


def as_nodes(path: Path) -> Placement:
    """The file as the nodes of a taxdump."""
    fasta, names = path.with_name("one.fasta"), path.with_name("names.dmp")
    fasta.write_bytes(published.dna(published.ITSONEDB))
    names.write_text(published.TAXDUMP["names.dmp"])
    merged = path.with_name("merged.dmp")
    merged.write_text(published.TAXDUMP["merged.dmp"])
    return placed(fasta, None, Taxdump(path, names, merged))


FILES: dict[str, tuple[bytes, Read]] = {
    "silva": (published.rna(published.SILVA), placed),
    "pr2": (published.dna(published.PR2_LONG), placed),
    "pr2 utax": (published.dna(published.PR2_UTAX), placed),
    "gtdb": (published.dna(published.GTDB_BACTERIA), placed),
    "rdp": (published.dna(published.RDP_RELEASE), placed),
    "rdp train set": (published.dna(published.RDP_TRAINSET), placed),
    "dada2": (published.dna(published.DADA2_TRAINSET), placed),
    "dada2 species": (published.dna(published.DADA2_SPECIES), placed),
    "midori": (published.dna([f"A.1###{published.MIDORI.format('alba')}"]), placed),
    "unite": (published.dna(published.UNITE), placed),
    "table of qiime 132": (published.table(published.QIIME_132), with_table),
    "table of taxids": (published.table(["AA000001.1.120\t11", "AA000002.1.120\t2"]), with_table),
    "nodes": (published.TAXDUMP["nodes.dmp"].encode(), as_nodes),
    "ranks of silva": (published.table(published.SILVA_RANKS), read_ranks),
    "ko_list": (published.table(published.KO_LIST), read_family_table),
    "proteins": (published.protein(published.REFSEQ), lambda path: list(read_proteins(path))),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_files_themselves_are_read(tmp_path: Path, kind: str) -> None:
    content, read = FILES[kind]
    (tmp_path / "file").write_bytes(content)
    assert read(tmp_path / "file")


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("change", ["mark", "windows", "packed", "blank lines"])
def test_byte_order_marks_line_ends_and_gzip_change_nothing(tmp_path: Path, kind: str, change: str) -> None:
    content, read = FILES[kind]
    changed = {
        "mark": b"\xef\xbb\xbf" + content,
        "windows": content.replace(b"\n", b"\r\n"),
        "packed": gzip.compress(b"\xef\xbb\xbf" + content),
        "blank lines": content if kind == "nodes" else content + b"\n\n",
    }[change]
    results = []
    for name, text in (("one", content), ("two", changed)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(text)
        results.append(read(tmp_path / name / "file"))
    assert results[0] == results[1]


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(FILES)),
    st.integers(0, 700),
    st.integers(0, 40),
    st.lists(st.sampled_from(PIECES), max_size=4),
)
def test_no_bytes_in_a_file_are_an_error_of_our_own(kind: str, place: int, left_out: int, pieces: list[bytes]) -> None:
    content, read = FILES[kind]
    changed = content[:place] + b"".join(pieces) + content[place + left_out :]
    # Anything but a refusal of ours fails the test.
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(MetapipeError):
        path = Path(folder) / "file"
        path.write_bytes(changed)
        read(path)


@settings(max_examples=100)
@given(st.sampled_from(sorted(FILES)), st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_files_of_any_bytes_are_read_or_refused(kind: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(MetapipeError):
        path = Path(folder) / "file"
        path.write_bytes(content)
        FILES[kind][1](path)


@given(st.lists(st.binary(min_size=1, max_size=6), min_size=2, max_size=2, unique=True))
def test_two_names_of_bytes_that_are_no_utf8_stay_two(names: list[bytes]) -> None:
    # 0xFF never stands in UTF-8; what follows it is read byte by byte.
    lines = [b"x" + b"\xff".join(bytes([byte]) for byte in name if byte not in b"\r\n") + b"\xff" for name in names]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(b"\n".join(lines))
        read = [line for _, line in text_lines(path)]
    assert len(set(read)) == len(set(lines))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\3\4 and more", "this is a zip archive"),
        (b"BZh91AY&SY", "this is a bzip2 archive"),
        (gzip.compress(gzip.compress(b">a\nACGT\n")), "this is packed with gzip twice"),
        (b"<!DOCTYPE html><html>", "this is a web page"),
        (gzip.compress(b">a\nACGT\n" * 90)[:-12], "E104 set.fasta.gz"),
        (gzip.compress(b">a\nACGT\n")[:-8] + b"12345678", "E105 set.fasta.gz"),
    ],
)
@pytest.mark.parametrize("read", [read_references, lambda path: list(read_proteins(path))], ids=["genes", "proteins"])
def test_archives_that_are_not_gzip_and_damaged_ones_are_named(
    tmp_path: Path, read: Read, content: bytes, words: str
) -> None:
    (tmp_path / "set.fasta.gz").write_bytes(content)
    with pytest.raises(MetapipeError, match=words):
        read(tmp_path / "set.fasta.gz")


def test_names_that_are_not_utf8_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "set.fasta").write_bytes(b">Troms\xf8_1\nACGT\n>Troms\xe9_1\nACGT\n")
    (tmp_path / "set.tsv").write_bytes("Tromsø_1\tk__Bacteria\nTromsé_1\tk__Archaea\n".encode())
    placement = placed(tmp_path / "set.fasta", tmp_path / "set.tsv")
    assert set(placement.taxon_of) == {"Tromsø_1", "Tromsé_1"}
