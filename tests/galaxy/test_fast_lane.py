"""A job of seconds does not wait for a long run, and one user's run does not hold every place."""

from __future__ import annotations

import random

import pytest
from bioblend.galaxy import GalaxyInstance
from pasted import pasted

pytestmark = pytest.mark.galaxy


def upload(gi: GalaxyInstance, history: str, text: str, ext: str) -> str:
    dataset = pasted(gi, history, text, ext)
    gi.datasets.wait_for_dataset(dataset, interval=0.2)
    return dataset


def test_a_quick_job_of_another_history_is_done_while_a_long_run_holds_the_rest(gi: GalaxyInstance) -> None:
    letters = random.Random(1)
    # One contig is one block on one core: half a minute at least.
    contigs = ">c\n" + "".join(letters.choices("ACGT", k=6_000_000)) + "\n"
    long_history, history = (gi.histories.create_history(name)["id"] for name in ("long", "quick"))
    inputs = {"contigs": {"src": "hda", "id": upload(gi, long_history, contigs, "fasta")}}
    lines = upload(gi, history, "a\nb\n", "txt")
    long = [gi.tools.run_tool(long_history, "metapipe_predict_genes", inputs)["jobs"][0]["id"] for _ in range(3)]
    try:
        while "running" not in (states := [gi.jobs.get_state(job) for job in long]):
            assert not {"ok", "error"} & set(states)
        quick = gi.tools.run_tool(history, "Show beginning1", {"lineNum": 1, "input": {"src": "hda", "id": lines}})
        gi.datasets.wait_for_dataset(quick["outputs"][0]["id"], interval=0.1)
        states = [gi.jobs.get_state(job) for job in long]
        assert "ok" not in states
        # The instance of the tests takes two long jobs at a time, of which one user gets one.
        assert states.count("running") == 1
        assert states.count("new") + states.count("queued") == 2
    finally:
        for job in long:
            gi.jobs.cancel_job(job)
