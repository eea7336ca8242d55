from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb import verify as module
from metapipe.refdb.verify import STAMP, verify


def forbid_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    def hashed(path: Path) -> str:
        raise AssertionError(f"{path.name} was hashed")

    monkeypatch.setattr(module, "sha256_of", hashed)


def test_a_whole_database_is_hashed_once_and_then_only_looked_at(
    tiny_proteins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verify(tiny_proteins) is True
    forbid_hashing(monkeypatch)
    assert verify(tiny_proteins) is False


def test_a_full_check_hashes_again(tiny_proteins: Path) -> None:
    verify(tiny_proteins)
    assert verify(tiny_proteins, full=True) is True


def test_a_missing_file_is_named(tiny_proteins: Path) -> None:
    (tiny_proteins / "proteins.dmnd").unlink()
    with pytest.raises(MetapipeError) as raised:
        verify(tiny_proteins)
    assert str(raised.value) == (
        "METAPIPE-E203 proteins.dmnd: database metapipe-tiny-proteins:1, expected 62434 bytes, found 'no such file'"
    )
    assert raised.value.exit_code == 66


def test_a_truncated_file_is_named(tiny_proteins: Path) -> None:
    with (tiny_proteins / "proteins.dmnd").open("r+b") as stream:
        stream.truncate(1000)
    with pytest.raises(
        MetapipeError, match=r"E203 proteins\.dmnd: .*file truncated, expected 62434 bytes, found '1000'"
    ):
        verify(tiny_proteins)


def test_an_altered_file_of_the_same_length_is_named(tiny_proteins: Path) -> None:
    verify(tiny_proteins)
    flip_last_byte(tiny_proteins / "proteins.fasta")
    with pytest.raises(MetapipeError, match=r"E203 proteins\.fasta: .*file altered, expected sha256 [0-9a-f]{64}"):
        verify(tiny_proteins)


def test_an_alteration_that_sets_the_old_time_again_is_found(tiny_proteins: Path) -> None:
    verify(tiny_proteins)
    file = tiny_proteins / "proteins.fasta"
    before = file.stat()
    flip_last_byte(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(MetapipeError, match=r"METAPIPE-E203"):
        verify(tiny_proteins)


def test_a_touched_but_unchanged_file_passes_and_is_hashed(tiny_proteins: Path) -> None:
    verify(tiny_proteins)
    os.utime(tiny_proteins / "proteins.fasta", ns=(1, 1))
    assert verify(tiny_proteins) is True


def test_a_stamp_copied_along_counts_for_nothing(tiny_proteins: Path, tmp_path: Path) -> None:
    verify(tiny_proteins)
    copy = tmp_path / "copy"
    shutil.copytree(tiny_proteins, copy)
    assert (copy / STAMP).exists()
    assert verify(copy) is True


def test_a_stamp_of_rubbish_is_ignored(tiny_proteins: Path) -> None:
    (tiny_proteins / STAMP).write_bytes(b"\x00rubbish")
    assert verify(tiny_proteins) is True


def test_in_a_folder_nobody_may_write_to_the_stamp_goes_to_the_users_cache(
    tiny_proteins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Permissions do not stop root, a folder in the stamp's place stops everybody.
    (tiny_proteins / STAMP / "occupied").mkdir(parents=True)
    assert verify(tiny_proteins) is True
    assert len(list((tmp_path / "cache" / "metapipe" / "verified").glob("*.json"))) == 1
    forbid_hashing(monkeypatch)
    assert verify(tiny_proteins) is False


def test_with_nowhere_to_write_the_check_still_passes(
    tiny_proteins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tiny_proteins / STAMP / "occupied").mkdir(parents=True)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert verify(tiny_proteins) is True
    assert verify(tiny_proteins) is True


def flip_last_byte(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(-2, os.SEEK_END)
        byte = stream.read(1)
        stream.seek(-2, os.SEEK_END)
        stream.write(bytes([byte[0] ^ 1]))
