from pathlib import Path

import pytest

from metapipe.instance.local import secrets


def test_secrets_are_random_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    one, other = secrets.ensure(tmp_path / "one"), secrets.ensure(tmp_path / "other")
    assert not set(one.values()) & set(other.values())
    assert len(set(one.values())) == len(secrets.NAMES)
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "one").iterdir()} == {0o600}


def test_secrets_stay_the_same(tmp_path: Path) -> None:
    assert secrets.ensure(tmp_path) == secrets.ensure(tmp_path)


def test_galaxy_takes_the_id_secret(tmp_path: Path) -> None:
    assert len(secrets.ensure(tmp_path)["id_secret"]) <= 56  # Blowfish's longest key


def test_loose_permissions_are_tightened(tmp_path: Path) -> None:
    secrets.ensure(tmp_path)
    (tmp_path / "id_secret").chmod(0o644)
    secrets.ensure(tmp_path)
    assert (tmp_path / "id_secret").stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    secrets.write_private(file, "old")
    with pytest.raises(TypeError):
        secrets.write_private(file, 5)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert file.read_text() == "old"
