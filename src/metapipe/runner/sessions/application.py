"""What local and cluster sessions share: a Spark application of this run's own, gone when the run is.

Spark is sent descriptors and returns rows; it never sees a sequence. A cold start is engineered: serial collector,
first-tier compiler only, a class-data archive made at installation, no web UI (measured: 12.3 CPU-s by default, 2.9
so).
"""

from __future__ import annotations

import os
import re
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.proc import descendants
from metapipe.runner.attempt.attempt import Attempt, run_attempt
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.plan import launch_order
from metapipe.runner.guard.launcher import adopt_orphans, wait_for
from metapipe.runner.sessions.jvm import spark_home, start_gateway
from metapipe.runner.sessions.session import Tick
from metapipe.runner.sessions.spark_context import Context, open_context, reason

#: Seconds for the Python workers to end by themselves after the JVM has.
_WORKERS_PATIENCE = 5.0
#: Names of Spark properties whose values must not be seen in a list of processes.
_SECRET = re.compile(r"(?i)secret|password|token|credential")


class SparkApplication:
    """One Spark application. A subclass says where, in Spark's settings, and begins it.

    :param settings: Spark properties. :param slots: blocks at once. :param folder: scratch for the JVM.
    :param extra: more JVM options. :param python: of the workers.
    :raises MetapipeError: E302 when Java or Spark does not start.
    """

    #: Seconds that a JVM whose application did not begin may take to end.
    _patience_at_start = 20.0

    def __init__(
        self,
        settings: Mapping[str, str],
        slots: int,
        folder: Path,
        *,
        extra: tuple[str, ...] = (),
        python: str = sys.executable,
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
        self._shown = {key: value for key, value in settings.items() if not _SECRET.search(key)}
        self._java = start_gateway(folder, self._shown, extra=extra)
        self._context = self._connect(settings)

    def _connect(self, settings: Mapping[str, str]) -> Context:
        """Begin the application; the JVM has ended when that fails."""
        try:
            return open_context(self._java, settings)
        except BaseException as error:
            self._java.stop(self._patience_at_start)
            if not isinstance(error, Exception):
                raise
            raise MetapipeError("E302", f"Spark did not start ({reason(error)})") from error

    @property
    def version(self) -> str:
        """Spark's version, ``4.0.1``."""
        return str(self._context.version)

    @property
    def java_pid(self) -> int:
        """The JVM's process."""
        return self._java.process.pid

    @property
    def alive(self) -> bool:
        """Whether the JVM still runs."""
        return self._java.process.poll() is None

    def facts(self) -> dict[str, Any]:
        """What the run report shows of the session: version, master, cores, settings without secrets."""
        return {
            "spark": self.version,
            "master": str(self._context.master),
            "cores": self._slots,
            "settings": dict(sorted(self._shown.items())),
        }

    def try_out(self) -> None:
        """Run two tasks that do nothing: what the first blocks would wait for is loaded then."""
        self._context.run("try-out", [1, 2], str)

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
            try:
                ordered = [blocks[position] for position in order]
                rows.extend(self._context.run(tag, ordered, lambda block: attempt(job, block)))
            except BaseException as error:  # handed to the main thread
                failure.append(error)

        waiter = threading.Thread(target=collect, daemon=True)
        waiter.start()
        try:
            while waiter.is_alive():
                waiter.join(1.0)
                tick()
                self._watch()
                if tag in self._cancelled:  # again, as Spark forgets a tag that has no job yet
                    self._context.cancel(tag)
        except BaseException:  # interrupted, or the client of this run has gone
            self.cancel(tag)
            raise
        finally:
            cancelled = tag in self._cancelled
            self._cancelled.discard(tag)
        if cancelled:
            raise MetapipeError("E601", "the run was cancelled")
        if failure and self._java.has_ended():
            raise MetapipeError("E601", "the Java process of Spark was killed") from failure[0]
        if failure:
            raise MetapipeError("E601", f"Spark lost its workers ({reason(failure[0])})") from failure[0]
        yield from rows

    def _watch(self) -> None:
        """Called every second of a run."""

    def cancel(self, tag: str) -> None:
        """End the blocks of the run with this tag; its rows raise E601."""
        self._cancelled.add(tag)
        if self.alive:
            self._context.cancel(tag)

    def stop(self, patience: float = 20.0) -> None:
        """End the application, its JVM (killed after ``patience`` seconds) and its Python workers."""
        below = descendants(self._java.process.pid)
        try:
            self._context.stop()
        finally:
            self._java.stop(patience)
            wait_for(below, _WORKERS_PATIENCE)
