"""The house as the source tree has it: floors, the parts on them, their rooms, and which part imports which."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "metapipe"


@dataclass(frozen=True)
class Room:
    """A folder of modules, or a module by itself. :param sentence: the first one of its docstring."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Part:
    """What stands right below ``src/metapipe``.

    :param layers: its rooms, from the highest layer down; rooms of one layer do not import each other.
    :param beside: modules of it that stand in no room, by name; empty for a part without rooms, which is its modules.
    """

    name: str
    sentence: str
    layers: tuple[tuple[Room, ...], ...]
    beside: tuple[str, ...]


@dataclass(frozen=True)
class House:
    """Floors from the top down, and arrows: pairs (importing part, imported part) that do not follow from others."""

    floors: tuple[tuple[Part, ...], ...]
    arrows: tuple[tuple[str, str], ...]


def read_house(home: Path) -> House:
    """Read the tree below ``home``; the order of floors and rooms is that of the import rules in pyproject.toml.

    :raises ValueError: for a part or a room without a docstring, and for an import that does not go down.
    """
    root = home / "src" / PACKAGE
    rules = import_rules((home / "pyproject.toml").read_text(encoding="utf-8"))
    floors = tuple(tuple(_part(root, name, rules) for name in floor) for floor in rules[PACKAGE])
    height = {part.name: row for row, floor in enumerate(floors) for part in floor}
    imported = imports_of_parts(root)
    if wrong := sorted((a, b) for a, others in imported.items() for b in others if height[a] >= height[b]):
        raise ValueError(f"imports that do not go down: {wrong}")
    return House(floors, tuple(without_shortcuts(imported)))


def import_rules(text: str) -> dict[str, list[list[str]]]:
    """Layers of each package that import-linter is told of, from the top down: each a list of names."""
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    return {
        container: [re.split(r"\s*[|:]\s*", layer) for layer in contract["layers"]]
        for contract in contracts
        if contract["type"] == "layers"
        for container in contract["containers"]
    }


def first_sentence(path: Path) -> str:
    """The first sentence of a module's docstring, without marks of code.

    :raises ValueError: there is none.
    """
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not said:
        raise ValueError(f"{path} has no docstring")
    paragraph = " ".join(said.split("\n\n")[0].split()).replace("``", "")
    return re.split(r"(?<=[a-z0-9)]\.) (?=[A-Z])", paragraph)[0]


def imports_of_parts(root: Path) -> dict[str, set[str]]:
    """Part -> the other parts that any module of it imports, at whatever time."""
    found: dict[str, set[str]] = {}
    for path in sorted(root.rglob("*.py")):
        own = path.relative_to(root).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                package, _, rest = name.partition(".")
                other = rest.partition(".")[0]
                there = (root / other).is_dir() or (root / f"{other}.py").is_file()
                if package == PACKAGE and other and there and own not in (other, "__init__"):
                    found.setdefault(own, set()).add(other)
    return found


def without_shortcuts(imported: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Pairs that do not follow from others: with a → b and b → c, an arrow a → c would say nothing new."""

    def below(part: str) -> set[str]:
        return set().union(*({other} | below(other) for other in imported.get(part, ())))

    return sorted(
        (part, other)
        for part, others in imported.items()
        for other in others
        if not any(other in below(between) for between in others)
    )


def _part(root: Path, name: str, rules: Mapping[str, Sequence[Sequence[str]]]) -> Part:
    folder = root / name
    if not folder.is_dir():
        return Part(name, first_sentence(root / f"{name}.py"), (), ())
    rooms = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    order = [[room for room in layer if room in rooms] for layer in rules.get(f"{PACKAGE}.{name}", [rooms])]
    named = {room for layer in order for room in layer}
    order.append([room for room in rooms if room not in named])
    layers = tuple(
        tuple(Room(room, first_sentence(folder / room / "__init__.py")) for room in layer) for layer in order if layer
    )
    modules = sorted(path.name for path in folder.glob("*.py") if path.name != "__init__.py")
    return Part(name, first_sentence(folder / "__init__.py"), layers, tuple(modules) if layers else ())
