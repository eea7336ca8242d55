"""A store of its own for every test, with the tiny databases of test-data in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

TEST_DATA = Path(__file__).resolve().parents[1] / "test-data"


@pytest.fixture
def test_data() -> Path:
    return TEST_DATA


@pytest.fixture
def downloads() -> Path:
    """Downloads are shared with the scripts: no test fetches a package a second time."""
    return Path(__file__).resolve().parents[1] / ".build" / "downloads"


@pytest.fixture
def store_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty root of installed databases; home, cache and downloads are empty too."""
    root = tmp_path / "refdb"
    root.mkdir()
    monkeypatch.setenv("METAPIPE_REFDB", str(root))
    monkeypatch.setenv("METAPIPE_DOWNLOADS", str(tmp_path / "downloads"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


@pytest.fixture
def tiny_proteins(store_root: Path) -> Path:
    """An installed, never verified copy of metapipe-tiny-proteins:1."""
    return copy_database("metapipe-tiny-proteins", store_root)


@pytest.fixture
def tiny_domains(store_root: Path) -> Path:
    """An installed, never verified copy of metapipe-tiny-domains:1."""
    return copy_database("metapipe-tiny-domains", store_root)


def copy_database(name: str, root: Path) -> Path:
    target = root / name / "1"
    shutil.copytree(TEST_DATA / "refdb" / name / "1", target, ignore=shutil.ignore_patterns(".*"))
    return target
