"""From proteins to annotation through the command line and the runner: the same bytes however the input is cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.cli import main

TEST_DATA = Path(__file__).parents[3] / "test-data"


def annotated_by(blocks: int, folder: Path) -> dict[str, bytes]:
    """Run the three stages in this many blocks and return every result and summary."""

    def stage(name: str, *words: str | Path) -> None:
        place = ["--outdir", folder / name, "--summary", folder / f"{name}.json", "--report", folder / "facts"]
        arguments = [name, *words, *place, "--blocks", blocks, "--session", "inline", "--slots", 2]
        assert main([str(word) for word in arguments]) == 0

    contigs, genes = TEST_DATA / "contigs.fasta", folder / "predict_genes"
    stage("predict_genes", "--contigs", contigs)
    proteins = genes / "proteins.fasta"
    stage("search_proteins", "--proteins", proteins, "--db-proteins", "metapipe-tiny-proteins:1")
    stage("search_domains", "--proteins", proteins, "--db-hmm", "metapipe-tiny-domains:1")
    evidence = (
        *("--hits", folder / "search_proteins" / "protein-hits.tsv"),
        *("--domains", folder / "search_domains" / "domains.tsv"),
    )
    stage("annotate", "--contigs", contigs, "--genes", genes / "genes.gff3", "--proteins", proteins, *evidence)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "facts"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_annotation_is_byte_identical_on_any_number_of_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METAPIPE_REFDB", str(TEST_DATA / "refdb"))
    whole = annotated_by(1, tmp_path / "1")
    assert {"annotate/annotation.gbk", "annotate.json", "search_domains/domains.tsv"} < set(whole)
    assert b"confidence_tier=1" in whole["annotate/annotation.gff3"]
    for blocks in (2, 7):
        assert annotated_by(blocks, tmp_path / str(blocks)) == whole
