"""The files about the genes, indexed by contig; files that do not belong together are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.formats import gff3
from metapipe.formats.genes import Gene, format_gene
from metapipe.formats.table_rows import header_line
from metapipe.stages.annotation.side_index import GeneFiles, index_gene_files

COLUMNS = ("query", "subject", "score")


def write(
    folder: Path,
    genes: dict[str, list[str]],
    proteins: Sequence[str] | None = None,
    hits: Sequence[str] | None = None,
    domains: Sequence[str] | None = None,
) -> GeneFiles:
    """Write files with these gene ids in them and index them."""
    order = [gene for names in genes.values() for gene in names]
    text = gff3.VERSION_LINE
    for contig, names in genes.items():
        text += gff3.sequence_region(contig, 1000)
        text += "".join(format_gene(Gene(name, contig, 1, 90, 1)) for name in names)
    (folder / "genes.gff3").write_text(text)
    names = order if proteins is None else proteins
    (folder / "p.fasta").write_text("".join(f">{name} x\nMK\nVL\n" for name in names))
    files: dict[str, tuple[Path, str]] = {
        "genes": (folder / "genes.gff3", "genes"),
        "proteins": (folder / "p.fasta", "proteins"),
    }
    for name, rows in (("hits", hits), ("domains", domains)):
        path = folder / f"{name}.tsv"
        path.write_bytes(header_line(COLUMNS) + b"".join(f"{row}\ts\t1\n".encode() for row in rows or ()))
        if rows is not None:
            files[name] = (path, name)
    assert index_gene_files(files, dict.fromkeys(("hits", "domains"), COLUMNS), folder) == len(genes)
    return GeneFiles.load(folder, files)


genes_by_contig = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=5),
    st.integers(0, 4),
    max_size=6,
)


@given(genes_by_contig, st.data())
@settings(max_examples=60)
def test_each_contig_finds_exactly_its_own_lines(tmp_path: Path, counts: dict[str, int], data: st.DataObject) -> None:
    genes = {contig: [f"{contig}_{n}" for n in range(1, count + 1)] for contig, count in counts.items()}
    order = [gene for names in genes.values() for gene in names]
    hits = [gene for gene in order for _ in range(data.draw(st.integers(0, 2)))]
    files = write(tmp_path, genes, hits=hits)
    with files.opened() as opened:
        assert opened.hits is not None
        assert opened.domains is None
        for contig in data.draw(st.permutations(list(genes))):
            names, at = genes[contig], files.position(contig, 1000, "contigs")
            features = [gff3.parse_feature(line.decode().rstrip("\n")) for _, line in opened.genes.lines(at)]
            assert [feature.attributes["ID"][0] for feature in features] == names
            proteins = [line.decode() for _, line in opened.proteins.lines(at)]
            assert proteins == [part for name in names for part in (f">{name} x\n", "MK\n", "VL\n")]
            mine = [line.split(b"\t")[0].decode() for _, line in opened.hits.lines(at)]
            assert mine == [hit for hit in hits if hit in names]
            assert contig in files.contigs
    assert "no contig has so long a name" not in files.contigs


def test_lines_come_with_their_number_in_the_file(tmp_path: Path) -> None:
    files = write(tmp_path, {"a": ["a_1"], "b": ["b_1", "b_2"]}, hits=["a_1", "b_2"])
    at = files.position("b", 1000, "contigs")
    with files.opened() as opened:
        assert opened.hits is not None
        assert [(place.file, place.line) for place, _ in opened.hits.lines(at)] == [("hits", 3)]
        assert [place.line for place, _ in opened.genes.lines(at)] == [5, 6]
        assert [place.line for place, _ in opened.proteins.lines(at)] == [4, 5, 6, 7, 8, 9]


def test_a_contig_that_the_genes_do_not_know_or_know_by_another_length_is_refused(tmp_path: Path) -> None:
    files = write(tmp_path, {"a": ["a_1"], "b": []})
    with pytest.raises(MetapipeError, match=r"E112 genes: .*\(1000\), found 'c missing'"):
        files.position("c", 1000, "contigs")
    with pytest.raises(MetapipeError, match=r"E112 genes: .*\(999\), found 'b 1000'"):
        files.position("b", 999, "contigs")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hits": ["a_1", "x_1"]}, "E112 hits line 3: expected genes of genes in its order, found 'x_1'"),
        ({"hits": ["b_1", "a_1"]}, "E112 hits line 3"),
        ({"domains": ["a_9"]}, "E112 domains line 2"),
        ({"proteins": ["a_1"]}, "E112 proteins: expected b_1, the next gene of genes, found 'the end of the file'"),
        ({"proteins": ["a_1", "b_2", "b_1"]}, "E112 proteins line 4: expected b_1"),
        ({"proteins": ["a_1", "b_1", "b_2", "c_1"]}, "E112 proteins line 10"),
    ],
)
def test_files_that_do_not_belong_together_are_refused_with_the_line(
    tmp_path: Path, changes: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(MetapipeError, match=message):
        write(tmp_path, {"a": ["a_1"], "b": ["b_1", "b_2"]}, **changes)


LINE = "a\t.\tCDS\t1\t90\t.\t+\t0\tID=a_1\n"
REGION = "##sequence-region a 1 1000\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "E111 genes line 1: expected ##gff-version 3"),
        (gff3.VERSION_LINE + LINE, "E111 genes line 2: expected a line ##sequence-region before its genes"),
        (gff3.VERSION_LINE + REGION + LINE.replace("ID=", "id="), "E111 genes line 3: expected an attribute ID"),
        (gff3.VERSION_LINE + REGION + "a b c\n", "E111 genes line 3: expected 9 columns"),
        (
            gff3.VERSION_LINE + REGION + LINE + REGION.replace(" a ", " b ") + LINE.replace("a", "b") + LINE,
            "E111 genes line 6: expected the genes of a contig in one piece",
        ),
        ("\x1f\x8b", "E111 genes line 1: expected plain text, found 'gzip'"),
    ],
)
def test_a_gene_file_that_is_none_is_refused_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "g").write_bytes(text.encode("latin-1"))
    (tmp_path / "p").write_text(">a_1\nMK\n>b_1\nMK\n")
    with pytest.raises(MetapipeError, match=message):
        index_gene_files({"genes": (tmp_path / "g", "genes"), "proteins": (tmp_path / "p", "proteins")}, {}, tmp_path)


@pytest.mark.parametrize("text", [b"", b"query\tsubject\tscore\n", b"\x1f\x8b"])
def test_a_table_without_its_header_is_refused(tmp_path: Path, text: bytes) -> None:
    write(tmp_path, {"a": ["a_1"]})
    (tmp_path / "t").write_bytes(text)
    with pytest.raises(MetapipeError, match="E111 hits line 1"):
        index_gene_files(
            {
                "genes": (tmp_path / "genes.gff3", "genes"),
                "proteins": (tmp_path / "p.fasta", "p"),
                "hits": (tmp_path / "t", "hits"),
            },
            {"hits": COLUMNS},
            tmp_path,
        )


def test_proteins_that_are_no_fasta_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"a": ["a_1"]})
    (tmp_path / "p.fasta").write_text("MKV\n")
    with pytest.raises(MetapipeError, match="E101 p line 1"):
        index_gene_files(
            {"genes": (tmp_path / "genes.gff3", "genes"), "proteins": (tmp_path / "p.fasta", "p")}, {}, tmp_path
        )
