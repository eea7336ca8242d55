"""Samples become the collection that Galaxy has for them: of pairs, of single files, or of both."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from metapipe.galaxy.uploading import upload_reads, upload_samples
from metapipe.samples.read_pairs import Sample


class FakeGalaxy:
    """Takes files and a collection, and gives back what it was given."""

    url = "http://galaxy/api"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.collection: dict[str, Any] = {}
        self.histories = SimpleNamespace(
            get_histories=lambda **_: [],
            create_history=lambda name: {"id": name},
            show_dataset_collection=lambda *_: {"elements": [{"object": self._file(name)} for name in self.sent]},
            update_history=lambda *_, **__: None,
        )

    def _file(self, name: str) -> dict[str, str]:
        return {"id": name, "state": "ok", "name": name}

    def get_tus_uploader(self, path: str) -> SimpleNamespace:
        return SimpleNamespace(offset=1, get_file_size=lambda: 1, session_id=path)

    def make_post_request(self, url: str, payload: dict[str, Any]) -> dict[str, Any]:
        if url.endswith("/tools/fetch"):
            self.sent = [element["name"] for element in payload["targets"][0]["elements"]]
            return {"outputs": [{"id": name} for name in self.sent]}
        self.collection = payload
        return {"id": "made"}


@pytest.fixture
def sample(tmp_path: Path) -> Any:
    def made(name: str, *files: str) -> Sample:
        for file in files:
            (tmp_path / file).write_text(f"@{file}\nA\n+\nI\n")
        return Sample(name, *(tmp_path / file for file in files))

    return made


def ids(elements: list[dict[str, Any]]) -> dict[str, Any]:
    """Name of each element → the file, or the files of the collection within."""
    return {one["name"]: one["id"] if "id" in one else ids(one["element_identifiers"]) for one in elements}


def test_pairs_become_a_list_of_pairs(sample: Any) -> None:
    gi: Any = FakeGalaxy()
    upload_samples(gi, [sample("sea", "s_1.fq", "s_2.fq"), sample("bay", "b_1.fq", "b_2.fq")], "all", "history")
    assert gi.collection["collection_type"] == "list:paired"
    assert {one["collection_type"] for one in gi.collection["element_identifiers"]} == {"paired"}
    assert ids(gi.collection["element_identifiers"]) == {
        "sea": {"forward": "s_1.fq", "reverse": "s_2.fq"},
        "bay": {"forward": "b_1.fq", "reverse": "b_2.fq"},
    }


def test_single_files_become_a_list(sample: Any) -> None:
    gi: Any = FakeGalaxy()
    upload_samples(gi, [sample("sea", "s.fq"), sample("bay", "b.fq")], "all", "history")
    assert gi.collection["collection_type"] == "list"
    assert ids(gi.collection["element_identifiers"]) == {"sea": "s.fq", "bay": "b.fq"}


def test_samples_of_both_kinds_become_a_list_of_both_in_the_order_given(sample: Any) -> None:
    gi: Any = FakeGalaxy()
    upload_samples(gi, [sample("sea", "s.fq"), sample("bay", "b_1.fq", "b_2.fq")], "all", "history")
    assert gi.collection["collection_type"] == "list:paired_or_unpaired"
    assert {one["collection_type"] for one in gi.collection["element_identifiers"]} == {"paired_or_unpaired"}
    assert ids(gi.collection["element_identifiers"]) == {
        "sea": {"unpaired": "s.fq"},
        "bay": {"forward": "b_1.fq", "reverse": "b_2.fq"},
    }


def test_the_reads_of_one_run_become_a_pair(sample: Any) -> None:
    gi: Any = FakeGalaxy()
    upload_reads(gi, sample("sea", "s_1.fq", "s_2.fq"), "history")
    assert gi.collection["collection_type"] == "paired"
    assert ids(gi.collection["element_identifiers"]) == {"forward": "s_1.fq", "reverse": "s_2.fq"}
