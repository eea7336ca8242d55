"""From a user's own ITS collection to taxa: the whole way of docs/databases.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.cli import main
from metapipe.refdb.readers.proteins import read_fasta

UNITE_TAXON = {
    "XX000001|SH1000001.10FU": "Glomus macrocarpum",
    "XX000002|SH1000002.10FU": "Glomus sp",
    "XX000003|SH1000003.10FU": "Kirschsteiniothelia lignicola",
    "XX000004|SH1000004.10FU": "Corollospora maritima",
    "XX000005|SH1000005.10FU": "Fungi phy Incertae sedis",
}


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()[1:]]


def build(folder: Path, *words: str) -> None:
    options = ["--kind", "amplicon", "--name", "its", "--version", "1", "--output", str(folder)]
    assert main(["refdb", "build", *options, *words]) == 0


def test_unite_is_taken_as_it_comes(tmp_path: Path, test_data: Path) -> None:
    build(tmp_path / "its", "--fasta", str(test_data / "its" / "unite.fasta"))
    taxa = {row[0]: row for row in rows(tmp_path / "its" / "taxonomy.tsv")}
    found = {reference: taxa[taxid][3] for reference, taxid in rows(tmp_path / "its" / "references.tsv")}
    assert found == UNITE_TAXON
    assert [row[3] for row in taxa.values() if row[4]] == ["Fungi phy Incertae sedis", "Glomus sp"]


def test_itsonedb_is_taken_with_a_taxdump(tmp_path: Path, test_data: Path) -> None:
    its = test_data / "its"
    words = ["--nodes", str(its / "nodes.dmp"), "--names", str(its / "names.dmp")]
    build(tmp_path / "its", "--fasta", str(its / "itsonedb.fasta"), *words)
    assert rows(tmp_path / "its" / "references.tsv") == [
        ["XX000001_ITS1_GB", "52271"], ["XX000002_ITS1_GB", "190862"], ["XX000003_ITS1_GB", "175245"],
    ]  # fmt: skip
    flagged = [row[3] for row in rows(tmp_path / "its" / "taxonomy.tsv") if row[4]]
    assert flagged == ["environmental samples", "uncultured fungus"]


def test_itsonedb_without_a_taxdump_is_refused(
    tmp_path: Path, test_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["refdb", "build", "--kind", "amplicon", "--name", "its", "--output", str(tmp_path / "its")]
    assert main([*words, "--fasta", str(test_data / "its" / "itsonedb.fasta")]) == 78
    assert "METAPIPE-E701 itsonedb.fasta gives taxids: --nodes and --names" in capsys.readouterr().err


def test_reads_of_its_find_their_species(tmp_path: Path, test_data: Path) -> None:
    build(tmp_path / "its", "--fasta", str(test_data / "its" / "unite.fasta"))
    reads = tmp_path / "reads.fastq"
    pieces = [sequence[20:220] for _, sequence in read_fasta(test_data / "its" / "unite.fasta")]
    reads.write_text("".join(f"@r{number}\n{piece}\n+\n{'I' * 200}\n" for number, piece in enumerate(pieces)))
    steps = [
        ["map_amplicons", "--reads", reads, "--db-amplicon", tmp_path / "its", "--out-matches", tmp_path / "m"],
        ["filter_matches", "--matches", tmp_path / "m", "--out-kept", tmp_path / "k"],
        ["assign_taxa", "--matches", tmp_path / "k", "--db-amplicon", tmp_path / "its", "--out-assignments",
         tmp_path / "a"],
    ]  # fmt: skip
    for step in steps:
        assert main([*map(str, step), "--session", "inline", "--workdir", str(tmp_path / "work")]) == 0
    assert [row[6] for row in rows(tmp_path / "a")] == list(UNITE_TAXON.values())
