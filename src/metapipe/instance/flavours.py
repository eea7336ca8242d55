"""Flavours of a Galaxy: the single source of its tools, workflows, tours, databases and least size.

Each file of ``instance/flavours/`` is a flavour; one may put two others side by side (``both``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from metapipe.errors import MetapipeError
from metapipe.instance import wrong_fields

#: What a Galaxy is of when nobody chose.
DEFAULT = "mmg"


#: A tool of Galaxy's own: a path without steps upwards.
BundledTool = Annotated[str, Field(pattern=r"^[\w-]+(/[\w.-]+)*\.xml$")]


class Least(BaseModel):
    """What a flavour needs at least; less of it is refused before anything is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    cores: Annotated[int, Field(ge=1)] = 1
    memory_gb: Annotated[int, Field(ge=1)] = 1
    disk_gb: Annotated[int, Field(ge=1)] = 1


class Flavour(BaseModel):
    """What one kind of Galaxy has.

    :param suites: folder in ``tools/`` → title of its section in the tool panel. :param bundled: title of a further
        section → tools that come with Galaxy itself, as files below its ``tools/bundled``. :param workflows: folders in
        ``workflows/``. :param tours: files in ``instance/tours/``, without their ending. :param databases: labels,
        ``name:version``, that a request without databases gets. :param welcome: the page users see first, a file in
        ``instance/welcome/``. :param both: flavours that it has all of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    about: str
    suites: dict[str, str] = {}
    bundled: dict[str, tuple[BundledTool, ...]] = {}
    workflows: tuple[str, ...] = ()
    tours: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    minimum: Least = Least()
    welcome: Annotated[str, Field(pattern=r"^[\w-]+\.html$")] = "index.html"
    both: tuple[str, ...] = ()


def names(checkout: Path) -> list[str]:
    """Return the names of the flavours that there are, in the order of the alphabet."""
    return sorted(file.stem for file in (checkout / "instance" / "flavours").glob("*.yml"))


def read(checkout: Path, name: str) -> Flavour:
    """Return a flavour with all that it takes from others.

    :raises MetapipeError: E701 when there is none of that name, E702 for each wrong field of its file.
    """
    own = _read_alone(checkout, name)
    others = [_read_alone(checkout, other) for other in own.both]
    every = [*others, own]
    suites: dict[str, str] = {}
    bundled: dict[str, tuple[str, ...]] = {}
    for flavour in every:
        suites |= flavour.suites
        bundled |= flavour.bundled
    return own.model_copy(
        update={
            "suites": suites,
            "bundled": bundled,
            "workflows": _once(flavour.workflows for flavour in every),
            "tours": _once(flavour.tours for flavour in every),
            "databases": _once(flavour.databases for flavour in every),
            "minimum": Least(
                cores=max(flavour.minimum.cores for flavour in every),
                memory_gb=max(flavour.minimum.memory_gb for flavour in every),
                disk_gb=max(flavour.minimum.disk_gb for flavour in every),
            ),
        }
    )


def _read_alone(checkout: Path, name: str) -> Flavour:
    known = names(checkout)
    if name not in known:
        raise MetapipeError("E701", "flavour", expected=f"one of {', '.join(known)}", found=name)
    return wrong_fields.read(checkout / "instance" / "flavours" / f"{name}.yml", Flavour, "E702")


def _once(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry for entries in lists for entry in entries))
