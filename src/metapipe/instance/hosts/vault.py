"""Secrets at rest: a file of the instance's own (0600), in ansible-vault's format where a passphrase is given."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.instance.local.secrets import write_private

#: Environment variable that names the file with the passphrase.
VARIABLE = "METAPIPE_VAULT_PASSWORD_FILE"
_SEALED = "$ANSIBLE_VAULT;"


@dataclass(frozen=True)
class Vault:
    """How secrets are kept.

    :param program: ``ansible-vault``. :param passphrase: file that holds it; None: secrets are kept as they are.
    """

    program: Path
    passphrase: Path | None = None

    @classmethod
    def find(cls, build: Path) -> Vault:
        """As METAPIPE_VAULT_PASSWORD_FILE says.

        :param build: folder of the environments.
        :raises MetapipeError: E201 when the file of the passphrase is missing.
        """
        named = os.environ.get(VARIABLE)
        passphrase = Path(named).absolute() if named else None
        if passphrase is not None and not passphrase.is_file():
            raise MetapipeError("E201", f"no such file ({VARIABLE})", file=passphrase)
        return cls(build / "envs" / "deploy" / "bin" / "ansible-vault", passphrase)

    @property
    def words(self) -> list[str]:
        """Options of Ansible's programs that open what is sealed."""
        return [] if self.passphrase is None else ["--vault-password-file", str(self.passphrase)]

    def read(self, file: Path) -> dict[str, Any]:
        """Return what a file holds; empty where there is none.

        :raises MetapipeError: E702 when it is sealed and there is no passphrase, or a wrong one.
        """
        try:
            text = file.read_text()
        except FileNotFoundError:
            return {}
        if text.startswith(_SEALED):
            if self.passphrase is None:
                raise MetapipeError("E702", f"it is sealed: set {VARIABLE} to the file with its passphrase", file=file)
            text = self._call("decrypt", text, file)
        found: dict[str, Any] = json.loads(text)
        return found

    def write(self, file: Path, content: dict[str, Any]) -> None:
        """Write a file, sealed where there is a passphrase; one that holds the same already is left alone."""
        sealed = file.exists() and file.read_text().startswith(_SEALED)
        if sealed == (self.passphrase is not None) and self.read(file) == content:
            return
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        write_private(file, text if self.passphrase is None else self._call("encrypt", text, file))

    def _call(self, word: str, text: str, file: Path) -> str:
        if not self.program.exists():
            raise MetapipeError("E301", "ansible-vault is not installed: run `scripts/install deploy`")
        command = [str(self.program), word, *self.words, "--output", "-", "-"]
        # The name of the folder is Ansible's for its own scratch files; nothing sealed goes there.
        environ = {**os.environ, "ANSIBLE_HOME": str(file.parent / "home"), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environ)
        if done.returncode:
            last = ([line for line in done.stderr.splitlines() if line.strip()] or ["no message"])[-1]
            raise MetapipeError("E702", f"ansible-vault cannot {word} it: {last.strip()[:200]}", file=file)
        return done.stdout
