"""The same runs in a Spark session: same bytes, same quarantine, a lost worker made good, nothing left."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stages_for_tests import STAGES, HowToFail

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.task import Job, RecordFiles
from metapipe.runner.blocks.block import Block, ByteRange
from metapipe.runner.declare.elements import Totals
from metapipe.runner.declare.given import Given
from metapipe.runner.guard.limits import Allowance
from metapipe.runner.sessions import jvm, local
from metapipe.runner.sessions.jvm import archive_path, java_options
from spark_in_turn import SparkInTurn


@pytest.mark.usefixtures("one_spark")
def test_poison_in_a_spark_session_gives_the_bytes_of_the_inline_session(
    run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    path = fasta(40, poison=(17,))
    inline = run("poisoned", {"contigs": path}, how="segfault")
    spark = run("poisoned", {"contigs": path}, how="segfault", session="local", slots=2, blocks=7)
    assert spark.result.report["session"] == "local"
    assert spark.outputs == inline.outputs
    assert spark.summary_bytes == inline.summary_bytes
    assert spark.result.quarantine.read_bytes() == inline.result.quarantine.read_bytes()
    assert len({row["pid"] for row in spark.result.report["attempts"]} - {0}) >= 1


@pytest.mark.usefixtures("one_spark")
def test_a_killed_worker_costs_a_retry_and_nothing_else(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    path = fasta(12, poison=(5,))
    ran = run("poisoned", {"contigs": path}, how="once", flag=str(flag), session="local", slots=2, blocks=4)
    assert Path(f"{flag}.once").exists()
    assert ran.outputs["copy"].count(b">") == 12
    assert ran.result.quarantined == 0


@pytest.mark.usefixtures("one_spark")
def test_a_failure_in_a_spark_session_has_its_code(run: Callable[..., Any], fasta: Callable[..., Path]) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E801 a block reached its time limit"):
        run(
            "poisoned",
            {"contigs": fasta(8, poison=(1,))},
            how="hang-in-program",
            timeout=2.0,
            max_quarantined=0,
            session="local",
            slots=2,
            blocks=4,
        )


def test_runs_of_several_threads_share_a_session_and_are_cancelled_one_by_one(
    one_spark: SparkInTurn, tmp_path: Path
) -> None:
    session = one_spark(2, tmp_path)
    ended: dict[str, Any] = {}

    def go(tag: str, seconds: float) -> None:
        (tmp_path / tag).mkdir()
        job, blocks = waiting_job(tmp_path / tag, seconds)
        try:
            ended[tag] = [row.outcome for row in session.run(job, blocks, lambda: None, tag=tag)]
        except MetapipeError as error:
            ended[tag] = str(error)

    threads = {tag: threading.Thread(target=go, args=(tag, wait)) for tag, wait in (("long", 60), ("short", 0.1))}
    for thread in threads.values():
        thread.start()
    threads["short"].join(30)
    assert ended == {"short": ["ok"]}
    session.cancel("long")
    threads["long"].join(20)
    assert ended["long"] == "METAPIPE-E601 the run was cancelled"
    go("again", 0.1)
    assert ended["again"] == ["ok"]
    assert not session.remote
    assert session.facts()["cores"] == 2


def waiting_job(folder: Path, seconds: float) -> tuple[Job, list[Block]]:
    """A job of one block whose one record takes so many seconds."""
    path = folder / "one.fasta"
    path.write_text(">a\nACGT\n")
    job = Job(
        identifier=folder.name,
        stage=STAGES["slow"],
        given=Given(labels={"contigs": "one.fasta"}, options=HowToFail(seconds=seconds, flag=str(folder / "flag"))),
        records=RecordFiles({"contigs": "fasta"}, Totals(1, 4)),
        allowance=Allowance(threads=1, memory_mb=1000),
        outputs=("copy",),
        folder=str(folder),
    )
    return job, [Block((0,), 0, 1, 4, (ByteRange(str(path), 0, 0, path.stat().st_size, False),))]


def test_a_machine_without_java_is_told_so(
    run: Callable[..., Any], fasta: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(MetapipeError, match="METAPIPE-E302 no Java found: install Java 17"):
        run("identity", {"contigs": fasta(4)}, session="local", slots=2)


@pytest.mark.parametrize(
    ("does", "limit", "said"),
    [
        ("exit 1", 60.0, "Java ended before Spark was ready; its last words: .*no memory here"),
        ("exec sleep 60", 1.0, "Spark was not ready within 1 s; its last words: "),
    ],
)
def test_a_java_that_does_not_start_is_quoted(
    does: str,
    limit: float,
    said: str,
    run: Callable[..., Any],
    fasta: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").write_text(f"#!/bin/sh\necho 'no memory here' >&2\n{does}\n")
    (tmp_path / "bin" / "java").chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(jvm, "START_LIMIT", limit)
    with pytest.raises(MetapipeError, match=f"METAPIPE-E302 {said}"):
        run("identity", {"contigs": fasta(4)}, session="local", slots=2)


@pytest.mark.usefixtures("one_spark")
@pytest.mark.parametrize("blocks", [2, 7, pytest.param(64, marks=pytest.mark.slow)])
def test_any_cut_and_order_gives_the_same_bytes_in_spark(
    blocks: int, run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    """Blocks are begun in a shuffled order, on two slots, and end in whatever order they do."""
    path = fasta(100)
    once = run("counting", {"contigs": path})
    shuffled = {"order": lambda given: random.Random(blocks).sample(given, len(given))}
    ran = run("counting", {"contigs": path}, blocks=blocks, session="local", slots=2, **shuffled)
    assert ran.outputs == once.outputs
    assert ran.summary_bytes == once.summary_bytes


def test_the_class_data_archive_is_really_used(lasting_spark: SparkInTurn, tmp_path: Path) -> None:
    """With ``-Xshare:on`` the JVM refuses to start when it cannot map the archive it is given."""
    lasting_spark.end()  # this one is started otherwise
    archive = archive_path()
    assert archive is not None
    if not archive.is_file():
        assert local.prepare_archive(tmp_path) == archive
    assert f"-XX:SharedArchiveFile={archive}" in java_options(tmp_path)
    log = tmp_path / "cds.log"
    session = local.LocalSession(1, tmp_path, extra=("-Xshare:on", f"-Xlog:class+load:file={log}"))
    session.stop()
    loaded = log.read_text().splitlines()
    shared = sum("shared objects file (top)" in line for line in loaded)
    assert shared > 5000
    assert shared / sum("source:" in line for line in loaded) > 0.7
