"""Web server, job handler and Celery worker write to one SQLite file at once: none is locked out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bioblend.galaxy import GalaxyInstance
from pasted import pasted

from metapipe.galaxy.connection import Account, connect

pytestmark = pytest.mark.galaxy

USERS, EACH = 6, 3


def work(account: Account, number: int) -> list[str]:
    """Upload, run a job on it, read its first line; so many times over, in a history of its own."""
    gi = connect(account)
    history = gi.histories.create_history(f"many {number}")["id"]
    lines = []
    for turn in range(EACH):
        uploaded = pasted(gi, history, f"{number} {turn}\nx\n", "txt")
        # At once: the job waits for the upload.
        inputs = {"lineNum": 1, "input": {"src": "hda", "id": uploaded}}
        made = gi.tools.run_tool(history, "Show beginning1", inputs)["outputs"][0]["id"]
        gi.datasets.wait_for_dataset(made, maxwait=400, interval=0.1)
        lines.append(gi.datasets.download_dataset(made).decode())
    return lines


def test_many_uploads_and_jobs_at_once_all_end_well(state: Path, account: Account, gi: GalaxyInstance) -> None:
    logs = [state / "logs" / f"{part}.log" for part in ("web", "handler", "celery")]
    before = [log.stat().st_size for log in logs]
    with ThreadPoolExecutor(USERS) as pool:
        found = list(pool.map(lambda number: work(account, number), range(USERS)))
    assert found == [[f"{number} {turn}\n" for turn in range(EACH)] for number in range(USERS)]
    for log, seen in zip(logs, before, strict=True):
        with log.open(errors="replace") as stream:
            stream.seek(seen)
            assert "database is locked" not in stream.read(), log.name
