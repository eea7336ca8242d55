"""Secrets at rest: plain for their owner alone, or sealed in ansible-vault's format."""

import os
import stat
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.instance.hosts.vault import VARIABLE, Vault

BUILD = Path(os.environ.get("METAPIPE_BUILD") or Path(__file__).resolve().parents[3] / ".build")
PROGRAM = BUILD / "envs" / "deploy" / "bin" / "ansible-vault"
SECRET = {"secret_spark": "deep blue"}


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text("open sesame\n")
    return file


def test_without_a_passphrase_only_the_owner_can_read_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    vault = Vault(tmp_path / "none")
    assert vault.read(file) == {}
    vault.write(file, SECRET)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert vault.read(file) == SECRET
    assert vault.words == []


def test_with_a_passphrase_nobody_reads_them_without_it(tmp_path: Path, passphrase: Path) -> None:
    file = tmp_path / "secrets.json"
    Vault(PROGRAM).write(file, SECRET)
    vault = Vault(PROGRAM, passphrase)
    vault.write(file, SECRET)
    assert file.read_text().startswith("$ANSIBLE_VAULT;")
    assert "deep blue" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert vault.read(file) == SECRET
    sealed = file.read_text()
    vault.write(file, SECRET)
    assert file.read_text() == sealed
    with pytest.raises(MetapipeError, match=rf"E702 secrets\.json: it is sealed: set {VARIABLE}"):
        Vault(PROGRAM).read(file)
    passphrase.write_text("another\n")
    with pytest.raises(MetapipeError, match=r"E702 secrets\.json: ansible-vault cannot decrypt it"):
        vault.read(file)


def test_the_passphrase_is_named_by_the_environment(
    tmp_path: Path, passphrase: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Vault.find(tmp_path).passphrase is None
    monkeypatch.setenv(VARIABLE, str(passphrase))
    assert Vault.find(tmp_path).words == ["--vault-password-file", str(passphrase)]
    monkeypatch.setenv(VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(MetapipeError, match="E201 missing"):
        Vault.find(tmp_path)


def test_without_the_program_it_is_said_how_to_install_it(tmp_path: Path, passphrase: Path) -> None:
    with pytest.raises(MetapipeError, match=r"E301 ansible-vault is not installed"):
        Vault(tmp_path / "none", passphrase).write(tmp_path / "secrets.json", SECRET)
