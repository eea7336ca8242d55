"""The tests of tools share what they upload, and each finds its own inputs though they run side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from metapipe.galaxy.shared_uploads import SharedUploads


@pytest.fixture
def upload(tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes what the driver posts for a file."""
    with ExitStack() as opened:

        def make(letters: str = ">a\nACGT\n", name: str = "contigs.fasta", history: str = "h1") -> dict[str, Any]:
            path = tmp_path / name
            path.write_text(letters)
            return {
                "history_id": history,
                "targets": [{"elements": [{"name": name, "ext": "fasta", "src": "files"}]}],
                "__files": {"files_0|file_data": opened.enter_context(path.open("rb"))},
            }

        yield make


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


def test_a_file_is_sent_once_for_all_tests_of_a_history(
    interactor: Interactor, upload: Callable[..., dict[str, Any]]
) -> None:
    first = interactor._post("tools/fetch", upload(), json=True)
    again = interactor._post("tools/fetch", upload(), json=True)
    assert first == again == "tools/fetch 1"


@pytest.mark.parametrize("other", [{"letters": ">a\nACGA\n"}, {"name": "b.fasta"}, {"history": "h2"}], ids=str)
def test_what_differs_in_anything_is_sent(
    interactor: Interactor, upload: Callable[..., dict[str, Any]], other: dict[str, str]
) -> None:
    interactor._post("tools/fetch", upload())
    assert interactor._post("tools/fetch", upload(**other)) == "tools/fetch 2"


def test_a_run_is_sent_each_time(interactor: Interactor) -> None:
    assert [interactor._post("tools", {"tool_id": "x"}) for _ in "ab"] == ["tools 1", "tools 2"]


def test_tests_that_run_side_by_side_find_their_own_inputs(interactor: Interactor) -> None:
    together = Barrier(2)

    def stage(name: str) -> dict[str, Any]:
        interactor.uploads = {name: {"src": "hda"}}
        together.wait(timeout=60)
        return interactor.uploads

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(stage, ["a", "b"])) == [{"a": {"src": "hda"}}, {"b": {"src": "hda"}}]
