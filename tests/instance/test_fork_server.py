"""The fork server of the Celery worker's pool: a fork of the worker that imports nothing again and ends with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.galaxy

ROOT = Path(__file__).resolve().parents[2]
GALAXY = Path(os.environ.get("METAPIPE_BUILD") or ROOT / ".build") / "envs/galaxy"
#: Written by every process that imports it.
NEEDED = "import os\nwith open('imported', 'a') as file:\n    file.write(f'{os.getpid()}\\n')\n"
WORKER = f"""
import multiprocessing, os, sys, threading

sys.path[:0] = [{str(ROOT / "instance/galaxy")!r}, os.getcwd()]
import celery_start

celery_start.PRELOADED = ["needed"]
multiprocessing.set_forkserver_preload(["needed"])
if sys.argv[1] == "beside a thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
celery_start.fork_the_fork_server()
from multiprocessing import forkserver

with multiprocessing.get_context("forkserver").Pool(2) as pool:
    parent = pool.apply(os.getppid)
print(os.getpid(), forkserver._forkserver._forkserver_pid, parent, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("beside", "imports"), [("nothing", 1), ("beside a thread", 2)])
def test_the_fork_server_ends_with_the_worker_and_imports_only_where_it_may_not_be_forked(
    beside: str, imports: int, tmp_path: Path
) -> None:
    (tmp_path / "needed.py").write_text(NEEDED)
    words = [GALAXY / "bin/python", "-s", "-Wignore", "-c", WORKER, beside]
    with subprocess.Popen(words, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        process, server, parent = map(int, worker.stdout.readline().split())
        assert process == worker.pid
        assert parent == server, "the pool's processes come from the fork server"
        told = psutil.Process(server)
        worker.kill()
        worker.stdout.close()
    assert len((tmp_path / "imported").read_text().split()) == imports
    _, alive = psutil.wait_procs([told], timeout=60)
    assert alive == []
