"""Running test stages: in this process (``run``), or as a program of its own (``start``)."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from cluster_hosts import PACE, SparkCluster, spark_cluster
from marked_program import HERE, KEPT, MARK, PYTHON_PATH, MarkedProgram, allowed
from stages_for_tests import STAGES

from metapipe.runner.blocks.resources import Resources, SessionKind
from metapipe.runner.declare.given import Given
from metapipe.runner.run.engine import run_stage
from metapipe.runner.run.request import Places, Request, RunResult, Voice
from spark_in_turn import SparkInTurn


@dataclass(frozen=True)
class Ran:
    """Outputs by name, and everything the run said about itself."""

    outputs: dict[str, bytes]
    result: RunResult
    folder: Path

    @property
    def summary_bytes(self) -> bytes:
        return (self.folder / "summary.json").read_bytes()


@pytest.fixture(autouse=True)
def workers_find_the_test_stages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of ``stages_for_tests``, and those that a test module declares itself."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(request.path.parent), PYTHON_PATH]))


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    before = {process.pid for process in _below()}
    yield
    kept = {child.pid for pid in KEPT if psutil.pid_exists(pid) for child in psutil.Process(pid).children(True)} | KEPT
    left = [process for process in _below() if process.pid not in before | kept]
    _, alive = psutil.wait_procs(left, timeout=allowed(3))
    assert not [process.cmdline() for process in alive if process.is_running()]


def _below() -> list[psutil.Process]:
    """Processes below this one. Most tests have none, and to look through those of the whole machine takes long."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return []
    return psutil.Process().children(recursive=True)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """``run("identity", {"contigs": path}, blocks=7, how="raise")``: what goes to the stage's options and to the groups
    of the request is told apart by its name."""
    count = 0

    def go(stage: str, inputs: dict[str, Path], **keywords: Any) -> Ran:
        nonlocal count
        count += 1
        folder = keywords.pop("folder", None) or tmp_path / f"run-{count}"
        folder.mkdir(exist_ok=True)
        from metapipe.runner.attempt.attempt import load_stage

        reference = STAGES.get(stage, stage)
        declared = load_stage(reference)

        def taken(group: type) -> dict[str, Any]:
            names = {field.name for field in dataclasses.fields(group)}
            return {name: keywords.pop(name) for name in list(keywords) if name in names}

        options = declared.options(**taken(declared.options))
        session = keywords.pop("session", "inline")
        resources = Resources(session=None if session == "auto" else SessionKind(session), **taken(Resources))
        outputs = {name: folder / f"{name}.{output.suffix}" for name, output in declared.outputs.items()}
        usual = {"workdir": folder / ".work", "summary": folder / "summary.json", "report": folder / "report.json"}
        places = Places(**{"outputs": outputs, **usual, **taken(Places)})
        given, voice = Given(inputs, options=options, **taken(Given)), Voice(**taken(Voice))
        result = run_stage(Request(reference, given, places, resources, voice, **keywords))
        return Ran({name: path.read_bytes() for name, path in places.outputs.items()}, result, folder)

    return go


@pytest.fixture
def fasta(tmp_path: Path) -> Callable[..., Path]:
    """A FASTA file of ``count`` records of different lengths; those at ``poison`` are named so."""

    def make(count: int = 40, poison: tuple[int, ...] = (), name: str = "contigs.fasta") -> Path:
        path = tmp_path / name
        path.write_text(
            "".join(
                f">{'poison' if index in poison else 'contig'}_{index} number {index}\n"
                f"{'ACGT' * (index % 7 + 1)}\n{'TTAACC'[: index % 6]}\n"
                for index in range(count)
            )
        )
        return path

    return make


def split_poison(path: Path) -> tuple[bytes, bytes]:
    """What ``poisoned`` must write for the file, and what it must set aside."""
    good, bad = b"", b""
    for record in path.read_bytes().split(b">")[1:]:
        header, _, letters = record.partition(b"\n")
        if header.startswith(b"poison"):
            bad += b">" + record
        else:
            good += b">%s\n%s\n" % (header.split()[0], letters.replace(b"\n", b""))
    return good, bad


@pytest.fixture(name="split_poison")
def _split_poison() -> Callable[[Path], tuple[bytes, bytes]]:
    return split_poison


@pytest.fixture
def pairs(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """Two FASTQ files of mates."""

    def make(count: int = 40, poison: tuple[int, ...] = ()) -> dict[str, Path]:
        paths = {}
        for mate in (1, 2):
            paths[f"reads-{mate}"] = tmp_path / f"reads_{mate}.fastq"
            paths[f"reads-{mate}"].write_text(
                "".join(
                    f"@{'poison' if index in poison else 'read'}_{index}/{mate}\n{'ACGTT'[: index % 5 + 1]}\n+\n"
                    f"{'IIIII'[: index % 5 + 1]}\n"
                    for index in range(count)
                )
            )
        return paths

    return make


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Start the program with the test stages; ``start("burning", "--contigs", path)``."""

    def go(*words: str | Path, environment: dict[str, str] | None = None, **keywords: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(HERE / "cli_with_test_stages.py"), *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": PYTHON_PATH, **(environment or {})},
            **keywords,
        )

    return go


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., MarkedProgram]]:
    """Start a run whose end can be judged: ``program("slow", "--contigs", path).wait().must_fail("E501")``.

    ``outdir=`` names another folder than ``out``; ``environment=`` adds variables.
    """
    started: list[MarkedProgram] = []

    def go(*words: str | Path, outdir: Path | None = None, **keywords: Any) -> MarkedProgram:
        started.append(MarkedProgram(words, outdir or tmp_path / "out", **keywords))
        return started[-1]

    yield go
    for one in started:
        one.end()


@pytest.fixture(scope="module")
def lasting_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkInTurn]:
    one = SparkInTurn(tmp_path_factory.mktemp("spark"), KEPT)
    yield one
    one.end()


@pytest.fixture
def one_spark(lasting_spark: SparkInTurn) -> Iterator[SparkInTurn]:
    """The local sessions of this file's tests that ask for it are one and the same."""
    with lasting_spark.instead():
        yield lasting_spark


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    with spark_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def job(
    cluster: SparkCluster, program: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> Callable[..., MarkedProgram]:
    """Start a run on the cluster; its processes on the hosts carry its mark too."""

    def start(*words: str | Path, environment: dict[str, str] | None = None, **keywords: Any) -> MarkedProgram:
        mark = f"metapipe-{uuid.uuid4().hex}"
        properties = tmp_path / "spark.properties"
        properties.write_text(f"# for the tests\nspark.executorEnv.{MARK} {mark}\n")
        settings = cluster.environment(METAPIPE_SPARK_PROPERTIES=str(properties), **{MARK: mark})
        words = words or ("slow", "--contigs", fasta(32), "--flag", tmp_path / "log", "--seconds", PACE, "--blocks", 16)
        one = program(*words, "--session", "cluster", environment=settings | (environment or {}), **keywords)
        one.mark = mark
        return one

    return start
