"""What the pages say of the repository is so: paths, modules and links lead somewhere, tables name what there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from how_to_document import FLAVOUR_PAGE, PAGE, deeds
from metapipe.runner.attempt.attempt import load_stage
from metapipe.stages.registry import STAGES

HOME = Path(__file__).parents[1]
HOW_IT_WORKS = HOME / "docs/how-it-works.md"
#: The changelog tells of what was, and is not asked.
PAGES = [
    path
    for path in subprocess.run(
        ["git", "-c", f"safe.directory={HOME}", "ls-files", "*.md"],
        cwd=HOME,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if path != "CHANGELOG.md" and (HOME / path).is_file()
]
FOLDERS = "src|tests|docs|scripts|instance|tools|tool_data|workflows|test-data|locks"
#: Not after a sign that makes it the end of another path, and without one that stands for any name.
OUR_PATH = re.compile(rf"(?<![\w/.~$}}>-])((?:{FOLDERS})/[\w./-]*[\w/])(?![\w*<{{])")
MODULE = re.compile(r"(?<![@-])\bmetapipe((?:\.[a-z]\w*)+)")
LINK = re.compile(r"\]\(([^)\s]+)\)")

#: Files that a reader of the page on adding a stage writes.
WRITTEN = {deed.target for page in (PAGE, FLAVOUR_PAGE) for deed in deeds(page) if deed.kind == "file"}
WRITTEN |= {path.rpartition("/")[0] for path in WRITTEN}


def headings(text: str) -> set[str]:
    """Anchors of a page, as GitHub makes them of its headings."""
    found = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def is_there(dotted: str) -> bool:
    """Whether it is a module of ours, or what follows a module's name is named in it."""
    parts = dotted.split(".")
    for count in range(len(parts), 1, -1):
        base = HOME.joinpath("src", *parts[:count])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                text = file.read_text()
                return all(re.search(rf"\b{name}\b", text) for name in parts[count:])
    return False


@pytest.mark.parametrize("page", PAGES)
def test_every_path_on_a_page_exists(page: str) -> None:
    named = set(OUR_PATH.findall((HOME / page).read_text()))
    assert not {path for path in named if not (HOME / path).exists() and path not in WRITTEN}


@pytest.mark.parametrize("page", PAGES)
def test_every_module_on_a_page_exists(page: str) -> None:
    text = re.sub(r"\S*://\S*", "", (HOME / page).read_text())
    written = {path.removeprefix("src/").removesuffix(".py").replace("/", ".") for path in WRITTEN}
    named = {f"metapipe{rest}" for rest in MODULE.findall(text)} - written
    assert not {module for module in named if not is_there(module)}


def test_what_docstrings_and_comments_refer_to_is_there() -> None:
    for source in (HOME / "src").rglob("*.py"):
        text = source.read_text()
        named = re.findall(r":(?:mod|class|func|meth|data|attr):`~?(metapipe\.[\w.]+)`", text)
        assert not [name for name in named if not is_there(name)], source
        ours = re.findall(r"\b(?:docs|tests|scripts|instance|test-data)/[\w./-]*\w\.(?:py|md|svg|yml|json)\b", text)
        assert not [path for path in ours if not (HOME / path).exists()], source


@pytest.mark.parametrize("page", PAGES)
def test_every_link_on_a_page_leads_somewhere(page: str) -> None:
    here = HOME / page
    for link in LINK.findall(re.sub(r"```.*?```", "", here.read_text(), flags=re.DOTALL)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = here.parent / path if path else here
        assert target.exists(), link
        assert not anchor or anchor in headings(target.read_text()), link


def rows(heading: str) -> list[list[str]]:
    """Cells of the table below a heading of how-it-works.md."""
    part = HOW_IT_WORKS.read_text().partition(f" {heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", part, re.MULTILINE)
    assert table is not None, heading
    return [re.split(r" *\| *", line.strip("| ")) for line in table[0].splitlines()[2:]]


def test_the_table_of_places_has_an_existing_path_in_every_row() -> None:
    table = rows("Where do I change X?")
    assert len(table) >= 15
    for question, places in table:
        named = re.findall(r"`([^`]*)`", places)
        assert named, question
        assert all((HOME / path).exists() for path in named), question


def test_the_table_of_invariances_names_every_stage_once_and_as_it_declares() -> None:
    said = [
        (stage, reason.strip("`"))
        for reason, _, stages in rows("Why a result does not depend on the cutting")
        for stage in re.findall(r"`(\w+)`", stages)
    ]
    assert sorted(said) == sorted((name, type(load_stage(STAGES[name]).invariance).__name__) for name in STAGES)


def test_the_tree_in_readme_names_the_rooms_that_there_are() -> None:
    text = (HOME / "README.md").read_text()
    tree = text.partition("## Where things are")[2].split("```")[1]
    root = HOME / "src/metapipe"
    named: dict[str, set[str]] = {}
    for indent, folders, said in re.findall(r"^( *)(\S+/(?:,? [\w/.,]+/)*) {2,}(.*)$", tree, re.MULTILINE):
        for folder in re.findall(r"[\w/-]+(?=/)", folders):
            assert ((root if indent else HOME) / folder).is_dir(), folder
            if indent:
                named[folder] = set(re.findall(r"(\w+)/", said))
    parts = {path.parent.name: path.parent for path in root.glob("*/__init__.py")}
    assert named.keys() | {"commands"} == parts.keys()
    for name, path in parts.items():
        rooms = {room.parent.name for room in path.glob("*/__init__.py")}
        assert not named.get(name) or named[name] - {"recipes"} == rooms, name


def test_words_of_the_glossary_are_explained_once() -> None:
    words = [word for entry, _ in rows("Our own words") for word in entry.split(", ")]
    assert len(words) == len(set(words))
    assert {"block", "part", "attempt", "atom", "slot", "session", "warm", "delivery", "quarantine"} <= set(words)
    assert {"package", "database", "recipe"} <= set(words)
