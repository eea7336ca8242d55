"""``credentials.json`` in an instance's state folder: where Galaxy answers and who may enter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError


@dataclass(frozen=True)
class Account:
    """One user of the instance. Neither password nor key show in a traceback or a log."""

    email: str
    password: str
    api_key: str

    def __repr__(self) -> str:
        return f"Account({self.email!r})"


@dataclass(frozen=True)
class Credentials:
    """``credentials.json``: where the instance answers and who may enter."""

    url: str
    admin: Account
    user: Account


def read_credentials(state: Path) -> Credentials:
    """Return the instance's address and accounts.

    :raises MetapipeError: E305 when no instance was started in ``state``.
    """
    try:
        record = json.loads((state / "credentials.json").read_text())
        return Credentials(record["url"], Account(**record["admin"]), Account(**record["user"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MetapipeError("E305", "no Galaxy was started here; start it with `scripts/galaxy up`") from error
