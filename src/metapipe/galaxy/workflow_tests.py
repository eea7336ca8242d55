"""The workflow's tests, run by planemo; here too, only what was declared, run and found right counts as passed."""

from __future__ import annotations

import json
import shutil
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Keys:
    """Where Galaxy is and how to get in."""

    url: str
    user: str
    admin: str


def declared_tests(workflow: Path) -> list[str]:
    """Return what each test of ``x.gxwf.yml`` says about itself, from ``x.gxwf-tests.yml``."""
    tests = yaml.safe_load(workflow.with_name(f"{workflow.stem}-tests.yml").read_text())
    return [str(test.get("doc", f"test {position + 1}")) for position, test in enumerate(tests)]


def run_workflow_tests(
    planemo: Path, workflow: Path, test_data: Path, keys: Keys, folder: Path
) -> tuple[Sequence[Any], str]:
    """Let planemo run the workflow's tests, on a copy: it writes its notes beside the workflow.

    :param test_data: what the tests call ``../../test-data``.
    :param folder: for the copy, planemo's workspace and its reports.
    :return: the entries of its JSON report, and its own words.
    """
    copy = folder / "workflows" / workflow.parent.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(workflow.parent, copy)
    link = folder / "test-data"
    link.unlink(missing_ok=True)
    link.symlink_to(test_data, target_is_directory=True)
    report = folder / f"{workflow.stem}.json"
    report.unlink(missing_ok=True)
    server = ["--galaxy_url", keys.url, "--galaxy_user_key", keys.user, "--galaxy_admin_key", keys.admin]
    reports = ["--test_output", str(report.with_suffix(".html")), "--test_output_json", str(report)]
    planemo_test = [
        str(planemo),
        "--directory",
        str(folder),
        "test",
        "--engine",
        "external_galaxy",
        "--no_shed_install",
    ]
    done = subprocess.run(
        [*planemo_test, *server, *reports, str(copy / workflow.name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    entries = json.loads(report.read_text())["tests"] if report.is_file() else []
    return entries, done.stdout


def judge_workflow(declared: Sequence[str], executed: Sequence[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    """Return for each declared test its name and what is wrong with it (None: nothing)."""
    problems: list[tuple[str, str | None]] = []
    for position, name in enumerate(declared):
        if position >= len(executed):
            problems.append((name, "was not executed"))
            continue
        run = executed[position].get("data") or {}
        if run.get("status") == "success":
            problems.append((name, None))
        else:
            reasons = [*run.get("output_problems", []), run.get("execution_problem") or ""]
            # A reason holds the whole output; its first line says what was expected.
            words = " | ".join(textwrap.shorten(str(reason), 400) for reason in reasons if str(reason).strip())
            problems.append((name, f"{run.get('status', 'no result')}: {words or 'no reason given'}"))
    problems += [(f"test {n + 1}", "is not declared here") for n in range(len(declared), len(executed))]
    return problems
