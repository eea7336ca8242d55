"""What of users' deleted data goes for good, in Galaxy's own tables, and which uploads."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.galaxy

ROOT = Path(__file__).resolve().parents[2]
GALAXY = Path(os.environ.get("METAPIPE_BUILD") or ROOT / ".build") / "envs/galaxy"
LONG_AGO, LATELY = "2020-01-01 00:00:00", "2026-01-02 00:00:00"
PROGRAM = """
import datetime, pathlib, sys
sys.path.insert(0, sys.argv[1])
import purge_deleted
print(purge_deleted.deleted(sys.argv[2], datetime.datetime(2026, 1, 1)))
print(purge_deleted.remove_old(pathlib.Path(sys.argv[3]), 3600))
"""


def test_only_what_was_deleted_long_ago_goes_and_only_uploads_that_nobody_went_on_with(tmp_path: Path) -> None:
    file, uploads = tmp_path / "galaxy.sqlite", tmp_path / "uploads"
    shutil.copyfile(GALAXY / "share/metapipe/empty.sqlite", file)
    histories = [(1, False, LATELY), (2, True, LONG_AGO), (3, True, LATELY)]
    datasets = [
        (1, 1, True, False, LONG_AGO),
        (2, 1, True, False, LATELY),
        (3, 1, False, False, LONG_AGO),
        (4, 1, True, True, LONG_AGO),
        (5, 2, False, False, LATELY),
        (6, 3, False, False, LONG_AGO),
    ]
    with closing(sqlite3.connect(file)) as database:
        database.executemany("INSERT INTO history (id, deleted, update_time) VALUES (?, ?, ?)", histories)
        columns = "id, history_id, deleted, purged, update_time, validated_state"
        statement = f"INSERT INTO history_dataset_association ({columns}) VALUES (?, ?, ?, ?, ?, 'unknown')"
        database.executemany(statement, datasets)
        database.commit()
    (uploads / "a folder").mkdir(parents=True)
    for name in ("old", "new"):
        (uploads / name).touch()
    os.utime(uploads / "old", (0, 0))
    argv = [GALAXY / "bin/python", "-sBc", PROGRAM, ROOT / "instance/galaxy", f"sqlite:///{file}", uploads]
    assert subprocess.check_output(argv, text=True) == "[1, 5]\n1\n"
    assert sorted(path.name for path in uploads.iterdir()) == ["a folder", "new"]
