"""What lints tools and workflows: which checks there are, and what is said of those that are not well."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import lint_galaxy
import pytest
from lint_galaxy import Check, main, of_everything, of_tools, run

ROOT = Path(__file__).resolve().parents[2]
LINTER = """
import os, sys

def command():
    word = sys.argv[1]
    print("a word of", word, flush=True)
    os.system("echo a word of its child >&2")
    if word == "raises":
        raise RuntimeError("no linter")
    if word == "says":
        sys.exit("the reason")
    if word == "returns":
        return
    sys.exit({"ends": None, "bad": 3}[word])
"""


@pytest.fixture
def linter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A linter of our own in place of planemo."""
    (tmp_path / "linter_for_tests.py").write_text(LINTER)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(lint_galaxy, "LINTERS", {"linter": ("linter_for_tests", "command")})
    monkeypatch.setattr(lint_galaxy, "VERBS", ())


@pytest.mark.parametrize(("word", "code"), [("returns", 0), ("ends", 0), ("bad", 3), ("says", 1), ("raises", 70)])
@pytest.mark.usefixtures("linter")
def test_a_check_has_the_exit_code_and_all_words_of_its_linter(word: str, code: int) -> None:
    before = list(sys.argv), os.getpid()
    found, words = run(Check("it", ("linter", word)))
    assert (found, words.startswith(f"a word of {word}\na word of its child\n")) == (code, True), words
    assert ("the reason" in words, "RuntimeError: no linter" in words) == (word == "says", word == "raises")
    assert (sys.argv, os.getpid()) == before


@pytest.mark.usefixtures("linter")
def test_only_what_is_not_well_is_shown_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    well, bad = Check("well", ("linter", "ends")), Check("bad", ("linter", "bad"))
    monkeypatch.setattr(sys, "argv", ["lint_galaxy"])
    monkeypatch.setattr(lint_galaxy, "of_everything", lambda: iter([well, bad, well]))
    assert main() == 1
    said = "ok      well\nFAILED  bad\n        a word of bad\n        a word of its child\nok      well\n1 failed\n"
    assert capsys.readouterr().out == said
    monkeypatch.setattr(lint_galaxy, "of_everything", lambda: iter([well]))
    assert main() == 0
    assert capsys.readouterr().out == "ok      well\n"


def test_every_suite_and_workflow_is_linted_by_all_linters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names = {check.name for check in of_everything()}
    refactor = "galaxy-tool-refactor"
    for suite in {path.parent.name for path in ROOT.glob("tools/*/*.xml")}:
        for linter in ("planemo lint", "planemo shed_lint", f"{refactor} check", f"{refactor} format"):
            assert f"{linter} tools/{suite}" in names
    for workflow in {path.parent.name for path in ROOT.glob("workflows/*/*.gxwf.yml")}:
        assert f"planemo workflow_lint workflows/{workflow}" in names
    assert all("warn" in check.command for check in of_everything() if check.command[0] == "planemo")


def test_a_tool_is_linted_by_the_rules_of_its_own_suite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    ours, others = "tools/biomas/biomas_map_pairs.xml", str(tmp_path / "mine.xml")
    first, *_ = of_tools([ours])
    assert "tools/biomas/.lint_skip" in first.command
    first, second, third = of_tools([others])
    assert "tools/metapipe/.lint_skip" in first.command
    assert "GTR026,GTR027" in second.command
    assert third.command[-1] == others
