"""Clocks that jump and attempts that come twice change neither the result nor its limits."""

from __future__ import annotations

import ast
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marked_program import LIMIT

from metapipe.errors import MetapipeError
from metapipe.runner.attempt import attempt, part

RUNNER = Path(part.__file__).parents[1]

#: Functions that may ask for the time of day: for the record, or for the age of a file another run has left.
TIME_OF_DAY = {
    ("attempt.py", "run_attempt"): "when it started, for the report",
    ("part.py", "staging_folder"): "when it started, for the report",
    ("phases.py", "__init__"): "when the run started, for the report",
    ("workfolder.py", "_remove_if_dead"): "age of a folder where nothing else can tell",
}


class JumpingClock:
    """A time of day that goes back and forth by days with each question."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> float:
        self.asked += 1
        return 1.8e9 + (-1) ** self.asked * self.asked * 86_400.0


@pytest.fixture
def jumping_clock(monkeypatch: pytest.MonkeyPatch) -> JumpingClock:
    clock = JumpingClock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def test_a_clock_that_jumps_changes_neither_bytes_nor_durations(
    run: Callable[..., Any], fasta: Callable[..., Path], jumping_clock: JumpingClock, tmp_path: Path
) -> None:
    given = {"contigs": fasta(12, poison=(5,))}
    # What runs that have ended left behind: their age by such a clock is nonsense.
    (tmp_path / "out" / ".work" / "run-dead").mkdir(parents=True)
    ran = run("poisoned", given, how="hang", timeout=LIMIT, blocks=4, folder=tmp_path / "out", max_quarantined=1)
    assert jumping_clock.asked > 0
    assert ran.result.quarantined == 1
    assert ran.outputs["copy"].count(b">") == 11
    totals = ran.result.report["totals"]
    assert LIMIT <= totals["wall_seconds"] < 60
    for row in ran.result.report["attempts"]:
        assert 0 <= row["wall"] < 30
    for phase in ran.result.report["phases"]:
        assert 0 <= phase["start"] <= phase["end"] < 60
    assert not (tmp_path / "out" / ".work").exists()


def test_a_limit_holds_while_the_clock_jumps(
    run: Callable[..., Any], fasta: Callable[..., Path], jumping_clock: JumpingClock
) -> None:
    started = time.monotonic()
    with pytest.raises(MetapipeError, match="METAPIPE-E801 a block reached its time limit"):
        run("poisoned", {"contigs": fasta(3, poison=(1,))}, how="hang", timeout=0.7, max_quarantined=0)
    assert time.monotonic() - started < 40


def test_nothing_is_measured_or_limited_by_the_time_of_day() -> None:
    """Every use of ``time.time`` in the runner is one of those above; all else is ``time.monotonic``."""
    found = set()
    for source in RUNNER.rglob("*.py"):
        for function in ast.walk(ast.parse(source.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Attribute) and node.attr in ("time", "time_ns", "now", "utcnow", "today"):
                        found.add((source.name, function.name))
    assert found == set(TIME_OF_DAY)


# --------------------------------------------------------------------------------------------- attempts that come twice


def make(folder: Path, content: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / "copy").write_bytes(content)
    return folder


def test_of_two_attempts_at_a_block_the_first_to_end_wins_and_the_other_is_dropped(tmp_path: Path) -> None:
    target = tmp_path / "parts" / "000003"
    part.commit({"key": [3], "pid": 1}, make(tmp_path / "one", b"bytes"), target)
    part.commit({"key": [3], "pid": 2}, make(tmp_path / "two", b"bytes"), target)
    assert part.kept_row(target) == {"key": (3,), "pid": 1}
    assert (target / "copy").read_bytes() == b"bytes"


def test_attempts_at_one_block_at_the_same_time_leave_one_whole_part(tmp_path: Path) -> None:
    for turn in range(20):
        target = tmp_path / str(turn) / "parts" / "000000"
        ready = threading.Barrier(8)

        def attempt_it(number: int, target: Path = target, ready: threading.Barrier = ready) -> None:
            folder = make(target.parent.parent / f"staging-{number}", b"x" * 10_000)
            ready.wait()
            part.commit({"key": [0], "pid": number}, folder, target)

        threads = [threading.Thread(target=attempt_it, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row = part.kept_row(target)
        assert row is not None
        assert (target / "copy").read_bytes() == b"x" * 10_000
        assert sorted(path.name for path in target.iterdir()) == [part.ROW, "copy"]


def test_a_run_in_which_every_block_is_attempted_twice_at_once_gives_the_same_bytes(
    run: Callable[..., Any], fasta: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with ``spark.speculation``: the copy starts before the first has ended, and either may be the first."""
    from metapipe.runner.sessions import session

    once = run("poisoned", {"contigs": fasta(24, poison=(7,))}, how="exit", blocks=6)
    plain = session.run_attempt

    def twice(job: Any, block: Any) -> attempt.Attempt:
        rows: list[attempt.Attempt] = []
        kept_row = attempt.kept_row
        # Both find no part yet, as attempts on two hosts would.
        monkeypatch.setattr(attempt, "kept_row", lambda _: None)
        rows.append(plain(job, block))
        rows.append(plain(job, block))
        monkeypatch.setattr(attempt, "kept_row", kept_row)
        assert rows[0].outcome == rows[1].outcome
        return rows[block.key[0] % 2]

    monkeypatch.setattr(session, "run_attempt", twice)
    both = run("poisoned", {"contigs": fasta(24, poison=(7,))}, how="exit", blocks=6)
    assert both.outputs == once.outputs
    assert both.summary_bytes == once.summary_bytes
    assert both.result.quarantine.read_bytes() == once.result.quarantine.read_bytes()
