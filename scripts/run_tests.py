"""Runs all test runners of this repository and adds up what they really executed.

Three lanes of about the same length run side by side: what needs no Galaxy; what is done on one as its users do; what
starts Galaxies of its own and then, on another, the tests of the tools. Each line that is printed says whose it is. A
step counts what its own runner reports: pytest's JUnit file, or the closing line "N passed, N failed". A skipped test
counts as failed, because nobody looks at skips.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import junit_reports

HOME = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("METAPIPE_BUILD") or HOME / ".build")
LOGS = BUILD / "test-logs"
DEV = BUILD / "envs" / "dev" / "bin"
GALAXY = BUILD / "envs" / "galaxy" / "bin"
METAPIPE = BUILD / "envs" / "metapipe" / "bin" / "metapipe"
#: The Galaxy that pages and programs are shown, and the one of the tools' own tests; what each offers as databases.
STATE, OFFERED = BUILD / "test-galaxy", BUILD / "test-refdb"
TOOL_STATE, TOOL_OFFERED = BUILD / "tool-galaxy", BUILD / "tool-refdb"
GROUPS = ("lint", "unit", "tools", "workflow", "galaxy", "instance")
#: Groups that need no Galaxy, those whose tests start Galaxies of their own, and those on the one for tools.
OFFLINE, APART, ON_TOOLS = ("lint", "unit"), ("instance",), ("tools", "workflow")
#: The step that deploys to machines of a lab, what of it is run without --all, and how a machine shows that it can.
MACHINES = "machines of a lab"
END_TO_END = "tests/lab/test_end_to_end.py"
ASK_FOR_PACKAGES = ("sudo", "apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")
#: Where tests marked ``galaxy`` and ``own_galaxy`` stand: to look for them everywhere takes a dozen seconds each.
ON_MACHINES = ("tests/lab",)
ON_GALAXY, ON_THEIR_OWN = ("tests/galaxy", "tests/instance"), ("tests/instance", "tests/test_added_stage_in_galaxy.py")
#: Unit tests that fork hundreds of times. What a process holds is paid for at each fork: beside the modules of all the
#: other tests they take twice their core-seconds.
FORKING = ("tests/runner", "tests/stages/test_partition_invariance.py")
#: Python processes that share the unit tests: one for each core, and two at least, since many tests wait.
WORKERS = max(2, len(os.sched_getaffinity(0)))
DEMO_DATABASES = ("ec-proteins-heldout:1", "pfam-gecco:35.0", "marine-reads:1")
CLOSING = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
#: What programs of ours have been seen to leave in the temp folder.
OURS = re.compile(
    r"metapipe|^bench-|^(?:spark|blockmgr|faulthandler|liblz4|libzstd|snappy|libnetty|hsperfdata|pyspark)"
)
#: Tests named at the end, the slowest first.
SLOWEST = 50
#: Lines of failures that the end of the log holds, last lines taken of a runner without a JUnit file, and examples of
#: names left in the temp folder: a log that is cut in its middle still says what failed.
NAMED, LAST, EXAMPLES = 60, 8, 5
_printing = threading.Lock()


@dataclass
class Step:
    """One command of a group. ``junit`` names the file pytest leaves; else the closing line or the exit code counts."""

    group: str
    name: str
    command: list[str]
    junit: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a step executed, how long it took (seconds), and a line for each test that did not pass."""

    step: Step
    passed: int
    failed: int
    seconds: float
    failures: list[str] = field(default_factory=list)


def steps(everything: bool, temp: Path) -> list[Step]:
    """All of them. The tests' own folders have short paths below ``temp``: sockets among them may have 107 letters."""
    pytest = [str(DEV / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    workers = ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
    slow = [] if everything else ["and not slow"]
    chance = ["--hypothesis-profile=chance"] if everything else []
    galaxy, tools = ({"METAPIPE_GALAXY_STATE": str(state)} for state in (STATE, TOOL_STATE))

    def tests(group: str, name: str, which: str, *words: str, **environment: str) -> Step:
        word = name.partition(" ")[0]
        junit = LOGS / f"{group}-{word}.xml"
        marked = which if name == MACHINES else " ".join([which, *slow])
        base = temp / f"pytest-{word}"
        return Step(
            group,
            name,
            [*pytest, *words, *chance, "-m", marked, f"--basetemp={base}", f"--junitxml={junit}"],
            junit,
            environment,
        )

    return [
        Step("lint", "ruff check", [str(DEV / "ruff"), "check", "."]),
        Step("lint", "ruff format", [str(DEV / "ruff"), "format", "--check", "."]),
        Step("lint", "mypy", [str(DEV / "mypy")]),
        Step("lint", "import rules", [str(DEV / "lint-imports")]),
        Step("lint", "tools and workflow", ["scripts/lint-galaxy"]),
        Step("lint", "roles", ["scripts/lint-roles"]),
        # It has mypy read the code of the rules.
        Step(
            "lint",
            "routing of jobs",
            [str(GALAXY / "tpv"), "lint", "instance/galaxy/tpv/rules.yml"],
            environment={"MYPY_CACHE_DIR": str(BUILD / "cache" / "tpv"), "PYTHONPATH": "instance/galaxy"},
        ),
        tests("unit", "runner", "not galaxy", *workers, *FORKING),
        tests("unit", "others", "not galaxy", *workers, *(f"--ignore={path}" for path in FORKING)),
        Step("tools", "Galaxy tool tests", ["scripts/galaxy-tests", "tools"], environment=tools),
        Step("workflow", "workflow tests", ["scripts/galaxy-tests", "workflows"], environment=tools),
        tests("galaxy", "demo and pages", "galaxy and not own_galaxy", *ON_GALAXY, **galaxy),
        tests("instance", "faults of instances", "own_galaxy", *ON_THEIR_OWN),
        tests("instance", MACHINES, "lab", *(ON_MACHINES if everything else (END_TO_END,))),
    ]


def say(whose: str, line: str) -> None:
    """Print a line of one lane; the other's may come before and after it, never in the middle."""
    with _printing:
        print(f"{whose:8} | {line}".rstrip(), flush=True)


def follow(
    whose: str, command: list[str], environment: dict[str, str], read: Callable[[str], None] | None = None
) -> int:
    """Run a command with these variables added, show each of its lines as it comes; return its exit code.

    :param read: is given each line, without its end.
    """
    with subprocess.Popen(
        command,
        cwd=HOME,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if read is not None:
                read(line.rstrip("\n"))
            say(whose, line.rstrip("\n"))
    return process.returncode


def run(step: Step) -> Result:
    """Run a step, show its output as it comes and keep it in a log."""
    say(step.group, f"=== {step.name}")
    log = LOGS / f"{step.group}-{step.name.replace(' ', '-')}.log"
    started = time.monotonic()
    if step.junit is not None:
        step.junit.unlink(missing_ok=True)
    closing: tuple[int, int] | None = None
    last: deque[str] = deque(maxlen=LAST)
    with log.open("w") as file:

        def read(line: str) -> None:
            nonlocal closing
            file.write(line + "\n")
            file.flush()
            if line.strip():
                last.append(line.strip())
            if match := CLOSING.match(line.strip()):
                closing = int(match[1]), int(match[2]) + int(match[3] or 0)

        variables = {**step.environment, "PYTHONUNBUFFERED": "1", "PATH": f"{DEV}:{os.environ['PATH']}"}
        returncode = follow(step.group, step.command, variables, read)
    seconds = time.monotonic() - started
    passed, failed = count(step, returncode, closing)
    say(step.group, f"=== {step.name}: {passed} passed, {failed} failed in {seconds:.0f} s")
    return Result(step, passed, failed, seconds, failures_of(step, list(last)) if failed else [])


def failures_of(step: Step, last: list[str]) -> list[str]:
    """A line for each test that did not pass; of a runner that names none, the last lines it wrote."""
    named = junit_reports.not_passed(step.junit) if step.junit is not None else []
    return named or [junit_reports.shortened([line]) for line in last] or ["it said nothing"]


def count(step: Step, returncode: int, closing: tuple[int, int] | None) -> tuple[int, int]:
    """How many tests passed and failed; a runner that failed without a failed test counts as one failed."""
    if step.junit is not None:
        passed, failed = junit_reports.counts(step.junit)
    elif closing is not None:
        passed, failed = closing
    else:
        passed, failed = int(returncode == 0), int(returncode != 0)
    if (returncode != 0 and failed == 0) or passed + failed == 0:
        failed += 1
    return passed, failed


def left_in(temp: Path) -> list[str]:
    """What is left in the temp folder of these tests; pytest's own folders are its business."""
    return sorted(path.name for path in temp.iterdir() if not path.name.startswith("pytest"))


def judged(left: list[str]) -> Result:
    """Whether something of ours is among the names left in the temp folder."""
    ours = [name for name in left if OURS.search(name)]
    return Result(Step("temp", "nothing of ours stays", []), int(not ours), len(ours), 0.0, ours)


def left_over(names: list[str]) -> str:
    """One line about what is left in the temp folder, however much that is."""
    (LOGS / "left-in-temp.txt").write_text("".join(f"{name}\n" for name in names))
    return ", ".join([f"--- left in the temp folder: {len(names)}", *names[:EXAMPLES]]) + ", …" * (
        len(names) > EXAMPLES
    )


def call(*command: str | Path, **environment: str | Path) -> bool:
    """Run a command of ours with these environment variables; whether it succeeded."""
    variables = {name: str(value) for name, value in environment.items()}
    return follow("prepare", [str(part) for part in command], variables) == 0


def install(offered: Path, *databases: Path) -> bool:
    """Offer the small databases of the tests, and more that are built already, in this folder."""
    tiny = sorted((HOME / "test-data" / "refdb").glob("*/*"))
    return all(call(METAPIPE, "refdb", "install", folder, METAPIPE_REFDB=offered) for folder in [*tiny, *databases])


def start_galaxy() -> bool:
    """Install the databases, build the demo reads and start a Galaxy for those who look at it as its users do."""
    built, downloads = BUILD / "refdb", BUILD / "downloads"
    demo = [built / name.replace(":", "/") for name in DEMO_DATABASES]
    return (
        call(METAPIPE, "refdb", "install", *DEMO_DATABASES, METAPIPE_REFDB=built, METAPIPE_DOWNLOADS=downloads)
        and install(OFFERED, *demo)
        and call("scripts/demo", "build", METAPIPE_DOWNLOADS=downloads)
        and call("scripts/galaxy", "up", "--state", STATE, "--refdb", OFFERED)
    )


def start_tool_galaxy() -> bool:
    """Start a Galaxy with the small databases alone: nobody installs others while the tools' own tests run on it."""
    up = ("up", "--state", TOOL_STATE, "--refdb", TOOL_OFFERED, "--no-examples")  # nobody looks at them here
    return install(TOOL_OFFERED) and call("scripts/galaxy", *up)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"one or more of {', '.join(GROUPS)}")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--keep-galaxy", action="store_true")
    options = parser.parse_args()
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    LOGS.mkdir(parents=True, exist_ok=True)
    # Thousands of Python processes are started; each would compile everything it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    temp = Path(tempfile.mkdtemp(prefix="metapipe-tests-"))
    wanted = [step for step in steps(options.all, temp) if not options.groups or step.group in options.groups]
    last = [step for step in wanted if step.name == MACHINES]
    wanted = [step for step in wanted if step not in last]
    offline, apart, on_tools = ([step for step in wanted if step.group in of] for of in (OFFLINE, APART, ON_TOOLS))
    online = [step for step in wanted if step.group not in (*OFFLINE, *APART, *ON_TOOLS)]
    keep = options.keep_galaxy
    started = time.monotonic()
    if not keep:  # a Galaxy that goes on needs a temp folder that does, too
        os.environ["TMPDIR"] = str(temp)
    with ThreadPoolExecutor(2) as lanes:
        others = [
            lanes.submit(run_on_galaxy, online, start_galaxy, STATE, keep),
            lanes.submit(
                lambda: [*map(run, apart), *run_on_galaxy(on_tools, start_tool_galaxy, TOOL_STATE, keep)],
            ),
        ]
        results = [run(step) for step in offline]
        results += [result for lane in others for result in lane.result()]
    results += run_on_machines(last)
    left = left_in(temp)
    if not keep:
        results.append(judged(left))
    if not any(result.failed for result in results):
        shutil.rmtree(temp, ignore_errors=True)
    return report(results, time.monotonic() - started, left)


def run_on_galaxy(steps: list[Step], start: Callable[[], bool], state: Path, keep: bool) -> list[Result]:
    """Run the steps that share a Galaxy, on one that is started for them and stopped unless it is to be kept."""
    if not steps:
        return []
    try:
        if not start():
            return [Result(step, 0, 1, 0.0, ["the Galaxy for the tests did not start"]) for step in steps]
        return [run(step) for step in steps]
    finally:
        if not keep:
            call("scripts/galaxy", "down", "--state", state)


def run_on_machines(steps: list[Step]) -> list[Result]:
    """Run the steps that deploy to machines of a lab, alone: all of this machine's memory is theirs.

    Where this machine can make none (they need root and more: ``scripts/lab``), or where what it makes reaches no
    packages of Debian, that is said, and nothing is counted.
    """
    if not steps:
        return []
    name = f"tests-{os.getpid()}"
    ssh = ("ssh", "--name", name, "head")
    try:
        able = call("scripts/lab", "up", "1", "--name", name) and call("scripts/lab", *ssh, *ASK_FOR_PACKAGES)
    finally:
        call("scripts/lab", "down", "--name", name)
    if not able:
        say(
            "prepare",
            "NOT RUN, for this machine can make no machines of a lab that reach packages: "
            + ", ".join(s.name for s in steps),
        )
        return []
    return [run(step) for step in steps]


def report(results: list[Result], seconds: float, left: list[str]) -> int:
    """Print what was executed and, last, what did not pass: a log is often cut, and read from its end."""
    took = junit_reports.slowest([result.step.junit for result in results if result.step.junit], SLOWEST)
    (LOGS / "slowest.txt").write_text("".join(f"{seconds:8.1f} s  {name}\n" for seconds, name in took))
    print(f"\n--- the {len(took)} slowest tests are in {LOGS / 'slowest.txt'}")
    print(f"--- what was executed, in {seconds:.0f} s")
    for result in results:
        print(
            f"{result.step.group:9} {result.step.name:25} {result.passed:5} passed "
            f"{result.failed:4} failed {result.seconds:6.0f} s"
        )
    print(left_over(left))
    failures = [f"{result.step.group:9} {line}" for result in results for line in result.failures]
    (LOGS / "failures.txt").write_text("".join(f"{line}\n" for line in failures))
    if failures:
        print(f"--- what did not pass; all of it is in {LOGS / 'failures.txt'}")
        print("\n".join(failures[:NAMED]))
    if len(failures) > NAMED:
        print(f"… and {len(failures) - NAMED} more")
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
