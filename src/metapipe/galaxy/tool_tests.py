"""Did the tools' tests really run? What the tools declare is compared with what was executed.

Galaxy's own test drivers can be green without testing: a tool that the server could not load, a test definition that
raises, a test that needs a data table and is skipped, a request that is refused before any job: none of them makes
``planemo test`` or ``galaxy-tool-test`` fail. Here nothing counts as passed that was not declared, run and found right.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class DeclaredTest:
    """One ``<test>``: what it expects to fail with, if it expects to fail.

    :param exit_code: the exit code asked for; None for a test that expects success.
    """

    expects_failure: bool = False
    exit_code: str | None = None


@dataclass(frozen=True)
class DeclaredTool:
    """A tool as its XML file declares it, macros expanded."""

    tool_id: str
    version: str
    tests: tuple[DeclaredTest, ...]

    @classmethod
    def read(cls, path: Path) -> DeclaredTool:
        """Parse a tool file with Galaxy's own parser."""
        from galaxy.tool_util.parser import get_tool_source

        source = get_tool_source(str(path))
        tests = tuple(
            DeclaredTest(
                bool(test.get("expect_failure")),
                None if test.get("expect_exit_code") is None else str(test["expect_exit_code"]),
            )
            for test in source.parse_tests_to_dict()["tests"]
        )
        return cls(str(source.parse_id()), str(source.parse_version()), tests)


def read_suite(folder: Path) -> list[DeclaredTool]:
    """Return the tools of a suite folder by file name; files of macros are none."""
    return [DeclaredTool.read(path) for path in sorted(folder.glob("*.xml")) if not path.name.endswith("macros.xml")]


@dataclass(frozen=True)
class Served:
    """A tool as the server has it loaded. ``version`` is None when the server does not know the tool."""

    version: str | None
    tests: int


@dataclass
class Verdict:
    """What became of one tool's tests."""

    tool: DeclaredTool
    passed: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Tests that did not pass; at least one when anything at all is wrong with the tool."""
        return max(len(self.tool.tests) - self.passed, 1 if self.problems else 0)


def judge(
    tools: Sequence[DeclaredTool], served: Mapping[str, Served], executed: Iterable[Mapping[str, Any]]
) -> list[Verdict]:
    """Compare what was declared with what was executed.

    :param served: tool id → what the server has loaded.
    :param executed: the ``data`` of every entry in the JSON report of Galaxy's driver: ``tool_id``, ``tool_version``,
        ``test_index``, ``status`` (success, failure, error, skip), ``job`` (``exit_code``, ``stderr``),
        ``time_seconds``.
    :return: one verdict a tool, in the order given, and one for every executed tool that nobody declared.
    """
    runs: dict[str, list[Mapping[str, Any]]] = {tool.tool_id: [] for tool in tools}
    for run in executed:
        runs.setdefault(str(run["tool_id"]), []).append(run)
    verdicts = [_judge_tool(tool, served.get(tool.tool_id), runs.pop(tool.tool_id)) for tool in tools]
    for tool_id, strangers in runs.items():
        stranger = DeclaredTool(tool_id, str(strangers[0]["tool_version"]), ())
        verdicts.append(Verdict(stranger, problems=["was tested but is not declared here"]))
    return verdicts


def _judge_tool(tool: DeclaredTool, served: Served | None, runs: Sequence[Mapping[str, Any]]) -> Verdict:
    verdict = Verdict(tool, seconds=sum(float(run.get("time_seconds") or 0) for run in runs))
    if not tool.tests:
        verdict.problems.append("declares no test")
    if served is None or served.version is None:
        verdict.problems.append("is not loaded by the server")
    elif served.version != tool.version:
        verdict.problems.append(f"is version {tool.version} here, version {served.version} on the server")
    elif served.tests != len(tool.tests):
        verdict.problems.append(f"declares {len(tool.tests)} tests here, {served.tests} on the server")
    times = Counter(int(run["test_index"]) for run in runs)
    verdict.problems += [f"test {index + 1} was not executed" for index in range(len(tool.tests)) if not times[index]]
    verdict.problems += [f"test {index + 1} was executed {n} times" for index, n in times.items() if n > 1]
    for run in sorted(runs, key=lambda run: int(run["test_index"])):
        problem = _problem(tool, run)
        if problem is None:
            verdict.passed += 1
        else:
            verdict.problems.append(f"test {int(run['test_index']) + 1} {problem}")
    return verdict


def _problem(tool: DeclaredTool, run: Mapping[str, Any]) -> str | None:
    """Return what is wrong with one executed test, or None."""
    index = int(run["test_index"])
    if index >= len(tool.tests):
        return "is not declared here"
    if str(run["tool_version"]) != tool.version:
        return f"ran with version {run['tool_version']}"
    if run["status"] != "success":
        return f"{_STATUS.get(run['status'], run['status'])}: {_reason(run)}"
    job = run.get("job")
    if not job:
        # An expected failure also "succeeds" when Galaxy refuses the request: then the tool was never tried.
        return "passed without any job having run"
    declared = tool.tests[index]
    if declared.expects_failure and declared.exit_code is None:
        return "expects failure of any kind: add expect_exit_code"
    if declared.expects_failure and str(job.get("exit_code")) != declared.exit_code:
        return f"failed with exit code {job.get('exit_code')}, not {declared.exit_code}"
    return None


_STATUS = {"skip": "was skipped", "failure": "failed", "error": "could not be run"}


def _reason(run: Mapping[str, Any]) -> str:
    reasons = [*run.get("output_problems", []), run.get("execution_problem") or "", run.get("skip") or ""]
    job = run.get("job") or {}
    words = next((text for text in (job.get("stderr"), job.get("stdout")) if text), "")
    lines = [line for text in (*reasons, words) for line in str(text).strip().splitlines()[-3:] if line.strip()]
    return " | ".join(textwrap.shorten(line, 400) for line in lines) or "no reason given"


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as text: a line a tool, the problems under it, and the totals as the last line."""
    width = max((len(verdict.tool.tool_id) for verdict in verdicts), default=0)
    lines: list[str] = []
    for verdict in verdicts:
        state = "FAILED" if verdict.failed else "ok"
        lines.append(
            f"{state:<7} {verdict.tool.tool_id:<{width}}  {verdict.passed} of {len(verdict.tool.tests)} passed"
            f"  {verdict.seconds:6.1f} s"
        )
        lines += [f"        {problem}" for problem in verdict.problems]
    lines.append(totals(verdicts))
    return "\n".join(lines)


def totals(verdicts: Sequence[Verdict]) -> str:
    """Return ``N passed, N failed``."""
    return f"{sum(v.passed for v in verdicts)} passed, {sum(v.failed for v in verdicts)} failed"
