"""The secret that a cluster and its drivers share: made, and read only where nobody else could have."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from metapipe.errors import MetapipeError

#: Letters a secret must have; ``metapipe cluster secret`` makes 64.
SHORTEST_SECRET = 32


def make_secret(path: Path) -> None:
    """Write a new secret of 64 letters to a new file of mode 0600.

    :raises MetapipeError: E501 when the file cannot be made or is there already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise MetapipeError("E501", f"cannot make the secret ({error.strerror})", file=path) from error
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(secrets.token_hex(32) + "\n")


def read_secret(path: Path) -> str:
    """The secret in a file that is ours and closed to all others.

    :raises MetapipeError: E311.
    """
    try:
        found = path.stat()
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not ASCII text"
        raise MetapipeError("E311", f"the secret of the cluster cannot be read ({reason})", file=path) from error
    if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
        raise MetapipeError(
            "E311",
            "the secret of the cluster is open to others",
            file=path,
            expected="mode 0600",
            found=f"{stat.S_IMODE(found.st_mode):04o}",
        )
    if found.st_uid != os.geteuid():
        raise MetapipeError("E311", "the secret of the cluster belongs to another user", file=path)
    if len(text) < SHORTEST_SECRET or len(text.split()) != 1:
        raise MetapipeError(
            "E311", f"the secret of the cluster is not one word of {SHORTEST_SECRET} letters", file=path
        )
    return text
