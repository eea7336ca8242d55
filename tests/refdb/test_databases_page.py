"""docs/databases.md shows how to build each published set; here every command of that page is carried out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import published_sets
import pytest

from metapipe.cli import main
from metapipe.refdb import store

HOME = Path(__file__).resolve().parents[2]
PAGE = HOME / "docs" / "databases.md"
#: What each of the published sets holds in the end: label → reference → the name and rank of its taxon; * flagged.
TAXA = {
    "silva-ssu:138.2": {
        "AA000001.1.120": "species Vibrio exemplaris",
        "AA000002.1.120": "no rank uncultured bacterium Exemplum*",
        "AA000003.1.120": "species Vigna radiata (plastid)",
        "AA000004.1.120": "species Examplus pictus",
    },
    "silva-lsu:138.2": {
        "AA000001.1.120": "species Vibrio exemplaris",
        "AA000002.1.120": "no rank uncultured bacterium Exemplum*",
        "AA000003.1.120": "species Vigna radiata (plastid)",
        "AA000004.1.120": "species Examplus pictus",
    },
    "silva-qiime:132": {
        "AA000001.1.120": "no rank uncultured marine bacterium Vibrio*",
        "AA000002.1.120": "species Exemplum marinum",
    },
    "silva-qiime:138": {
        "AA000001.1.120": "no rank uncultured bacterium Vibrio*",
        "AA000002.1.120": "species Exemplum marinum",
    },
    "pr2:5.0.0": {
        "AB000001.1.120_U": "species Examplium marinum",
        "AB000002.1.120_UC": "no rank Diatomeae_X*",
        "AB000003.1.120_G": "species Dus alba (plastid)",
    },
    "pr2-mothur:5.0.0": {
        "AB000001.1.120_U": "species Examplium marinum",
        "AB000002.1.120_UC": "no rank Diatomeae_X*",
        "AB000003.1.120_G": "species Dus alba (plastid)",
    },
    "pr2-dada2:5.0.0": {
        "reference_1": "species Examplium marinum",
        "reference_2": "no rank Diatomeae_X*",
        "reference_3": "species Dus alba (plastid)",
    },
    "pr2-utax:5.0.0": {
        "AB000001.1.120_U": "species Examplium marinum",
        "AB000002.1.120_U": "no rank Diatomeae_X*",
    },
    "gtdb-ssu:226": {
        "RS_GCF_000000001.1": "species Abacus oeni",
        "GB_GCA_000000002.1": "species Clostridium_X sp000002",
        "RS_GCF_000000003.1": "species Caldus ruber",
    },
    "rdp-trainset:19": {"AB000001|S001000001": "genus Abacus", "AB000002|S001000002": "genus Bacus"},
    "rdp:11.5": {"S000000001": "genus Acidus"},
    "silva-dada2:138.2": {
        "reference_1": "species Abacus oeni",
        "reference_2": "genus Abacus",
        "reference_3": "genus Abacus",
    },
    "silva-species:138.2": {"AA000001.1.120": "species Abacus oeni", "AA000002.1.120": "species Bacus ruber"},
    "rdp-sintax:18": {"AB000001_S001": "genus Abacus", "AB000002_S002": "genus Bacus"},
    "midori-co1:269": {"AF000001.1.<1.>648": "species Homo alba"},
    "midori-srrna:269": {"AF000001.1.2.3": "species Homo alba"},
    "midori-lrrna:269": {"AF000001.1.2.3": "species Homo alba"},
    "unite:10.0": {"KX000001|SH1000001.10FU": "species Abcus albus", "KX000002|SH1000002.10FU": "no rank Glomus sp*"},
    "unite-qiime:10.0": {
        "SH1000001.10FU_KX000001_refs": "species Abcus albus",
        "SH1000002.10FU_KX000002_reps": "no rank Glomus sp*",
    },
    "itsonedb:1.138": {"KC000001_ITS1_GB": "species Vibrio natriegens"},
}
#: Label → headers of its proteins.
PROTEINS = {
    "uniref50:2026_03": ["UniRef50_A0A001 ~~~~~~Nitrite reductase~~~~~~662~~~Vibrio"],
    "swissprot:2026_03": ["sp|P00001|ABC_VIBEX ~~~nirK~~~Nitrite reductase~~~~~~662~~~Vibrio exemplaris"],
    "refseq-bacteria:229": [
        "WP_000000001.1 ~~~~~~DNA gyrase subunit A~~~~~~~~~Vibrio",
        "WP_000000002.1 ~~~~~~sulfite reductase [NADPH] flavoprotein alpha-component~~~~~~~~~Candidatus Exemplum maris",
    ],
    "mardb-reads:6": ["WP_000000003.1_MMP0001_663"],
    "refseq-reads:229": ["WP_000000001.1_662"],
    "uniref90-reads:2026_03": ["UniRef50_A0A001_662"],
    "gtdb-reads:226": ["AB000001.1_1_7", "AB000002.1_1_3"],
    "mardb-markers:6": ["COG0093.WP_000000003.1_MMP0001_663"],
    "gtdb-markers:226": ["COG0093.AB000001.1_1_7", "COG0093.AB000002.1_1_3"],
    "marref:6": ["WP_000000003.1_MMP0001 2.7.2.1~~~~~~acetate kinase~~~~~~~~~Vibrio exemplaris"],
}
#: Label → accession, description, EC numbers and cut-off of its families.
FAMILIES = {
    "pfam:37.4": [("PF00001.1", "", "", "GA"), ("PF00002.1", "", "", "GA")],
    "ncbifam:17.0": [
        ("NF000001.1", "nitrite reductase", "1.7.2.1", "TC"),
        ("TIGR00001.1", "ribosomal protein bL35", "", "TC"),
    ],
    "ncbifam-lib:17.0": [("NF000001.1", "", "", "TC"), ("TIGR00001.1", "", "", "TC")],
    "kofam:2026-11": [
        ("K00001", "alcohol dehydrogenase", "1.1.1.1", "GA"),
        ("K00002", "dehydrogenase (NADP+)", "1.1.1.-;1.1.1.2", "GA"),
        ("K00003", "homoserine dehydrogenase", "1.1.1.3", "E-value"),
    ],
}


def commands() -> list[str]:
    return re.findall(r"^\$ (.*)$", PAGE.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The store after every command of the page, in its order, in a folder with the published files."""
    folder = tmp_path_factory.mktemp("page")
    for name, content in published_sets.published_files().items():
        (folder / name).write_bytes(content)
    (folder / "genes.fasta").write_bytes(published_sets.protein(["gene_1"]))
    surroundings = pytest.MonkeyPatch()
    surroundings.setenv("METAPIPE_REFDB", str(folder / "refdb"))
    # Packages are fetched once for all tests.
    surroundings.setenv("METAPIPE_DOWNLOADS", str(HOME / ".build" / "downloads"))
    surroundings.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    surroundings.chdir(folder)
    try:
        for command in commands():
            carry_out(command)
        yield folder / "refdb"
    finally:
        surroundings.undo()


def carry_out(command: str) -> None:
    words = shlex.split(command, comments=True)
    if words[0] == "metapipe":
        assert main(words[1:]) == 0, command
    else:
        assert words[0] == "cat", command
        subprocess.run(["bash", "-c", command], check=True, env=os.environ)


def test_every_command_of_the_page_builds_what_is_said(built: Path) -> None:
    labels = {entry.manifest.label for entry in store.installed()}
    said = re.findall(r"--name (\S+) --version (\S+)", "\n".join(commands()))
    assert labels >= {f"{name}:{version}" for name, version in said}
    assert labels >= TAXA.keys() | PROTEINS.keys() | FAMILIES.keys()


@pytest.mark.parametrize("label", TAXA)
def test_references_of_each_published_set_are_placed(built: Path, label: str) -> None:
    folder = built / label.replace(":", "/")
    taxa = {cells[0]: cells for cells in rows(folder / "taxonomy.tsv")}
    found = {
        reference: f"{taxa[taxid][2]} {taxa[taxid][3]}{'*' if taxa[taxid][4] else ''}"
        for reference, taxid in rows(folder / "references.tsv")
    }
    assert found == TAXA[label]


def test_silva_has_its_own_ranks_when_its_table_is_given(built: Path) -> None:
    ranks = {cells[3]: cells[2] for cells in rows(built / "silva-ssu" / "138.2" / "taxonomy.tsv")}
    assert (ranks["Amorphea"], ranks["Obazoa"], ranks["Vibrionaceae"]) == ("major clade", "clade", "family")
    ranks = {cells[3]: cells[2] for cells in rows(built / "silva-lsu" / "138.2" / "taxonomy.tsv")}
    assert (ranks["Amorphea"], ranks["Examplus"], ranks["Vibrionaceae"]) == ("clade", "genus", "family")


@pytest.mark.parametrize("label", PROTEINS)
def test_proteins_of_each_published_set_have_their_columns(built: Path, label: str) -> None:
    lines = (built / label.replace(":", "/") / "proteins.fasta").read_text().splitlines()
    assert [line[1:] for line in lines if line.startswith(">")] == PROTEINS[label]


@pytest.mark.parametrize("label", FAMILIES)
def test_families_of_each_published_set_have_names_and_cut_offs(built: Path, label: str) -> None:
    header, *families = (built / label.replace(":", "/") / "families.tsv").read_text().splitlines()
    columns = header.split("\t")
    found = [dict(zip(columns, family.split("\t"), strict=True)) for family in families]
    cells = [(row["accession"], row["description"], row["ec"], row.get("cutoff", "GA")) for row in found]
    assert cells == FAMILIES[label]


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
