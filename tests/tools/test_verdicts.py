"""The comparison of declared with executed tests: it must not be green when anything was left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wrapped_stages import SUITES

from metapipe.galaxy.tool_tests import DeclaredTest, DeclaredTool, Served, judge, read_suite, table, totals
from metapipe.galaxy.workflow_tests import judge_workflow

TOOL = DeclaredTool("metapipe_x", "0.1.0+galaxy0", (DeclaredTest(), DeclaredTest(True, "65")))
SERVED = {"metapipe_x": Served("0.1.0+galaxy0", 2)}


def run(index: int, **changes: Any) -> dict[str, Any]:
    """An entry of the driver's report as a test that passed leaves it."""
    job = {"exit_code": 65 if index == 1 else 0, "stderr": ""}
    entry = {"tool_id": "metapipe_x", "tool_version": "0.1.0+galaxy0", "test_index": index, "status": "success"}
    return {**entry, "job": job, "time_seconds": 1.5, **changes}


def test_all_is_well_when_every_declared_test_ran_once_and_passed() -> None:
    verdicts = judge([TOOL], SERVED, [run(0), run(1)])
    assert totals(verdicts) == "2 passed, 0 failed"
    assert verdicts[0].problems == []
    assert verdicts[0].seconds == 3.0


@pytest.mark.parametrize(
    ("executed", "problem"),
    [
        ([run(0)], "test 2 was not executed"),
        ([], "test 1 was not executed"),
        ([run(0), run(1, status="skip", skip="needs a data table")], "test 2 was skipped: needs a data table"),
        ([run(0, status="failure", output_problems=["no such line"]), run(1)], "test 1 failed: no such line"),
        ([run(0, status="error", execution_problem="boom"), run(1)], "test 1 could not be run: boom"),
        ([run(0), run(1, job=None)], "test 2 passed without any job having run"),
        ([run(0), run(1, job={"exit_code": 1})], "test 2 failed with exit code 1, not 65"),
        ([run(0), run(0), run(1)], "test 1 was executed 2 times"),
        ([run(0), run(1), run(2)], "test 3 is not declared here"),
        ([run(0), run(1, tool_version="0.0.9")], "test 2 ran with version 0.0.9"),
    ],
)
def test_anything_left_out_is_a_failure_that_is_named(executed: list[dict[str, Any]], problem: str) -> None:
    verdicts = judge([TOOL], SERVED, executed)
    assert problem in verdicts[0].problems
    assert verdicts[0].failed >= 1
    assert not totals(verdicts).endswith(" 0 failed")
    assert problem in table(verdicts)


@pytest.mark.parametrize(
    ("served", "problem"),
    [
        ({}, "is not loaded by the server"),
        ({"metapipe_x": Served(None, 0)}, "is not loaded by the server"),
        ({"metapipe_x": Served("0.0.9", 2)}, "is version 0.1.0+galaxy0 here, version 0.0.9 on the server"),
        ({"metapipe_x": Served("0.1.0+galaxy0", 1)}, "declares 2 tests here, 1 on the server"),
    ],
)
def test_another_tool_on_the_server_is_a_failure_even_when_its_tests_pass(
    served: dict[str, Served], problem: str
) -> None:
    verdicts = judge([TOOL], served, [run(0), run(1)])
    assert verdicts[0].problems == [problem]
    assert totals(verdicts) == "2 passed, 1 failed"


def test_a_tool_without_tests_is_a_failure() -> None:
    bare = DeclaredTool("metapipe_y", "1", ())
    (verdict,) = judge([bare], {"metapipe_y": Served("1", 0)}, [])
    assert verdict.problems == ["declares no test"]
    assert verdict.failed == 1


def test_a_tool_nobody_declared_is_a_failure() -> None:
    verdicts = judge([TOOL], SERVED, [run(0), run(1), run(0, tool_id="metapipe_z")])
    assert verdicts[1].problems == ["was tested but is not declared here"]
    assert totals(verdicts) == "2 passed, 1 failed"


def test_a_failure_of_any_kind_is_not_good_enough() -> None:
    careless = DeclaredTool("metapipe_x", "0.1.0+galaxy0", (DeclaredTest(), DeclaredTest(True, None)))
    (verdict,) = judge([careless], SERVED, [run(0), run(1)])
    assert verdict.problems == ["test 2 expects failure of any kind: add expect_exit_code"]


def test_declared_tests_are_read_with_macros_expanded(tmp_path: Path) -> None:
    (tmp_path / "macros.xml").write_text(
        '<macros><token name="@V@">2.0</token><xml name="t"><test expect_num_outputs="1"/></xml></macros>'
    )
    (tmp_path / "one.xml").write_text(
        '<tool id="one" name="One" version="@V@+galaxy1" profile="26.0"><macros><import>macros.xml</import></macros>'
        '<command>true</command><inputs/><outputs><data name="a" format="txt"/></outputs><tests><expand macro="t"/>'
        '<expand macro="t"/><test expect_failure="true" expect_exit_code="65"/></tests></tool>'
    )
    declared = (DeclaredTest(), DeclaredTest(), DeclaredTest(True, "65"))
    assert read_suite(tmp_path) == [DeclaredTool("one", "2.0+galaxy1", declared)]


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_declares_at_least_three_tests_a_tool(suite: str) -> None:
    assert {tool.tool_id for tool in read_suite(SUITES[suite]) if len(tool.tests) < 3} == set()


def test_a_workflow_test_that_did_not_run_is_a_failure() -> None:
    passed, failed = {"data": {"status": "success"}}, {"data": {"status": "failure", "output_problems": ["no hit"]}}
    assert judge_workflow(["a"], [passed]) == [("a", None)]
    assert judge_workflow(["a", "b"], [passed]) == [("a", None), ("b", "was not executed")]
    assert judge_workflow(["a"], [failed]) == [("a", "failure: no hit")]
    assert judge_workflow([], [passed]) == [("test 1", "is not declared here")]
