"""What all tests share: which of them stay together when workers run them side by side, and in which order they run.

`scripts/test` gives the tests to as many workers as there are cores, two at least (pytest-xdist, ``-n 2 --dist
loadgroup``). A test goes to whichever worker is free, except that those which share something made once for a module
(a Spark cluster, a warm session, a clone) stay together, so that it is made once.
"""

from __future__ import annotations

import random

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        metavar="SEED",
        help="run the modules, and the tests of each module, in an order of chance; the same one for the same SEED",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("--shuffle")
    if seed is not None:
        shuffle(items, random.Random(seed))
    for item in items:
        if isinstance(item, pytest.Function) and shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def shuffle(items: list[pytest.Item], chance: random.Random) -> None:
    """Modules stay whole: what is made once for a module would else be made again for each of its tests."""
    modules = sorted({str(item.path) for item in items})
    chance.shuffle(modules)
    place = {path: position for position, path in enumerate(modules)}
    chance.shuffle(items)
    items.sort(key=lambda item: place[str(item.path)])


def shares_a_fixture(item: pytest.Function) -> bool:
    """Whether the test uses something that our tests make once for more than one test."""
    definitions = item._fixtureinfo.name2fixturedefs
    return any(
        definition.scope in ("module", "package")
        for name in item.fixturenames
        for definition in definitions.get(name, ())
    )
