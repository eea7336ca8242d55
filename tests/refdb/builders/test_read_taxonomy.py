"""Databases that reads are placed by: proteins with taxa, told by a table or by headers, and the tree above."""

from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.build import build_from_file, build_from_recipe
from metapipe.refdb.manifest import Manifest, read_manifest
from metapipe.refdb.readers.taxdump import Taxdump
from metapipe.refdb.recipe import find_recipe
from metapipe.refdb.verify import verify
from metapipe.taxa.ancestry import read_ancestry
from metapipe.taxa.word_index import FILES

NODES = {1: (1, "no rank"), 2: (1, "superkingdom"), 662: (2, "genus"), 666: (662, "species"), 668: (662, "species")}
NAMES = {1: "root", 2: "Bacteria", 662: "Vibrio", 666: "Vibrio cholerae", 668: "Vibrio fischeri"}
SYNONYMS = {668: "Aliivibrio fischeri", 666: "Pacinia cholerae-asiaticae"}
LETTERS = "MKVLAWDERTYHSGPQNICF"


def dump(folder: Path, *, merged: bool = True) -> Taxdump:
    (folder / "nodes.dmp").write_text("".join(f"{t}\t|\t{p}\t|\t{r}\t|\tx\t|\n" for t, (p, r) in NODES.items()))
    names = [f"{t}\t|\t{n}\t|\t\t|\tscientific name\t|\n" for t, n in NAMES.items()]
    names += [f"{t}\t|\t{n}\t|\t\t|\tsynonym\t|\n" for t, n in SYNONYMS.items()]
    names += [f"{t}\t|\tambiguous name\t|\t\t|\tsynonym\t|\n" for t in (666, 668)]
    (folder / "names.dmp").write_text("".join(names))
    (folder / "merged.dmp").write_text("99999\t|\t666\t|\n88888\t|\t12345\t|\n")
    return Taxdump(folder / "nodes.dmp", folder / "names.dmp", folder / "merged.dmp" if merged else None)


def build(folder: Path, headers: list[str], table: str | None = None, taxdump: Taxdump | None = None) -> Manifest:
    fasta = folder / "own.faa"
    fasta.write_text("".join(f">{header}\n{LETTERS[n:] + LETTERS[:n]}\n" for n, header in enumerate(headers)))
    if table is not None:
        (folder / "own.tsv").write_text(table)
    said: list[str] = []
    manifest = build_from_file(
        "taxonomy-reads",
        fasta,
        folder / "db",
        taxonomy=folder / "own.tsv" if table is not None else None,
        taxdump=taxdump,
        name="own",
        version="1",
        say=said.append,
    )
    (folder / "said").write_text("\n".join(said[1:]))
    return manifest


def names_in(folder: Path) -> list[str]:
    return [line[1:] for line in (folder / "db" / "proteins.fasta").read_text().splitlines() if line.startswith(">")]


def test_proteins_with_lineages_become_a_database(tmp_path: Path) -> None:
    table = "a\td__Bacteria;g__Vibrio;s__cholerae\nb\td__Bacteria;g__Vibrio\nnobody\td__Archaea\n"
    manifest = build(tmp_path, ["a some words", "b"], table)
    assert manifest.kind == "taxonomy-reads"
    assert manifest.counts == {
        "proteins": 2, "residues": 40, "without_taxon": 0, "taxa": 4, "species": 1,
    }  # fmt: skip
    assert names_in(tmp_path) == ["a_4", "b_3"]
    tree = read_ancestry(tmp_path / "db")
    assert tree.lineage_text(tree.numbers[4]) == (
        "1:no rank:root;2:domain:Bacteria;3:genus:Vibrio;4:species:Vibrio cholerae"
    )
    assert manifest.builder == (
        "metapipe refdb build --kind taxonomy-reads --fasta FILE --taxonomy FILE --name own --version 1"
    )
    assert read_manifest(tmp_path / "db") == manifest
    assert verify(tmp_path / "db")


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("sp|P1|X_VIBCH Urease OS=Vibrio cholerae OX=666 GN=ureA PE=1 SV=1", "sp|P1|X_VIBCH_666"),
        ("UniRef90_P1 Urease n=1 Tax=Vibrio TaxID=662 RepID=X", "UniRef90_P1_662"),
        ("WP_1.1 MULTISPECIES: urease [Vibrio fischeri]", "WP_1.1_668"),
        ("WP_1.1 urease [Aliivibrio fischeri]", "WP_1.1_668"),
        ("MMP1_1 [protein=urease] [organism=Vibrio cholerae]", "MMP1_1_666"),
        ("X1 [taxid=666] urease", "X1_666"),
        ("1_668", "1_668_668"),
        ("WP_000000001.1_668", "WP_000000001.1_668_668"),
        ("X1 ~~~ureA~~~urease~~~~~~666~~~Vibrio cholerae", "X1_666"),
        ("X1 urease OX=99999", "X1_666"),
    ],
)
def test_headers_say_the_taxon_in_many_ways(header: str, named: str, tmp_path: Path) -> None:
    build(tmp_path, [header], None, dump(tmp_path))
    assert names_in(tmp_path) == [named]


def test_what_has_no_taxon_or_an_unknown_deleted_or_ambiguous_one_is_left_out_and_counted(tmp_path: Path) -> None:
    headers = [
        "a x OX=666",
        "b no organism",
        "c x OX=88888",
        "d x OX=31337",
        "e x [ambiguous name]",
        "NP_416543",
        "g x [Vibrio]",
    ]
    manifest = build(tmp_path, headers, None, dump(tmp_path))
    assert names_in(tmp_path) == ["a_666", "g_662"]
    assert manifest.counts["without_taxon"] == 5
    said = (tmp_path / "said").read_text()
    assert "3 proteins of which nothing says the taxon are left out" in said
    assert "2 proteins of taxa that the taxonomy lacks are left out" in said


def test_numbers_that_were_merged_are_followed_and_kept_for_other_databases(tmp_path: Path) -> None:
    build(tmp_path, ["a x OX=99999"], None, dump(tmp_path))
    assert names_in(tmp_path) == ["a_666"]
    tree = read_ancestry(tmp_path / "db")
    assert tree.numbers[99999] == tree.numbers[666]
    assert 88888 not in tree.numbers
    (tmp_path / "without").mkdir()
    with pytest.raises(MetapipeError, match="METAPIPE-E115"):
        build(tmp_path / "without", ["a x OX=99999"], None, dump(tmp_path / "without", merged=False))


def test_an_index_of_words_is_made_when_asked_for_the_same_each_time_and_is_no_part_otherwise(tmp_path: Path) -> None:
    (tmp_path / "own.faa").write_text("".join(f">p{n}\n{LETTERS[n:] + LETTERS}\n" for n in range(9)))
    (tmp_path / "own.tsv").write_text("".join(f"p{n}\td__Bacteria;g__Vibrio;s__s{n % 3}\n" for n in range(9)))

    def made(folder: str, words: bool) -> Manifest:
        return build_from_file(
            "taxonomy-reads",
            tmp_path / "own.faa",
            tmp_path / folder,
            taxonomy=tmp_path / "own.tsv",
            words=words,
            name="own",
            version="1",
        )

    with_words, again, without = made("with", True), made("again", True), made("without", False)
    assert set(with_words.files) - set(without.files) == {f"kraken2/{name}" for name in FILES}
    assert with_words.digest == again.digest
    assert "kraken2 " in with_words.tool
    assert with_words.builder == f"{without.builder} --kraken2"
    assert verify(tmp_path / "with", full=True)


def test_an_index_of_words_is_for_proteins_with_taxa(tmp_path: Path) -> None:
    (tmp_path / "own.faa").write_text(f">p\n{LETTERS}\n")
    with pytest.raises(MetapipeError, match="METAPIPE-E701 --kraken2 is for databases of kind taxonomy-reads"):
        build_from_file("diamond", tmp_path / "own.faa", tmp_path / "db", words=True, name="own", version="1")
    with pytest.raises(MetapipeError, match="METAPIPE-E701 --kraken2 is for databases of kind taxonomy-reads"):
        build_from_recipe(find_recipe("metapipe-tiny-proteins"), tmp_path / "db", words=True)


def test_taxids_of_a_table_need_a_taxdump(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E701 the taxa of own\.tsv need --nodes and --names"):
        build(tmp_path, ["a"], "a\t666\n")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E701 the taxa of the headers of own\.faa need --nodes"):
        build(tmp_path, ["a x OX=666"])
    build(tmp_path, ["a"], "a\t666\n", dump(tmp_path))
    assert names_in(tmp_path) == ["a_666"]


@pytest.mark.parametrize(
    ("headers", "table", "code"),
    [
        (["a", "a"], "a\td__Bacteria\n", "E107"),
        (["a"], "b\td__Bacteria\n", "E115"),
        (["a"], "a\tg__p__x\n", "E118"),
        (["a"], "", "E108"),
    ],
)
def test_what_cannot_be_a_database_is_refused(headers: list[str], table: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-{code}"):
        build(tmp_path, headers, table)
    assert not (tmp_path / "db").exists()
