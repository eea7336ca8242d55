"""A rerun after a dead driver does only what is missing; anything changed starts anew."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from marked_program import allowed

from metapipe.errors import MetapipeError
from metapipe.runner.run import workfolder


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def parts_in(workdir: Path) -> int:
    return sum(1 for _ in workdir.glob("*/parts/*"))


@pytest.mark.parametrize("session", ["inline", "local"])
def test_after_kill_9_of_the_driver_only_missing_blocks_run(
    session: str, start: Callable[..., Any], run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    path, log, out = fasta(8), tmp_path / "log", tmp_path / "out"
    words = ["slow", "--contigs", path, "--outdir", out, "--flag", log, "--seconds", "0.6", "--blocks", "8"]
    words += ["--slots", "2", "--session", session]
    driver = start(*words)
    wait_until(lambda: parts_in(out / ".metapipe-work") >= 3)
    below = psutil.Process(driver.pid).children(recursive=True)
    driver.kill()
    driver.communicate()
    _, alive = psutil.wait_procs(below, timeout=allowed(20))
    assert not alive
    done = parts_in(out / ".metapipe-work")
    assert 3 <= done < 8
    log.unlink()
    again = start(*words)
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert 8 - done == len(log.read_text().splitlines())
    report = json.loads((out / "run_report.json").read_text())
    assert sum(row["kept"] for row in report["attempts"]) == done == report["totals"]["kept"]
    expected = run("slow", {"contigs": path}, flag=str(log), seconds=0.0).outputs["copy"]
    assert (out / "copy.fasta").read_bytes() == expected
    assert not (out / ".metapipe-work").exists()


@pytest.fixture
def failed(run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path) -> Callable[..., int]:
    """Fail at record 5 of 12 in 4 blocks, then run again with changes; returns how many blocks were kept."""

    def go(**changes: Any) -> int:
        folder, side = tmp_path / "out", tmp_path / "side"
        side.write_text("side")
        inputs = {"contigs": fasta(12, poison=(5,))}
        common = {"blocks": 4, "folder": folder, "side": {"table": [side]}}
        log = str(tmp_path / "log")
        with pytest.raises(MetapipeError):
            run("poisoned", inputs, flag=log, how="exit", max_quarantined=0, **{**common, "side": {}})
        before = changes.pop("before", None)
        if before is not None:
            before()
        how = {"how": "exit", "flag": log, **changes}
        return int(run("poisoned", inputs, **{**common, "side": {}, **how}).result.report["totals"]["kept"])

    return go


def test_a_failed_run_is_taken_up_where_it_ended(failed: Callable[..., int]) -> None:
    assert failed() == 3


def test_a_changed_option_starts_anew(failed: Callable[..., int]) -> None:
    assert failed(how="signal") == 0


def test_a_changed_cut_starts_anew(failed: Callable[..., int]) -> None:
    assert failed(blocks=5) == 0


def test_a_changed_input_starts_anew(failed: Callable[..., int], tmp_path: Path) -> None:
    def change() -> None:
        path = tmp_path / "contigs.fasta"
        path.write_text(path.read_text().replace("number 0", "number Q"))

    assert failed(before=change) == 0


def test_a_changed_version_of_the_program_starts_anew(
    failed: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    import stages_for_tests

    def change() -> None:
        monkeypatch.setattr(stages_for_tests.Poisoned, "tool_versions", lambda self: {"tool": "2"})

    assert failed(before=change) == 0


def test_a_changed_database_or_side_file_starts_anew(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    from metapipe.runner.declare.elements import Database

    seen = set()
    for text, digest in (("a", "1"), ("b", "1"), ("b", "2")):
        (tmp_path / "side").write_text(text)
        database = Database("d", "1", "diamond", tmp_path, digest)
        ran = run("side", {"contigs": fasta(1)}, side={"table": [tmp_path / "side"]}, databases={"x": database})
        seen.add(ran.result.report["plan_hash"])
    assert len(seen) == 3


def test_a_part_that_lost_bytes_is_made_again(
    run: Callable[..., Any], failed: Callable[..., int], tmp_path: Path
) -> None:
    def damage() -> None:
        part = next((tmp_path / "out" / ".work").glob("*/parts/000000/copy"))
        part.write_bytes(part.read_bytes()[:-1])

    assert failed(before=damage) == 2


def test_a_part_damaged_in_place_is_made_again(failed: Callable[..., int], tmp_path: Path) -> None:
    """Same size, same time, one letter changed: only its checksum tells."""

    def damage() -> None:
        part = next((tmp_path / "out" / ".work").glob("*/parts/000000/copy"))
        times = part.stat()
        content = bytearray(part.read_bytes())
        content[-2] ^= 1
        part.write_bytes(content)
        os.utime(part, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert failed(before=damage) == 2


def test_a_part_whose_row_is_damaged_is_made_again(failed: Callable[..., int], tmp_path: Path) -> None:
    """The row holds the notes that become the summary."""

    def damage() -> None:
        row = next((tmp_path / "out" / ".work").glob("*/parts/000000/.attempt.json"))
        row.write_bytes(row.read_bytes().replace(b'"bases": ', b'"bases": 1', 1))

    assert failed(before=damage) == 2


def test_a_new_version_of_the_stage_starts_anew(failed: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    import stages_for_tests

    assert failed(before=lambda: monkeypatch.setattr(stages_for_tests.Poisoned, "version", "2")) == 0


def test_a_new_version_of_the_package_starts_anew(failed: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    from metapipe.runner.run import identity as run_identity

    assert failed(before=lambda: monkeypatch.setattr(run_identity, "__version__", "99")) == 0


def test_another_binary_of_the_same_version_starts_anew(
    failed: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import stages_for_tests

    binary = tmp_path / "bin" / "rebuilt"
    binary.parent.mkdir()
    binary.write_text("#!/bin/sh\necho 1.0\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{binary.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(stages_for_tests.Poisoned, "programs", {"rebuilt": "none"})
    assert failed(before=lambda: binary.write_text("#!/bin/sh\necho 1.0 # other flags\n") and None) == 0


@pytest.mark.parametrize(
    "changes", [{"slots": 4}, {"session": "local", "slots": 2}, {"timeout": 99.0}, {"memory_mb": 99}]
)
def test_what_no_result_depends_on_does_not_start_anew(changes: dict[str, Any], failed: Callable[..., int]) -> None:
    """Slots matter only through the cut: where it is the same, so are the parts."""
    assert failed(**changes) == 3


def test_the_sandbox_policy_does_not_start_anew(failed: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(before=lambda: monkeypatch.setenv("METAPIPE_SANDBOX", "off")) == 3


@pytest.mark.parametrize("session", ["inline", "local"])
def test_after_sigterm_only_missing_blocks_run(
    session: str, program: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    words = ["slow", "--contigs", fasta(8), "--flag", tmp_path / "log", "--seconds", "0.6", "--blocks", "8"]
    words += ["--slots", "2", "--session", session]
    first = program(*words)
    wait_until(lambda: len(first.parts()) >= 3)
    first.process.terminate()
    first.wait()
    assert first.process.returncode == 143
    assert first.errors.splitlines()[0].startswith("ended from outside; run the same command again")
    first.must_be_gone()
    first.must_have_no_output()
    kept = len(first.parts())
    assert 3 <= kept < 8
    told = program(*words).wait().must_succeed({"copy.fasta": b"".join(b"contig_%d\n" % n for n in range(8))})
    assert told["totals"]["kept"] == kept


def test_two_drivers_of_one_job_do_not_share_a_folder(
    start: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    words = ["held", "--contigs", fasta(8), "--outdir", tmp_path / "out", "--flag", tmp_path / "log", "--blocks", "8"]
    first = start(*words)
    wait_until(lambda: any((tmp_path / "out" / ".metapipe-work").glob("held-*/lock")))
    second = start(*words)
    _, errors = second.communicate()
    assert second.returncode == 75
    assert errors.startswith("METAPIPE-E601 held-")
    assert errors.count("\n") == 1
    (tmp_path / "log.go").touch()
    _, errors = first.communicate()
    assert first.returncode == 0, errors


def test_what_dead_runs_left_is_removed_and_what_live_ones_use_is_not(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    work = tmp_path / "out" / ".work"
    for name in ("run-dead", "identity-dead", "counting-dead"):
        (work / name).mkdir(parents=True)
        (work / name / "lock").touch()
        (work / name / "large.spooled").touch()
    with workfolder.own_folder(work) as own, workfolder.job_folder(work, "identity", "live") as live:
        assert not (work / "run-dead").exists()
        run("identity", {"contigs": fasta(3)}, folder=tmp_path / "out")
        # The failed run of another stage may still be taken up.
        assert sorted(path.name for path in work.iterdir()) == sorted(["counting-dead", own.name, live.name])


#: In Spark, SIGTERM comes to the runs above.
@pytest.mark.parametrize(
    ("session", "number"), [("inline", signal.SIGINT), ("inline", signal.SIGTERM), ("local", signal.SIGINT)]
)
def test_an_interrupted_run_ends_everything_it_started(
    session: str, number: int, start: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    words = ["poisoned", "--contigs", fasta(4, poison=(0, 1, 2, 3)), "--outdir", tmp_path / "out", "--how"]
    words += ["hang-in-program", "--flag", tmp_path / "log", "--session", session, "--blocks", "2", "--slots", "2"]
    driver = start(*words)
    wait_until((tmp_path / "log").exists)
    below = psutil.Process(driver.pid).children(recursive=True)
    os.kill(driver.pid, number)
    _, errors = driver.communicate()
    assert driver.returncode == (130 if number == signal.SIGINT else 143)
    assert "run the same command again" in errors.splitlines()[0]
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(below, timeout=allowed(1))
    assert not alive
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["run_report.json"]
