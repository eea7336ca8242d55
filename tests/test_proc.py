"""What is said of processes is what they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from metapipe import proc

#: A name with blanks and brackets, and children of its own, until its standard input ends.
PROGRAM = """
import subprocess, sys
open("/proc/self/comm", "w").write("odd ) (name")
child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.read()
child.stdin.close()
child.wait()
"""


def test_a_process_is_known_by_its_stat_whatever_its_name() -> None:
    environment = {**os.environ, "PROC_MARK": "here"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        seen = proc.stat(process.pid)
        assert (seen.parent, seen.session) == (os.getpid(), process.pid)
        assert seen.state in "RSD"
        assert 0 < seen.started <= proc.stat(child).started
        assert seen.ticks * proc.TICK < 60
        assert proc.name_of(process.pid) == "odd ) (name"
        assert PROGRAM.encode() in proc.command_line(process.pid)
        assert b"PROC_MARK=here" in proc.environment_of(process.pid)
        assert proc.children(process.pid) == [child]
        assert {process.pid, child} <= set(proc.process_ids())
        assert proc.descendants(process.pid) == [child]
        assert {process.pid, child} <= set(proc.descendants(os.getpid()))
        assert proc.resident_bytes(process.pid) > 1 << 20
        assert {0, 1, 2} <= {number for number, _ in proc.open_files(process.pid)}
    for look in (proc.stat, proc.name_of, proc.command_line, proc.environment_of, proc.resident_bytes):
        with pytest.raises((FileNotFoundError, ProcessLookupError)):
            look(process.pid)
    assert proc.children(process.pid) == []


def test_of_this_process_places_in_open_files_and_lines_of_its_status_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    with (tmp_path / "file").open("rb", buffering=0) as file:
        file.read(4)
        assert (file.fileno(), str(tmp_path / "file")) in list(proc.open_files())
        assert proc.offset(file.fileno()) == 4
    resident, nothing = proc.status("VmRSS", "NoSuchLine")
    assert int(resident) > 1024
    assert nothing == "0"
    assert proc.status("NoSuchLine", missing="022") == ["022"]
    assert len(proc.boot_id()) == 36
