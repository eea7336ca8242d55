"""The manifest of a database: what it is, where it comes from, and the sha256 of everything in it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError

MANIFEST = "manifest.json"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
Kind = Literal["diamond", "hmm", "amplicon", "taxonomy-reads", "markers"]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class FileEntry(BaseModel):
    """Size in bytes and content hash of one file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    bytes: int = Field(ge=0)
    sha256: Sha256


class Source(BaseModel):
    """What a database was made from.

    :param package: registry, package and version (``debian:prokka 1.14.6+dfsg-4``), or ``file`` for a site's own data.
        Never a URL: the same package comes from many hosts.
    :param files: name of each file read → its sha256.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    package: str
    licence: str
    files: dict[str, Sha256]


class Manifest(BaseModel):
    """``manifest.json``.

    :param kind: what a stage asks for: ``diamond`` (annotated proteins), ``hmm`` (profiles of families), ``amplicon``
        (marker genes with their taxonomy), ``taxonomy-reads`` (proteins with their taxa, and the taxonomy) or
        ``markers`` (the same, of the genes that every cell has once).
    :param date: date of the data (not of the build: the same data give the same manifest at any time).
    :param format: format and version of the files a program reads, e.g. ``diamond 3``.
    :param tool: program and version that wrote them; part of the identity, since another one may write other bytes.
    :param counts: facts for people: number of proteins, of those with an EC number …
    :param builder: command that makes this database again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: Name
    version: Version
    kind: Kind
    title: str
    description: str = ""
    sources: list[Source]
    licence: str
    date: str
    format: str
    tool: str
    counts: dict[str, int] = {}
    builder: str
    files: dict[str, FileEntry]

    @field_validator("files")
    @classmethod
    def _paths_stay_inside(cls, files: dict[str, FileEntry]) -> dict[str, FileEntry]:
        for path in files:
            if not re.fullmatch(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", path) or ".." in path.split("/"):
                raise ValueError(f"unusable file name {path!r}")
        return files

    @property
    def label(self) -> str:
        """``name:version``."""
        return f"{self.name}:{self.version}"

    @property
    def digest(self) -> str:
        """The identity of the database: sha256 of the canonical manifest, which is what ``sha256sum manifest.json``
        gives for a manifest as it was written."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(entry.bytes for entry in self.files.values())

    @property
    def text(self) -> str:
        """The canonical form: JSON with sorted keys, ASCII, one space of indent, final newline."""
        content = self.model_dump(mode="json", by_alias=True)
        return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=True) + "\n"

    def write(self, folder: Path) -> None:
        """Write ``manifest.json``."""
        (folder / MANIFEST).write_text(self.text, encoding="ascii", newline="\n")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a database folder.

    :raises MetapipeError: E202 when there is none, E203 when it cannot be understood.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise MetapipeError("E202", f"{folder.name} has no {MANIFEST}: it is not a database of META-pipe") from None
    except OSError as error:
        raise MetapipeError("E203", f"cannot be read: {error.strerror}", file=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise MetapipeError("E203", f"manifest of {folder.name}: {where}: {first['msg']}", file=path) from error


def describe_files(folder: Path) -> dict[str, FileEntry]:
    """Size and sha256 of every file below ``folder`` (the manifest itself and hidden files excepted)."""
    entries = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.is_file() and relative != MANIFEST and not path.name.startswith("."):
            entries[relative] = FileEntry(bytes=path.stat().st_size, sha256=sha256_of(path))
    return entries
