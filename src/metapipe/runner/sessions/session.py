"""Where blocks run: in this process's children (inline) or in a Spark application on this host or a cluster.

The only module that imports pyspark, and only when a Spark session is really started. Spark is sent descriptors and
returns rows; it never sees a sequence. A cold start is engineered: serial collector, first-tier compiler only, a
class-data archive made at installation, no web UI (measured: 12.3 CPU-s by default, 2.9 so).
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import Attempt, end_setup, run_attempt
from metapipe.runner.attempt.task import Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.plan import launch_order
from metapipe.runner.guard.launcher import adopt_orphans, descendants, wait_for
from metapipe.runner.sessions.cluster import LOST_LIMIT, REGISTER_LIMIT, Cluster, refusal
from metapipe.runner.sessions.jvm import LOG, Gateway, archive_path, spark_home, start_gateway

#: Seconds for the Python workers to end by themselves after the JVM has.
_WORKERS_PATIENCE = 5.0

Tick = Callable[[], None]

#: Tries of a task whose worker process died; ``local[N]`` without it gives up at the first.
TASK_TRIES = 4

#: Seconds that an executor takes to start on a busy host; only then is it worth a word that there is none.
_QUIET_WAIT = 15.0
#: Names of Spark properties whose values must not be seen in a list of processes.
_SECRET = re.compile(r"(?i)secret|password|token|credential")


class Session(Protocol):
    """A place where blocks run.

    :ivar remote: blocks run in processes that this process does not wait for, so the kernel does not add what they
        used to ours: the rows have to be added.
    """

    name: str
    remote: bool

    def run(self, job: Job, blocks: Sequence[Block], tick: Tick, tag: str = "") -> Iterator[Attempt]:
        """Run blocks and yield their rows in any order; ``tick`` is called now and then while waiting.

        :param tag: name by which ``cancel`` may end this run; runs of several threads at once have their own.
        :raises MetapipeError: E601 when the session lost its workers or the run was cancelled.
        """

    def cancel(self, tag: str) -> None:
        """End the blocks of the run with this tag; blocks that are done stay done."""

    def facts(self) -> dict[str, Any]:
        """What the run report shows of the session, as JSON has it."""

    def stop(self) -> None:
        """Give back everything; no process may be left."""


class InlineSession:
    """Blocks one after the other in children of this process. Needs no Java; also the oracle of the tests."""

    name = "inline"
    remote = False

    def run(self, job: Job, blocks: Sequence[Block], tick: Tick, tag: str = "") -> Iterator[Attempt]:  # noqa: ARG002
        for position in launch_order([block.residues for block in blocks]):
            row = run_attempt(job, blocks[position])
            tick()
            yield row

    def cancel(self, tag: str) -> None:
        """A run ends when its rows are no longer asked for."""

    def facts(self) -> dict[str, Any]:
        return {}

    def stop(self) -> None:
        end_setup()


class SparkSession:
    """One Spark application of this job's own, gone when the job is.

    :param folder: scratch for the JVM. :param extra: more JVM options. :param more: more Spark properties.
    :raises MetapipeError: E302 when Java or Spark does not start.
    """

    name = "local"
    remote = False

    def __init__(
        self, slots: int, folder: Path, *, extra: tuple[str, ...] = (), more: Mapping[str, str] | None = None
    ) -> None:
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        self._start(
            {
                "spark.master": f"local[{slots},{TASK_TRIES}]",
                "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1",
                **(more or {}),
            },
            slots,
            folder,
            extra,
        )

    def _start(
        self,
        settings: Mapping[str, str],
        slots: int,
        folder: Path,
        extra: tuple[str, ...] = (),
        *,
        python: str = sys.executable,
        guard: Callable[[Gateway], _Guard] | None = None,
    ) -> None:
        self._slots = slots
        self._cancelled: set[str] = set()
        settings = {
            **settings,
            "spark.app.name": "metapipe",
            "spark.ui.enabled": "false",
            "spark.local.dir": str(folder),
            "spark.python.worker.faulthandler.enabled": "true",
            "spark.python.daemon.module": "metapipe.runner.sessions.worker_daemon",
        }
        os.environ.update(SPARK_HOME=str(spark_home()), PYSPARK_PYTHON=python, PYSPARK_DRIVER_PYTHON=sys.executable)
        adopt_orphans()  # pyspark's daemon and workers outlive the JVM by a moment: we wait for them and count them
        open_settings = {key: value for key, value in settings.items() if not _SECRET.search(key)}
        self._shown = open_settings
        self._gateway = start_gateway(folder, open_settings, extra=extra)
        self._context = _connect(self._gateway, settings, guard)

    @property
    def version(self) -> str:
        return str(self._context.version)

    @property
    def java_pid(self) -> int:
        return self._gateway.process.pid

    @property
    def alive(self) -> bool:
        return self._gateway.process.poll() is None

    def facts(self) -> dict[str, Any]:
        return {
            "spark": self.version,
            "master": str(self._context.master),
            "cores": self._slots,
            "settings": dict(sorted(self._shown.items())),
        }

    def run(
        self,
        job: Any,
        blocks: Sequence[Block],
        tick: Tick,
        tag: str = "",
        attempt: Callable[[Any, Block], Attempt] = run_attempt,
    ) -> Iterator[Attempt]:
        """Run blocks as one Spark job with a tag of its own; may be called from several threads at once.

        :param attempt: what a worker does with ``job`` and a block; the warm server's workers unpack the job first.
        """
        tag = tag or f"run-{uuid.uuid4().hex}"
        order = launch_order([block.residues for block in blocks])
        rows: list[Attempt] = []
        failure: list[BaseException] = []

        def collect() -> None:
            # pyspark gives each Python thread a JVM thread of its own, so the tag is this run's alone.
            try:
                self._context.addJobTag(tag)
                rdd = self._context.parallelize([blocks[position] for position in order], len(blocks))
                rows.extend(rdd.map(lambda block: attempt(job, block)).collect())
            except BaseException as error:  # handed to the main thread
                failure.append(error)
            finally:
                with contextlib.suppress(Exception):  # a JVM that was killed has no threads to give back
                    _end_java_thread()

        waiter = threading.Thread(target=collect, daemon=True)
        waiter.start()
        try:
            while waiter.is_alive():
                waiter.join(1.0)
                tick()
                self._watch()
                if tag in self._cancelled:  # again, as Spark forgets a tag that has no job yet
                    self._context.cancelJobsWithTag(tag)
        except BaseException:  # interrupted, or the client of this run has gone
            self.cancel(tag)
            raise
        finally:
            cancelled = tag in self._cancelled
            self._cancelled.discard(tag)
        if cancelled:
            raise MetapipeError("E601", "the run was cancelled")
        if failure and self._gateway.has_ended():
            raise MetapipeError("E601", "the Java process of Spark was killed") from failure[0]
        if failure:
            raise MetapipeError("E601", f"Spark lost its workers ({_reason(failure[0])})") from failure[0]
        yield from rows

    def _watch(self) -> None:
        """Called every second of a run."""

    def cancel(self, tag: str) -> None:
        self._cancelled.add(tag)
        if self.alive:
            self._context.cancelJobsWithTag(tag)

    def stop(self, patience: float = 20.0) -> None:
        from pyspark import SparkContext

        below = descendants(self._gateway.process.pid)
        try:
            with contextlib.suppress(Exception):  # a JVM that was killed cannot be asked to stop
                self._context.stop()
                if SparkContext._gateway is not None:
                    SparkContext._gateway.shutdown()
        finally:
            SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
            self._gateway.stop(patience)
            wait_for(below, _WORKERS_PATIENCE)


class ClusterSession(SparkSession):
    """A Spark application of this job's own whose executors run on the hosts of a cluster.

    :param cores_per_block: cores that a block keeps for itself. :param warn: told once when there are no free cores.
    :param more: more Spark properties.
    :raises MetapipeError: E303 when the cluster does not answer or refuses us, E310 when its cores stay busy.
    """

    name = "cluster"
    remote = True

    def __init__(
        self,
        cluster: Cluster,
        cores_per_block: int,
        folder: Path,
        *,
        warn: Callable[[str], None] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        cluster.check_masters()
        settings = {**cluster.settings(cores_per_block), **(more or {})}
        os.environ.pop("SPARK_LOCAL_IP", None)
        if "spark.driver.host" in settings:
            os.environ["SPARK_LOCAL_IP"] = settings["spark.driver.host"]
        self._without_executors: float | None = None
        self._start(
            settings,
            cluster.slots(cores_per_block),
            folder,
            python=cluster.python,
            guard=lambda gateway: _Guard(gateway, cluster, folder / LOG) if cluster.masters else _Guard(gateway),
        )
        self._facts = {"cores_per_block": cores_per_block, "executor_cores": cluster.executor_cores}
        try:
            self._wait_for_cores(cluster, warn)
        except BaseException:
            self.stop()
            raise

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), **self._facts}

    def _executors(self) -> int:
        try:
            # The driver itself is in the list.
            return int(self._context._jsc.sc().getExecutorMemoryStatus().size()) - 1
        except Exception as error:  # of Java: the context has been stopped, by Spark itself
            why = "the Spark cluster gave up this job; see the logs of its workers"
            raise MetapipeError("E601", why if self.alive else "the Java process of Spark was killed") from error

    def _wait_for_cores(self, cluster: Cluster, warn: Callable[[str], None] | None) -> None:
        started = time.monotonic()
        while self._executors() < 1:
            waited = time.monotonic() - started
            if waited > cluster.wait:
                raise MetapipeError("E310", f"the Spark cluster had no free cores for {cluster.wait:.0f} s")
            if warn is not None and waited > _QUIET_WAIT:
                warn(f"waiting for cores of the Spark cluster, at most {cluster.wait:.0f} s")
                warn = None  # once is enough
            time.sleep(0.1)

    def _watch(self) -> None:
        if self._executors() > 0:
            self._without_executors = None
        elif self._without_executors is None:
            self._without_executors = time.monotonic()
        elif time.monotonic() - self._without_executors > LOST_LIMIT:
            raise MetapipeError("E601", f"the Spark cluster lost all its workers for {LOST_LIMIT:.0f} s")


class _Guard(threading.Thread):
    """Ends the JVM when the master refuses it: Spark itself tries for a minute, and says why only in its log."""

    def __init__(self, gateway: Gateway, cluster: Cluster | None = None, log: Path | None = None) -> None:
        super().__init__(daemon=True)
        self.reason = ""
        self._gateway, self._cluster, self._log = gateway, cluster, log
        self._registered = threading.Event()

    def run(self) -> None:
        if self._cluster is None or self._log is None:
            return
        deadline = time.monotonic() + REGISTER_LIMIT
        while not self._registered.wait(0.1):
            reason = refusal(self._log.read_text(errors="replace"))
            if not reason and time.monotonic() > deadline:
                reason = f"did not answer within {REGISTER_LIMIT:.0f} s"
            if reason:
                masters = ", ".join(f"{host}:{port}" for host, port in self._cluster.masters)
                self.reason = f"the Spark master {masters} {reason}"
                self._gateway.process.kill()
                return

    def end(self) -> None:
        self._registered.set()


def _connect(gateway: Gateway, settings: Mapping[str, str], guard: Callable[[Gateway], _Guard] | None) -> Any:
    from pyspark import SparkConf, SparkContext

    os.environ.update(PYSPARK_GATEWAY_PORT=str(gateway.port), PYSPARK_GATEWAY_SECRET=gateway.secret)
    watching = None if guard is None else guard(gateway)
    if watching is not None:
        watching.start()
    try:
        context: Any = SparkContext(conf=SparkConf(loadDefaults=False).setAll(list(settings.items())))
        # It would print a traceback when the JVM is killed under it, beside the one line that says so.
        context._accumulatorServer.handle_error = lambda *_: None
        return context
    except BaseException as error:
        SparkContext._gateway = SparkContext._jvm = None
        gateway.stop(0 if watching is not None else 20)
        if not isinstance(error, Exception):
            raise
        if watching is not None and watching.reason:
            raise MetapipeError("E303", watching.reason) from error
        raise MetapipeError("E302", f"Spark did not start ({_reason(error)})") from error
    finally:
        if watching is not None:
            watching.end()
        # The secret is for this process alone; children need neither.
        del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]


def prepare_archive(folder: Path) -> Path | None:
    """Make the class-data archive by running one small Spark job; returns its path, None where it cannot be made."""
    archive = archive_path()
    if archive is None:
        return None
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.unlink(missing_ok=True)
    fresh = archive.with_suffix(".new.jsa")
    session = SparkSession(2, folder, extra=(f"-XX:ArchiveClassesAtExit={fresh}",))
    session._context.parallelize([1, 2], 2).map(str).collect()
    session.stop(patience=300.0)  # the JVM writes the archive on its way out
    if not fresh.is_file():
        return None
    fresh.rename(archive)
    return archive


def _end_java_thread() -> None:
    """Give back the JVM thread of the Python thread that calls; a session of many runs would pile them up."""
    from pyspark import SparkContext

    with contextlib.suppress(Exception):  # the JVM has gone
        client = SparkContext._jvm._gateway_client  # type: ignore[union-attr]
        connection = client.get_thread_connection()
        if connection is not None:
            client.deque.remove(connection)
            connection.close()


def _reason(error: BaseException) -> str:
    """The line of an error that says why; of one in Java its own message, not that of the call."""
    text = str(error)
    with contextlib.suppress(Exception):  # no error of Java, or its JVM has gone
        text = str(error.java_exception.getMessage() or text)  # type: ignore[attr-defined]
    return (text.strip().splitlines() or [type(error).__name__])[0][:300]
