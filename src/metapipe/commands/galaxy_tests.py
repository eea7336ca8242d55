"""The command behind ``scripts/galaxy-tests``: tool tests, then workflow tests, then honest totals."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from metapipe.errors import EX_UNAVAILABLE, MetapipeError
from metapipe.galaxy.tool_test_run import LocalTestData, run_tests
from metapipe.galaxy.tool_tests import judge, read_suite, table
from metapipe.galaxy.workflow_tests import Keys, declared_tests, judge_workflow, run_workflow_tests

_HOME = Path(__file__).resolve().parents[3]


def say(line: str) -> None:
    """Print a line at once: whoever waits for the tests sees how far they are."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def read_keys(state: Path) -> Keys:
    """Read the address and the keys of the Galaxy whose state folder this is.

    :raises MetapipeError: E305 when no Galaxy was started there.
    """
    try:
        found = json.loads((state / "credentials.json").read_text())
        return Keys(found["url"].rstrip("/"), found["user"]["api_key"], found["admin"]["api_key"])
    except (OSError, ValueError, KeyError) as error:
        raise MetapipeError("E305", "no Galaxy was started here; start it with `scripts/galaxy up`") from error


def tool_tests(
    keys: Keys, wanted: Sequence[str], folder: Path, parallel: int, own: Path | None = None
) -> tuple[int, int]:
    """Run the tests of all suites, or of the tools named; return how many passed and failed.

    :param own: a developer's own tools instead; their test files are in its ``test-data`` or in ours.
    """
    suites = [own] if own is not None else [suite for suite in sorted((_HOME / "tools").iterdir()) if suite.is_dir()]
    tools = [tool for suite in suites for tool in read_suite(suite)]
    unknown = set(wanted) - {tool.tool_id for tool in tools}
    if unknown:
        raise MetapipeError("E701", f"no such tool: {', '.join(sorted(unknown))}")
    tools = [tool for tool in tools if not wanted or tool.tool_id in wanted]
    places = [suite / "test-data" for suite in suites]
    interactor = LocalTestData(keys.url, keys.admin, *places, _HOME / "test-data")
    served = {tool.tool_id: interactor.served(tool) for tool in tools}
    executed = run_tests(interactor, tools, folder / "tool_tests.json", parallel=parallel)
    verdicts = judge(tools, served, executed)
    say(table(verdicts).rpartition("\n")[0])
    return sum(verdict.passed for verdict in verdicts), sum(verdict.failed for verdict in verdicts)


def workflow_files() -> dict[str, Path]:
    """Name of each workflow → its file."""
    return {file.parent.name: file for file in sorted((_HOME / "workflows").glob("*/*.gxwf.yml"))}


def workflow_tests(keys: Keys, folder: Path, workflows: Sequence[Path]) -> tuple[int, int]:
    """Run the tests of workflows; return how many passed and failed."""
    passed = failed = 0
    planemo = Path(sys.executable).parent / "planemo"
    for workflow in workflows:
        executed, words = run_workflow_tests(planemo, workflow, _HOME / "test-data", keys, folder)
        for name, problem in judge_workflow(declared_tests(workflow), executed):
            say(f"{'ok' if problem is None else 'FAILED':<7} workflow {workflow.parent.name}: {name}")
            if problem is not None:
                say(f"        {problem}")
            passed, failed = passed + (problem is None), failed + (problem is not None)
        if not executed:
            say("\n".join(f"        {line}" for line in words.splitlines()[-20:]))
    return passed, failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tests; 0 when everything declared passed, 1 when not."""
    parser = argparse.ArgumentParser(
        prog="scripts/galaxy-tests",
        description="Run the tests of the Galaxy tools and workflows against the Galaxy that `scripts/galaxy up` "
        "started, with the databases of test-data/refdb. Fails when a declared test did not run.",
    )
    parser.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help="tools, workflows, ids of tools, or names of workflows (default: tools and workflows)",
    )
    parser.add_argument("--parallel", type=int, default=2, metavar="N", help="tool tests at once (default 2)")
    parser.add_argument(
        "--tools", type=Path, metavar="DIR", help="test the tools of this folder (scripts/galaxy --tools)"
    )
    parser.add_argument("--verbose", action="store_true", help="show what Galaxy's driver does")
    options = parser.parse_args(arguments)
    what = options.what or (["tools"] if options.tools else ["tools", "workflows"])
    known = workflow_files()
    workflows = [file for name, file in known.items() if "workflows" in what or name in what]
    ids = [word for word in what if word not in {"tools", "workflows", *known}]
    logging.basicConfig(level=logging.INFO if options.verbose else logging.CRITICAL, format="%(message)s")
    build = Path(os.environ.get("METAPIPE_BUILD") or _HOME / ".build")
    state = Path(os.environ.get("METAPIPE_GALAXY_STATE") or build / "galaxy")
    counts: list[tuple[int, int]] = []
    try:
        keys = read_keys(state)
        if "tools" in what or ids:
            counts.append(tool_tests(keys, ids, build / "galaxy-tests", options.parallel, options.tools))
        if workflows:
            counts.append(workflow_tests(keys, build / "galaxy-tests", workflows))
    except MetapipeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:  # the connection's errors (requests) are OSErrors too
        sys.stderr.write(f"{MetapipeError('E305', str(error))}\n")
        return EX_UNAVAILABLE
    passed, failed = sum(p for p, _ in counts), sum(f for _, f in counts)
    say(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
