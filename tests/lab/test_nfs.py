"""The shared folder of an instance over real NFS, on a kernel that has it: what `scripts/lab nfs` proves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from machines_for_tests import LAB

pytestmark = [pytest.mark.galaxy, pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(3600)]


def test_the_shared_folder_holds_over_nfs_and_nothing_is_left_of_the_machines() -> None:
    done = subprocess.run([LAB, "nfs"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"NFS holds: (\d+) of \1 \(\d+ s\)\n", done.stdout)
    assert "FAILED" not in done.stderr
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "metapipe-lab/emulated/run" not in running
    assert "metapipe-lab/emulated" not in Path("/proc/self/mounts").read_text()
