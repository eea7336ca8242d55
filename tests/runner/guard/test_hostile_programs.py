"""Programs that flood, do not die, leave others behind or crash: the right end, nothing left, the rest unharmed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOSTILE = "cli_with_hostile_stages.py"


@pytest.fixture
def misbehave(program: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Run the stage on a file under a policy; returns how it ended."""

    def go(path: Path, how: str, *words: str | int, policy: str = "auto", **keywords: Any) -> Any:
        given = ["misbehaving", "--contigs", path, "--how", how, *words]
        return program(*given, environment={"METAPIPE_SANDBOX": policy}, script=HOSTILE, **keywords).wait()

    return go


@pytest.mark.parametrize(
    ("how", "policy"),
    [
        ("program-segfault", "require"),
        ("program-segfault", "off"),
        ("segfault", "require"),
        ("daemon", "require"),
        ("daemon", "off"),
    ],
)
def test_only_the_record_at_fault_is_set_aside_and_nothing_stays_behind(
    how: str,
    policy: str,
    misbehave: Callable[..., Any],
    fasta: Callable[..., Path],
    split_poison: Callable[[Path], tuple[bytes, bytes]],
) -> None:
    path = fasta(12, poison=(7,))
    good, bad = split_poison(path)
    ended = misbehave(path, how, "--blocks", 3, policy=policy)
    ended.must_succeed({"copy.fasta": good, "quarantine.fasta": bad}, quarantined=1)


def test_a_program_killed_by_a_signal_is_said_to_be_so_through_the_sandbox(
    misbehave: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    ended = misbehave(fasta(4, poison=(1,)), "program-segfault", "--max-quarantined", 0, policy="require")
    ended.must_fail("E401", "sh was killed by signal 11")


@pytest.mark.parametrize("policy", ["require", "off"])
def test_a_program_that_ignores_every_signal_it_can_ends_at_the_limit_with_all_it_started(
    policy: str, misbehave: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    ended = misbehave(fasta(4, poison=(1,)), "stubborn", "--max-quarantined", 0, "--timeout", 3, policy=policy)
    ended.must_fail("E801", "a block reached its time limit of 3 s")


@pytest.mark.parametrize("policy", ["require", "off"])
def test_ten_thousand_files_are_removed_with_the_attempt(
    policy: str,
    misbehave: Callable[..., Any],
    fasta: Callable[..., Path],
    tmp_path: Path,
) -> None:
    path = fasta(3, poison=(1,))
    ended = misbehave(path, "files", policy=policy)
    expected = b"".join(
        b">%s\n%s\n" % (header.split()[0], letters.replace(b"\n", b""))
        for header, _, letters in (record.partition(b"\n") for record in path.read_bytes().split(b">")[1:])
    )
    ended.must_succeed({"copy.fasta": expected})
    assert not (tmp_path / "out" / ".metapipe-work").exists()


@pytest.mark.parametrize("size", [30_000_000, pytest.param(1_000_000_000, marks=pytest.mark.slow)])
def test_a_flood_on_standard_error_is_neither_kept_nor_passed_on(
    size: int, misbehave: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    ended = misbehave(fasta(4, poison=(1,)), "flood", "--size", size, "--max-quarantined", 0)
    ended.must_fail("E401", "sh ended with exit code 1; its last words: the end$")
    assert len(ended.errors) < 20_000
    assert ended.report()["totals"]["max_rss_mib"] < 400


@pytest.mark.parametrize(
    ("how", "code", "text"),
    [
        ("segfault", "E401", "the worker was killed by signal 11"),
        ("exit", "E401", "the worker ended with exit code 3"),
        ("program-segfault", "E401", "sh was killed by signal 11"),
    ],
)
@pytest.mark.parametrize("session", ["inline", pytest.param("local", marks=pytest.mark.slow)])
def test_a_crash_in_the_set_up_is_a_failure_like_any_other(
    how: str, code: str, text: str, session: str, misbehave: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    """It happens in a child: the driver lives to tell."""
    words = ["--where", "setup", "--session", session, "--slots", 2, "--blocks", 2, "--max-quarantined", 0]
    misbehave(fasta(4), how, *words).must_fail(code, text)
