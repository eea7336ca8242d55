"""In which order the tests run, what they are called, and which examples Hypothesis gives them.

`scripts/test` gives them to as many workers as there are cores, two at least, file by file (pytest-xdist, ``--dist
loadfile``): what a file makes once for its tests, a Spark cluster or a clone, is then made once.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from fake_task import fake_task

__all__ = ["fake_task"]

#: Files that take minutes come first: a worker that gets one last keeps the other waiting.
LONG = ("runner", "instance", "test_how_to_add_a_stage", "test_added_stage_in_galaxy", "test_partition_invariance")

#: Examples and the files they write depend on the test alone, and no example fails because the machine was busy: what
#: passes here passes everywhere. A test sets no more than how many it needs. ``scripts/test --all`` looks further, with
#: ``--hypothesis-profile=chance``. Examples of one test share its folder; each writes its files anew.
UNHURRIED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("chance", deadline=None, suppress_health_check=UNHURRIED, print_blob=True)
settings.register_profile("same", settings.get_profile("chance"), derandomize=True, database=None)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        metavar="SEED",
        help="run the files, and the tests of each file, in an order of chance; the same one for the same SEED",
    )


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes of gzip hold the second they were packed in: two workers would call one test by two names, and stop."""
    return f"{argname} in gzip" if isinstance(val, bytes) and val.startswith(b"\x1f\x8b") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("--shuffle")
    if seed is not None:
        shuffle(items, random.Random(seed))
    elif config.getoption("dist", "no") != "no" or hasattr(config, "workerinput"):
        items.sort(key=lambda item: is_short(item.path))


def shuffle(items: list[pytest.Item], chance: random.Random) -> None:
    """Files stay whole: what is made once for a file would else be made again for each of its tests."""
    files = sorted({str(item.path) for item in items})
    chance.shuffle(files)
    place = {path: position for position, path in enumerate(files)}
    chance.shuffle(items)
    items.sort(key=lambda item: place[str(item.path)])


def is_short(path: Path) -> bool:
    return not {path.stem, *(folder.name for folder in path.parents)} & set(LONG)
