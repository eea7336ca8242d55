"""What one attempt leaves on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.runner.attempt import part


def test_a_staging_folder_goes_when_its_attempt_is_over_and_says_until_then_who_works_in_it(tmp_path: Path) -> None:
    with part.staging_folder(tmp_path, "000003", (0, 3)) as staging:
        (staging / "half").write_bytes(b"a")
        assert [found["key"] for found in part.left_behind(tmp_path)] == [(0, 3)]
    assert list((tmp_path / "staging").iterdir()) == []


def test_a_disk_that_is_full_before_the_first_word_leaves_no_staging_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A name that the disk refuses fails where a full disk does: after the folder is made, before a word is in it.
    monkeypatch.setattr(part, "_BEGUN", "x" * 300)
    with pytest.raises(OSError, match="File name too long"), part.staging_folder(tmp_path, "000003", (0, 3)):
        pytest.fail("it must not begin")
    assert list((tmp_path / "staging").iterdir()) == []
