"""A run with Spark leaves nothing in the temp folder, however it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marked_program import MarkedProgram, wait_until
from psutil import Process


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    folder = tmp_path / "temp"
    folder.mkdir()
    return folder


@pytest.fixture
def spark_run(
    program: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, temp: Path
) -> Callable[[float], MarkedProgram]:
    """Start a run whose Python, Java and programs would all use a temp folder of the test's."""

    def start(seconds: float) -> MarkedProgram:
        words = ["slow", "--contigs", fasta(4), "--flag", tmp_path / "log", "--seconds", seconds, "--blocks", 4]
        # Java does not look at TMPDIR; this is its default unless somebody says otherwise.
        environment = {"TMPDIR": str(temp), "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={temp}"}
        one: MarkedProgram = program(*words, "--slots", 2, "--session", "local", environment=environment)
        return one

    return start


@pytest.mark.parametrize("victim", ["driver", "java"])
def test_a_run_leaves_nothing_in_the_temp_folder_killed_or_not(
    victim: str, spark_run: Callable[..., MarkedProgram], temp: Path
) -> None:
    one = spark_run(0.5)
    wait_until(one.parts)
    if victim == "java":
        (java,) = one.below("org.apache.spark.deploy.SparkSubmit")
        Process(java).kill()
        one.wait().must_fail("E601", "the Java process of Spark was killed$")
    else:
        one.kill()
    one.must_be_gone(20)
    assert not list(temp.iterdir())
    if victim == "driver":  # and what it left in the folder of the job is cleared by a run that ends well
        spark_run(0.0).wait().must_succeed({"copy.fasta": b"".join(b"contig_%d\n" % index for index in range(4))})
        assert not list(temp.iterdir())
