"""GFF3 as written here is read back the same, and what is not GFF3 is refused with its line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.formats import gff3
from metapipe.formats.genes import Gene, feature_gene, format_gene, read_genes
from metapipe.formats.gff3 import Feature

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
scores = st.none() | st.decimals(-1000, 10000, places=1).map(float)


@st.composite
def genes(draw: st.DrawFn) -> Gene:
    start = draw(st.integers(1, 10**9))
    return Gene(
        id=draw(names),
        contig=draw(names),
        start=start,
        end=start + draw(st.integers(0, 10**5)),
        strand=draw(st.sampled_from([1, -1])),
        phase=draw(st.integers(0, 2)),
        partial_left=draw(st.booleans()),
        partial_right=draw(st.booleans()),
        start_type=draw(st.sampled_from(["ATG", "GTG", "TTG", "Edge", ""])),
        translation_table=draw(st.sampled_from([4, 11])),
        score=draw(scores),
        confidence=draw(scores),
        rbs_motif=draw(st.sampled_from(["", "GGAG/GAGG"])),
        rbs_spacer=draw(st.sampled_from(["", "5-10bp"])),
        source=draw(names),
    )


@given(genes())
def test_a_gene_comes_back_from_its_line_unchanged(gene: Gene) -> None:
    line = format_gene(gene)
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert feature_gene(gff3.parse_feature(line[:-1])) == gene


@given(names, names, st.dictionaries(names, st.lists(names, min_size=1, max_size=3).map(tuple), max_size=4))
def test_any_name_and_attribute_survives(seqid: str, source: str, attributes: dict[str, tuple[str, ...]]) -> None:
    feature = Feature(seqid, source, "CDS", 1, 3, None, "+", 0, attributes)
    assert gff3.parse_feature(gff3.format_feature(feature)[:-1]) == feature


def test_reserved_letters_are_percent_encoded_as_the_specification_says() -> None:
    feature = Feature(">a b;c", "x", "CDS", 1, 3, attributes={"Note": ("50%, a=b; c & d\te",)})
    line = gff3.format_feature(feature)
    assert line.startswith("%3Ea%20b%3Bc\t")
    assert line.endswith("Note=50%25%2C a%3Db%3B c %26 d%09e\n")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("c\tx\tCDS\t1\t3\t.\t+\t0", "9 columns"),
        ("c\tx\tCDS\t0\t3\t.\t+\t0\tID=a", "counted from 1"),
        ("c\tx\tCDS\t5\t3\t.\t+\t0\tID=a", "counted from 1"),
        ("c\tx\tCDS\t1\tx\t.\t+\t0\tID=a", "counted from 1"),
        ("c\tx\tCDS\t1\t3\thigh\t+\t0\tID=a", "score"),
        ("c\tx\tCDS\t1\t3\t.\t*\t0\tID=a", "strand"),
        ("c\tx\tCDS\t1\t3\t.\t.\t0\tID=a", "strand"),
        ("c\tx\tCDS\t1\t3\t.\t+\t3\tID=a", "phase"),
        ("c\tx\tCDS\t1\t3\t.\t+\t.\tID=a", "phase"),
        ("c\tx\tCDS\t1\t3\t.\t+\t0\tName=a", "ID"),
        ("c\tx\tCDS\t1\t3\t.\t+\t0\tID", "tag=value"),
        ("c\tx\tCDS\t1\t3\t.\t+\t0\tID=a;partial=02", "partial"),
        ("c\tx\tCDS\t1\t3\t.\t+\t0\tID=a;transl_table=x", "transl_table"),
        ("c\tx\tCDS\t1\t3\t.\t+\t0\tID=a;conf=x", "conf"),
    ],
)
def test_a_malformed_line_is_refused_with_file_and_line(tmp_path: Path, columns: str, expected: str) -> None:
    path = tmp_path / "dataset_7.dat"
    path.write_text(f"##gff-version 3\n\n{columns}\n")
    with pytest.raises(MetapipeError) as refused:
        read_genes(path, label="genes.gff3")
    assert refused.value.code == "E111"
    assert (refused.value.file, refused.value.line) == ("genes.gff3", 3)
    assert expected in str(refused.value)


def test_an_id_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "genes.gff3"
    path.write_text("c\tx\tCDS\t1\t3\t.\t+\t0\tID=a\n" * 2)
    with pytest.raises(MetapipeError) as refused:
        read_genes(path)
    assert (refused.value.code, refused.value.line) == ("E107", 2)


@pytest.mark.parametrize("packed", [False, True])
def test_genes_are_grouped_by_contig_and_other_lines_are_passed_over(tmp_path: Path, packed: bool) -> None:
    text = (
        "##gff-version 3\r\n##sequence-region b 1 90\r\n"
        "b\tx\tCDS\t1\t3\t1.5\t+\t0\tID=b_1\r\nb\tx\trRNA\t5\t9\t.\t+\t.\t.\r\nb\tx\tCDS\t4\t6\t.\t-\t0\tID=b_2;\r\n"
        "a\tx\tCDS\t1\t3\t.\t+\t0\tID=a_1\r\n##FASTA\r\n>a\r\nACGT\r\n"
    )
    path = tmp_path / "genes"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    genes = read_genes(path)
    assert list(genes) == ["b", "a"]
    assert [gene.id for gene in genes["b"]] == ["b_1", "b_2"]
    assert genes["b"][0] == Gene("b_1", "b", 1, 3, 1, score=1.5, source="x")


@pytest.mark.parametrize(
    ("strand", "left", "right", "has_start", "has_stop"),
    [(1, True, False, False, True), (1, False, True, True, False), (-1, True, False, True, False)],
)
def test_the_end_that_is_missing_follows_the_strand(
    strand: int, left: bool, right: bool, has_start: bool, has_stop: bool
) -> None:
    gene = Gene("a_1", "a", 1, 90, strand, partial_left=left, partial_right=right)
    assert (gene.has_start, gene.has_stop, gene.complete) == (has_start, has_stop, False)
