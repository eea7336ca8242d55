from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from metapipe.demo.community import load_spec
from metapipe.errors import MetapipeError
from metapipe.refdb.builders.build import BUILDERS
from metapipe.refdb.manifest import read_manifest
from metapipe.refdb.recipe import Recipe, find_recipe, recipes
from metapipe.refdb.sources import catalogue, find_source

DEMO_GENERA = ("Roseobacter", "Methanococcus", "Methanosarcina", "Thermococcus", "Vibrio", "Thermodesulfatator")


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.label)
def test_every_recipe_names_sources_and_a_builder_that_exist(recipe: Recipe) -> None:
    assert recipe.builder in BUILDERS
    for alias in recipe.sources:
        find_source(alias)
    assert find_recipe(recipe.label) == recipe


def test_every_source_is_pinned_and_named_once() -> None:
    aliases = [alias for package in catalogue() for alias in package.files]
    assert len(aliases) == len(set(aliases))
    for package in catalogue():
        for file in package.files.values():
            assert re.fullmatch("[0-9a-f]{64}", file.sha256)


def test_no_recipe_names_a_host() -> None:
    for path in resources.files("metapipe.refdb").joinpath("recipes").iterdir():
        assert "://" not in path.read_text(encoding="utf-8"), path.name


def test_the_held_out_database_has_no_source_of_the_demo() -> None:
    held_out = find_recipe("ec-proteins-heldout")
    members = {member.source for member in load_spec("demo").members}
    assert not members & set(held_out.sources)
    assert not [alias for alias in held_out.sources if find_source(alias)[1].organism.startswith(DEMO_GENERA)]
    for alias in members:
        assert find_source(alias)[1].organism.startswith(DEMO_GENERA)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 sources.yml: expected one of bradyrhizobium"):
        find_source("nothing")


@pytest.mark.parametrize(
    "name",
    [
        "metapipe-tiny-proteins",
        "metapipe-tiny-domains",
        "metapipe-tiny-taxa",
        "metapipe-tiny-markers",
        "biomas-tiny-16s",
    ],
)
def test_the_committed_databases_say_they_come_from_their_recipes(test_data: Path, name: str) -> None:
    manifest, recipe = read_manifest(test_data / "refdb" / name / "1"), find_recipe(name)
    assert (manifest.name, manifest.version, manifest.kind) == (recipe.name, recipe.version, recipe.kind)
    assert (manifest.title, manifest.description, manifest.licence) == (
        recipe.title,
        recipe.description,
        recipe.licence,
    )
    expected = {find_source(alias)[0].label: (find_source(alias)[0].licence, set[str]()) for alias in recipe.sources}
    for alias in recipe.sources:
        expected[find_source(alias)[0].label][1].add(find_source(alias)[1].sha256)
    assert {source.package: (source.licence, {*source.files.values()}) for source in manifest.sources} == expected


def test_the_committed_proteins_are_those_their_recipe_names(test_data: Path) -> None:
    headers = (test_data / "refdb/metapipe-tiny-proteins/1/proteins.fasta").read_text().splitlines()
    committed = [line[1:].split()[0] for line in headers if line.startswith(">")]
    assert sorted(committed) == sorted(find_recipe("metapipe-tiny-proteins").options["accessions"])
