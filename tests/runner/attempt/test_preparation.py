"""What a stage works out once for all its blocks: made in a child of the driver, seen by every block."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from stages_for_tests import Identity

from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Output, option
from metapipe.runner.declare.stage import Task


@dataclass(frozen=True)
class HowToPrepare:
    how: str = option("", "how the preparation ends")


class Preparing(Identity):
    """Says which process prepared, and how many letters the whole input has, as found in the shared folder."""

    name = "preparing"
    options = HowToPrepare
    outputs = {"found": Output("tsv", "what each block found")}

    def prepare(self, task: Task, folder: Path) -> None:
        match task.options.how:
            case "refuse":
                raise MetapipeError("E112", file=task.labels["contigs"], expected="what it is not")
            case "raise":
                raise ValueError("a slip")
            case "segfault":
                faulthandler.disable()  # pytest's would write 90 lines into the tests' log
                os.kill(os.getpid(), signal.SIGSEGV)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
        with (folder / "known").open("x") as file:
            file.write(f"{os.getpid()} {task.totals.residues}")

    def run(self, task: Task, state: Any) -> None:
        for _ in task.records():
            task.output("found").write((task.shared / "known").read_bytes() + b"\n")


STAGE = "test_preparation:Preparing"


def test_every_block_sees_what_was_prepared_once_for_the_whole_input_and_nothing_of_it_stays(
    run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    ran = run(STAGE, {"contigs": fasta(12)}, blocks=6)
    (found,) = set(ran.outputs["found"].splitlines())
    process, residues = map(int, found.split())
    assert process != os.getpid()
    assert residues == ran.result.summary["inputs"]["contigs"]["residues"]
    assert not (ran.folder / ".work").exists()


@pytest.mark.parametrize(
    ("how", "code"), [("refuse", "E112"), ("raise", "E901"), ("segfault", "E401"), ("kill", "E802")]
)
def test_a_preparation_that_fails_ends_the_run_before_any_block_and_a_rerun_prepares_anew(
    how: str, code: str, run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    contigs, folder = fasta(4), tmp_path / "again"
    with pytest.raises(MetapipeError) as failure:
        run(STAGE, {"contigs": contigs}, how=how, folder=folder)
    assert failure.value.code == code
    assert sorted(path.name for path in folder.iterdir()) == ["report.json"]
    assert run(STAGE, {"contigs": contigs}, folder=folder).outputs["found"].count(b"\n") == 4


class Reading(Preparing):
    """Has a program read what was prepared."""

    name = "reading"

    def run(self, task: Task, state: Any) -> None:
        for _ in task.records():
            task.output("found").write(task.launch(["cat", task.shared / "known"]).stdout + b"\n")


def test_a_program_of_a_block_reads_what_was_prepared_from_inside_its_sandbox(
    run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    ran = run("test_preparation:Reading", {"contigs": fasta(4)}, blocks=2)
    (found,) = set(ran.outputs["found"].splitlines())
    assert found.split()[1] == b"%d" % ran.result.summary["inputs"]["contigs"]["residues"]
