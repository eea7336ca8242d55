"""Lints the Galaxy tools and workflows, as many at once as there are cores.

What planemo and Galaxy's libraries import takes seconds, more than most checks: it is imported once, and each check is
a fork of this process that runs a linter's own command line.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

#: Command → module and name of its command line; the modules of the verbs planemo would import when they are called.
LINTERS = {
    "planemo": ("planemo.cli", "planemo"),
    "galaxy-tool-refactor": ("galaxy_tool_refactor_cli.cli", "main"),
}
VERBS = ("lint", "shed_lint", "workflow_lint")
STRICT = ("--report_level", "warn", "--fail_level", "warn")


@dataclass(frozen=True)
class Check:
    """A linter's command line and what it is called in the list of checks."""

    name: str
    command: tuple[str, ...]


def skips(file: Path) -> str:
    """Return the rules listed in a suite's file, separated by commas."""
    return ",".join(line for line in file.read_text().splitlines() if line and not line.startswith("#"))


def lint(path: Path, suite: Path) -> Iterator[Check]:
    """Yield the checks of a tool or a folder of tools, by the rules of its suite."""
    skip = str(suite / ".lint_skip")
    yield Check(f"planemo lint {path}", ("planemo", "lint", "--skip_file", skip, *STRICT, str(path)))
    rules = ("--ruleset", "strict", "--strict", "--ignore", skips(suite / ".gtr_skip"))
    refactor = "galaxy-tool-refactor"
    yield Check(f"{refactor} check {path}", (refactor, "check", *rules, str(path)))
    yield Check(f"{refactor} format {path}", (refactor, "format", "--check", str(path)))


def of_tools(tools: Sequence[str]) -> Iterator[Check]:
    """Yield the checks of single tools; one that stands outside the suites is judged by the rules of the first."""
    for tool in map(Path, tools):
        suite = tool.parent
        yield from lint(tool, suite if (suite / ".lint_skip").is_file() else Path("tools/metapipe"))


def of_everything() -> Iterator[Check]:
    """Yield the checks of all suites and workflows."""
    for suite in sorted(path for path in Path("tools").iterdir() if path.is_dir()):
        yield from lint(suite, suite)
        words = ("--tools", "--ensure_metadata", *STRICT, "--skip", skips(suite / ".lint_skip"))
        yield Check(f"planemo shed_lint {suite}", ("planemo", "shed_lint", *words, str(suite)))
    for workflow in sorted(path for path in Path("workflows").iterdir() if path.is_dir()):
        words = ("--iwc", *STRICT)
        yield Check(f"planemo workflow_lint {workflow}", ("planemo", "workflow_lint", *words, str(workflow)))


def run(check: Check) -> tuple[int, str]:
    """Run a check in a fork; return its exit code and all it said."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            code = 70
            try:
                for descriptor in (1, 2):
                    os.dup2(said.fileno(), descriptor)
                # Anew: the parent's may hold lines that it has yet to print.
                sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
                code = called(check.command)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return code, said.read().decode(errors="replace")


def called(command: Sequence[str]) -> int:
    """Call a linter as its command would be; return its exit code."""
    module, name = LINTERS[command[0]]
    sys.argv = list(command)
    try:
        getattr(importlib.import_module(module), name)()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def main() -> int:
    """Print a line for each check that is well, and a linter's own words for each that is not."""
    checks = list(of_tools(sys.argv[1:]) if sys.argv[1:] else of_everything())
    for module in (*(module for module, _ in LINTERS.values()), *(f"planemo.commands.cmd_{verb}" for verb in VERBS)):
        importlib.import_module(module)
    failed = 0
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for check, (code, words) in zip(checks, pool.map(run, checks), strict=True):
            failed += code != 0
            print(f"{'FAILED' if code else 'ok':7} {check.name}")
            if code:
                print("".join(f"        {line}\n" for line in words.splitlines()), end="")
    if failed:
        print(f"{failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
