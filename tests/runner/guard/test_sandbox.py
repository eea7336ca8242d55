"""What programs may see: nothing but the system's programs, this job's inputs and databases, and their own folder."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hostile_tool import TRIES

from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Database
from metapipe.runner.guard import sandbox

SECRET = "the-secret-of-the-cluster"


@pytest.fixture(autouse=True)
def _the_probe_is_made_anew() -> Iterator[None]:
    sandbox.bubblewrap.cache_clear()
    yield
    sandbox.bubblewrap.cache_clear()


class Listener:
    """TCP on every address, UDP with an answer, and an abstract socket; counts who came."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.tcp = socket.create_server(("0.0.0.0", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.name = f"metapipe-test-{os.getpid()}"
        self.abstract.bind("\0" + self.name)
        self.abstract.listen()
        self.threads = [
            threading.Thread(target=self.accept, args=(self.tcp, "tcp")),
            threading.Thread(target=self.accept, args=(self.abstract, "abstract")),
            threading.Thread(target=self.answer),
        ]
        for thread in self.threads:
            thread.start()

    def accept(self, server: socket.socket, kind: str) -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            line.close()
            self.came.append(kind)

    def answer(self) -> None:
        while True:
            said, address = self.udp.recvfrom(100)
            if said == b"end":
                return
            self.came.append("udp")
            self.udp.sendto(b"me", address)

    def close(self) -> None:
        self.udp.sendto(b"end", self.udp.getsockname())
        for server in (self.tcp, self.abstract):
            server.shutdown(socket.SHUT_RDWR)
            server.close()
        for thread in self.threads:
            thread.join()
        self.udp.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "300"])
    yield process
    process.kill()
    process.wait()


def another_address() -> str:
    found = [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family == socket.AF_INET and not entry.address.startswith("127.")
    ]
    return found[0] if found else "127.0.0.2"


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder not below /tmp, of which programs have their own."""
    folder = Path(tempfile.mkdtemp(prefix="metapipe-test-", dir="/var/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def attack(
    run: Callable[..., Any],
    place: Path,
    listener: Listener,
    victim: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], dict[str, str]]:
    """Run the hostile tool: its tries and what became of each."""
    home, database = place / "home" / "user", place / "db"
    home.mkdir(parents=True)
    database.mkdir()
    for path in (home / "key", database / "content", place / "other-job.fasta", place / "secret"):
        path.write_text(SECRET)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("METAPIPE_SPARK_SECRET_FILE", SECRET)
    monkeypatch.setenv("GALAXY_API_KEY", SECRET)
    contigs = place / "contigs.fasta"
    contigs.write_text(">a\nACGT\n")
    (place / "other").mkdir()
    port = listener.tcp.getsockname()[1]
    targets = {
        "tcp to loopback": ["127.0.0.1", port],
        "tcp to another address": [another_address(), port],
        "udp": list(listener.udp.getsockname()),
        "abstract socket": listener.name,
        "file of another job": str(place / "other-job.fasta"),
        "folder of another job": str(place / "other"),
        "passwords": "/etc/shadow",
        "home": str(home),
        "secret file": str(place / "secret"),
        "secret in the environment": "METAPIPE_SPARK_SECRET_FILE",
        "key of Galaxy in the environment": "GALAXY_API_KEY",
        "secret in other processes": SECRET,
        "database": str(database / "content"),
        "input": str(contigs),
        "beside the input": str(place / "planted"),
        "kernel switch": "/proc/sys/kernel/core_pattern",
        "trace": victim.pid,
        "kill": victim.pid,
        "daemon": str(place / "daemon-was-here"),
    }
    folder = place / "run-1"

    def go() -> dict[str, str]:
        ran = run(
            "hostile_stages:Attacking",
            {"contigs": contigs},
            targets=json.dumps(targets),
            databases={"db": Database("db", "1", "test", database, "0")},
            folder=folder,
        )
        rows = [line.split("\t") for line in ran.outputs["tries"].decode().splitlines()]
        assert [row[0] for row in rows] == list(TRIES)
        return {row[0]: row[1] for row in rows}

    return go


def test_a_hostile_tool_is_refused_everything(
    attack: Callable[[], dict[str, str]],
    listener: Listener,
    victim: subprocess.Popen[bytes],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its daemon is gone, too: the autouse fixture of this folder fails on any process left."""
    monkeypatch.setenv(sandbox.VARIABLE, "require")
    assert attack() == dict.fromkeys(TRIES, "refused")
    assert listener.came == []
    assert victim.poll() is None
    assert (place / "db" / "content").read_text() == SECRET
    assert not (place / "planted").exists()
    assert (place / "contigs.fasta").read_text() == ">a\nACGT\n"
    told = json.loads((place / "run-1" / "report.json").read_text())["session_facts"]["sandbox"]
    assert told["policy"] == "require"
    assert told["program"].startswith("bubblewrap")


def test_without_the_sandbox_the_same_tool_succeeds(
    attack: Callable[[], dict[str, str]],
    listener: Listener,
    victim: subprocess.Popen[bytes],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So the test above can fail."""
    monkeypatch.setenv(sandbox.VARIABLE, "off")
    found = attack()
    # What only an administrator may do shows nothing when the tests are not run by one.
    privileged = set() if os.geteuid() == 0 else {"passwords", "kernel switch", "trace"}
    assert {name for name, result in found.items() if result == "refused"} <= privileged
    assert sorted(set(listener.came)) == ["abstract", "tcp", "udp"]
    assert victim.wait(10) == -15
    assert (place / "planted").exists()


@pytest.mark.parametrize(("policy", "expected"), [("auto", b"refused refused\n"), ("off", b"done done\n")])
def test_a_stage_without_programs_has_no_network_either(
    policy: str, expected: bytes, run: Callable[..., Any], fasta: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sandbox.VARIABLE, policy)
    assert run("hostile_stages:Calling", {"contigs": fasta(2)}).outputs["tries"] == 2 * expected


# ------------------------------------------------------------------------------------------- where it cannot be had


def fake_bubblewrap(folder: Path) -> str:
    """A PATH on which bubblewrap is installed but forbidden."""
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    return os.pathsep.join([str(folder), os.environ["PATH"]])


def test_a_machine_that_forbids_it_is_said_so_and_the_run_goes_on_without_network(
    program: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    environment = {"PATH": fake_bubblewrap(tmp_path / "bin"), sandbox.VARIABLE: ""}
    path = fasta(3, poison=(1,))
    ended = program(
        *("misbehaving", "--contigs", path, "--how", "daemon"),
        environment=environment,
        script="cli_with_hostile_stages.py",
    ).wait()
    assert ended.process.returncode == 0, ended.errors
    (line,) = [line for line in ended.errors.splitlines() if line.startswith("METAPIPE-W304")]
    assert "No permissions to create new namespace" in line
    told = ended.report()["session_facts"]["sandbox"]
    assert (told["policy"], told["program"]) == ("auto", None)
    assert "No permissions" in told["reason"]
    ended.must_be_gone()


def test_a_required_sandbox_that_cannot_be_had_ends_the_run_before_anything_starts(
    program: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    environment = {"PATH": fake_bubblewrap(tmp_path / "bin"), sandbox.VARIABLE: "require"}
    ended = program("identity", "--contigs", fasta(3), environment=environment).wait()
    ended.must_fail("E304", "the sandbox is required .METAPIPE_SANDBOX. but not available: .*No permissions")
    assert ended.report()["attempts"] == []


def test_an_unknown_policy_is_refused(
    run: Callable[..., Any], fasta: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sandbox.VARIABLE, "maybe")
    with pytest.raises(MetapipeError, match="METAPIPE-E701 METAPIPE_SANDBOX: expected one of require, auto, off"):
        run("identity", {"contigs": fasta(3)})


@pytest.mark.parametrize(
    ("job", "host", "expected"),
    [("auto", "require", "require"), ("off", "require", "require"), ("off", "", "off"), ("require", "off", "require")],
)
def test_a_host_can_only_be_stricter_than_the_job(job: str, host: str, expected: str) -> None:
    assert sandbox.on_this_host(sandbox.Policy(job), {sandbox.VARIABLE: host}) == expected


# --------------------------------------------------------------------------------------------- what must stay possible


def inside(words: list[str], room: sandbox.Room, **environment: str) -> subprocess.CompletedProcess[bytes]:
    argv = sandbox.command(words, room, room.scratch, 2)
    return subprocess.run(argv, capture_output=True, env={"PATH": os.environ["PATH"], **environment}, check=False)


@pytest.fixture
def room(tmp_path: Path) -> sandbox.Room:
    (tmp_path / "scratch").mkdir()
    return sandbox.Room((), (tmp_path / "scratch",), tmp_path / "scratch")


def test_temporary_files_and_shared_memory_lie_on_the_disk_with_the_other_files(room: sandbox.Room) -> None:
    assert inside(["/bin/sh", "-c", "echo a >/tmp/file; echo b >/dev/shm/file"], room).returncode == 0
    assert (room.scratch / ".tmp" / "file").read_text() == "a\n"
    assert (room.scratch / ".shm" / "file").read_text() == "b\n"


def test_the_python_that_runs_us_and_its_packages_can_be_used(room: sandbox.Room) -> None:
    done = inside([sys.executable, "-c", "import numpy; print(numpy.arange(3).sum())"], room)
    assert done.stdout == b"3\n"


def test_a_program_of_an_environment_elsewhere_sees_that_environment_and_not_what_lies_beside(
    room: sandbox.Room, tmp_path: Path
) -> None:
    prefix = tmp_path / "elsewhere" / "env"
    for name in ("bin", "share", "conda-meta"):
        (prefix / name).mkdir(parents=True)
    (prefix / "share" / "table").write_text("a table\n")
    (prefix.parent / "private").write_text("no")
    tool = prefix / "bin" / "tool"
    tool.write_text(f"#!/bin/sh\ncat {prefix}/share/table; ls {prefix.parent}\n")
    tool.chmod(0o755)
    assert inside([str(tool)], room).stdout == b"a table\nenv\n"


def test_a_program_in_a_home_folder_does_not_open_the_home(
    room: sandbox.Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "key").write_text("private")
    tool = home / "bin" / "tool"
    tool.write_text(f"#!/bin/sh\nls {home}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    assert inside([str(tool)], room).stdout == b"bin\n"


def test_only_what_a_program_needs_is_in_its_environment(tmp_path: Path) -> None:
    given = {"PATH": "/bin", "OMP_NUM_THREADS": "2", "GALAXY_API_KEY": "x", "METAPIPE_SPARK_SECRET_FILE": "y"}
    expected = {"PATH": "/bin", "OMP_NUM_THREADS": "2", "LC_ALL": "C", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    assert sandbox.environment_inside(given, tmp_path) == expected


def test_a_database_of_links_can_be_read_where_the_links_lead(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "big").touch()
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "big").symlink_to("../store/big")
    assert sandbox.with_targets([tmp_path / "db"]) == (tmp_path / "db", tmp_path / "store" / "big")
