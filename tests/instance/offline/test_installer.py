"""`scripts/install` from a folder: what it asks pip and uv, which are the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
#: Writes what it is told, and the variables about packages.
PROGRAM = '#!/bin/sh\n{ echo "$@"; env | grep -E "^(PIP|UV)_" | sort; } >>"$SAID"\nexit 7\n'


def install(build: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / "scripts" / "install"), *words]
    environ = {**os.environ, "METAPIPE_BUILD": str(build), **environment}
    return subprocess.run(command, capture_output=True, text=True, env=environ)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("wheels", "build", "viewers"):
        (tmp_path / "cache" / part).mkdir(parents=True)
    return tmp_path / "cache"


def test_a_folder_that_nobody_filled_is_one_line(tmp_path: Path) -> None:
    done = install(tmp_path / "b", "deploy", "--from", str(tmp_path / "none"))
    assert done.returncode == 66
    words = "expected a folder with wheels and build, which `metapipe instance fetch` fills"
    assert done.stderr == f"METAPIPE-E207 {tmp_path}/none: {words}\n"
    assert install(tmp_path / "b", "--from").stderr == "METAPIPE-E701 scripts/install: expected a folder after --from\n"


def test_pip_and_uv_are_told_of_the_folder_and_of_no_index(tmp_path: Path, folder: Path) -> None:
    program = tmp_path / "b" / "envs" / "uv" / "bin" / "uv"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    program.chmod(0o755)
    said = tmp_path / "said"
    index = {"PIP_INDEX_URL": "https://one.example", "UV_DEFAULT_INDEX": "https://two.example", "SAID": str(said)}
    assert shutil.which("ssh"), "else the installer would ask apt for it first"
    done = install(tmp_path / "b", "deploy", "--from", str(folder), **index)
    assert done.returncode == 7
    told = said.read_text().splitlines()
    assert f"UV_FIND_LINKS={folder}/wheels,{folder}/build" in told
    assert f"PIP_FIND_LINKS={folder}/wheels {folder}/build" in told
    assert {"UV_NO_INDEX=1", "UV_OFFLINE=1", "PIP_NO_INDEX=1"} <= set(told)
    assert ".example" not in said.read_text()
