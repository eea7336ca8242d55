"""A reference database that is missing, damaged or half copied when a run is started: told at once, before any work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TINY = Path(__file__).parents[3] / "test-data/refdb/metapipe-tiny-domains/1"


@pytest.fixture
def proteins(tmp_path: Path) -> Path:
    path = tmp_path / "proteins.fasta"
    path.write_text(">p\nMKV\n")
    return path


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "refdb" / TINY.parent.name / TINY.name))


def flip_a_byte(folder: Path) -> None:
    (path,) = folder.glob("*.h3m")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(folder: Path) -> None:
    (path,) = folder.glob("*.h3m")
    path.write_bytes(path.read_bytes()[:-100])


def forget_a_file(folder: Path) -> None:
    next(folder.glob("*.h3m")).unlink()


DAMAGES = {
    flip_a_byte: ("E203", "file altered"),
    cut_short: ("E203", "file truncated"),
    forget_a_file: ("E203", "found 'no such file'"),
    shutil.rmtree: ("E202", "database not installed"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_that_is_not_whole_is_told_before_anything_runs(
    damage: Callable[[Path], None], program: Callable[..., Any], proteins: Path, copied: Path, tmp_path: Path
) -> None:
    damage(copied)
    code, text = DAMAGES[damage]
    name = f"{TINY.parent.name}:{TINY.name}"
    environment = {"METAPIPE_REFDB": str(tmp_path / "refdb")}
    command = ["search_domains", "--proteins", proteins, "--db-hmm", name]
    program(*command, environment=environment).wait().must_fail(code, text, report=False)
