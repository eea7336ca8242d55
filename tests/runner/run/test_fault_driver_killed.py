"""``kill -9`` of the driver at every step it takes: its children die, nothing half written is seen, a rerun goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marked_program import HERE, MARK, PYTHON_PATH, allowed


@pytest.fixture
def killed(fasta: Callable[..., Path], tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Kill runs at the steps asked for; checks what holds for every one of them and returns what was seen."""

    def go(which: str, session: str) -> list[dict[str, Any]]:
        words = ["two_outputs", "--contigs", fasta(8, poison=(5,)), "--how", "exit", "--blocks", "3", "--slots", "2"]
        command = [sys.executable, HERE / "killed_everywhere.py", which, tmp_path / "out", *words, "--session", session]
        environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, MARK: f"metapipe-{uuid.uuid4().hex}"}
        ran = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        reference, *seen = map(json.loads, ran.stdout.splitlines())
        expected = reference["expected"]
        names = {"copy.fasta", "names.tsv", "quarantine.fasta", "summary.json", "run_report.json"}
        assert set(expected) == names
        assert expected["names.tsv"].split() == ["#name", *(f"contig_{index}" for index in (0, 1, 2, 3, 4, 6, 7))]
        for one in seen:
            assert one["killed"], one
            assert one["gone"] <= allowed(5), one  # seconds until no process of the run was left
            # What has appeared is whole; what has not is a hidden file that says so by its name.
            for name, text in one["after"].items():
                assert (name.startswith(".") and name.endswith(".part")) or text == expected[name], (one, name)
            # A rerun does only what is missing, gives the same bytes and removes what the dead run left.
            assert one["again"] == 0, one
            assert one["same"], one
            assert one["left"] == [], one
            assert one["kept"] <= one["parts"], one
        return seen

    return go


def check_kept(seen: list[dict[str, Any]]) -> None:
    """Parts count until the folder that holds them is being removed, which is after the outputs have appeared."""
    for one in seen:
        if "run_report.json" not in one["after"]:
            # Halves of the block at fault are parts, too, but the whole is tried first again.
            assert min(one["parts"], 2) <= one["kept"] or one["parts"] == 0, one


def test_a_driver_killed_at_any_step_leaves_nothing_half_done_and_a_rerun_goes_on(
    killed: Callable[..., list[dict[str, Any]]],
) -> None:
    seen = killed("every 4", "inline")
    assert len(seen) > 20
    check_kept(seen)


@pytest.mark.slow
def test_a_driver_killed_at_every_single_step_leaves_nothing_half_done_and_a_rerun_goes_on(
    killed: Callable[..., list[dict[str, Any]]],
) -> None:
    seen = killed("every 1", "inline")
    check_kept(seen)
    # Also between the two outputs: one is there, the other is not.
    assert any("copy.fasta" in one["after"] and "names.tsv" not in one["after"] for one in seen)


def test_a_driver_killed_between_its_two_outputs_in_spark(killed: Callable[..., list[dict[str, Any]]]) -> None:
    (one,) = killed(r"os.rename \.names", "local")
    assert "copy.fasta" in one["after"]
    assert "names.tsv" not in one["after"]


@pytest.mark.slow
def test_a_driver_killed_at_any_step_of_a_spark_session(killed: Callable[..., list[dict[str, Any]]]) -> None:
    """While Java starts, while it runs, while it is told to stop, and after."""
    assert len(killed("every 9", "local")) > 5
