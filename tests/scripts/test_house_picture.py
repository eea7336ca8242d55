"""The picture of the house is the one that the tree gives, and every arrow on it goes down."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from house_picture.drawing import draw
from house_picture.layout import lay_out
from house_picture.tree import House, read_house, without_shortcuts

HOME = Path(__file__).parents[2]
PICTURE = HOME / "docs" / "pictures" / "house.svg"


@pytest.fixture(scope="module")
def house() -> House:
    return read_house(HOME)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A tree of our own to spoil."""
    shutil.copytree(HOME / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(HOME / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_picture_is_the_one_that_the_tree_gives(house: House) -> None:
    assert PICTURE.read_text() == draw(house), "run scripts/house, look at docs/pictures/house.svg, commit it"


def test_the_page_shows_it() -> None:
    assert "(pictures/house.svg)" in (HOME / "docs/how-it-works.md").read_text()


def test_every_room_of_the_tree_stands_in_it(house: House) -> None:
    root = HOME / "src/metapipe"
    parts = {part.name: part for floor in house.floors for part in floor}
    assert parts.keys() == {
        path.stem for path in root.iterdir() if (path / "__init__.py").is_file() or path.suffix == ".py"
    } - {"__init__"}
    for part in parts.values():
        there = {path.parent.name for path in (root / part.name).glob("*/__init__.py")}
        assert {room.name for layer in part.layers for room in layer} == there


def test_every_arrow_goes_down(house: House) -> None:
    ways = lay_out(house, lambda _part, _width: 40.0).ways
    assert ways.keys() == set(house.arrows)
    for way in ways.values():
        assert all(upper[1] <= lower[1] for upper, lower in pairwise(way))
        assert way[0][1] < way[-1][1]


def test_another_sentence_gives_another_picture(house: House, copy: Path) -> None:
    assert draw(read_house(copy)) == draw(house)
    (copy / "src/metapipe/demo/__init__.py").write_text('"""Made-up communities."""\n')
    assert "Made-up communities." in draw(read_house(copy))


def test_an_import_that_goes_up_cannot_be_drawn(copy: Path) -> None:
    (copy / "src/metapipe/formats/upwards.py").write_text('"""Looks up."""\n\nimport metapipe.stages.registry\n')
    with pytest.raises(ValueError, match=re.escape("[('formats', 'stages')]")):
        read_house(copy)


def test_a_room_without_a_sentence_cannot_be_drawn(copy: Path) -> None:
    (copy / "src/metapipe/runner/scan/__init__.py").write_text("")
    with pytest.raises(ValueError, match=r"scan/__init__\.py has no docstring"):
        read_house(copy)


def test_arrows_that_follow_from_others_are_left_out() -> None:
    imported = {"cli": {"stages", "runner", "errors"}, "stages": {"runner"}, "runner": {"errors"}}
    assert without_shortcuts(imported) == [("cli", "stages"), ("runner", "errors"), ("stages", "runner")]


def test_the_command_says_whether_the_picture_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, HOME / "scripts/house", "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
