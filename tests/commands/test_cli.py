"""The command line: quick to start, one line for every user error, the right exit code."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from metapipe import cli
from metapipe.cli import complain
from metapipe.errors import CODES, EX_LOST, MetapipeError
from metapipe.stages.registry import STAGES

HOME = Path(__file__).parents[2]
TESTS = HOME / "tests" / "runner"


def metapipe(*words: str | Path, program: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, program] if program else [sys.executable, "-m", "metapipe.cli"]
    return subprocess.run(
        [*start, *map(str, words)], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


@dataclass(frozen=True)
class Said:
    """How a command ended that was carried out in this process: exit code, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Give words to ``main`` as the console script does; the process that it is made for is tested elsewhere."""
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)

    def go(*words: str | Path) -> Said:
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as ended:  # --help
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return go


def with_test_stages(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return metapipe(*words, program=str(TESTS / "cli_with_test_stages.py"), PYTHONPATH=str(TESTS))


@pytest.fixture
def contigs(tmp_path: Path) -> Path:
    path = tmp_path / "contigs.fasta"
    path.write_text(">a\n" + "ACGT" * 400 + "\n>b\nACGT\n")
    return path


def test_help_starts_at_once_and_imports_no_engine() -> None:
    code = (
        "import sys; from metapipe.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'numpy', 'pyspark', 'isal', 'pydantic', 'pyhmmer'}))"
    )
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert ran.stdout.splitlines()[-1] == "[]"
        assert all(name in ran.stdout for name in STAGES)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    # CPU rather than wall time, and the best of three: other tests may be keeping the machine busy.
    assert min(took) < 0.5


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_has_help_with_dashes_or_underscores(name: str, here: Callable[..., Said]) -> None:
    first, second = here(name, "--help"), here(name.replace("_", "-"), "--help")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout
    assert "example:" in first.stdout


def test_errors_prints_what_the_documentation_holds() -> None:
    ran = metapipe("errors")
    assert ran.returncode == 0
    assert ran.stdout in (HOME / "docs" / "errors.md").read_text()


def test_a_reader_that_goes_away_is_no_error() -> None:
    ran = subprocess.run(
        f"{sys.executable} -m metapipe.cli errors | head -1", shell=True, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")


WRONG = {
    "no command": ([], 78, "METAPIPE-E701 the following arguments are required: COMMAND"),
    "unknown command": (["nonsense"], 78, "METAPIPE-E701 argument COMMAND: invalid choice: 'nonsense'"),
    "unknown option": (["filter_contigs", "--contigs", "x", "--bad\nline"], 78, "METAPIPE-E701 unrecognized arguments"),
    "abbreviated option": (["filter_contigs", "--contigs", "x", "--min", "3"], 78, "METAPIPE-E701 unrecognized"),
    "missing input": (["filter_contigs", "--outdir", "o"], 78, "METAPIPE-E701 the following arguments are required"),
    "no number": (
        ["filter_contigs", "--contigs", "x", "--min-length", "ten"],
        78,
        "METAPIPE-E701 argument --min-length",
    ),
    "negative": (["filter_contigs", "--contigs", "x", "--max-quarantined", "-1"], 78, "METAPIPE-E701 argument --max"),
    "time": (["filter_contigs", "--contigs", "x", "--timeout", "nan"], 78, "METAPIPE-E701 argument --timeout"),
    "no output": (["filter_contigs", "--contigs", "x"], 78, "METAPIPE-E701 no output asked for"),
    "no file": (["filter_contigs", "--contigs", "no.fa", "--outdir", "OUT"], 66, "METAPIPE-E201 no.fa: cannot be read"),
    "no place": (["filter_contigs", "--contigs", "x", "--outdir", "/dev/null/x"], 73, "METAPIPE-E501 x: cannot make"),
    "odd name": (
        ["filter_contigs", "--contigs", "no.fa", "--contigs-name", "a/b; \"c\" 'd'\n\x1b[31m$(rm)", "--outdir", "OUT"],
        66,
        "METAPIPE-E201 a/b; \"c\" 'd'\\n\\x1b[31m$(rm): cannot be read",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_user_error_is_one_line_with_its_code(case: str, tmp_path: Path, here: Callable[..., Said]) -> None:
    words, code, text = WRONG[case]
    ran = here(*[str(tmp_path / "o") if word == "OUT" else word for word in words])
    assert ran.returncode == code, ran.stderr
    assert ran.stderr.startswith(text)
    assert ran.stderr.count("\n") == 1


def test_a_run_ends_with_one_line_and_all_its_files(contigs: Path, tmp_path: Path) -> None:
    ran = metapipe("filter-contigs", "--contigs", contigs, "--contigs-name", 'Mine; "x"', "--outdir", tmp_path / "o")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("\n") == 1
    assert ran.stdout.startswith("filter_contigs: ")
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [
        "contigs.fasta",
        "run_report.json",
        "summary.json",
    ]
    assert json.loads((tmp_path / "o/summary.json").read_text())["inputs"]["contigs"]["name"] == 'Mine; "x"'


def test_a_failing_program_is_quoted_below_the_line_that_matters(tmp_path: Path) -> None:
    (tmp_path / "x.fasta").write_text(">poison\nA\n>b\nA\n")
    words = ["poisoned", "--contigs", tmp_path / "x.fasta", "--outdir", tmp_path / "o", "--max-quarantined", "0"]
    ran = with_test_stages(*words, "--how", "code")
    assert ran.returncode == 71
    assert ran.stderr.splitlines()[0] == "METAPIPE-E401 sh ended with exit code 3; its last words: the reason"
    assert "the reason" in ran.stderr.splitlines()[1:]
    ran = with_test_stages(*words, "--how", "raise")
    assert ran.returncode == 70
    assert ran.stderr.splitlines()[0] == "METAPIPE-E901 ValueError: bad\\nrecord; 'quoted'"
    assert "Traceback (most recent call last):" in ran.stderr


def test_quarantined_records_are_told_with_their_file(tmp_path: Path) -> None:
    (tmp_path / "x.fasta").write_text(">poison\nA\n>b\nA\n")
    ran = with_test_stages(
        "poisoned", "--contigs", tmp_path / "x.fasta", "--outdir", tmp_path / "o", "--how", "segfault"
    )
    assert ran.returncode == 0
    assert ran.stderr == "METAPIPE-W402 1 record(s) made the program fail and were set aside in quarantine.fasta\n"
    assert (tmp_path / "o" / "quarantine.fasta").read_text() == ">poison\nA\n"


def test_a_bug_shows_its_code_and_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(arguments: object) -> int:
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setattr(cli, "run", broken)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    assert cli.main([]) == 70
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "METAPIPE-E901 ZeroDivisionError: oh\\nno"
    assert lines[1] == "Traceback (most recent call last):"


def test_a_user_error_of_the_process_itself_is_its_line_and_its_exit_code() -> None:
    words, code, text = WRONG["no number"]
    ran = metapipe(*words)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (code, "", 1)
    assert ran.stderr.startswith(text)
    ran = metapipe("filter-contigs", "--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "example:" in ran.stdout


def test_bad_data_met_inside_a_block_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text('{"a": 1}')
    ran = metapipe("annotation_report", "--summaries", tmp_path / "summary.json", "--outdir", tmp_path / "o")
    assert ran.returncode == 65
    assert ran.stderr.startswith("METAPIPE-E111 summary.json: expected a summary")
    assert ran.stderr.count("\n") == 1


def test_where_advice_is_wanted_it_stands_below_the_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METAPIPE_ADVICE", "1")
    error = MetapipeError("E401", "diamond: exit code 1")
    error.detail = "its last words"
    assert complain(error) == 71
    assert capsys.readouterr().err.splitlines() == [
        "METAPIPE-E401 diamond: exit code 1",
        f"What to do: {CODES['E401'].remedy}",
        "its last words",
    ]


def test_a_line_that_could_not_be_printed_has_an_exit_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Galaxy judges by the line, and by this exit code where there is none."""
    with contextlib.suppress(OSError), Path("/dev/full").open("w") as full:  # closing it fails, too
        monkeypatch.setattr(sys, "stderr", full)
        assert complain(MetapipeError("E501")) == EX_LOST
        monkeypatch.undo()
