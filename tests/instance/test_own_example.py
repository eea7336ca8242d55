"""Jobs of a finished example count as run here, those of other imported histories do not; in Galaxy's own tables."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.galaxy

ROOT = Path(__file__).resolve().parents[2]
GALAXY = Path(os.environ.get("METAPIPE_BUILD") or ROOT / ".build") / "envs/galaxy"
SECRET = "of a test"
ENCODED = (
    "import sys; from galaxy.security.idencoding import IdEncodingHelper;"
    " print(IdEncodingHelper(id_secret=sys.argv[1]).encode_id(2))"
)


def test_only_the_jobs_of_the_named_history_are_taken_over_and_twice_is_as_once(tmp_path: Path) -> None:
    file = tmp_path / "galaxy.sqlite"
    shutil.copyfile(GALAXY / "share/metapipe/empty.sqlite", file)
    with closing(sqlite3.connect(file)) as database:
        jobs = [(1, True), (2, True), (2, False), (2, True), (3, True), (None, True)]
        database.executemany("INSERT INTO job (history_id, imported) VALUES (?, ?)", jobs)
        database.commit()
    address = f"sqlite:///{file}?isolation_level=IMMEDIATE&timeout=30"
    config = tmp_path / "galaxy.yml"
    config.write_text(yaml.safe_dump({"galaxy": {"database_connection": address, "id_secret": SECRET}}))
    python = str(GALAXY / "bin/python")
    history = subprocess.check_output([python, "-sBc", ENCODED, SECRET], text=True).strip()
    argv = [python, "-sB", str(ROOT / "instance/galaxy/own_example.py"), history]
    environ = {**os.environ, "GALAXY_CONFIG_FILE": str(config)}
    assert [subprocess.check_output(argv, text=True, env=environ) for _ in range(2)] == ["2\n", "0\n"]
    with closing(sqlite3.connect(file)) as database:
        after = database.execute("SELECT history_id, imported FROM job ORDER BY id").fetchall()
    assert after == [(1, True), (2, False), (2, False), (2, False), (3, True), (None, True)]
