"""What a Galaxy adds to a job that does nothing: uploads of two lines, and ``head -n 1`` on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError

_TOOL = "Show beginning1"  # `head -n 1`: all that is measured is Galaxy
_FAILED = ("error", "failed_metadata", "discarded")


@dataclass(frozen=True)
class Overhead:
    """Wall seconds from submit to ok, one after the other; the history that holds what was made."""

    jobs: list[float]
    uploads: list[float]
    history: str


def run(gi: GalaxyInstance, count: int) -> Overhead:
    """Run ``count`` uploads and as many jobs, one after the other, after one of each that is not counted.

    :raises MetapipeError: E404 when one of them fails.
    """
    history = str(gi.histories.create_history("benchmark")["id"])
    element = {"src": "pasted", "paste_content": "a\tb\nc\td\n", "ext": "tabular", "name": "two lines"}
    payload = {"history_id": history, "targets": [{"destination": {"type": "hdas"}, "elements": [element]}]}

    def upload() -> Any:
        return gi.make_post_request(f"{gi.url}/tools/fetch", payload=payload)["outputs"][0]["id"]

    dataset = upload()
    _wait_ok(gi, dataset)

    def job() -> Any:
        inputs = {"lineNum": 1, "input": {"src": "hda", "id": dataset}}
        return gi.tools.run_tool(history, _TOOL, inputs)["outputs"][0]["id"]

    _wait_ok(gi, job())  # the first of a tool is not the warm case
    uploads = [_timed(gi, upload) for _ in range(count)]
    return Overhead([_timed(gi, job) for _ in range(count)], uploads, history)


def _timed(gi: GalaxyInstance, submit: Callable[[], Any]) -> float:
    began = time.monotonic()
    _wait_ok(gi, submit())
    return round(time.monotonic() - began, 2)


def _wait_ok(gi: GalaxyInstance, dataset: str) -> None:
    while (state := gi.datasets.show_dataset(dataset)["state"]) != "ok":
        if state in _FAILED:
            raise MetapipeError("E404", f"a trivial job ended as {state}")
        time.sleep(0.05)
