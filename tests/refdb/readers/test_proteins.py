from __future__ import annotations

import contextlib
import gzip
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.build import build_from_file
from metapipe.refdb.readers.proteins import (
    Protein,
    clean_accession,
    clean_ec,
    clean_sequence,
    clean_text,
    parse_header,
    read_proteins,
    write_proteins,
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.1.1.1"], ("1.1.1.1",)),
        (["EC 2.7.7.6", "EC:2.7.7.7"], ("2.7.7.6", "2.7.7.7")),
        (["3.6.1"], ("3.6.1.-",)),
        (["3"], ("3.-.-.-",)),
        (["3.6.1.-"], ("3.6.1.-",)),
        (["3.5.1.n3"], ("3.5.1.n3",)),
        (["8.1.1.1", "putative", "", "1.1.1.1.1"], ()),
        (["1.1.1.3", "1.1.1.1", "1.1.1.3"], ("1.1.1.1", "1.1.1.3")),
    ],
)
def test_ec_numbers_have_four_fields_or_are_dropped(values: list[str], expected: tuple[str, ...]) -> None:
    assert clean_ec(values) == expected


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ("-KVL", "MKVL"),
        ("MKV*LA*", "MKVXLA"),
        ("mkvl", "MKVL"),
        ("MK\nV L", "MKVL"),
        ("MKUOBZJX", "MKUOBZJX"),
        ("MK-V1", "MKXVX"),
    ],
)
def test_translations_are_made_fit_for_search_engines(sequence: str, expected: str) -> None:
    assert clean_sequence(sequence) == expected


def test_a_header_of_ours_is_read_back() -> None:
    protein = Protein(
        "NP_1.1",
        "MKV",
        ("1.1.1.1", "2.7.2.4"),
        "thrA",
        "aspartokinase I; homoserine",
        ("GO:0009088",),
        "83333",
        "E. coli",
    )
    assert replace(parse_header(protein.header()), sequence="MKV") == protein


def test_prokkas_three_fields_are_read() -> None:
    protein = parse_header("YP_1 3.6.1.-~~~uvrD~~~ATP-dependent DNA helicase")
    assert (protein.ec, protein.gene, protein.product) == (("3.6.1.-",), "uvrD", "ATP-dependent DNA helicase")
    assert (protein.go, protein.taxid, protein.organism) == ((), "", "")


def test_a_free_description_is_the_product() -> None:
    assert parse_header("MMP1 nitrite reductase, large subunit").product == "nitrite reductase, large subunit"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "sp|P69905|HBA_HUMAN Hemoglobin subunit alpha OS=Homo sapiens OX=9606 GN=HBA1 PE=1 SV=2",
            Protein("sp|P69905|HBA_HUMAN", "", (), "HBA1", "Hemoglobin subunit alpha", (), "9606", "Homo sapiens"),
        ),
        (
            "UniRef50_Q8E0 Nitrite reductase n=3 Tax=Vibrio TaxID=662 RepID=Q8E0_VIB",
            Protein("UniRef50_Q8E0", "", (), "", "Nitrite reductase", (), "662", "Vibrio"),
        ),
        (
            "WP_000000001.1\tMULTISPECIES: DNA gyrase subunit A [Vibrio]",
            Protein("WP_000000001.1", "", (), "", "DNA gyrase subunit A", (), "", "Vibrio"),
        ),
        ("a", Protein("a", "")),
        ("a EC=1", Protein("a", "", product="EC=1")),
    ],
)  # fmt: skip
def test_headers_of_published_sets_are_understood(header: str, expected: Protein) -> None:
    assert parse_header(header) == expected


def test_cleaned_text_cannot_break_a_header() -> None:
    assert clean_text('a\tb\n>c~~~d "e" ~~ \x00é') == "a b >c~~d 'e' ~~ e"
    assert clean_accession("gi|1|x;rm -rf $HOME") == "gi|1|x_rm_-rf_HOME"


def test_greek_arrows_and_tildes_of_product_names_are_kept() -> None:
    assert clean_text("(1->4)-α-D-glucan, 3'→5' β/Δ, ~7 kDa, Ångström‐x") == (
        "(1->4)-alpha-D-glucan, 3'->5' beta/delta, ~7 kDa, Angstrom-x"
    )


@given(st.lists(st.text(max_size=30), min_size=6, max_size=6))
def test_any_text_survives_as_one_line_of_six_fields(texts: list[str]) -> None:
    gene, product, taxid, organism, accession, sequence = texts
    protein = Protein(clean_accession(accession) or "x", sequence, (), gene, product, (), taxid, organism)
    header = protein.header()
    assert header.isascii()
    assert "\n" not in header
    assert header.count("~~~") == 5
    back = parse_header(header)
    assert (back.gene, back.product, back.organism) == (clean_text(gene), clean_text(product), clean_text(organism))
    assert back.taxid == (clean_text(taxid) if clean_text(taxid).isdigit() else "")


def test_gzip_and_plain_give_the_same_proteins(tmp_path: Path, test_data: Path) -> None:
    plain = test_data / "proteins.fasta"
    packed = tmp_path / "named_wrongly.fasta"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_proteins(packed)) == list(read_proteins(plain))


def test_a_text_that_is_not_fasta_is_refused(test_data: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E101 not_fasta.txt line 1"):
        list(read_proteins(test_data / "bad" / "not_fasta.txt"))


def test_an_empty_file_is_refused(test_data: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E108 empty.fasta"):
        list(read_proteins(test_data / "bad" / "empty.fasta"))


def test_a_repeated_accession_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E107 a.fasta: found 'x'"):
        write_proteins([Protein("x", "MK"), Protein("x", "MV")], tmp_path / "a.fasta")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">acc1 a\nMK\n>acc2 b\nMV\n>acc1 c\nML\n", r"E107 db.faa line 5: expected .* \(line 1 .*\), found 'acc1'"),
        (">acc(1)\nMK\n>acc[1]\nML\n", r"E107 db.faa line 3: expected another name: acc\(1\) .*, found 'acc\[1\]'"),
        (">a\nMK\n>\nML\n", r"E101 db.faa line 3: expected a name behind '>'"),
        (">a\nMK\n>b\nM1L\n", r"E109 db.faa line 3: expected amino acids in b, found '1'"),
        (f">a\n{'ACGGTTCA' * 40}\n", r"E122 db.faa: expected proteins, found 'nucleotides'"),
    ],
)  # fmt: skip
def test_names_that_become_equal_and_what_is_no_protein_are_refused_with_the_line(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "db.faa").write_text(text)
    with pytest.raises(MetapipeError, match=f"METAPIPE-{message}"):
        build_from_file("diamond", tmp_path / "db.faa", tmp_path / "db", name="own", version="1")


ODD = st.sampled_from(
    [b">", b"\n", b"\r", b"\xe9", b"\0", b"\t", b"\v", b" ", b"~", b"[", b"]", b"EC", b"=", b"MK", b"\xef\xbb\xbf"]
)


@given(st.lists(ODD, max_size=30).map(b"".join))
def test_no_bytes_in_a_protein_file_are_an_error_of_our_own(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(MetapipeError):
        path = Path(folder) / "db.faa"
        path.write_bytes(b">a b [x]\nMK\n" + content)
        write_proteins(read_proteins(path), Path(folder) / "out.faa")
        assert [one.accession for one in read_proteins(Path(folder) / "out.faa")]
