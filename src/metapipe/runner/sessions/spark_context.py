"""The one place that knows pyspark: its names, private ones too, its JVM threads, its errors.

Nothing else imports it, and this only when a session is really started, so that help and inline runs need neither
pyspark's time nor Java. pyspark keeps its connection in variables of its class ``SparkContext``: a process has one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from metapipe.runner.sessions.jvm import Gateway


class Context:
    """A Spark application that has begun, seen from its driver. Made by :func:`open_context`."""

    def __init__(self, context: Any) -> None:
        self._context = context

    @property
    def version(self) -> str:
        """Spark's version."""
        return str(self._context.version)

    @property
    def master(self) -> str:
        """Where it runs, as Spark writes it: ``local[2,4]``, ``spark://host:port``."""
        return str(self._context.master)

    def run(self, tag: str, items: Sequence[Any], call: Callable[[Any], Any]) -> list[Any]:
        """Run ``call`` for each item, a Spark task each, and wait; returns what came of them, in the items' order.

        pyspark gives each Python thread a JVM thread of its own, so of several threads each has a tag of its own.
        """
        try:
            self._context.addJobTag(tag)
            rows: list[Any] = self._context.parallelize(items, len(items)).map(call).collect()
            return rows
        finally:
            _end_java_thread()

    def cancel(self, tag: str) -> None:
        """End the tasks of the run with this tag; Spark forgets a tag that has no job yet."""
        self._context.cancelJobsWithTag(tag)

    def executors(self) -> int:
        """Executors that are connected now. Raises whatever pyspark does once the application has ended."""
        # The driver itself is in the list.
        return int(self._context._jsc.sc().getExecutorMemoryStatus().size()) - 1

    def stop(self) -> None:
        """End the application, as far as its JVM still listens, so that this process may begin another."""
        from pyspark import SparkContext

        try:
            with contextlib.suppress(Exception):  # a JVM that was killed cannot be asked to stop
                self._context.stop()
                if SparkContext._gateway is not None:
                    SparkContext._gateway.shutdown()
        finally:
            SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None


def open_context(gateway: Gateway, settings: Mapping[str, str]) -> Context:
    """Begin a Spark application in a JVM that runs; raises what pyspark does when that fails (:func:`reason`).

    :param settings: Spark properties; secrets may be among them, as nobody else sees them.
    """
    from pyspark import SparkConf, SparkContext

    os.environ.update(PYSPARK_GATEWAY_PORT=str(gateway.port), PYSPARK_GATEWAY_SECRET=gateway.secret)
    try:
        context: Any = SparkContext(conf=SparkConf(loadDefaults=False).setAll(list(settings.items())))
        # It would print a traceback when the JVM is killed under it, beside the one line that says so.
        context._accumulatorServer.handle_error = lambda *_: None
        return Context(context)
    except BaseException:
        SparkContext._gateway = SparkContext._jvm = None
        raise
    finally:
        # The secret is for this process alone; children need neither.
        del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]


def reason(error: BaseException) -> str:
    """The line of an error that says why; of one in Java its own message, not that of the call."""
    text = str(error)
    with contextlib.suppress(Exception):  # no error of Java, or its JVM has gone
        text = str(error.java_exception.getMessage() or text)  # type: ignore[attr-defined]
    return (text.strip().splitlines() or [type(error).__name__])[0][:300]


def _end_java_thread() -> None:
    """Give back the JVM thread of the Python thread that calls; a session of many runs would pile them up."""
    from pyspark import SparkContext

    with contextlib.suppress(Exception):  # the JVM has gone
        client = SparkContext._jvm._gateway_client  # type: ignore[union-attr]
        connection = client.get_thread_connection()
        if connection is not None:
            client.deque.remove(connection)
            connection.close()
