"""The tables in test-data/kept, which the tools' tests use, are those of kept_samples.

Make them anew with ``python tests/biomas/taxa/test_committed_kept.py`` (with src and tests/biomas on the PYTHONPATH).
"""

from __future__ import annotations

from pathlib import Path

import kept_samples as samples

FOLDER = Path(__file__).parents[3] / "test-data/kept"


def made() -> dict[str, bytes]:
    return {
        "kept.tabular": samples.kept(samples.KEPT),
        "kept_none.tabular": samples.kept(samples.NOTHING),
        "kept_of_another_database.tabular": samples.kept(samples.FOREIGN),
        "lineages.tabular": samples.lineages(),
        "unite.fasta": samples.unite(),
    }


def test_committed_tables_are_those_of_the_samples() -> None:
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == made()


if __name__ == "__main__":
    for file_name, content in made().items():
        (FOLDER / file_name).write_bytes(content)
