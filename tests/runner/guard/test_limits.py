"""Limits of time and memory: what exceeds them ends as E801 or E802, what does not is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked_program import LIMIT

from metapipe import machine
from metapipe.runner.guard import limits
from metapipe.runner.guard.block_watch import Watch, look_at
from metapipe.runner.guard.limits import Limits

HOSTILE = "cli_with_hostile_stages.py"


@pytest.fixture
def misbehave(program: Callable[..., Any], fasta: Callable[..., Path]) -> Callable[..., Any]:
    """Run the stage with one bad record of four and nothing that may be set aside; returns how it ended."""

    def go(how: str, *words: str, where: str = "block", **keywords: Any) -> Any:
        given = ["misbehaving", "--contigs", fasta(4, poison=(2,)), "--how", how, "--where", where]
        return program(*given, "--max-quarantined", "0", *words, script=HOSTILE, **keywords).wait()

    return go


# ---------------------------------------------------------------------------------------------------------- memory


@pytest.mark.parametrize(
    ("how", "where", "text"),
    [
        ("hog", "block", "a block (ran out of memory|used more than its 250 MB of memory)$"),
        ("hog", "setup", "(a block ran out of memory|the set-up of a block used more than its 250 MB of memory)$"),
        ("program-hog", "block", "(ran out of memory; its last words: |a block used more than its 250 MB)"),
        ("program-hogs", "block", "a block used more than its 250 MB of memory$"),
    ],
)
@pytest.mark.parametrize("policy", ["auto", "off"])
def test_what_takes_more_memory_than_was_given_ends_as_lack_of_memory(
    how: str, where: str, text: str, policy: str, misbehave: Callable[..., Any]
) -> None:
    environment = {"METAPIPE_SANDBOX": policy, "GALAXY_MEMORY_MB": "250"}
    ended = misbehave(how, "--slots", "1", where=where, environment=environment)
    ended.must_fail("E802", text)
    assert ended.process.returncode == 137
    assert ended.report()["totals"]["max_rss_mib"] < 1000


def test_without_a_limit_nothing_is_enforced_and_the_machine_is_planned_with(
    run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    ran = run("identity", {"contigs": fasta(2)})
    assert ran.result.report["memory_mb"] == machine.memory_mb() > 256


def test_what_a_program_asks_for_and_never_uses_is_not_counted(
    run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    """As DIAMOND does: 4 GiB asked for, 21 MiB used."""
    ran = run("hostile_stages:Misbehaving", {"contigs": fasta(3, poison=(1,))}, how="reserve", memory_mb=512)
    assert ran.result.quarantined == 0


def test_memory_mapped_from_files_is_not_counted(tmp_path: Path) -> None:
    """Databases are mapped: RLIMIT_DATA and the watch leave them alone."""
    import mmap
    import os

    size = 64 << 20
    path = tmp_path / "database"
    path.write_bytes(b"x" * size)
    before = look_at(os.getpid()).memory_kib
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert sum(mapped[position] for position in range(0, size, 4096)) > 0
        assert look_at(os.getpid()).memory_kib - before < size >> 11


# ------------------------------------------------------------------------------------------------------------ time


@pytest.mark.parametrize("how", ["sleep", "program-sleep"])
@pytest.mark.parametrize("where", ["block", "setup"])
def test_a_block_that_does_nothing_at_all_is_ended(how: str, where: str, misbehave: Callable[..., Any]) -> None:
    what = "a block" if where == "block" else "the set-up of a block"
    misbehave(how, "--idle-timeout", "2", where=where).must_fail("E801", f"{what} gave no sign of life for 2 s$")


@pytest.mark.parametrize("how", ["burn", "program-burn"])
def test_a_block_that_burns_without_end_is_ended_at_its_time_limit_and_not_taken_for_idle(
    how: str, misbehave: Callable[..., Any]
) -> None:
    ended = misbehave(how, "--idle-timeout", "3", "--timeout", "6")
    ended.must_fail("E801", "a block reached its time limit of 6 s$")


def test_a_program_that_waits_and_talks_is_alive(run: Callable[..., Any], fasta: Callable[..., Path]) -> None:
    ran = run("hostile_stages:Misbehaving", {"contigs": fasta(3, poison=(1,))}, how="talk", idle_timeout=LIMIT)
    assert ran.result.quarantined == 0


def test_a_hang_costs_about_twice_the_limit_and_only_its_record(
    run: Callable[..., Any], fasta: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_START", 2.0)  # those without fault end in it on a busy machine, too
    options = {"how": "sleep", "timeout": 8.0, "idle_timeout": 0.0}
    ran = run("hostile_stages:Misbehaving", {"contigs": fasta(16, poison=(10,))}, **options)
    assert ran.result.quarantined == 1
    # The block of 16 records and its halves down to the one at fault; what their limits add up to is asked below.
    hung = [row for row in ran.result.report["attempts"] if row["outcome"] == "timeout"]
    assert len(hung) == 5


@given(st.floats(10, 1e5), st.integers(0, 10**9), st.integers(1, 10**9), st.floats(0, 60))
def test_a_block_never_gets_more_than_the_largest_nor_less_than_a_start_takes(
    timeout: float, residues: int, largest: int, fixed_cost: float
) -> None:
    found = limits.block_timeout(timeout, min(residues, largest), largest, fixed_cost)
    assert min(timeout, 5.0 + 3 * fixed_cost) <= found <= timeout
    assert limits.block_timeout(timeout, largest, largest, fixed_cost) == timeout


@given(st.floats(600, 1e5), st.integers(2, 10**6))
def test_cutting_down_to_the_record_at_fault_costs_about_twice_the_limit(timeout: float, records: int) -> None:
    spent, size = 0.0, records
    while size >= 1:
        spent += limits.block_timeout(timeout, size, records, 0.0)
        size = size // 2
    assert spent <= 2 * timeout + 5.0 * 21


def test_the_default_limit_is_generous() -> None:
    assert limits.default_timeout(0, 1e6, 0.0) == 1800.0
    assert limits.default_timeout(10**9, 1e5, 20.0) == 50 * (10_000 + 20)


def test_a_watch_without_limits_never_wakes() -> None:
    import os

    watch = Watch(os.getpid(), Limits())
    assert watch.pause() is None
    assert watch.look(0) is None
