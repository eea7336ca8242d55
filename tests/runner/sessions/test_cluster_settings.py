"""What the environment says of a cluster, what that means to Spark, and what is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stages_for_tests import STAGES

from metapipe.cli import run as command
from metapipe.errors import MetapipeError
from metapipe.runner.attempt.shared_folders import check_host, database_sizes
from metapipe.runner.attempt.task import Job, RecordFiles
from metapipe.runner.blocks.block import Block, ByteRange
from metapipe.runner.declare.elements import Database, Totals
from metapipe.runner.declare.given import Given
from metapipe.runner.guard.limits import Allowance
from metapipe.runner.sessions.cluster import cluster_from
from metapipe.runner.sessions.cluster_secret import read_secret
from metapipe.runner.sessions.masters import Refusals, check_masters, refusal
from metapipe.runner.sessions.spark_properties import read_properties


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("0123456789abcdef" * 4 + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def environment(secret: Path) -> dict[str, str]:
    return {
        "METAPIPE_SPARK_MASTER": "spark://one.example:7077,two:7078",
        "METAPIPE_SPARK_CORES": "16",
        "METAPIPE_SPARK_EXECUTOR_CORES": "4",
        "METAPIPE_SPARK_SECRET_FILE": str(secret),
        "METAPIPE_SPARK_DRIVER_HOST": "198.51.100.7",
    }


def test_no_master_is_no_cluster() -> None:
    assert cluster_from({}) is None
    assert cluster_from({"METAPIPE_SPARK_MASTER": " "}) is None


def test_a_cluster_is_closed_and_has_the_shape_asked_for(environment: dict[str, str]) -> None:
    cluster = cluster_from(environment)
    assert cluster is not None
    assert cluster.masters == (("one.example", 7077), ("two", 7078))
    settings = cluster.settings(2)
    assert settings["spark.authenticate"] == settings["spark.network.crypto.enabled"] == "true"
    assert settings["spark.io.encryption.enabled"] == "true"
    assert settings["spark.authenticate.secret"] == "0123456789abcdef" * 4
    assert settings["spark.driver.host"] == settings["spark.driver.bindAddress"] == "198.51.100.7"
    assert (settings["spark.cores.max"], settings["spark.executor.cores"], settings["spark.task.cpus"]) == (
        "16",
        "4",
        "2",
    )


def test_cores_of_a_block_follow_from_its_memory_and_fat_blocks_take_an_executor(environment: dict[str, str]) -> None:
    cluster = cluster_from(environment)
    assert cluster is not None
    assert cluster.cores_per_block(memory_mb=1, per_node=False) == 1
    assert cluster.cores_per_block(memory_mb=2049, per_node=False) == 2
    assert cluster.cores_per_block(memory_mb=1, per_node=True) == 4
    assert [cluster.slots(cores) for cores in (1, 2, 3, 4)] == [16, 8, 4, 4]
    with pytest.raises(MetapipeError, match="METAPIPE-E702 a block needs 9000 MB"):
        cluster.cores_per_block(memory_mb=9000, per_node=False)


@pytest.mark.parametrize("url", ["k8s://https://kube.example:6443", "yarn"])
def test_other_cluster_managers_are_taken_by_configuration_alone(url: str, tmp_path: Path) -> None:
    properties = tmp_path / "spark.conf"
    properties.write_text(
        "# image of the executors\nspark.kubernetes.container.image = metapipe:1\n\nspark.app.tag x y\n"
    )
    cluster = cluster_from(
        {
            "METAPIPE_SPARK_MASTER": url,
            "METAPIPE_SPARK_CORES": "8",
            "METAPIPE_SPARK_PROPERTIES": str(properties),
        }
    )
    assert cluster is not None
    settings = cluster.settings(1)
    assert settings["spark.master"] == url
    assert settings["spark.kubernetes.container.image"] == "metapipe:1"
    assert settings["spark.app.tag"] == "x y"
    assert settings["spark.authenticate"] == "true"
    assert "spark.driver.host" not in settings
    assert "spark.authenticate.secret" not in settings
    check_masters(cluster.masters)


def test_where_there_is_no_master_none_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(*_: object) -> None:
        pytest.fail("waited for nobody")

    monkeypatch.setattr("threading.Event.wait", wait)
    check_masters(())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"MASTER": "http://one:7077"}, r"METAPIPE-E702 METAPIPE_SPARK_MASTER, expected spark://host:port"),
        ({"MASTER": "spark://one"}, r"METAPIPE-E702 METAPIPE_SPARK_MASTER"),
        ({"MASTER": "spark://one:70777"}, r"METAPIPE-E702 METAPIPE_SPARK_MASTER"),
        ({"MASTER": "local[4]"}, r"METAPIPE-E702 METAPIPE_SPARK_MASTER"),
        ({"CORES": "many"}, r"METAPIPE-E702 METAPIPE_SPARK_CORES, expected a whole number from 1, found 'many'"),
        ({"CORES": ""}, r"METAPIPE-E702 METAPIPE_SPARK_CORES, expected the number of cores"),
        ({"EXECUTOR_CORES": "17"}, r"METAPIPE-E702 METAPIPE_SPARK_EXECUTOR_CORES, expected at most"),
        ({"WAIT": "-1"}, r"METAPIPE-E702 METAPIPE_SPARK_WAIT"),
        ({"SECRET_FILE": ""}, r"METAPIPE-E311 METAPIPE_SPARK_SECRET_FILE is not set"),
        ({"SECRET_FILE": "/nowhere/at/all"}, r"METAPIPE-E311 all: the secret of the cluster cannot be read \(No such"),
        ({"PROPERTIES": "/nowhere/at/all"}, r"METAPIPE-E702 all: METAPIPE_SPARK_PROPERTIES cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    environment: dict[str, str], change: dict[str, str], message: str
) -> None:
    with pytest.raises(MetapipeError, match=message):
        cluster_from(environment | {f"METAPIPE_SPARK_{name}": value for name, value in change.items()})


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("0123456789abcdef" * 4, 0o640, "is open to others, expected mode 0600, found '0640'"),
        ("short", 0o600, "is not one word of 32 letters"),
        ("0123456789abcdef " * 4, 0o600, "is not one word of 32 letters"),
        ("é" * 40, 0o600, "cannot be read \\(not ASCII text\\)"),
    ],
)
def test_a_secret_that_is_none_is_refused(tmp_path: Path, content: str, mode: int, message: str) -> None:
    path = tmp_path / "secret"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(MetapipeError, match=f"METAPIPE-E311 secret: the secret of the cluster {message}"):
        read_secret(path)


def test_a_secret_of_another_user_is_refused(secret: Path) -> None:
    os.chown(secret, 12345, -1)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E311 secret: .* belongs to another user"):
        read_secret(secret)


@pytest.mark.parametrize(
    "name", ["spark.authenticate", "spark.network.crypto.enabled", "spark.master", "spark.task.cpus"]
)
def test_a_properties_file_cannot_open_the_cluster(tmp_path: Path, name: str) -> None:
    (tmp_path / "p").write_text(f"spark.a.b c\n{name} false\n")
    with pytest.raises(MetapipeError, match=rf"METAPIPE-E702 p line 2: {name} is set by META-pipe itself"):
        read_properties(tmp_path / "p")
    (tmp_path / "p").write_text("nonsense\n")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 p line 1: expected 'spark.name value', found 'nonsense'"):
        read_properties(tmp_path / "p")


def test_a_log_whose_reason_is_still_to_come_says_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(9))
    monkeypatch.setattr("time.monotonic", lambda: next(seconds) / 2)
    log, refusals = "WARN: Failed to connect to master h:7077", Refusals()
    assert [refusals.look(log), refusals.look(log)] == ["", ""]
    assert "refuses our secret" in refusals.look(f"{log}\nCaused by: java.lang.SecurityException: AuthEngine")
    assert [refusals.look(log), refusals.look(log)] == ["", ""]
    assert "does not talk to us" in refusals.look(log)  # a second later it is as it was


def test_a_silent_log_is_no_refusal() -> None:
    assert refusal("Spark WARN: something else about authentication") == ""


def test_a_new_secret_is_closed_and_never_written_over_an_old_one(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    assert command(["cluster", "secret", str(file)]) == 0
    first = read_secret(file)
    assert len(first) == 64
    with pytest.raises(MetapipeError, match=r"METAPIPE-E501 secret: cannot make the secret \(File exists\)"):
        command(["cluster", "secret", str(file)])
    assert read_secret(file) == first


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["master", "--host", "192.0.2.77"], "METAPIPE-E701 cannot listen on 192.0.2.77"),
        (
            ["worker", "spark://127.0.0.1:1"],
            r"METAPIPE-E303 the Spark master cannot be reached \(127.0.0.1:1 Connection",
        ),
        (["worker", "nonsense"], "METAPIPE-E702 the master's address, expected spark://host:port"),
    ],
)
def test_a_daemon_that_cannot_start_says_why(secret: Path, words: list[str], message: str) -> None:
    with pytest.raises(MetapipeError, match=message):
        command(["cluster", *words, "--secret-file", str(secret)])


def test_a_daemon_does_not_start_without_a_secret(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E701 .*--secret-file"):
        command(["cluster", "master"])
    with pytest.raises(MetapipeError, match="METAPIPE-E311 none: the secret of the cluster cannot be read"):
        command(["cluster", "master", "--secret-file", str(tmp_path / "none")])


def test_a_cluster_session_without_a_cluster_is_refused(run: Callable[..., Any], fasta: Callable[..., Path]) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E702 METAPIPE_SPARK_MASTER is not set"):
        run("identity", {"contigs": fasta(4)}, session="cluster")


def test_little_work_stays_here_even_where_there_is_a_cluster(
    run: Callable[..., Any],
    fasta: Callable[..., Path],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ran = run("identity", {"contigs": fasta(4)}, session="auto", slots=1)
    assert ran.result.report["session"] == "inline"
    assert ran.result.report["slots"] == 1


@pytest.fixture
def remote(tmp_path: Path) -> tuple[Job, Block, Database]:
    """A job whose driver has seen a database of two files."""
    database = tmp_path / "database"
    database.mkdir()
    (database / "a.hmm").write_text("profile")
    (database / "manifest.json").write_text(json.dumps({}))
    found = Database("pfam", "36", "hmm", database, "0")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "lock").touch()
    (tmp_path / "in.fasta").write_text(">a\nA\n")
    job = Job(
        identifier=str(tmp_path),
        stage=STAGES["identity"],
        given=Given(databases={"hmm": found}),
        records=RecordFiles({"contigs": "fasta"}, Totals(1, 1)),
        allowance=Allowance(threads=1, memory_mb=1),
        outputs=("copy",),
        folder=str(tmp_path / "job"),
        database_sizes=database_sizes({"hmm": found}),
    )
    return job, Block((0,), 0, 1, 1, (ByteRange(str(tmp_path / "in.fasta"), 0, 0, 5, False),)), found


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("database/a.hmm", "METAPIPE-E203 database pfam:36 is not whole on host"),
        ("database", "METAPIPE-E202 database pfam:36 is not there on host"),
        ("job/lock", "METAPIPE-E312 the working folder of the run is not there on host"),
        ("in.fasta", "METAPIPE-E312 in.fasta: the input is not there on host"),
    ],
)
def test_a_host_that_lacks_something_is_named(
    remote: tuple[Job, Block, Database], tmp_path: Path, damage: str, message: str
) -> None:
    job, block, _ = remote
    target = tmp_path / damage
    if damage == "database":
        target.rename(tmp_path / "away")
    else:
        target.unlink()
    with pytest.raises(MetapipeError, match=message):
        check_host(job, block)


def test_a_host_that_has_everything_is_taken(remote: tuple[Job, Block, Database]) -> None:
    check_host(*remote[:2])
