"""What `scripts/lab nfs` says without a machine, and that its probes notice what they are there for."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab_machines import command, emulated, nfs, nfs_probe, place
from lab_machines.nfs_proofs import FailedError, expect


@contextmanager
def probing(what: str, folder: Path, count: int) -> Iterator[subprocess.Popen[str]]:
    """A probe that runs on this machine."""
    words = [sys.executable, str(nfs_probe.__file__), what, str(folder), str(count)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.communicate()


def test_without_qemu_one_line_names_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in place.PROGRAMS:
        (tmp_path / name).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(place.os, "geteuid", lambda: 0)
    assert command.main(["nfs"]) == 69
    assert capsys.readouterr().err == (
        "METAPIPE-E301 not installed: qemu-system-x86; run: apt-get install qemu-system-x86\n"
    )


def test_a_second_run_at_the_same_time_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated, "IMAGES", tmp_path)
    (tmp_path / "run").mkdir()
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(place.RefusedError, match=r"^METAPIPE-E701 scripts/lab nfs runs already"), nfs.alone():
            pass
    assert (tmp_path / "run").is_dir()


def test_disks_and_keys_go_with_a_run_and_its_logs_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated, "IMAGES", tmp_path)
    with nfs.alone() as folder:
        for name in ("head.img", "worker1.img", "key", "console.log"):
            (folder / name).touch()
    assert [path.name for path in folder.iterdir()] == ["console.log"]


def test_a_proof_that_does_not_hold_is_counted_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    told = nfs.Told()

    def fails() -> str:
        expect("owner", "galaxy", "root")
        return "unreachable"

    assert told.prove("holds", lambda: "seen")
    assert not told.prove("fails", fails)
    assert (told.tried, told.failed) == (2, ["fails"])
    lines = [line.split(" s  ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["ok      holds: seen", "FAILED  fails: owner: expected galaxy, found root"]


def test_what_is_left_and_what_is_missing_on_a_machine_is_named() -> None:
    found = nfs.left({"head": {"a", "b"}, "worker1": {"c"}}, {"head": {"a", "d"}, "worker1": {"c"}})
    assert found == ["head: + d", "head: - b"]
    with pytest.raises(FailedError, match=r"^expected nothing, found head: \+ d; head: - b$"):
        nfs.nothing(found)


def test_a_follower_sees_every_replacement_whole_and_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nfs_probe.replace(str(tmp_path), 0)
    with probing("replace", tmp_path, 5):
        nfs_probe.follow(str(tmp_path), 5)
    assert capsys.readouterr().out.splitlines()[-1].startswith("followed 5 ")


def test_a_follower_notices_a_version_that_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "answer").write_bytes(nfs_probe.content(3)[:-1])
    with pytest.raises(ValueError, match="not whole"):
        nfs_probe.follow(str(tmp_path), 3)


def test_parts_are_committed_once_and_collected_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with probing("commit", tmp_path, 4):
        nfs_probe.collect(str(tmp_path), 4)
    assert capsys.readouterr().out == "collected 4\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"part-00{k}" for k in range(4)]


def test_a_collector_notices_a_part_that_is_another_ones(tmp_path: Path) -> None:
    nfs_probe.commit(str(tmp_path), 1)
    (tmp_path / "part-000" / "row").write_text("7\n")
    with pytest.raises(ValueError, match="another one's"):
        nfs_probe.collect(str(tmp_path), 1)


def test_both_kinds_of_locks_are_seen_while_somebody_holds_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with probing("hold", tmp_path, 0) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "holds\n"
        nfs_probe.ask(str(tmp_path), 0)
    nfs_probe.ask(str(tmp_path), 0)
    assert capsys.readouterr().out == "held held\nfree free\n"
