"""Where blocks run: in this process's children (inline) or in a Spark application on this host or a cluster.

The only module that imports pyspark, and only when a Spark session is really started. Spark is sent descriptors and
returns rows; it never sees a sequence. A cold start is engineered: serial collector, first-tier compiler only, a
class-data archive made at installation, no web UI (measured: 12.3 CPU-s by default, 2.9 so).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from metapipe.errors import MetapipeError
from metapipe.runner.attempt import Attempt, run_attempt
from metapipe.runner.blocks import Block
from metapipe.runner.jvm import Gateway, archive_path, spark_home, start_gateway
from metapipe.runner.launcher import adopt_orphans, descendants, wait_for
from metapipe.runner.plan import launch_order
from metapipe.runner.task import Job

#: Seconds for the Python workers to end by themselves after the JVM has.
_WORKERS_PATIENCE = 5.0

Tick = Callable[[], None]

#: Tries of a task whose worker process died; ``local[N]`` without it gives up at the first.
TASK_TRIES = 4


class Session(Protocol):
    """A place where blocks run."""

    name: str

    def run(self, job: Job, blocks: Sequence[Block], tick: Tick) -> Iterator[Attempt]:
        """Run blocks and yield their rows in any order; ``tick`` is called now and then while waiting."""

    def stop(self) -> None:
        """Give back everything; no process may be left."""


class InlineSession:
    """Blocks one after the other in children of this process. Needs no Java; also the oracle of the tests."""

    name = "inline"

    def run(self, job: Job, blocks: Sequence[Block], tick: Tick) -> Iterator[Attempt]:
        for position in launch_order([block.residues for block in blocks]):
            row = run_attempt(job, blocks[position])
            tick()
            yield row

    def stop(self) -> None:
        """Nothing is held between blocks."""


class SparkSession:
    """One Spark application of this job's own, gone when the job is.

    :param folder: scratch for the JVM. :param extra: more JVM options.
    :raises MetapipeError: E302 when Java or Spark does not start.
    """

    name = "local"

    def __init__(self, slots: int, folder: Path, *, extra: tuple[str, ...] = ()) -> None:
        settings = {
            "spark.app.name": "metapipe",
            "spark.master": f"local[{slots},{TASK_TRIES}]",
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(folder),
            "spark.python.worker.faulthandler.enabled": "true",
            "spark.python.daemon.module": "metapipe.runner.worker_daemon",
        }
        os.environ.update(
            SPARK_HOME=str(spark_home()),
            SPARK_LOCAL_IP="127.0.0.1",
            PYSPARK_PYTHON=sys.executable,
            PYSPARK_DRIVER_PYTHON=sys.executable,
        )
        adopt_orphans()  # pyspark's daemon and workers outlive the JVM by a moment: we wait for them and count them
        self._gateway = start_gateway(folder, settings, extra=extra)
        self._context = _connect(self._gateway, settings)

    @property
    def version(self) -> str:
        return str(self._context.version)

    def run(self, job: Job, blocks: Sequence[Block], tick: Tick) -> Iterator[Attempt]:
        order = launch_order([block.residues for block in blocks])
        rdd = self._context.parallelize([blocks[position] for position in order], len(blocks))
        rows: list[Attempt] = []
        failure: list[BaseException] = []

        def collect() -> None:
            try:
                rows.extend(rdd.map(lambda block: run_attempt(job, block)).collect())
            except BaseException as error:  # handed to the main thread
                failure.append(error)

        waiter = threading.Thread(target=collect, daemon=True)
        waiter.start()
        while waiter.is_alive():
            waiter.join(1.0)
            tick()
        if failure:
            raise MetapipeError("E601", f"Spark lost its workers ({_first_line(failure[0])})") from failure[0]
        yield from rows

    def stop(self, patience: float = 20.0) -> None:
        from pyspark import SparkContext

        below = descendants(self._gateway.process.pid)
        try:
            self._context.stop()
            if SparkContext._gateway is not None:
                SparkContext._gateway.shutdown()
        finally:
            SparkContext._gateway = SparkContext._jvm = None
            self._gateway.stop(patience)
            wait_for(below, _WORKERS_PATIENCE)


def _connect(gateway: Gateway, settings: Mapping[str, str]) -> Any:
    from pyspark import SparkConf, SparkContext

    os.environ.update(PYSPARK_GATEWAY_PORT=str(gateway.port), PYSPARK_GATEWAY_SECRET=gateway.secret)
    try:
        return SparkContext(conf=SparkConf(loadDefaults=False).setAll(list(settings.items())))
    except Exception as error:
        gateway.stop()
        raise MetapipeError("E302", f"Spark did not start ({_first_line(error)})") from error
    finally:
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


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
