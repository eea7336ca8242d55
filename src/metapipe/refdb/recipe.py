"""Recipes: how the packages' files become a database. One YAML file each in ``recipes/``."""

from __future__ import annotations

from importlib import resources
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from metapipe.errors import MetapipeError
from metapipe.refdb.manifest import Kind, Name, Version
from metapipe.refdb.versions import newest


class Recipe(BaseModel):
    """One database that can be built here.

    :param builder: name of the builder in :mod:`metapipe.refdb.builders.build`.
    :param sources: names in ``sources.yml``.
    :param options: what the builder needs besides, see there.
    :param built_bytes: what it takes on disk, and :param build_seconds: to build with its files fetched, on two cores;
        for plans. Not there: nobody has measured it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_version: Literal[1] = Field(alias="schema")
    name: Name
    version: Version
    kind: Kind
    title: str
    description: str
    licence: str
    date: str
    builder: str
    sources: list[str]
    options: dict[str, Any] = {}
    built_bytes: int | None = None
    build_seconds: float | None = None

    @property
    def label(self) -> str:
        """``name:version``."""
        return f"{self.name}:{self.version}"


def recipes() -> list[Recipe]:
    """All recipes of this package, by name."""
    folder = resources.files("metapipe.refdb").joinpath("recipes")
    found = []
    for entry in folder.iterdir():
        if entry.name.startswith("db-") and entry.name.endswith(".yml"):
            found.append(Recipe.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8"))))
    return sorted(found, key=lambda recipe: recipe.label)


def find_recipe(text: str) -> Recipe:
    """Find ``name:version`` or ``name`` (the newest version).

    :raises MetapipeError: E202 that lists what there is.
    """
    name, _, version = text.partition(":")
    every = recipes()
    versions = {recipe.version: recipe for recipe in every if recipe.name == name}
    if version in versions:
        return versions[version]
    if versions and not version:
        return versions[newest(versions)]
    known = ", ".join(recipe.label for recipe in every)
    raise MetapipeError("E202", "there is no recipe of that name", expected=f"one of {known}", found=text)
