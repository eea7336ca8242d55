"""The rules of the house, as far as a machine can check them; `scripts/test lint` checks what may import what."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.declare.elements import Invariance
from metapipe.runner.declare.stage import Stage
from metapipe.stages.registry import STAGES, SUMMARIES

HOME = Path(__file__).parents[1]
SOURCES = sorted((HOME / "src").rglob("*.py"))
#: Programs for those who work on META-pipe: no part of the package, but of the house.
PROGRAMS = sorted((HOME / "scripts").rglob("*.py"))
#: Everything that is shipped or shown. This file names what is forbidden, and built files are not ours.
TEXTS = [
    path
    for path in subprocess.run(
        ["git", "-c", f"safe.directory={HOME}", "ls-files"], cwd=HOME, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if re.search(r"\.(py|toml|yml|yaml|md|xml|cfg|ini|sh|j2|properties)$|^scripts/|^\.ci/", path)
    and path != "tests/test_house_rules.py"
]
#: The one file that knows pyspark.
ADAPTER = "runner/sessions/spark_context.py"
#: Paths of the machines this was made on.
MACHINE = r"(?<![\w./~$}-])/(?:work|root)(?:/|\b)[\w./-]*"


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_only_the_adapter_imports_pyspark() -> None:
    users = {
        path.relative_to(HOME / "src/metapipe").as_posix()
        for path in SOURCES
        if any(name.split(".")[0] == "pyspark" for name in imports(path))
    }
    assert users == {ADAPTER}


def test_private_names_of_pyspark_stand_in_the_adapter_alone() -> None:
    private = re.compile(r"\._(?:jvm|jsc|gateway|gateway_client|active_spark_context|accumulatorServer)\b")
    users = {path.relative_to(HOME / "src/metapipe").as_posix() for path in SOURCES if private.search(path.read_text())}
    assert users == {ADAPTER}


def test_what_is_read_of_files_and_processes_has_one_reader() -> None:
    """The other files that name ``/proc``: control groups, the sandbox's mounts, TCP tables, a word in a comment."""
    readers = {
        r"\bfile_digest\(": {"digests.py"},
        r"\\x1f\\x8b": {"formats/gzip_files.py", "demo/badinput.py"},
        r"[\"']/proc/": {"proc.py", "runner/guard/sandbox.py", "instance/local/ports.py"},
    }
    for what, allowed in readers.items():
        found = {
            path.relative_to(HOME / "src/metapipe").as_posix() for path in SOURCES if re.search(what, path.read_text())
        }
        assert found == allowed, what


def test_pyspark_is_imported_only_when_a_session_starts() -> None:
    tree = ast.parse((HOME / "src/metapipe" / ADAPTER).read_text())
    top = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert not [module for module in top if module and module.startswith("pyspark")]


def test_no_source_file_is_longer_than_400_lines() -> None:
    long = {path.name: count for path in SOURCES + PROGRAMS if (count := len(path.read_text().splitlines())) > 400}
    assert not long


def test_no_room_is_a_corridor() -> None:
    """About fifteen files are a room; eighteen are too many to find one among them by its name."""
    files = (path.relative_to(HOME) for path in SOURCES + PROGRAMS if path.name != "__init__.py")
    rooms = Counter(path.parent.as_posix() for path in files)
    assert not {room: count for room, count in rooms.items() if count > 17}


def test_every_room_says_in_one_sentence_what_it_is_for() -> None:
    for folder in {path.parent for path in SOURCES}:
        words = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
        assert re.match(r"[A-Z].{19,}?[.:]", words, re.DOTALL), folder


@pytest.mark.parametrize(("root", "files"), [("src", SOURCES), ("scripts", PROGRAMS)], ids=["src", "scripts"])
def test_no_module_is_imported_by_what_it_imports(root: str, files: list[Path]) -> None:
    """At whatever time: an import inside a function hides a circle, it does not open it."""
    modules = {".".join(path.relative_to(HOME / root).with_suffix("").parts): path for path in files}
    graph = {name: named(path) & modules.keys() for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def named(path: Path) -> set[str]:
    """Modules that a file imports, also those that are imported as names of their package."""
    found = imports(path)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


#: Files that hand on what is not their own words, and why.
HAND_ON = {
    "refdb/readers/profile_probe.py": "a child process, whose standard output is the pipe to its parent",
    "runner/guard/launcher.py": "passes a program's standard error on as it comes",
    "runner/guard/forked.py": "a forked child, which leaves the trace of a bug where its parent's goes",
}
#: What writes to the terminal, or reads what was typed there, by the name it is called by.
PRINTS = re.compile(
    r"(pprint\.)?p?print|(sys\._*|_*)std(out|err)_*\.(buffer\.)?(write|writelines)|(traceback\.)?print_\w+"
    r"|(logging\.)?(basicConfig|StreamHandler)|(argparse\.)?ArgumentParser|input"
)


def prints(source: str) -> list[str]:
    """Calls in a text that write to the terminal or read from it."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    found = [ast.unparse(call) for call in calls if PRINTS.fullmatch(ast.unparse(call.func))]
    return found + [text for call in calls if re.match(r"os\.write\([12],", text := ast.unparse(call))]


@pytest.mark.parametrize(
    ("line", "noticed"),
    [
        ("print('x', file=sys.stderr)", True),
        ("sys.stdout.write('x')", True),
        ("sys.stdout.buffer.write(b'x')", True),
        ("sys.__stderr__.write('x')", True),
        ("stderr.writelines(lines)", True),
        ("os.write(2, b'x')", True),
        ("logging.basicConfig()", True),
        ("traceback.print_exc()", True),
        ("argparse.ArgumentParser()", True),
        ("sys.stdout.flush()", False),
        ("os.write(descriptor, b'x')", False),
        ("process.stdout.read()", False),
        ("footprint(x)", False),
    ],
)
def test_printing_is_known_by_its_calls(line: str, noticed: bool) -> None:
    assert bool(prints(line)) is noticed


def test_nothing_below_the_commands_prints() -> None:
    above = ("commands/", "cli.py")
    below = {path.relative_to(HOME / "src/metapipe").as_posix(): path for path in SOURCES}
    found = {
        name: calls
        for name, path in below.items()
        if not name.startswith(above) and (calls := prints(path.read_text()))
    }
    assert found.keys() == HAND_ON.keys(), found


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {name for path in SOURCES + PROGRAMS for name in (path.stem, path.parent.name)}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "lib", "stuff"}


def test_a_test_of_many_examples_says_how_many_and_leaves_the_clock_and_chance_to_the_profile() -> None:
    called = [
        (path.relative_to(HOME).as_posix(), keyword.arg)
        for path in (HOME / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "settings"
        for keyword in node.keywords
    ]
    assert not [found for found in called if found[1] != "max_examples"]
    assert called
    assert settings.default is not None
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check


def test_nothing_names_this_machine() -> None:
    found = {
        path: names
        for path in TEXTS
        if (HOME / path).is_file()  # else removed but not yet committed
        and (names := re.findall(MACHINE, (HOME / path).read_text(errors="replace")))
    }
    assert not found


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_fully_declared(name: str) -> None:
    stage = load_stage(STAGES[name])
    assert stage.name == name
    assert SUMMARIES[name]
    assert stage.summary
    assert stage.outputs
    assert isinstance(stage.invariance, Invariance)
    assert stage.example


def test_every_stage_module_is_in_the_registry() -> None:
    modules = [
        importlib.import_module(".".join(path.relative_to(HOME / "src").with_suffix("").parts))
        for folder in ("stages", "biomas", "merging")
        for path in (HOME / f"src/metapipe/{folder}").rglob("*.py")
        if re.search(r"^class \w+\(.*Stage\)", path.read_text(), re.MULTILINE)
    ]
    declared = {
        module.__name__
        for module in modules
        for one in vars(module).values()
        # What several stages have in common is no stage: it cannot be run.
        if inspect.isclass(one) and issubclass(one, Stage) and one.__module__ == module.__name__
        if not inspect.isabstract(one)
    }
    assert declared == {reference.partition(":")[0] for reference in STAGES.values()}
    assert set(SUMMARIES) == set(STAGES)
