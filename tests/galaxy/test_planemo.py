"""Tool developers' way: planemo itself against the Galaxy for tests, declared against executed."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from pathlib import Path

import pytest

from metapipe.galaxy.tool_tests import DeclaredTool

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Galaxy's template engine still imports cgi
    import galaxy.tool_util.parser  # noqa: F401

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]


def planemo(state: Path, folder: Path, *commands: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run shell lines in the checkout; return what they said, and the tests that planemo's report calls a success."""
    environment = {**os.environ, "METAPIPE_GALAXY_STATE": str(state), "REPORT": str(folder / "tests.json")}
    script = "\n".join(["set -euo pipefail", *commands])
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    tests = json.loads((folder / "tests.json").read_text())["tests"]
    return done, sorted(test["id"] for test in tests if test["data"]["status"] == "success")


def test_one_tool_with_installed_databases_is_tested_by_one_command(state: Path, tmp_path: Path) -> None:
    path = "tools/metapipe/metapipe_search_proteins.xml"
    done, passed = planemo(state, tmp_path, f'scripts/planemo test --test_output_json "$REPORT" {path}')
    assert done.returncode == 0, done.stdout + done.stderr
    declared = DeclaredTool.read(ROOT / path)
    assert passed == [f"{declared.tool_id}-{index}" for index in range(len(declared.tests))]
    assert f"All {len(declared.tests)} test(s) executed passed." in done.stdout


def test_plain_planemo_works_in_any_shell_once_the_galaxy_for_tests_is_up(state: Path, tmp_path: Path) -> None:
    tool = "tools/metapipe/metapipe_filter_contigs.xml"
    options = '--test_output "$REPORT.html" --test_output_json "$REPORT" --test_index 1'
    configuration = '"${METAPIPE_BUILD:-.build}/planemo/planemo.yml"'
    lines = ["scripts/planemo up", f"planemo --config {configuration} test {options} {tool}"]
    done, passed = planemo(state, tmp_path, *lines)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(passed) == 1


WORKFLOW = """\
class: GalaxyWorkflow
inputs: {text: data}
outputs: {first: {outputSource: first/out_file1}}
steps:
  first: {tool_id: Show beginning1, in: {input: text}, tool_state: {lineNum: 1}}
"""
WORKFLOW_TEST = """\
- doc: {doc}
  job: {{text: {{class: File, path: text.txt, filetype: txt}}}}
  outputs: {{first: {{asserts: [{{that: has_line, line: "{line}"}}]}}}}
"""


def test_a_workflow_of_ones_own_is_tested_and_a_test_that_fails_is_the_exit_code(state: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "text.txt").write_text("one\ntwo\n")
    (folder / "first.gxwf.yml").write_text(WORKFLOW)
    tests = WORKFLOW_TEST.format(doc="right", line="one") + WORKFLOW_TEST.format(doc="wrong", line="two")
    (folder / "first.gxwf-tests.yml").write_text(tests)
    before = sorted(folder.iterdir())
    done, passed = planemo(
        state, tmp_path, f'scripts/planemo test --test_output_json "$REPORT" {folder / "first.gxwf.yml"}'
    )
    assert done.returncode not in (0, None), done.stdout + done.stderr
    assert passed == ["first.gxwf.yml_0"]
    assert len(json.loads((tmp_path / "tests.json").read_text())["tests"]) == 2
    assert sorted(folder.iterdir()) == before
