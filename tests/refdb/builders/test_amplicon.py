from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.amplicon import FASTA, REFERENCES, TAXONOMY
from metapipe.refdb.builders.build import build_from_file
from metapipe.refdb.manifest import Manifest, read_manifest
from metapipe.refdb.readers.references import read_references
from metapipe.refdb.readers.taxdump import Taxdump
from metapipe.refdb.verify import verify

DNA = "ACGGTTCAACCTGATCGATTTAGCCGATACGGATCTTAGGCATCGATTACGGATCAGGCTATTCGAC"
LINEAGES = (
    "r1\tk__Bacteria; p__Proteobacteria; g__Vibrio; s__natriegens\n"
    "r2\tk__Bacteria; p__Proteobacteria; g__Vibrio; s__\n"
    "r3\tk__Bacteria; p__Bacteroidetes; g__; s__\n"
)
NODES = {1: (1, "no rank"), 2: (1, "superkingdom"), 10: (2, "genus"), 11: (10, "species"), 12: (2, "no rank")}
NAMES = {1: "root", 2: "Bacteria", 10: "Vibrio", 11: "Vibrio natriegens", 12: "unclassified Bacteria"}


def fasta(folder: Path, *names: str) -> Path:
    path = folder / "own.fasta"
    path.write_text(
        "".join(
            f">{name}{'' if '|' in name else ' some text'}\n{DNA[turn:] + DNA[:turn]}\n"
            for turn, name in enumerate(names)
        )
    )
    return path


def taxdump(folder: Path, nodes: dict[int, tuple[int, str]] = NODES, names: dict[int, str] = NAMES) -> Taxdump:
    (folder / "nodes.dmp").write_text("".join(f"{t}\t|\t{p}\t|\t{r}\t|\tx\t|\n" for t, (p, r) in nodes.items()))
    (folder / "names.dmp").write_text(
        "".join(
            f"{t}\t|\t{n} other\t|\t\t|\tsynonym\t|\n{t}\t|\t{n}\t|\t\t|\tscientific name\t|\n"
            for t, n in names.items()
        )
    )
    (folder / "merged.dmp").write_text("9999\t|\t11\t|\n")
    return Taxdump(folder / "nodes.dmp", folder / "names.dmp", folder / "merged.dmp")


def build(folder: Path, file: Path, table: str | None, dump: Taxdump | None = None) -> Manifest:
    taxonomy = None
    if table is not None:
        taxonomy = folder / "own.tsv"
        taxonomy.write_text(table)
    said: list[str] = []
    manifest = build_from_file(
        "amplicon", file, folder / "db", taxonomy=taxonomy, taxdump=dump, name="own", version="1", say=said.append
    )
    (folder / "said").write_text("\n".join(said))
    return manifest


def test_references_with_lineages_become_a_database(tmp_path: Path) -> None:
    manifest = build(tmp_path, fasta(tmp_path, "r1", "r2", "r3"), LINEAGES)
    assert (tmp_path / "db" / REFERENCES).read_text() == "#reference\ttaxid\nr1\t6\nr2\t5\nr3\t3\n"
    assert (tmp_path / "db" / TAXONOMY).read_text() == (
        "#taxid\tparent\trank\tname\tflags\n"
        "1\t\tno rank\troot\t\n"
        "2\t1\tkingdom\tBacteria\t\n"
        "3\t2\tphylum\tBacteroidetes\t\n"
        "4\t2\tphylum\tProteobacteria\t\n"
        "5\t4\tgenus\tVibrio\t\n"
        "6\t5\tspecies\tVibrio natriegens\t\n"
    )
    assert manifest.kind == "amplicon"
    assert manifest.counts == {"references": 3, "taxa": 6, "species": 1, "bases": 3 * len(DNA)}
    assert manifest.builder == (
        "metapipe refdb build --kind amplicon --fasta FILE --taxonomy FILE --name own --version 1"
    )
    assert set(manifest.sources[0].files) == {"references.fasta", "taxonomy"}
    assert read_manifest(tmp_path / "db") == manifest
    assert verify(tmp_path / "db", full=True)


def test_references_with_taxids_take_their_taxa_from_the_taxdump(tmp_path: Path) -> None:
    dump = taxdump(tmp_path, {**NODES, 20: (2, "genus")}, {**NAMES, 20: "of no reference"})
    build(tmp_path, fasta(tmp_path, "r1", "r2", "r3"), "r1\t9999\nr2\t12\nr3\t10\nr4\t11\n", dump)
    assert (tmp_path / "db" / REFERENCES).read_text() == "#reference\ttaxid\nr1\t11\nr2\t12\nr3\t10\n"
    assert (tmp_path / "db" / TAXONOMY).read_text() == (
        "#taxid\tparent\trank\tname\tflags\n"
        "1\t\tno rank\troot\t\n"
        "2\t1\tsuperkingdom\tBacteria\t\n"
        "10\t2\tgenus\tVibrio\t\n"
        "11\t10\tspecies\tVibrio natriegens\t\n"
        "12\t2\tno rank\tunclassified Bacteria\tunclassified\n"
    )
    said = (tmp_path / "said").read_text()
    assert "1 rows of own.tsv are of no reference and are ignored" in said
    assert "1 references have a taxid that NCBI has merged into another" in said


def test_the_headers_of_unite_say_the_lineage_themselves(tmp_path: Path) -> None:
    names = (
        "Glomus_sp|KX1|SH1.10FU|refs|k__Fungi;p__Glomeromycota;g__Glomus;s__Glomus_sp",
        "Abc_def|KX2|SH2.10FU|reps|k__Fungi;p__Ascomycota;g__Abc;s__Abc_def",
    )
    build(tmp_path, fasta(tmp_path, *names), None)
    assert (tmp_path / "db" / REFERENCES).read_text() == "#reference\ttaxid\nKX1|SH1.10FU\t8\nKX2|SH2.10FU\t5\n"
    assert (tmp_path / "db" / FASTA).read_text().startswith(">KX1|SH1.10FU\n")
    assert "8\t7\tno rank\tGlomus sp\tunclassified\n" in (tmp_path / "db" / TAXONOMY).read_text()


def test_the_headers_of_itsonedb_say_the_taxid_themselves(tmp_path: Path) -> None:
    path = fasta(tmp_path, "KC1_ITS1_GB|Vibrio natriegens|11|ITS1 located by ENA annotation, 87bp")
    build(tmp_path, path, None, taxdump(tmp_path))
    assert (tmp_path / "db" / REFERENCES).read_text() == "#reference\ttaxid\nKC1_ITS1_GB\t11\n"


def test_the_same_files_give_the_same_bytes_wherever_they_are(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        digests.add(build(tmp_path / name, fasta(tmp_path / name, "r1", "r2", "r3"), LINEAGES).digest)
    assert len(digests) == 1


def test_the_order_of_the_taxonomy_changes_no_file_of_the_database(tmp_path: Path) -> None:
    contents = set()
    for name, table in (("one", LINEAGES), ("two", "\n".join(reversed(LINEAGES.splitlines())))):
        (tmp_path / name).mkdir()
        manifest = build(tmp_path / name, fasta(tmp_path / name, "r1", "r2", "r3"), table)
        contents.add(hashlib.sha256(repr(sorted(manifest.files.items())).encode()).hexdigest())
    assert len(contents) == 1


def test_an_index_of_few_bases_is_small(tmp_path: Path) -> None:
    manifest = build(tmp_path, fasta(tmp_path, "r1", "r2", "r3"), LINEAGES)
    assert manifest.bytes < 20_000


def test_gaps_case_and_uracil_are_put_right(tmp_path: Path) -> None:
    (tmp_path / "a.fasta").write_text(">a\nac-gu..n\nRY\n")
    assert [reference.sequence for reference in read_references(tmp_path / "a.fasta")] == ["ACGTNRY"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("r1\tk__Bacteria\n", r"E115 own.fasta line 3: expected a taxon of r2 in own.tsv, found 'none'"),
        ("r1\tk__Bacteria\nr1\tk__Fungi\n", r"E107 own.tsv line 2: expected every reference once, found 'r1'"),
        ("r1\tk__Bacteria\nr2\tVibrio\n", r"E118 own.tsv line 2: lineage of r2: 'Vibrio' is neither a domain"),
        ("r1\tk__Bacteria\nr2\n", r"E111 own.tsv line 2: expected a reference, a tab, and a lineage or taxid"),
        ("r1\t11\nr2\tk__Bacteria\n", r"E118 own.tsv line 2: expected a lineage .* or a taxid, the same in all rows"),
        ("", r"E108 own.tsv"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_place_the_references_is_refused(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-{message}"):
        build(tmp_path, fasta(tmp_path, "r1", "r2"), table, taxdump(tmp_path))
    assert not (tmp_path / "db").exists()


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ({**NODES, 10: (11, "genus")}, r"E117 nodes.dmp: the taxonomy runs in a circle"),
        ({**NODES, 10: (77, "genus")}, r"E117 nodes.dmp: expected the parent of taxon 77, found 'none'"),
        ({1: (1, "no rank")}, r"E116 nodes.dmp: reference r1, expected its taxid, found '11'"),
        ({11: (1, "species")}, r"E117 nodes.dmp: expected the root, taxon 1"),
    ],
)
def test_a_taxdump_that_is_no_tree_is_refused(tmp_path: Path, nodes: dict[int, tuple[int, str]], message: str) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-{message}"):
        build(tmp_path, fasta(tmp_path, "r1"), "r1\t11\n", taxdump(tmp_path, nodes))


def test_a_taxon_without_a_name_is_refused(tmp_path: Path) -> None:
    names = {taxid: name for taxid, name in NAMES.items() if taxid != 10}
    with pytest.raises(MetapipeError, match=r"METAPIPE-E117 names.dmp: expected a scientific name of taxon 10"):
        build(tmp_path, fasta(tmp_path, "r1"), "r1\t11\n", taxdump(tmp_path, NODES, names))


def test_a_title_that_is_not_utf8_is_refused_and_not_written(tmp_path: Path) -> None:
    path = fasta(tmp_path, "r1 Bacteria;Bacillota")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E701 expected UTF-8 text for --title, found 'Troms.xf8'"):
        build_from_file("amplicon", path, tmp_path / "db", name="own", version="1", title="Troms\udcf8")
    assert not (tmp_path / "db").exists()


@pytest.mark.parametrize(
    "table",
    [
        "r1.1.9\tBacteria\tBacillota\tBacilli\n",
        "Feature ID\tTaxon\tConfidence\nr1.1.9\tBacteria;Bacillota;Bacilli\t0.98\n",
        "primaryAccession\tstart\tstop\tpath\torganism_name\ttaxid\n"
        "r1\t1\t9\tBacteria;Bacillota;Bacilli;\tuncultured bacterium\t7\n",
    ],
    ids=["a cell for each name", "QIIME's with confidence", "SILVA's taxmap"],
)
def test_tables_of_other_forms_are_read(tmp_path: Path, table: str) -> None:
    build(tmp_path, fasta(tmp_path, "r1.1.9"), table)
    taxa = (tmp_path / "db" / TAXONOMY).read_text().splitlines()[2:5]
    assert [line.split("\t")[2:4] for line in taxa] == [
        ["domain", "Bacteria"], ["phylum", "Bacillota"], ["class", "Bacilli"],
    ]  # fmt: skip


def test_ranks_of_silva_are_for_headers_of_silva(tmp_path: Path) -> None:
    (tmp_path / "own.fasta").write_text(f">r1 d__Bacteria;p__Bacillota\n{DNA}\n")
    message = r"METAPIPE-E112 own.fasta: expected the headers of SILVA, of which own.tsv has the ranks, found 'GTDB"
    with pytest.raises(MetapipeError, match=message):
        build(tmp_path, tmp_path / "own.fasta", "Bacteria;\t3\tdomain\t\t\n")


@pytest.mark.parametrize("name", ["*", "=", "a\x07b"])
def test_a_name_that_no_mapper_can_tell_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "own.fasta").write_text(f">{name}\n{DNA}\n")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E101 own.fasta line 1: expected a name of printable letters"):
        build(tmp_path, tmp_path / "own.fasta", f"{name}\tk__Bacteria\n")


def test_taxids_without_a_taxdump_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E701 own.tsv gives taxids: --nodes and --names"):
        build(tmp_path, fasta(tmp_path, "r1"), "r1\t11\n")


def test_other_headers_need_a_taxonomy(tmp_path: Path) -> None:
    with pytest.raises(
        MetapipeError,
        match=r"METAPIPE-E115 own.fasta line 1: expected --taxonomy, or headers of SINTAX, RDP, MIDORI, UNITE",
    ):
        build(tmp_path, fasta(tmp_path, "r1"), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">p\nMKVLAAGITGLTLPDRSEQFWYHNC\n", r"E110 own.fasta line 1: expected bases in p"),
        (f">a\n{DNA}\n>b\n{DNA}*\n", r"E109 own.fasta line 3: expected bases in b, found '\*'"),
        (
            f">a\n{DNA}\n>a\n{DNA}\n",
            r"E107 own.fasta line 3: expected every reference once \(line 1 has it already\), found 'a'",
        ),
        (f">a\n>b\n{DNA}\n", r"E101 own.fasta line 1: expected a name and a sequence"),
        ("hello\n", r"E101 own.fasta line 1: expected a line that starts with '>'"),
        ("", r"E108 own.fasta"),
    ],
)
def test_a_file_of_no_references_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "own.fasta").write_text(text)
    with pytest.raises(MetapipeError, match=f"METAPIPE-{message}"):
        build(tmp_path, tmp_path / "own.fasta", "a\tk__Bacteria\n")
