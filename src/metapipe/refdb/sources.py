"""The public packages we take files from: their names, versions, licences and the sha256 of every file used."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from metapipe.errors import MetapipeError


class SourceFile(BaseModel):
    """One file inside a package.

    :param path: path inside the package (Debian: below ``/``; PyPI: inside the wheel).
    :param organism: organism whose sequences it holds, ``accession`` the record used when it holds several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    sha256: str
    organism: str = ""
    taxid: str | int = ""
    accession: str = ""


class SourcePackage(BaseModel):
    """One package of a public registry."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    registry: Literal["debian", "pypi"]
    name: str
    version: str
    licence: str
    files: dict[str, SourceFile]

    @property
    def label(self) -> str:
        """How manifests and messages name it: ``debian:prokka 1.14.6+dfsg-4``; never a host."""
        return f"{self.registry}:{self.name} {self.version}"


class _Catalogue(BaseModel):
    model_config = ConfigDict(extra="forbid")
    packages: list[SourcePackage]


@cache
def catalogue() -> tuple[SourcePackage, ...]:
    """All packages of ``recipes/sources.yml``."""
    text = resources.files("metapipe.refdb").joinpath("recipes", "sources.yml").read_text(encoding="utf-8")
    return tuple(_Catalogue.model_validate(yaml.safe_load(text)).packages)


def find_source(alias: str) -> tuple[SourcePackage, SourceFile]:
    """Return the package and file that ``alias`` (e.g. ``escherichia-coli``) stands for.

    :raises MetapipeError: E702 when a recipe names a source that does not exist.
    """
    for package in catalogue():
        if alias in package.files:
            return package, package.files[alias]
    known = ", ".join(sorted(alias for package in catalogue() for alias in package.files))
    raise MetapipeError("E702", file="sources.yml", expected=f"one of {known}", found=alias)
