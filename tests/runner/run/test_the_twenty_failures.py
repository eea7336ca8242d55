"""Every failure of the catalogue has tests that exist, and the documentation says the same as the catalogue."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from failures import FAILURES, table_markdown

TESTS = Path(__file__).parents[2]


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text())
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_there_are_twenty() -> None:
    assert sorted(FAILURES) == list(range(1, 21))


@pytest.mark.parametrize("number", FAILURES)
def test_every_failure_is_proven_by_tests_that_exist(number: int) -> None:
    assert FAILURES[number].tests
    for name in FAILURES[number].tests:
        file, _, function = name.partition("::")
        assert (function == "*" and functions_of(file)) or function in functions_of(file), name


def test_the_documentation_holds_the_catalogue() -> None:
    text = (TESTS.parent / "docs/failures.md").read_text()
    assert table_markdown() in text, "replace the table by what `python tests/runner/failures.py` prints"
