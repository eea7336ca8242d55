"""A Spark application of this run's own whose executors run on the hosts of a cluster."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.runner.blocks.resources import SessionKind
from metapipe.runner.sessions.application import SparkApplication
from metapipe.runner.sessions.cluster import Cluster
from metapipe.runner.sessions.jvm import LOG, Gateway
from metapipe.runner.sessions.masters import Refusals, check_masters, shown
from metapipe.runner.sessions.spark_context import Context

#: Seconds a master that took the connection has to register us.
REGISTER_LIMIT = 20.0
#: Seconds without any executor, after there have been some, until the cluster counts as lost.
LOST_LIMIT = 30.0
#: Seconds that an executor takes to start on a busy host; only then is it worth a word that there is none.
_QUIET_WAIT = 15.0


class ClusterSession(SparkApplication):
    """Blocks in executors of a cluster.

    :param cores_per_block: cores that a block keeps for itself. :param warn: told once when there are no free cores.
    :param more: more Spark properties.
    :raises MetapipeError: E303 when the cluster does not answer or refuses us, E310 when its cores stay busy.
    """

    name: SessionKind = SessionKind.CLUSTER
    remote = True
    _patience_at_start = 0.0

    def __init__(
        self,
        cluster: Cluster,
        cores_per_block: int,
        folder: Path,
        *,
        warn: Callable[[str], None] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        check_masters(cluster.masters)
        settings = {**cluster.settings(cores_per_block), **(more or {})}
        os.environ.pop("SPARK_LOCAL_IP", None)
        if "spark.driver.host" in settings:
            os.environ["SPARK_LOCAL_IP"] = settings["spark.driver.host"]
        self._cluster, self._log = cluster, folder / LOG
        self._without_executors: float | None = None
        super().__init__(settings, cluster.slots(cores_per_block), folder, python=cluster.python)
        self._facts = {"cores_per_block": cores_per_block, "executor_cores": cluster.executor_cores}
        try:
            self._wait_for_cores(cluster, warn)
        except BaseException:
            self.stop()
            raise

    def facts(self) -> dict[str, Any]:
        """What the run report shows of the session, with the cores that blocks and executors take."""
        return {**super().facts(), **self._facts}

    def _connect(self, settings: Mapping[str, str]) -> Context:
        if not self._cluster.masters:
            return super()._connect(settings)
        registration = _Registration(self._java, self._cluster, self._log)
        registration.start()
        try:
            return super()._connect(settings)
        except MetapipeError as error:
            if registration.refused:
                raise MetapipeError("E303", registration.refused) from error
            raise
        finally:
            registration.end()

    def _executors(self) -> int:
        try:
            return self._context.executors()
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


class _Registration(threading.Thread):
    """Ends the JVM when the master refuses it: Spark itself tries for a minute, and says why only in its log.

    :ivar refused: what the master did, for the user; empty as long as it has not.
    """

    def __init__(self, gateway: Gateway, cluster: Cluster, log: Path) -> None:
        super().__init__(daemon=True)
        self.refused = ""
        self._java, self._cluster, self._log = gateway, cluster, log
        self._registered = threading.Event()

    def run(self) -> None:
        deadline, refusals = time.monotonic() + REGISTER_LIMIT, Refusals()
        while not self._registered.wait(0.1):
            said = refusals.look(self._log.read_text(errors="replace"))
            if not said and time.monotonic() > deadline:
                said = f"did not answer within {REGISTER_LIMIT:.0f} s"
            if said:
                self.refused = f"the Spark master {shown(self._cluster.masters)} {said}"
                self._java.process.kill()
                return

    def end(self) -> None:
        """The application has begun, or will not."""
        self._registered.set()
