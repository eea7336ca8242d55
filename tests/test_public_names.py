"""Every public name of the package says what it is, in words that are not its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[1] / "src" / "metapipe"
#: Words that say nothing of their own beside those of the name.
EMPTY = frozenset(
    ["a", "an", "as", "get", "gets", "is", "it", "its", "of", "return", "returns", "s", "the", "this", "whether"]
)

Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_names(body: list[ast.stmt]) -> Iterator[Defined]:
    """Functions, classes and their methods that others may use, property or not; one that begins with ``_`` is not."""
    for node in body:
        if isinstance(node, Defined) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_names(node.body)


def words(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"[a-z]+", re.sub(r"([A-Z])", r" \1", text).lower())}


def test_every_public_name_has_a_docstring() -> None:
    for path in SRC.rglob("*.py"):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        assert not [node.name for node in public_names(tree.body) if not ast.get_docstring(node)], path


def test_a_docstring_says_more_than_the_name() -> None:
    for path in SRC.rglob("*.py"):
        for node in public_names(ast.parse(path.read_text()).body):
            said = ast.get_docstring(node)
            assert not said or "`" in said or len(words(said) - words(node.name) - EMPTY) > 1, (path, node.name, said)
