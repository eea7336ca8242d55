"""What the programs in ``scripts/`` name is there: nothing else looks at the names in a shell script before it runs."""

import os
import re
import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path for path in (HOME / "scripts").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
_NAMED = re.compile(r"(?<![/\w.])(?:metapipe|benchmarks)(?:\.(?!md\b)[a-z_0-9]+)+\b(?![/-])")
_IMPORT = re.compile(r"from ((?:metapipe|benchmarks)[\w.]*) import (?:\(([^)]*)\)|([\w, ]+))")


def is_there(name: str) -> bool:
    """Whether this is a module, or something that a module holds."""
    source = source_of(name)
    if source is not None:
        return True
    module, _, held = name.rpartition(".")
    source = source_of(module)
    return source is not None and re.search(rf"^(?=\w).*\b{held}\b", source, re.MULTILINE) is not None


def source_of(module: str) -> str | None:
    """The text of a module; None where there is no such module."""
    path = Path(*module.split("."))
    for root in (HOME / "src", HOME / "scripts"):
        for file in (root / path.with_suffix(".py"), root / path / "__init__.py"):
            if file.is_file():
                return file.read_text()
    return None


def names_in(text: str) -> set[str]:
    """Modules that are named in full, and what is imported out of modules."""
    found = set(_NAMED.findall(text))
    for module, several, plain in _IMPORT.findall(text):
        held = (name.split(" as ")[0].strip() for name in (several or plain).split(","))
        found |= {f"{module}.{name}" for name in held if name}
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(HOME).as_posix())
def test_a_script_names_modules_that_exist(script: Path) -> None:
    assert not [name for name in sorted(names_in(script.read_text())) if not is_there(name)]


@pytest.mark.parametrize(
    "line",
    ["python -m metapipe.nowhere", "from metapipe.errors import Nothing", "from metapipe import (\n    nowhere,\n)"],
)
def test_a_name_of_nothing_is_noticed(line: str) -> None:
    assert not all(is_there(name) for name in names_in(line))


def test_the_demo_shows_its_help_from_the_checkout() -> None:
    done = subprocess.run(
        [HOME / "scripts/demo", "--help"], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: scripts/demo ")
