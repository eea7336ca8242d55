"""A rerun uses no part that other code has made, though version and options are the same."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from metapipe.errors import MetapipeError
from metapipe.runner.declare import code_identity
from metapipe.runner.declare.code_identity import package_digest, stage_digest

STAGE = """
from pathlib import Path

from sea_rules.rule import letter
from stages_for_tests import Poisoned, fail

class Ruled(Poisoned):
    name = "ruled"

    def run(self, task, state):
        word = Path(__file__).with_name("word.j2").read_text()
        for record in task.records():
            if record.name.startswith("poison"):
                fail(task, task.options)
            task.output("copy").write(f"{record.name} {letter()} {word}".encode())
"""
RULE = "def letter():\n    return '{}'\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An outside stage's package: the stage, a rule in another module, a template."""
    folder = tmp_path / "site" / "sea_rules"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "stage.py").write_text(STAGE)
    (folder / "rule.py").write_text(RULE.format("a"))
    (folder / "word.j2").write_text("old\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return folder


@pytest.fixture
def rerun(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, package: Path
) -> Iterator[Callable[..., Any]]:
    """Fail in one of four blocks, change something, and run to the end; returns that run."""

    def go(change: Callable[[], object]) -> Any:
        inputs, folder = {"contigs": fasta(12, poison=(5,))}, tmp_path / "out"
        with pytest.raises(MetapipeError):
            run("sea_rules.stage:Ruled", inputs, blocks=4, folder=folder, max_quarantined=0)
        assert len(list(folder.glob(".work/*/parts/*"))) == 3
        change()
        _forget()
        return run("sea_rules.stage:Ruled", inputs, blocks=4, folder=folder)

    yield go
    _forget()


def _forget() -> None:
    """A rerun is another process, which imports what is there by then."""
    for name in [name for name in sys.modules if name.split(".")[0] == "sea_rules"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def kept_and_words(ran: Any) -> tuple[int, set[bytes]]:
    lines = ran.outputs["copy"].splitlines()
    assert len(lines) == 11
    return ran.result.report["totals"]["kept"], {line.split(b" ", 1)[1] for line in lines}


def test_the_same_code_goes_on_where_it_ended(rerun: Callable[..., Any]) -> None:
    assert kept_and_words(rerun(lambda: None)) == (3, {b"a old"})


def test_after_a_changed_rule_nothing_old_is_in_the_result(rerun: Callable[..., Any], package: Path) -> None:
    ran = rerun(lambda: (package / "rule.py").write_text(RULE.format("b")))
    assert kept_and_words(ran) == (0, {b"b old"})


def test_after_a_changed_template_nothing_old_is_in_the_result(rerun: Callable[..., Any], package: Path) -> None:
    assert kept_and_words(rerun(lambda: (package / "word.j2").write_text("new\n"))) == (0, {b"a new"})


def test_after_a_change_in_metapipe_itself_nothing_old_is_in_the_result(
    rerun: Callable[..., Any], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change() -> None:
        monkeypatch.setattr(code_identity, "HOME", copy)
        with (copy / "stages" / "filter_contigs.py").open("a") as rule:
            rule.write("LIMIT = 2\n")

    assert kept_and_words(rerun(change))[0] == 0


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """META-pipe's own files in another place."""
    made = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(code_identity.HOME, tmp_path / "copy" / "metapipe", ignore=made))


def test_every_file_of_the_package_counts_and_its_place_does_not(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [package_digest()]
    monkeypatch.setattr(code_identity, "HOME", copy)
    assert package_digest() == seen[0]
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "x.pyc").write_text("made by Python")
    assert package_digest() == seen[0]
    for pattern in ("*.py", "*.j2", "*.css", "*.yml", "*.json", "*.properties"):
        file = next(iter(sorted(copy.rglob(pattern))))
        file.write_bytes(file.read_bytes() + b"\n")
        seen.append(package_digest())
    file.rename(file.with_name("renamed"))
    seen.append(package_digest())
    file.with_name("renamed").unlink()
    seen.append(package_digest())
    assert len(set(seen)) == len(seen)


def test_a_stage_of_ours_has_no_digest_of_its_own_and_one_without_files_has_none() -> None:
    assert stage_digest("metapipe.stages.assembly.filter_contigs:FilterContigs") == ""
    assert stage_digest("nowhere_to_be_found:Stage") == ""
    assert stage_digest("__main__:Stage") in ("", stage_digest("__main__:Other"))


def test_a_module_alone_is_a_file_alone(package: Path) -> None:
    lone = package.parent / "lone_stage.py"
    lone.write_text("a = 1\n")
    before = stage_digest("lone_stage:Stage")
    (package / "rule.py").write_text(RULE.format("c"))
    assert stage_digest("lone_stage:Stage") == before != ""
    lone.write_text("a = 11\n")
    assert stage_digest("lone_stage:Stage") != before
