"""A user sees how far a run is, by residues, and no more lines than can be read."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marked_program import HERE, PYTHON_PATH

from metapipe.runner.accounting.progress import BlocksSeen, FilesRead, Progress
from metapipe.runner.attempt.part import commit


class Clock:
    """Seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A progress on a folder of parts, with what it said and when."""

    def __init__(self, folder: Path, weights: dict[str, int], *, live: bool = False, unit: str = "b") -> None:
        self.parts, self.clock = folder / "parts", Clock()
        self.parts.mkdir(exist_ok=True)
        self.said: list[str] = []
        self.progress = Progress("stage", self.said.append, live=live, clock=self.clock)
        self.weights, self.unit = weights, unit

    def start(self) -> None:
        self.progress.running(self.parts, self.weights, self.unit)

    def done(self, name: str, residues: int | None = None) -> None:
        if residues is None:
            (self.parts / name).mkdir()
            return
        staging = self.parts.parent / f"staging-{name}"
        staging.mkdir()
        commit({"residues": residues}, staging, self.parts / name)

    def after(self, seconds: float) -> list[str]:
        """Let time pass, tick each second; what was said meanwhile."""
        before = len(self.said)
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + 1.0)
            self.progress.tick()
        return self.said[before:]


WEIGHTS = {"000000": 6_000_000, "000001": 3_000_000, "000002": 1_000_000}


def test_share_rate_and_time_left_are_by_residues_not_by_blocks(tmp_path: Path) -> None:
    watched = Watched(tmp_path, WEIGHTS)
    watched.start()
    watched.clock.now += 30
    watched.done("000000")
    (line,) = watched.after(1)
    assert line.startswith("stage: 1 of 3 blocks done, 60 % of 10.0 Mb, ")
    rate, left = re.search(r"([\d.]+) kb/s, about (\d+) s left", line).groups()  # type: ignore[union-attr]
    assert float(rate) == pytest.approx(6000 / 31, rel=0.01)
    assert float(left) == pytest.approx(31 / 6 * 4, abs=1)


def test_the_time_left_goes_down_while_nothing_is_finished_and_never_below_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path, WEIGHTS, live=True)
    watched.start()
    watched.clock.now += 30
    watched.done("000000")
    lines = watched.after(60)
    left = [int(re.search(r"about (\d+) s left", line).group(1)) for line in lines]  # type: ignore[union-attr]
    assert left == sorted(left, reverse=True)
    assert left[0] > 15
    assert left[-1] == 0


def test_what_the_other_slots_have_under_way_is_reckoned_with(tmp_path: Path) -> None:
    weights = {f"{number:06d}": 1_000_000 for number in range(8)}
    watched = Watched(tmp_path, weights)
    watched.progress.running(watched.parts, weights, "b", slots=4)
    watched.clock.now += 9
    watched.done("000000")
    (line,) = watched.after(1)
    assert "250 kb/s, about 22 s left" in line  # one and a half of the three others, in 10 s


def test_nothing_is_said_after_the_closing_words(tmp_path: Path) -> None:
    watched = Watched(tmp_path, WEIGHTS)
    watched.start()
    watched.after(3)
    for name in WEIGHTS:
        watched.done(name)
    assert watched.after(20) == []  # not "about 0 s left"
    watched.progress.end()
    watched.after(20)
    watched.progress.end()
    assert len(watched.said) == 2
    assert "all 3 blocks done in" in watched.said[-1]


def test_pieces_of_a_block_that_was_cut_count_by_their_residues(tmp_path: Path) -> None:
    watched = Watched(tmp_path, WEIGHTS)
    watched.start()
    watched.clock.now += 10
    watched.done("000000.0", 3_000_000)
    watched.done("000001")
    (line,) = watched.after(1)
    assert line.startswith("stage: 1.5 of 3 blocks done, 60 % of 10.0 Mb")


def test_kept_blocks_are_done_but_not_in_the_rate(tmp_path: Path) -> None:
    watched = Watched(tmp_path, WEIGHTS)
    watched.done("000000")
    watched.start()
    assert watched.after(3)[0] == "stage: 1 of 3 blocks done, 60 % of 10.0 Mb, 2.0 s so far"
    watched.clock.now += 7
    watched.done("000002")
    (line,) = watched.after(1)
    assert "70 % of 10.0 Mb, 90.9 kb/s, about 33 s left" in line


def test_plain_lines_start_early_and_are_few(tmp_path: Path) -> None:
    weights = {f"{number:06d}": 1000 for number in range(1000)}
    watched = Watched(tmp_path, weights)
    watched.start()
    assert watched.after(1) == []
    assert len(watched.after(2)) == 1
    lines = []
    for number in range(1000):
        watched.done(f"{number:06d}")
        lines += watched.after(0.2)
    assert 19 <= len(lines) <= 32  # 200 s: one each ten seconds, one for each tenth
    watched.progress.end()
    assert watched.said[-1] == "stage: all 1,000 blocks done in 3 min 23 s"


def test_where_nothing_changes_hardly_anything_is_said(tmp_path: Path) -> None:
    watched = Watched(tmp_path, WEIGHTS)
    watched.start()
    assert len(watched.after(5)) == 1
    assert watched.after(600) != []
    watched.done("000000")
    assert len(watched.after(15)) == 1
    assert 5 <= len(watched.after(600)) <= 12


def test_a_terminal_sees_a_new_line_each_second_and_a_clear_one_at_the_end(tmp_path: Path) -> None:
    watched = Watched(tmp_path, WEIGHTS, live=True)
    watched.start()
    assert len(watched.after(60)) == 59  # none before it takes two seconds
    watched.progress.end()
    assert watched.said[-1] == ""
    watched.progress.end()
    assert watched.said.count("") == 1


def test_short_runs_say_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path, WEIGHTS, live=True)
    watched.start()
    watched.after(1.5)
    watched.progress.end()
    assert watched.said == []


def test_a_stage_of_one_block_says_how_long_it_has_been_running(tmp_path: Path) -> None:
    watched = Watched(tmp_path, {"000000": 5000})
    watched.start()
    assert watched.after(2) == ["stage: one block, running for 2.0 s"]
    assert watched.after(70)[-1].startswith("stage: one block, running for 1 min")


def test_blocks_without_residues_are_counted(tmp_path: Path) -> None:
    watched = Watched(tmp_path, {"000000": 0, "000001": 0})
    watched.start()
    watched.done("000000")
    assert watched.after(2) == ["stage: 1 of 2 blocks done, 2.0 s so far"]
    watched.done("000001")
    watched.progress.end()
    assert watched.said[-1].startswith("stage: all 2 blocks done in ")


def test_a_long_phase_is_announced(tmp_path: Path) -> None:
    watched = Watched(tmp_path, {})
    watched.progress.doing("starting Spark")
    assert watched.after(1.5) == []
    assert watched.after(1) == ["stage: starting Spark, for 2.5 s"]


def test_files_are_read_as_far_as_their_descriptors_are(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"x" * 3_000_000)
    second.write_bytes(b"x" * 1_000_000)
    read = FilesRead([first, second])
    assert read.words() == "4.00 MB"
    with first.open("rb", buffering=0) as file:
        file.read(2_000_000)
        assert read.words() == "2.00 MB of 4.00 MB"
    with second.open("rb", buffering=0) as file:
        file.read(500_000)
        assert read.words() == "3.50 MB of 4.00 MB"


def test_a_part_without_a_row_counts_nothing(tmp_path: Path) -> None:
    (tmp_path / "000000.1").mkdir()
    seen = BlocksSeen(tmp_path, {"000000": 10}, "", Clock())
    assert seen.share == 0.0


@pytest.mark.parametrize("session", ["inline", "local"])
def test_lines_that_were_asked_for_come_while_the_blocks_run(
    session: str, start: Callable[..., subprocess.Popen[str]], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    words = ["slow", "--contigs", fasta(12), "--outdir", tmp_path / "out", "--flag", tmp_path / "flag"]
    words += ["--seconds", "0.5", "--blocks", "12", "--session", session, "--slots", "2", "--progress"]
    process = start(*words)
    assert process.stderr is not None
    first = process.stderr.readline()
    assert process.poll() is None, "the first line came when all was over"
    rest = process.stderr.read()
    process.communicate()
    lines = [first, *rest.splitlines()]
    assert process.returncode == 0, rest
    assert all(line.startswith("slow: ") for line in lines)
    assert any(re.search(r"of 10 blocks done, \d+(\.\d)? % of \d+ .*/s, about .* left", line) for line in lines), lines
    assert "slow: all 10 blocks done in" in lines[-1]


def test_without_a_terminal_nothing_is_said_unasked(
    start: Callable[..., subprocess.Popen[str]], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    words = ["slow", "--contigs", fasta(4), "--outdir", tmp_path / "out", "--flag", tmp_path / "flag"]
    process = start(*words, "--seconds", "1", "--blocks", "4", "--session", "inline")
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")


def test_a_terminal_shows_one_line_rewritten_at_least_each_second(fasta: Callable[..., Path], tmp_path: Path) -> None:
    words = ["slow", "--contigs", fasta(2), "--outdir", tmp_path / "out", "--flag", tmp_path / "flag"]
    words += ["--seconds", "4", "--blocks", "2", "--session", "inline"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "cli_with_test_stages.py"), *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": PYTHON_PATH},
    )
    os.close(theirs)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and select.select([ours], [], [], 60)[0]:
        try:
            seen += os.read(ours, 4096)
        except OSError:  # the other end was closed
            break
    os.close(ours)
    assert process.wait() == 0, seen
    rewritten = [line for line in seen.decode().split("\r") if line]
    assert b"\n" not in seen
    assert len(rewritten) >= 4  # eight seconds less the first two of silence, and two more of a busy machine
    assert all(line.endswith("\x1b[K") for line in rewritten)
    assert rewritten[-1] == "\x1b[K"
    assert "of 2 blocks done" in rewritten[0]


def test_the_timer_of_somebody_else_is_left_alone() -> None:
    said: list[str] = []
    before = signal.signal(signal.SIGALRM, lambda *_: said.append("theirs"))
    try:
        with Progress("stage", said.append).ticking():
            signal.raise_signal(signal.SIGALRM)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert said == ["theirs"]


def test_a_failing_look_does_not_end_the_run(start: Callable[..., Any], tmp_path: Path) -> None:
    def broken(_: str) -> None:
        raise RuntimeError("no more")

    progress = Progress("stage", broken, clock=Clock())
    progress.doing("something")
    progress.clock.now += 5  # type: ignore[attr-defined]
    progress._ring()
    with progress.ticking():
        pass
