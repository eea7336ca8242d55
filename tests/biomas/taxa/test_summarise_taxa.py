"""The stage as a whole: what a sample's assignments become."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import taxa_samples as samples

from metapipe.biomas.taxa.summarise_taxa import SummariseTaxa, stem
from metapipe.errors import MetapipeError


@pytest.fixture
def summarised(fake_task: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """``summarised([rows, …], sample="bay")`` runs the stage; the task holds the notes."""

    def go(tables: list[bytes], **options: Any) -> tuple[dict[str, bytes], Any]:
        paths = [tmp_path / f"table_{index}.tabular" for index in range(len(tables))]
        for path, content in zip(paths, tables, strict=True):
            path.write_bytes(content)
        task = fake_task(SummariseTaxa(), {}, side_files={"assignments": paths}, **options)
        return task.run(), task

    return go


def test_merged_reads_and_pairs_come_together_weighted_by_size(summarised: Callable[..., Any]) -> None:
    made, task = summarised([samples.assignments(samples.MERGED), samples.assignments(samples.PAIRS)], sample="bay 3")
    rows = [line.split("\t") for line in made["taxa"].decode().splitlines()]
    counts = {row[0]: (row[3], row[4]) for row in rows}
    assert counts["Vibrio cholerae"] == ("701", "821")
    assert counts["Vibrio cholerae O1 biovar El Tor str. N16961"] == ("120", "120")
    assert counts["Vibrio"] == ("90", "911")
    assert counts["root"] == ("1", "1073")
    assert rows[1][0] == "root"
    assert rows[-1] == ["Unclassified", "", "", "26", "26", ""]
    assert task.notes == {"sample": "bay 3", "reads": 1099, "classified": 1073, "taxa": 20, "species": 2}


def test_the_order_of_files_and_rows_does_not_matter(summarised: Callable[..., Any]) -> None:
    first, _ = summarised([samples.assignments(samples.MERGED), samples.assignments(samples.PAIRS)], sample="x")
    other, _ = summarised([samples.assignments(samples.PAIRS), samples.assignments(samples.MERGED[::-1])], sample="x")
    assert first == other


@pytest.mark.parametrize("reads", [0, 5])
def test_nothing_classified_is_a_result(summarised: Callable[..., Any], reads: int) -> None:
    rows: list[samples.Row] = [(f"r{index}", 2, "none", "", 0, "") for index in range(reads)]
    made, task = summarised([samples.assignments(rows)], sample="bay")
    assert made["newick"] == b";\n"
    assert b"Nothing classified" in made["tree"]
    assert len(made["taxa"].splitlines()) == (2 if reads else 1)
    assert json.loads(made["biom"])["shape"] == [1 if reads else 0, 1]
    assert made["sunburst"].rstrip().endswith(b"</html>")
    assert task.notes["classified"] == 0
    assert task.notes["reads"] == 2 * reads


@pytest.mark.parametrize(
    ("label", "name"), [("bay.tabular", "bay"), ("depth.10", "depth.10"), ("a/b.tsv", "a/b"), ("", "sample")]
)
def test_a_sample_without_a_name_is_named_after_its_file(label: str, name: str) -> None:
    assert stem(label) == name


def test_a_read_in_both_files_is_refused(summarised: Callable[..., Any]) -> None:
    table = samples.assignments(samples.PAIRS)
    with pytest.raises(MetapipeError) as caught:
        summarised([table, table])
    assert caught.value.code == "E107"
    assert "read 'p1' is also in table_0.tabular" in str(caught.value)
