"""A user deletes the output of a running job: five seconds later no process of it is left, and no output appears."""

from __future__ import annotations

import contextlib
import os
import random
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bioblend.galaxy import GalaxyInstance

pytestmark = pytest.mark.galaxy

#: Letters of DNA: minutes of gene calling on one core.
LETTERS = 24_000_000
#: Seconds a job may go on after it was cancelled.
LIMIT = 5.0


@pytest.fixture
def history(gi: GalaxyInstance) -> Iterator[str]:
    made = gi.histories.create_history("cancelled")["id"]
    yield made
    gi.histories.delete_history(made, purge=True)


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.05)


def upload(gi: GalaxyInstance, path: Path, history: str) -> str:
    sender = gi.get_tus_uploader(str(path))
    sender.upload()
    element = {"src": "files", "name": path.name, "ext": "fasta"}
    payload = {
        "history_id": history,
        "targets": [{"destination": {"type": "hdas"}, "elements": [element]}],
        "files_0|file_data": {"session_id": sender.session_id, "name": path.name},
    }
    return str(gi.make_post_request(f"{gi.url}/tools/fetch", payload=payload)["outputs"][0]["id"])


def processes_of(folder: Path) -> dict[int, str]:
    """Processes of the job that works in ``folder``: by their environment, command line or current folder."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes()
            where = os.fsencode(os.readlink(entry / "cwd"))
            told = (entry / "environ").read_bytes() + b"\0" + line + b"\0" + where + b"/"
            if line and os.fsencode(folder) + b"/" in told:
                found[int(entry.name)] = line.replace(b"\0", b" ").decode()[:200]
    return found


def folder_of_job(name: str) -> Path:
    """The folder of the job that works on the file of that name, which Galaxy puts into its command line."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            if b"predict_genes" in words and name.encode() in words and b"--slots" in words:
                return Path(os.readlink(entry / "cwd")).parent
    raise LookupError(name)


# The library behind Galaxy's resumable uploads closes no file.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("session", ["local", "inline"])
def test_a_cancelled_job_is_gone_within_five_seconds_and_leaves_no_output(
    session: str, gi: GalaxyInstance, history: str, tmp_path: Path
) -> None:
    # One contig is one block, for which no Spark is started; a thousand of them are worth it.
    contigs = 1 if session == "inline" else 1000
    name = f"cancel-{uuid.uuid4().hex}.fasta"
    letters = random.Random(1)
    (tmp_path / name).write_text(
        "".join(f">c{index}\n{''.join(letters.choices('ACGT', k=LETTERS // contigs))}\n" for index in range(contigs))
    )
    uploaded = upload(gi, tmp_path / name, history)
    wait_until(lambda: gi.datasets.show_dataset(uploaded)["state"] == "ok", 300)
    inputs = {"contigs": {"src": "hda", "id": uploaded}}
    started = gi.tools.run_tool(history, "metapipe_predict_genes", inputs)
    job = started["jobs"][0]["id"]

    def at_work() -> bool:
        with contextlib.suppress(LookupError):
            below = processes_of(folder_of_job(name))
            java = [line for line in below.values() if "org.apache.spark" in line]
            workers = [line for line in below.values() if "metapipe.runner.sessions.worker_daemon" in line]
            # Workers fork a child for each block; inline, the program itself does.
            return len(workers) >= 4 if session == "local" else not java and len(below) >= 4
        return False

    wait_until(at_work, 180)
    folder = folder_of_job(name)
    assert gi.jobs.get_state(job) == "running"
    asked = time.monotonic()
    gi.jobs.cancel_job(job)
    while left := processes_of(folder):
        assert time.monotonic() - asked < LIMIT, left
        time.sleep(0.05)
    wait_until(lambda: gi.jobs.get_state(job) in ("deleted", "deleted_new"), 30)
    for output in started["outputs"]:
        dataset = gi.datasets.show_dataset(output["id"])
        assert dataset["deleted"]
        assert not dataset["file_size"]
