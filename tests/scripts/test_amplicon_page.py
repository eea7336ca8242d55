from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from benchmarks.amplicon_page import write_page
from benchmarks.parts.amplicon_truth import lca_calls, sintax_calls

from metapipe.biomas.taxa.taxonomy import read_taxonomy

HOME = Path(__file__).resolve().parents[2]
RESULTS = HOME / "docs" / "benchmarks"
DATABASE = HOME / "test-data" / "refdb" / "biomas-tiny-16s" / "1"


def test_the_committed_page_is_what_its_results_give(tmp_path: Path) -> None:
    shutil.copy(RESULTS / "amplicon-truth.json", tmp_path)
    write_page(tmp_path)
    assert (tmp_path / "amplicon-truth.md").read_text() == (RESULTS / "amplicon-truth.md").read_text()


def test_what_sintax_predicts_is_its_last_column(tmp_path: Path) -> None:
    (tmp_path / "sintax.tsv").write_text(
        "r1;size=3\tp:1224(1.00),g:662(0.90),s:680(0.31)\t+\tp:1224,g:662\nr2\t\t\t\nr3\tp:976(0.20)\t+\t\n"
    )
    assert sintax_calls(tmp_path / "sintax.tsv") == {"r1;size=3": {"phylum": 1224, "genus": 662}, "r2": {}, "r3": {}}


@pytest.mark.parametrize(
    ("references", "genus", "species"),
    [("NR_029222.1", 662, 680), ("NR_029222.1 NR_024632.1", 662, None), ("NR_029222.1 NR_036943.1", None, None)],
)
def test_the_plain_ancestor_is_what_all_references_share(
    tmp_path: Path, references: str, genus: int | None, species: int | None
) -> None:
    header = "#read\tsize\ttier\tidentity\treferences\n"
    (tmp_path / "kept").write_text(f"{header}a\t1\tupper\t98.00\t{references}\nb\t1\tlower\t92.00\t{references}\n")
    calls = lca_calls(tmp_path / "kept", read_taxonomy(DATABASE))
    assert list(calls) == ["a"]
    assert (calls["a"].get("genus"), calls["a"].get("species")) == (genus, species)
    assert calls["a"]["family"] == 641
