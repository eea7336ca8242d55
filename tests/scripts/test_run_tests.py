"""What `scripts/test` counts and says: nothing that did not pass may look as if it had."""

from __future__ import annotations

import re
import sys
import threading
from pathlib import Path

import junit_reports
import pytest
import run_tests
from run_tests import Result, Step

OUTCOMES = """
import time
import pytest

def test_passes():
    time.sleep(0.05)

@pytest.mark.skip
def test_is_skipped():
    pass

@pytest.mark.parametrize("number", [1, 2])
def test_fails(number):
    assert not number
"""


#: A pytest that starts without what its tests do not need, which takes half of the time.
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run_tests, "LOGS", tmp_path)
    return tmp_path


def printed(text: str, code: int = 0) -> Step:
    program = f"print({text!r}); raise SystemExit({code})"
    return Step("tools", "a runner", [sys.executable, "-c", program])


@pytest.mark.parametrize("workers", [[], ["-n", "2", "--dist", "loadfile"]], ids=["one process", "workers"])
def test_a_skipped_test_counts_as_failed(workers: list[str], tmp_path: Path) -> None:
    (tmp_path / "test_outcomes.py").write_text(OUTCOMES)
    junit = tmp_path / "junit.xml"
    words = ["--rootdir", str(tmp_path), str(tmp_path), f"--junitxml={junit}"]
    result = run_tests.run(Step("unit", "pytest", [*PYTEST, *workers, *words], junit))
    assert (result.passed, result.failed) == (1, 3)
    (seconds, name), *others = junit_reports.slowest([junit], 9)
    assert seconds >= 0.05
    assert name == "test_outcomes::test_passes"
    assert len(others) == 3
    fails, fails_too, skipped = sorted(result.failures)
    assert fails.startswith("test_outcomes::test_fails[1]: failure: assert not 1 … ")
    assert fails.endswith("test_outcomes.py:14: AssertionError")
    assert fails_too.startswith("test_outcomes::test_fails[2]: failure: assert not 2")
    assert skipped.startswith("test_outcomes::test_is_skipped: skipped: unconditional skip")


def test_a_worker_that_dies_is_a_failed_test(tmp_path: Path) -> None:
    (tmp_path / "test_dies.py").write_text(
        "import os\n\ndef test_dies():\n    os._exit(1)\n\ndef test_lives():\n    pass\n"
    )
    junit = tmp_path / "junit.xml"
    words = ["-n", "1", "--rootdir", str(tmp_path), str(tmp_path), f"--junitxml={junit}"]
    result = run_tests.run(Step("unit", "pytest", [*PYTEST, *words], junit))
    assert (result.passed, result.failed) == (1, 1)


@pytest.mark.parametrize(
    ("step", "counts"),
    [
        (printed("3 passed, 0 failed"), (3, 0)),
        (printed("tools: 3 passed, 1 failed, 2 skipped", 1), (3, 3)),
        (printed("3 passed, 0 failed", 1), (3, 1)),
        (printed("0 passed, 0 failed"), (0, 1)),
        (printed("clean"), (1, 0)),
        (printed("not clean", 1), (0, 1)),
    ],
    ids=lambda value: value.command[-1] if isinstance(value, Step) else "",
)
def test_a_runner_that_failed_is_never_counted_as_passed(step: Step, counts: tuple[int, int]) -> None:
    result = run_tests.run(step)
    assert (result.passed, result.failed) == counts


def test_examples_are_those_of_every_run_but_with_all(tmp_path: Path) -> None:
    def chance(everything: bool) -> set[str]:
        found = run_tests.steps(everything, tmp_path)
        return {step.group for step in found if "--hypothesis-profile=chance" in step.command}

    assert chance(everything=False) == set()
    assert chance(everything=True) == {"unit", "galaxy", "instance"}


def test_every_test_that_needs_a_galaxy_is_where_its_group_looks() -> None:
    def marked(mark: str) -> set[str]:
        found = re.compile(rf"\bmark\.{mark}\b")
        files = {path.relative_to(run_tests.HOME).as_posix(): path for path in (run_tests.HOME / "tests").rglob("*.py")}
        return {name for name, path in files.items() if found.search(path.read_text())}

    apart = marked("own_galaxy")
    machines = marked("lab")
    shared = marked("galaxy") - apart - machines
    assert apart
    assert machines
    assert shared
    assert not [name for name in apart if not name.startswith(run_tests.ON_THEIR_OWN)]
    assert not [name for name in machines if not name.startswith(run_tests.ON_MACHINES)]
    assert not [name for name in shared if not name.startswith(run_tests.ON_GALAXY)]


def test_each_unit_test_is_in_one_of_its_steps_and_each_step_has_files_of_its_own(tmp_path: Path) -> None:
    found = run_tests.steps(False, tmp_path)
    forking, others = (step.command for step in found if step.group == "unit")
    for path in run_tests.FORKING:
        assert (run_tests.HOME / path).exists()
        assert (path in forking, path in others) == (True, False)
        assert (f"--ignore={path}" in forking, f"--ignore={path}" in others) == (False, True)
    assert not [word for word in others if word.startswith("tests")]
    own = [word for step in found for word in step.command if word.startswith(("--junitxml=", "--basetemp="))]
    assert len(own) == len(set(own)) == 2 * len([step for step in found if step.junit is not None])


def test_the_tools_are_tested_on_a_galaxy_that_nobody_else_changes(tmp_path: Path) -> None:
    found: dict[str, set[str]] = {}
    for step in run_tests.steps(False, tmp_path):
        if state := step.environment.get("METAPIPE_GALAXY_STATE"):
            found.setdefault(state, set()).add(step.group)
    assert found == {str(run_tests.STATE): {"galaxy"}, str(run_tests.TOOL_STATE): set(run_tests.ON_TOOLS)}
    assert {*run_tests.OFFLINE, *run_tests.APART, *run_tests.ON_TOOLS, "galaxy"} == set(run_tests.GROUPS)


@pytest.mark.parametrize("starts", [True, False])
def test_a_galaxy_is_stopped_after_its_steps_and_one_that_did_not_start_fails_them(
    starts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(run_tests, "call", lambda *words: called.append(tuple(map(str, words))) or True)
    (result,) = run_tests.run_on_galaxy([printed("3 passed, 0 failed")], lambda: starts, tmp_path, False)
    assert (result.passed, result.failed) == ((3, 0) if starts else (0, 1))
    assert result.failures == ([] if starts else ["the Galaxy for the tests did not start"])
    assert called == [("scripts/galaxy", "down", "--state", str(tmp_path))]
    assert run_tests.run_on_galaxy([], lambda: False, tmp_path, False) == []


def test_each_line_says_whose_it_is_and_stays_whole(capfd: pytest.CaptureFixture[str]) -> None:
    lanes = [
        threading.Thread(target=run_tests.run, args=(Step(group, "lines", [sys.executable, "-c", program]),))
        for group, program in (("unit", "print('u' * 999 + '\\n' + 'u' * 999)"), ("tools", "print('t' * 999)"))
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    lines = capfd.readouterr().out.splitlines()
    assert lines.count(f"unit     | {'u' * 999}") == 2
    assert lines.count(f"tools    | {'t' * 999}") == 1
    assert len(lines) == 7


def test_what_is_ours_in_the_temp_folder_is_a_failure(tmp_path: Path) -> None:
    def judged() -> Result:
        return run_tests.judged(run_tests.left_in(temp))

    temp = tmp_path / "temp"
    (temp / "pytest").mkdir(parents=True)
    assert (judged().passed, judged().failed) == (1, 0)
    (temp / "of-the-browser").touch()
    assert judged().failed == 0
    ours = ["faulthandler-12", "liblz4-java-1.so", "metapipe-refdb-x", "spark-1234"]
    for name in ours:
        (temp / name).mkdir()
    assert (judged().passed, judged().failed) == (0, 4)
    assert judged().failures == ours


def test_what_is_left_in_the_temp_folder_is_one_line_however_much_it_is(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_tests.report([Result(printed(""), 5, 0, 1.0)], 2.0, [f"tmp{number:03}" for number in range(400)])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "tmp000" in line)
    assert line == "--- left in the temp folder: 400, tmp000, tmp001, tmp002, tmp003, tmp004, …"
    assert len((logs / "left-in-temp.txt").read_text().splitlines()) == 400


def test_the_end_of_a_log_says_what_did_not_pass(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = run_tests.run(printed("is not so\n\nand here it says why: " + "y" * 999, 1))
    capsys.readouterr()
    assert run_tests.report([failed, Result(printed(""), 1, 99, 1.0, [f"test {n}" for n in range(99)])], 2.0, []) == 1
    _, end = capsys.readouterr().out.split("--- what did not pass")
    _, first, second, third, *_, more, empty, sums = end.splitlines()
    assert first == "tools     is not so"
    assert second.startswith("tools     and here it says why: yyy")
    assert len(second) < 300
    assert third == "tools     test 0"
    assert (more, empty, sums) == ("… and 41 more", "", "1 passed, 100 failed")
    assert len((logs / "failures.txt").read_text().splitlines()) == 101


def test_the_last_line_holds_the_sums_and_nothing_else(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = [Result(printed(""), 5, 0, 1.0), Result(printed(""), 7, 1, 2.0)]
    assert run_tests.report(results, 2.0, []) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "12 passed, 1 failed"
    assert run_tests.report(results[:1], 2.0, []) == 0
    assert run_tests.report([], 2.0, []) == 1


@pytest.mark.parametrize("unable", ["", "up", "ssh"])
def test_where_no_lab_can_be_made_it_is_said_and_nothing_is_counted(
    unable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[object, ...]] = []

    def call(*command: object) -> bool:
        asked.append(command)
        return command[1] != unable

    monkeypatch.setattr(run_tests, "call", call)
    results = run_tests.run_on_machines([printed("3 passed, 0 failed")])
    assert [result.passed for result in results] == ([] if unable else [3])
    said = "NOT RUN, for this machine can make no machines of a lab that reach packages: a runner"
    assert (said in capsys.readouterr().out) is bool(unable)
    words = [str(command[1]) for command in asked]
    assert (words[0], words[-1]) == ("up", "down")  # the machine that was made to try it goes


def test_without_steps_on_machines_no_lab_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_tests, "call", lambda *_: pytest.fail("it was called"))
    assert run_tests.run_on_machines([]) == []


def test_ci_makes_an_instance_on_machines_and_nothing_else_that_is_long(tmp_path: Path) -> None:
    plain, every = (
        {step.name: step.command for step in run_tests.steps(everything, tmp_path)} for everything in (False, True)
    )
    assert run_tests.END_TO_END in plain[run_tests.MACHINES]
    assert "tests/lab" in every[run_tests.MACHINES]
    assert {name for name in plain if "lab" in plain[name]} == {run_tests.MACHINES}
