"""What a user may choose of an instance: declared once, beside the field of ``Settings`` that holds it.

From the declaration come the option of ``scripts/galaxy up``, the environment variable, what is remembered, and what is
refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from metapipe.errors import MetapipeError

EMAIL = re.compile(r"[A-Za-z0-9.+_-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
#: (name of the option, what was given, the instance's folder) → the setting; raises E701.
Read = Callable[[str, Any, Path], Any]
#: What a setting is by default, from the name → value of others.
Default = Callable[[Callable[[str], Any]], Any]


@dataclass(frozen=True)
class Choice:
    """One choice.

    :param metavar: what stands for the value in the help; empty for yes or no. :param help: one line, with the default.
    :param read: makes the setting of what was given. :param default: given in its stead. :param variable: of the
        environment; empty: METAPIPE_GALAXY_ and the name. :param empty: ``''`` is the default, too.
    """

    metavar: str
    help: str
    read: Read
    default: Default
    variable: str = ""
    empty: bool = False

    def variable_of(self, name: str) -> str:
        """The environment variable of the choice that is the setting ``name``."""
        return self.variable or f"METAPIPE_GALAXY_{name.upper()}"


def choice(
    metavar: str,
    help: str,
    read: Read,
    default: Default = lambda _: None,
    *,
    variable: str = "",
    empty: bool = False,
    unset: Any = MISSING,
) -> Any:
    """A field of ``Settings`` that a user may choose; see :class:`Choice`.

    :param unset: of settings made otherwise than by ``load``; without it the field has to be given then.
    """
    return field(default=unset, metadata={"choice": Choice(metavar, help, read, default, variable, empty)})


def option_of(name: str) -> str:
    """The option of a setting, without its dashes in front: ``memory-mb``."""
    return name.replace("_", "-")


def whole(lowest: int, highest: int) -> Read:
    """Whole numbers from ``lowest`` to ``highest``."""

    def read(name: str, value: Any, _: Path) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = lowest - 1
        if not lowest <= number <= highest:
            raise MetapipeError("E701", name, expected=f"a whole number from {lowest} to {highest}", found=str(value))
        return number

    return read


def yes_no(name: str, value: Any, _: Path) -> bool:
    """``yes`` or ``no``, in words, digits or as a truth value."""
    text = str(value).lower()
    if text not in ("true", "false", "1", "0", "yes", "no"):
        raise MetapipeError("E701", name, expected="yes or no", found=str(value))
    return text in ("true", "1", "yes")


def text(_name: str, value: Any, _: Path) -> str:
    """What was given, as it is."""
    return str(value)


def email(name: str, value: Any, _: Path) -> str:
    """An e-mail address; ``''`` where there may be none."""
    address = str(value)
    if address and not EMAIL.fullmatch(address):
        raise MetapipeError("E701", name, expected="an e-mail address", found=address)
    return address


def folder(_name: str, value: Any, _: Path) -> Path:
    """Where a folder is, from the root of the file system on."""
    return Path(value).absolute()


def path(_name: str, value: Any, _: Path) -> Path | None:
    """A file or folder, absolute; None for ``''``."""
    return Path(value).absolute() if value else None


def database_address(name: str, value: Any, _: Path) -> str:
    """An SQLAlchemy address, empty for SQLite. Refuses what Galaxy cannot use, without repeating a password.

    Galaxy takes the %-codes out of an address before its last reader parses it, so @ and % in a password break it.
    """
    url = str(value)
    if url and not url.startswith(("postgresql:", "postgresql+psycopg:", "sqlite:")):
        raise MetapipeError("E701", name, expected="postgresql://USER@HOST/NAME", found=url.split("@")[-1])
    login = unquote(url.partition("://")[2].rpartition("@")[0])
    if set("@%") & set(login):
        raise MetapipeError(
            "E701",
            name,
            expected="user and password without @ and % (Galaxy cannot read them; such a password may be in ~/.pgpass)",
            found="one of them",
        )
    return "" if url.startswith("sqlite:") else url


def offered_folder(name: str, value: Any, state: Path) -> Path | None:
    """A folder for users, None for ``''``. Refuses one that they could not read, or that has the instance's secrets."""
    if not value:
        return None
    offered, own = Path(value).resolve(), state.resolve()
    if not offered.is_dir() or not os.access(offered, os.R_OK | os.X_OK):
        raise MetapipeError("E701", f"{name} ('' forgets it)", expected="a folder that Galaxy can read", found=value)
    if own.is_relative_to(offered) or offered.is_relative_to(own):
        raise MetapipeError(
            "E701", f"{name} ('' forgets it)", expected=f"a folder apart from the instance's ({own})", found=value
        )
    return offered


def check_spark(given: Mapping[str, Any]) -> None:
    """Refuse at the start of Galaxy what every job would trip over.

    :param given: name → what was given, before it is read. :raises MetapipeError: E701.
    """
    master = str(given.get("spark_master") or "")
    if not master:
        return
    if not master.startswith(("spark://", "k8s://")) and master != "yarn":
        raise MetapipeError("E701", "spark-master", expected="spark://host:port, k8s://… or yarn", found=master)
    if not str(given.get("spark_cores") or ""):
        raise MetapipeError("E701", "spark-cores", expected="how many cores of the cluster a job may take")
    secret = str(given.get("spark_secret_file") or "")
    if master.startswith("spark://") and not os.access(secret, os.R_OK):
        raise MetapipeError("E701", "spark-secret-file", expected="a file that Galaxy can read", found=secret)
