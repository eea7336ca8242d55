"""What a run is given travels whole: every file with its label, nothing changed on the way."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from metapipe.runner.declare.elements import NoOptions, SideFile
from metapipe.runner.declare.given import Given

GIVEN = Given(
    records={"contigs": Path("contigs.fasta")},
    side={"genes": [Path("a/genes.gff3")], "tables": [Path("one.tsv"), Path("two.tsv")]},
    labels={"contigs": "my contigs", "tables.1": "the second"},
)
DECLARED = {"genes": SideFile("gff3", "genes"), "tables": SideFile("tabular", "tables", multiple=True)}


def test_a_file_without_a_label_is_called_by_its_name() -> None:
    labels = GIVEN.complete(NoOptions).labels
    assert {key: labels[key] for key, _ in GIVEN.side_files(DECLARED)} == {
        "genes": "genes.gff3",
        "tables.0": "one.tsv",
        "tables.1": "the second",
    }
    assert labels["contigs"] == "my contigs"


def test_records_get_absolute_paths_and_options_their_defaults() -> None:
    complete = GIVEN.complete(NoOptions)
    assert complete.records == {"contigs": Path("contigs.fasta").absolute()}
    assert complete.options == NoOptions()
    assert GIVEN.records == {"contigs": Path("contigs.fasta")}


def test_what_is_given_cannot_be_changed_on_the_way() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        GIVEN.options = NoOptions()  # type: ignore[misc]
