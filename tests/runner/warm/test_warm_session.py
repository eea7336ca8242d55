"""Runs that borrow a warm session: same bytes, own surroundings, fair shares, true accounts."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from marked_program import allowed
from spent_seconds import WORDS, four_records, must_be_the_sum_of_our_tree_and_the_rows, spent_by, used_below
from warm_servers import WarmServer, start_server

from metapipe.errors import MetapipeError
from metapipe.runner.blocks.resources import SessionKind
from metapipe.runner.warm import protocol as warm_protocol
from metapipe.runner.warm import session as warm_session
from metapipe.runner.warm.protocol import (
    Ask,
    ConnectionLostError,
    Lost,
    own_identity,
    receive,
    receive_greeting,
    send,
    send_greeting,
)
from metapipe.runner.warm.session import ask_for_session, look_for_warm


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmServer]:
    server = start_server(tmp_path_factory.mktemp("warm"))
    yield server
    server.end()
    assert not server.socket.exists()


@pytest.fixture(autouse=True)
def socket_is_known(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "server" in request.fixturenames:
        monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(request.getfixturevalue("server").socket))
        # A run that may as well go on cold does, where this machine is too busy for an answer in two seconds.
        monkeypatch.setattr(warm_session, "ANSWER_LIMIT", warm_session.PATIENT_LIMIT)


# ------------------------------------------------------------------------------------------------------ results


@pytest.mark.parametrize("stage", ["identity", "counting", "pinned"])
def test_results_are_those_of_the_inline_session(
    server: WarmServer, stage: str, run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    path = fasta(40)
    inline = run(stage, {"contigs": path})
    warm = run(stage, {"contigs": path}, session="warm", slots=2, blocks=7)
    assert warm.result.report["session"] == "warm"
    assert warm.outputs == inline.outputs
    assert warm.summary_bytes == inline.summary_bytes


def test_pairs_and_poison_are_those_of_the_inline_session(
    server: WarmServer, run: Callable[..., Any], pairs: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    mates, path = pairs(20), fasta(40, poison=(17,))
    assert run("mates", mates, session="warm", slots=2, blocks=3).outputs == run("mates", mates).outputs
    ran = [
        run("poisoned", {"contigs": path}, how="segfault", session=session, slots=2, blocks=4)
        for session in ("warm", "inline")
    ]
    assert len({one.outputs["copy"] for one in ran}) == 1
    assert len({one.summary_bytes for one in ran}) == 1
    assert len({one.result.quarantine.read_bytes() for one in ran}) == 1


def test_a_real_stage_gives_the_bytes_of_the_inline_session(
    server: WarmServer, run: Callable[..., Any], tmp_path: Path
) -> None:
    contigs = tmp_path / "contigs.fasta"
    bases = "".join("ACGT"[(position * position // 7 + position // 3) % 4] for position in range(6000))
    contigs.write_text("".join(f">c{number}\n{bases[number * 37 :]}\n" for number in range(8)))
    stage = "metapipe.stages.genes.predict_genes:PredictGenes"
    inline = run(stage, {"contigs": contigs})
    warm = run(stage, {"contigs": contigs}, session="warm", slots=2, blocks=5)
    assert warm.result.report["session"] == "warm"
    assert warm.outputs == inline.outputs
    assert warm.summary_bytes == inline.summary_bytes


# ------------------------------------------------------------------------------------------------- surroundings


def test_nothing_of_the_server_or_of_another_run_is_seen_by_a_stage(
    server: WarmServer, run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, monkeypatch: Any
) -> None:
    """Environment, umask, folder, import path and loaded models are this run's own, as in a cold session."""
    path, flag = fasta(4), tmp_path / "setups"
    seen = []
    for word, umask, folder in (("one", 0o027, tmp_path), ("two", 0o077, Path("/"))):
        monkeypatch.setenv("ONLY_THE_CLIENT", word)
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.chdir(folder)
        before = os.umask(umask)
        try:
            arguments = {"how": "raise", "flag": str(flag)}
            inline = run("surrounded", {"contigs": path}, **arguments)
            flag.unlink()
            warm = run("surrounded", {"contigs": path}, session="warm", slots=1, blocks=2, **arguments)
        finally:
            os.umask(before)
        assert warm.outputs == inline.outputs
        assert b"ONLY_THE_SERVER': None" in warm.outputs["copy"]
        assert f" {umask:o} {folder} ".encode() in warm.outputs["copy"]
        assert flag.read_text().count("setup") >= 1
        seen.append(warm.outputs["copy"])
    assert seen[0] != seen[1]


def test_the_same_plan_run_again_loads_its_models_again(
    server: WarmServer, run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    """The models may point into the folder of the first run, which is gone."""
    path, flag = fasta(4), tmp_path / "setups"
    for count in (1, 2):
        run("surrounded", {"contigs": path}, session="warm", slots=1, blocks=1, how="raise", flag=str(flag))
        assert flag.read_text().count("setup") == count


# ----------------------------------------------------------------------------------------------------- sharing


def _most_at_once(rows: list[dict[str, Any]]) -> int:
    # A row's wall time is its block's alone; the start is stamped a little before.
    return max(sum(o["started"] <= r["started"] < o["started"] + o["wall"] for o in rows) for r in rows)


def test_a_run_never_has_more_blocks_at_work_than_slots(
    server: WarmServer, run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    one = run("burning", {"contigs": fasta(5)}, session="warm", slots=1, blocks=5, seconds=0.1)
    assert _most_at_once(one.result.report["attempts"]) == 1
    two = run("burning", {"contigs": fasta(6)}, session="warm", slots=2, blocks=6, seconds=0.3)
    assert _most_at_once(two.result.report["attempts"]) == 2


def test_a_small_run_does_not_wait_for_a_large_one(
    server: WarmServer, run: Callable[..., Any], fasta: Callable[..., Path], start: Callable[..., Any], tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    words = ["slow", "--contigs", fasta(30, name="large.fasta"), "--outdir", tmp_path / "large", "--flag", flag]
    large = start(*words, "--seconds", "0.4", "--blocks", "30", "--slots", "2", "--session", "warm")
    server.wait(lambda facts: any(client["running"] == 2 for client in facts["clients"]))
    run("identity", {"contigs": fasta(4)}, session="warm", slots=2, blocks=2)
    assert large.poll() is None
    assert len(flag.read_text().splitlines()) < 20
    _, errors = large.communicate(timeout=300)
    assert large.returncode == 0, errors


def test_core_seconds_of_a_warm_session_are_ours_and_those_of_its_workers(
    server: WarmServer, start: Callable[..., Any], tmp_path: Path
) -> None:
    before = used_below(server.process.pid)
    words = [
        "burning",
        "--contigs",
        four_records(tmp_path),
        "--outdir",
        tmp_path / "out",
        *WORDS,
        "--program",
        "--session",
        "warm",
    ]
    spent = spent_by(start(*words))
    of_the_server = used_below(server.process.pid) - before
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert report["session"] == "warm"
    in_rows = must_be_the_sum_of_our_tree_and_the_rows(report, spent)
    # The kernel's word on the workers; they also read and send, which no row can hold.
    assert in_rows == pytest.approx(of_the_server, rel=0.02, abs=0.3)


# -------------------------------------------------------------------------------------------------- going away


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("how", ["hang-in-program", "escape-and-hang"])
def test_the_blocks_of_a_run_that_is_killed_end_in_5_seconds_and_no_others(
    server: WarmServer,
    number: int,
    how: str,
    start: Callable[..., Any],
    fasta: Callable[..., Path],
    tmp_path: Path,
) -> None:
    flag = tmp_path / "flag"
    words = ["slow", "--contigs", fasta(8, name="other.fasta"), "--outdir", tmp_path / "other", "--flag", flag]
    other = start(*words, "--seconds", "0.3", "--blocks", "4", "--slots", "1", "--session", "warm")
    path = fasta(4, poison=(1, 2), name="doomed.fasta")
    seconds = f"{7000 + number}.0"
    words = ["poisoned", "--contigs", path, "--outdir", tmp_path / "doomed", "--how", how, "--seconds", seconds]
    doomed = start(*words, "--blocks", "1", "--slots", "1", "--session", "warm", "--max-quarantined", "9")

    def sleeping() -> list[psutil.Process]:
        return [process for process in server.below() if _words(process)[-1:] == [seconds]]

    _until(lambda: len(sleeping()) == 2, 90)
    doomed.send_signal(number)
    began = time.monotonic()
    _, errors = doomed.communicate(timeout=allowed(10))
    assert doomed.returncode == (-9 if number == signal.SIGKILL else 143), errors
    _until(lambda: not sleeping(), allowed(5) - (time.monotonic() - began))
    assert not (tmp_path / "doomed" / "copy.fasta").exists()
    server.wait(lambda facts: doomed.pid not in [client["pid"] for client in facts["clients"]], 5)
    _, errors = other.communicate(timeout=300)
    assert other.returncode == 0, errors
    assert (tmp_path / "other" / "copy.fasta").read_text().count("\n") == 8


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _until(holds: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# ------------------------------------------------------------------------------------------- who may, and if not


def test_the_session_is_chosen_by_itself_where_two_blocks_are_worth_it(
    server: WarmServer, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "contigs.fasta"
    path.write_text("".join(f">c{number}\n{'ACGT' * 100}\n" for number in range(20)))
    monkeypatch.setattr("stages_for_tests.Identity.rate", 500.0)  # 8,000 letters: 16 s by this reckoning
    ran = run("identity", {"contigs": path}, session="auto", slots=2, blocks=4)
    assert ran.result.report["session"] == "warm"
    assert "the warm session with 2 slots" in ran.result.report["plan"]["reason"]
    assert look_for_warm(None, 4).reason == "the warm session has 2 slots, this run 4"
    monkeypatch.setattr("stages_for_tests.Identity.rate", 1e6)
    assert run("identity", {"contigs": path}, session="auto", slots=2, blocks=4).result.report["session"] == "inline"


def test_a_run_of_another_version_goes_on_cold_and_says_why(
    server: WarmServer, run: Callable[..., Any], fasta: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {**own_identity(), "version": "0.0.1"}
    monkeypatch.setattr("metapipe.runner.warm.session.own_identity", lambda: other)
    monkeypatch.setattr(warm_protocol, "own_identity", lambda: other)
    offer = look_for_warm(None, 2)
    assert not offer
    assert "cannot be used: it is version" in offer.reason
    with pytest.raises(MetapipeError, match=r"METAPIPE-E320 .*it is version") as refused:
        run("identity", {"contigs": fasta(4)}, session="warm", slots=2, blocks=2)
    assert refused.value.exit_code == 69


def test_without_a_server_a_run_goes_on_cold_unless_it_insists(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(tmp_path / "nobody.sock"))
    monkeypatch.setattr("stages_for_tests.Identity.rate", 100.0)
    ran = run("identity", {"contigs": fasta(40)}, session="auto", slots=2, blocks=2)
    assert ran.result.report["session"] in ("inline", "local")
    assert "(not warm: no warm session server runs)" in ran.result.report["plan"]["reason"]
    with pytest.raises(MetapipeError, match="METAPIPE-E320 no warm session server runs"):
        run("identity", {"contigs": fasta(4)}, session="warm", slots=2)


def test_another_user_is_refused(server: WarmServer, tmp_path: Path) -> None:
    """The folder and the socket keep others out; opened by mistake, the server itself still does."""
    if os.getuid() == 0:
        knock = (
            "import os, socket, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "s = socket.socket(socket.AF_UNIX)\n"
            "try: s.connect(sys.argv[1]); print(s.recv(100))\n"
            "except PermissionError: print('kept out')"
        )
        words = ["/usr/bin/env", "python3", "-c", knock, str(server.socket)]
        assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "kept out\n"
        opened = [folder for folder in server.socket.parents if not folder.stat().st_mode & 0o001]
        modes = [folder.stat().st_mode for folder in opened]
        try:
            for path in (*opened, server.socket):
                path.chmod(0o777)
            assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "b''\n"
        finally:
            server.socket.chmod(0o600)
            for folder, mode in zip(opened, modes, strict=True):
                folder.chmod(mode)
        assert "of user 65534" in server.log
    assert server.socket.stat().st_mode & 0o777 == 0o600
    assert server.socket.parent.stat().st_mode & 0o777 == 0o700


def _false_server(path: Path, answer: Callable[[socket.socket], None]) -> threading.Thread:
    """A server that greets as it should and then does something else."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                receive_greeting(connection)
                facts = {"state": "ready", "slots": 2, "tag": "x", "identity": own_identity(), "pid": 1, "session": {}}
                send_greeting(connection, facts)
                assert isinstance(receive(connection), Ask)
                answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_session_lost_before_anything_began_is_replaced_by_a_cold_one(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, contigs = tmp_path / "s", fasta(40)
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(path))
    monkeypatch.setattr("stages_for_tests.Identity.rate", 50.0)
    thread = _false_server(path, lambda connection: send(connection, Lost("its Java process ended")))
    ran = run("identity", {"contigs": contigs}, session="auto", slots=2, blocks=3)
    thread.join()
    assert ran.result.report["session"] == "local"
    assert ran.outputs == run("identity", {"contigs": contigs}).outputs


def test_a_session_lost_with_blocks_begun_is_a_temporary_failure(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s"
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(path))
    thread = _false_server(path, lambda connection: send(connection, warm_protocol.Started((0,))))
    with pytest.raises(MetapipeError, match=r"METAPIPE-E601 the warm session was lost \(closed\)") as lost:
        run("identity", {"contigs": fasta(4)}, session="warm", slots=2, blocks=2)
    thread.join()
    assert lost.value.exit_code == 75


def test_a_server_that_is_slow_to_answer_is_waited_for_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_session, "ANSWER_LIMIT", 0.1)
    monkeypatch.setenv("METAPIPE_WARM_SOCKET", str(tmp_path / "s"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def answer_late() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    receive_greeting(connection)
                    time.sleep(0.5)
                    with contextlib.suppress(ConnectionLostError):  # the first gave up
                        send_greeting(
                            connection, {"state": "ready", "slots": 2, "tag": "x", "identity": own_identity()}
                        )

        answering = threading.Thread(target=answer_late)
        answering.start()
        assert "does not answer" in look_for_warm(None, 2).reason
        offer = look_for_warm(SessionKind.WARM, 2)
        assert offer
        offer.close()
        answering.join()


def test_a_server_that_does_not_answer_is_given_up_soon(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        began = time.monotonic()
        offer = ask_for_session(tmp_path / "s", 2)
        assert not offer
        assert "does not answer" in offer.reason
        assert time.monotonic() - began < allowed(10)
