"""The tables in test-data/taxa, which the tools' tests use, are those of taxa_samples.

Make them anew with ``python tests/biomas/taxa/test_committed_taxa.py`` (with src and tests/biomas on the PYTHONPATH).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import amplicon_summaries
import taxa_samples as samples

from metapipe.taxa.taxon_table import count_assignments, write_taxa

FOLDER = Path(__file__).parents[3] / "test-data/taxa"


def taxa(*tables: list[samples.Row]) -> bytes:
    files = [(samples.assignments(rows).splitlines(keepends=True), str(index)) for index, rows in enumerate(tables)]
    return b"".join(write_taxa(count_assignments(files)))


def made() -> Iterator[tuple[str, bytes]]:
    yield "assignments_merged.tabular", samples.assignments(samples.MERGED)
    yield "assignments_pairs.tabular", samples.assignments(samples.PAIRS)
    yield "assignments_none.tabular", samples.assignments([("r1", 3, "none", "", 0, ""), ("r2", 1, "none", "", 0, "")])
    yield "taxa_bay.tabular", taxa(samples.MERGED, samples.PAIRS)
    yield "taxa_fjord.tabular", taxa(samples.SECOND)
    for name, summary in amplicon_summaries.of_a_sample().items():
        yield f"summary_{name}.json", json.dumps(summary, sort_keys=True, indent=1).encode() + b"\n"


def test_committed_tables_are_those_of_the_samples() -> None:
    assert {name: (FOLDER / name).read_bytes() for name, _ in made()} == dict(made())
    assert {path.name for path in FOLDER.iterdir()} == {name for name, _ in made()}


if __name__ == "__main__":
    for file_name, content in made():
        (FOLDER / file_name).write_bytes(content)
