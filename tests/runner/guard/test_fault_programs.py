"""Programs that fail, lie or do not listen: the run ends with their own last words, or goes on without the record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SLOW_SPARK = ["inline", pytest.param("local", marks=pytest.mark.slow)]


def words(contigs: Path, how: str, session: str, **more: str | int) -> list[str | Path]:
    given: list[str | Path] = ["poisoned", "--contigs", contigs, "--how", how, "--session", session]
    for name, value in {"blocks": 4, "slots": 2, **more}.items():
        given += [f"--{name.replace('_', '-')}", str(value)]
    return given


#: How the program fails -> the code and the sentence for it.
FAILURES = {
    "partial-output": ("E401", "sh ended with exit code 3; its last words: the reason$"),
    "deaf": ("E403", r"sh ended without saying '\[ok\]'; its last words: nothing read$"),
    "segfault": ("E401", "the worker was killed by signal 11"),
    "no-sentinel": ("E403", r"sh ended without saying '\[ok\]'; its last words: nearly$"),
    "stop": ("E403", "only 1 of 2 records were read$"),
}


#: In every session; the rest in Spark only where there is time. There a crash is also in test_spark.py (set aside, byte
#: by byte) and test_fault_killed.py (the end of the run).
IN_SPARK = ("partial-output",)
CASES = [
    pytest.param(how, session, marks=[pytest.mark.slow] if session == "local" and how not in IN_SPARK else [])
    for how in FAILURES
    for session in ("inline", "local")
]


@pytest.mark.parametrize(("how", "session"), CASES)
def test_a_program_that_fails_ends_the_run_and_leaves_nothing(
    how: str, session: str, program: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    """After part of its output (``RDD.pipe`` would call that a success), without reading, in the middle, too early."""
    code, text = FAILURES[how]
    program(*words(fasta(12, poison=(5,)), how, session, max_quarantined=0)).wait().must_fail(code, text)


@pytest.mark.parametrize(("how", "session"), CASES)
def test_the_record_at_fault_is_set_aside_with_all_its_output_and_the_rest_is_byte_identical(
    how: str, session: str, program: Callable[..., Any], fasta: Callable[..., Path], split_poison: Callable[..., Any]
) -> None:
    path = fasta(12, poison=(5,))
    good, bad = split_poison(path)
    ended = program(*words(path, how, session)).wait()
    ended.must_succeed({"copy.fasta": good, "quarantine.fasta": bad}, quarantined=1)
    assert ended.errors.startswith("METAPIPE-W402 1 record(s) made the program fail")


@pytest.mark.parametrize("session", SLOW_SPARK)
def test_a_program_that_ignores_its_input_neither_hangs_nor_breaks_the_run(
    session: str, program: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    """It is given a file, not a pipe: there is no EPIPE to survive, and a closed pipe of its own ends it as usual."""
    path = fasta(6, poison=(2,))
    expected = b"".join(
        b">%s\n%s\n" % (header.split()[0], letters.replace(b"\n", b""))
        for header, _, letters in (record.partition(b"\n") for record in path.read_bytes().split(b">")[1:])
    )
    program(*words(path, "deaf-and-done", session)).wait().must_succeed({"copy.fasta": expected})
