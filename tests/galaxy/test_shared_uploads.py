"""The tests of tools share what they upload, and each finds its own inputs though they run side by side."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from metapipe.galaxy.shared_uploads import SharedUploads, upload_key


def upload(letters: bytes, name: str = "contigs.fasta", history: str = "h1") -> dict[str, Any]:
    return {
        "history_id": history,
        "targets": [{"elements": [{"name": name, "ext": "fasta", "src": "files"}]}],
        "__files": {"files_0|file_data": io.BytesIO(letters)},
    }


class Driver:
    """As Galaxy's driver: one place for uploads, and a number for each request."""

    def __init__(self) -> None:
        self.uploads: dict[str, Any] = {}
        self.sent = 0

    def _post(self, path: str, data: dict[str, Any], **also: Any) -> str:
        self.sent += 1
        return f"{path} {self.sent}"


class Interactor(SharedUploads, Driver):  # type: ignore[misc]
    pass


@pytest.fixture
def interactor() -> Interactor:
    return Interactor()


def test_a_file_is_sent_once_for_all_tests_of_a_history(interactor: Interactor) -> None:
    first = interactor._post("tools/fetch", upload(b">a\nACGT\n"), json=True)
    again = interactor._post("tools/fetch", upload(b">a\nACGT\n"), json=True)
    assert first == again == "tools/fetch 1"


@pytest.mark.parametrize(
    "other",
    [upload(b">a\nACGA\n"), upload(b">a\nACGT\n", name="b.fasta"), upload(b">a\nACGT\n", history="h2")],
    ids=["bytes", "name", "history"],
)
def test_what_differs_in_anything_is_sent(interactor: Interactor, other: dict[str, Any]) -> None:
    interactor._post("tools/fetch", upload(b">a\nACGT\n"))
    assert interactor._post("tools/fetch", other) == "tools/fetch 2"


def test_a_run_is_sent_each_time(interactor: Interactor) -> None:
    assert [interactor._post("tools", {"tool_id": "x"}) for _ in "ab"] == ["tools 1", "tools 2"]


def test_the_files_are_whole_after_they_were_looked_at() -> None:
    data = upload(b">a\nACGT\n")
    upload_key(data)
    assert data["__files"]["files_0|file_data"].read() == b">a\nACGT\n"


def test_tests_that_run_side_by_side_find_their_own_inputs(interactor: Interactor) -> None:
    together = Barrier(2)

    def stage(name: str) -> dict[str, Any]:
        interactor.uploads = {name: {"src": "hda"}}
        together.wait(timeout=60)
        return interactor.uploads

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(stage, ["a", "b"])) == [{"a": {"src": "hda"}}, {"b": {"src": "hda"}}]
