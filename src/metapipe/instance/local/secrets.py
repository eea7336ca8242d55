"""Secrets of one instance: random, made once, in files that only their owner can read."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

NAMES = ("id_secret", "bootstrap_admin_api_key", "admin_password", "user_password")


def ensure(folder: Path) -> dict[str, str]:
    """Return all secrets of the instance by name; make those that are not there yet.

    192 bits each, in hexadecimal: Galaxy takes at most 56 characters for its ``id_secret``.
    """
    private_folder(folder)
    found = {}
    for name in NAMES:
        file = folder / name
        with contextlib.suppress(FileNotFoundError):
            found[name] = file.read_text().strip()
        if not found.get(name):
            found[name] = secrets.token_hex(24)
            write_private(file, found[name] + "\n")
        file.chmod(0o600)
    return found


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner can enter (0700)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def write_private(file: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only (0600) from its first byte on."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        os.replace(name, file)
    except BaseException as error:
        os.unlink(name)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(file)  # a full disk does not say where it is full
        raise
