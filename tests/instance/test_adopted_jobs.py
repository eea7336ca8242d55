"""Jobs that bear the name of another job handler, in a database of the Galaxy that is installed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from metapipe.instance.local import parts

pytestmark = pytest.mark.galaxy

ROOT = Path(__file__).resolve().parents[2]
GALAXY = Path(os.environ.get("METAPIPE_BUILD") or ROOT / ".build") / "envs/galaxy"
LEFT = [
    ("main.1", "running"),
    ("main.1", "queued"),
    ("main.1", "new"),
    ("main.1", "paused"),
    ("main.1", "ok"),
    ("main.1", "error"),
    (parts.HANDLER, "running"),
]


def test_what_runs_or_waits_under_another_name_is_given_to_the_handler_and_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "galaxy.sqlite"
    shutil.copyfile(GALAXY / "share/metapipe/empty.sqlite", file)
    with closing(sqlite3.connect(file)) as database:
        values = "VALUES (?, ?, 'local', '7')"
        database.executemany(
            f"INSERT INTO job (handler, state, job_runner_name, job_runner_external_id) {values}", LEFT
        )
        runs = [("main.1", "ready"), ("main.1", "scheduled")]
        database.executemany("INSERT INTO workflow_invocation (workflow_id, handler, state) VALUES (1, ?, ?)", runs)
        database.commit()
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import adopted_jobs; print(adopted_jobs.adopt(*sys.argv[2:]))"
    )
    address = f"sqlite:///{file}?isolation_level=IMMEDIATE&timeout=30"
    argv = [GALAXY / "bin/python", "-sBc", program, ROOT / "instance/galaxy", address, parts.HANDLER]
    assert [subprocess.check_output(argv, text=True) for _ in range(2)] == ["5\n", "0\n"]
    with closing(sqlite3.connect(file)) as database:
        jobs = database.execute("SELECT handler, state, job_runner_external_id FROM job ORDER BY id").fetchall()
        invocations = database.execute("SELECT handler, state FROM workflow_invocation ORDER BY id").fetchall()
    name = parts.HANDLER
    assert jobs == [
        (name, "new", None),
        (name, "new", None),
        (name, "new", "7"),
        (name, "paused", "7"),
        ("main.1", "ok", "7"),
        ("main.1", "error", "7"),
        (name, "running", "7"),
    ]
    assert invocations == [(name, "ready"), ("main.1", "scheduled")]


def test_where_there_are_several_handlers_none_takes_what_the_others_have_or_nobody_has_yet(tmp_path: Path) -> None:
    file = tmp_path / "galaxy.sqlite"
    shutil.copyfile(GALAXY / "share/metapipe/empty.sqlite", file)
    left = [("handler_1", "running"), ("_default_", "new"), ("jobs", "running"), ("handler_7", "queued")]
    with closing(sqlite3.connect(file)) as database:
        database.executemany("INSERT INTO job (handler, state) VALUES (?, ?)", left)
        database.commit()
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import adopted_jobs, handler_start;"
        " name = handler_start.own_name(sys.argv[3:]);"
        " print(adopted_jobs.adopt(sys.argv[2], name, ['handler_0', 'handler_1']))"
    )
    address = f"sqlite:///{file}?isolation_level=IMMEDIATE&timeout=30"
    words = ["-c", "galaxy.yml", "--server-name=handler_0", "--attach-to-pool=job-handlers"]
    argv = [GALAXY / "bin/python", "-sBc", program, ROOT / "instance/galaxy", address, *words]
    assert subprocess.check_output(argv, text=True) == "2\n"
    with closing(sqlite3.connect(file)) as database:
        jobs = database.execute("SELECT handler, state FROM job ORDER BY id").fetchall()
    assert jobs == [("handler_1", "running"), ("_default_", "new"), ("handler_0", "new"), ("handler_0", "new")]
