"""The Spark cluster of this destination: its settings, what they mean to Spark, and whether its master answers.

Set by Galaxy's job destinations, never by a tool form:

========================================  =============================================================================
METAPIPE_SPARK_MASTER                     ``spark://host:port[,host:port]``; also ``k8s://…`` and ``yarn``
METAPIPE_SPARK_CORES                      cores that one job takes
METAPIPE_SPARK_EXECUTOR_CORES             cores of one executor; needed for stages that use a whole host
METAPIPE_SPARK_CORE_MEMORY_MB             memory for the tools on each core (default 2048)
METAPIPE_SPARK_SECRET_FILE                file of mode 0600 with the secret of the cluster (standalone masters)
METAPIPE_SPARK_WAIT                       longest time to wait for free cores, seconds (default 3600)
METAPIPE_SPARK_DRIVER_HOST                our address as the workers see it (default: of the route to the master)
METAPIPE_SPARK_PYTHON                     Python of the workers (default: ours, at the same path)
METAPIPE_SPARK_PROPERTIES                 file of further Spark properties
========================================  =============================================================================
"""

from __future__ import annotations

import math
import os
import re
import socket
import stat
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError

PREFIX = "METAPIPE_SPARK_"
#: Letters a secret must have; ``metapipe cluster secret`` makes 64.
SHORTEST_SECRET = 32
#: Seconds in which one of the masters must take a connection: with a JVM's start still within 15 s.
CONNECT_LIMIT = 6.0
#: Seconds a master that took the connection has to register us.
REGISTER_LIMIT = 20.0
#: Seconds without any executor, after there have been some, until the cluster counts as lost.
LOST_LIMIT = 30.0

_MASTER = re.compile(r"spark://([A-Za-z0-9_.-]+:[0-9]{1,5}(?:,[A-Za-z0-9_.-]+:[0-9]{1,5})*)")
_OTHERS = re.compile(r"k8s://\S+|yarn")
#: Ours alone: a properties file that could change them could open the cluster or break the session.
_OURS = re.compile(
    r"spark\.(master|authenticate.*|network\.crypto\..*|io\.encryption\.enabled|submit\.deployMode|cores\.max|task\.cpus"
    r"|executor\.cores|python\.daemon\.module|ui\.enabled)"
)

#: A host that is cut off sends nothing, not even an end of the connection: only missing heartbeats tell. One a second
#: and eight missed is the shortest that a swapping host or a collector's pause does not set off by accident; an
#: executor declared dead wrongly costs its blocks once more and no result, as parts are committed by renaming.
#: ``spark.network.timeout`` stays long: it also bounds calls that may rightly take a while on a busy host.
_FAULTS = {
    "spark.executor.heartbeatInterval": "1s",
    "spark.storage.blockManagerHeartbeatTimeoutMs": "8s",
    "spark.network.timeoutInterval": "1s",
    "spark.network.timeout": "60s",
    # On the other side of the cut the executor ends itself: each try waits for a heartbeat's interval.
    "spark.executor.heartbeat.maxFailures": "8",
    # A failure that Spark sees is one of the host, never of a tool (those are rows). Three of them on one executor and
    # the host gets no more blocks of this run.
    "spark.task.maxFailures": "4",
    "spark.excludeOnFailure.enabled": "true",
    "spark.excludeOnFailure.task.maxTaskAttemptsPerExecutor": "2",
    "spark.excludeOnFailure.task.maxTaskAttemptsPerNode": "3",
    "spark.excludeOnFailure.stage.maxFailedTasksPerExecutor": "3",
    "spark.excludeOnFailure.stage.maxFailedExecutorsPerNode": "1",
}


@dataclass(frozen=True)
class Cluster:
    """A cluster as the environment describes it.

    :param masters: host and port of each standalone master; none for Kubernetes and YARN.
    """

    url: str
    cores: int
    masters: tuple[tuple[str, int], ...] = ()
    executor_cores: int | None = None
    core_memory_mb: int = 2048
    secret_file: Path | None = None
    wait: float = 3600.0
    driver_host: str = ""
    python: str = sys.executable
    properties: tuple[tuple[str, str], ...] = ()

    def cores_per_block(self, *, memory_mb: int, per_node: bool) -> int:
        """Cores that one block keeps busy or, where memory is short, away from others.

        :raises MetapipeError: E702 when no executor is large enough.
        """
        if per_node:
            if self.executor_cores is None:
                raise MetapipeError("E702", f"{PREFIX}EXECUTOR_CORES is not set: this stage uses all cores of a host")
            return self.executor_cores
        needed = max(1, math.ceil(memory_mb / self.core_memory_mb))
        if needed > (self.executor_cores or self.cores):
            raise MetapipeError(
                "E702",
                f"a block needs {memory_mb} MB, which {PREFIX}CORE_MEMORY_MB={self.core_memory_mb} gives to {needed} "
                f"cores, and an executor has {self.executor_cores or self.cores}",
            )
        return needed

    def slots(self, cores_per_block: int) -> int:
        """Blocks that run at once."""
        if self.executor_cores is None:
            return max(1, self.cores // cores_per_block)
        return max(1, (self.cores // self.executor_cores) * (self.executor_cores // cores_per_block))

    def settings(self, cores_per_block: int) -> dict[str, str]:
        """Spark properties of a driver. The secret is among them: they may be handed to the JVM, never to its command.

        :raises MetapipeError: E311 when the secret cannot be used.
        """
        settings = {
            **dict(self.properties),
            **_FAULTS,
            "spark.master": self.url,
            "spark.cores.max": str(self.cores),
            "spark.task.cpus": str(cores_per_block),
            "spark.executor.memory": "512m",
            "spark.authenticate": "true",
            "spark.network.crypto.enabled": "true",
            "spark.network.crypto.cipher": "AES/GCM/NoPadding",
            "spark.io.encryption.enabled": "true",
            # Temporary files go where the executor works: its worker removes that folder, and nobody /tmp.
            "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData "
            "-Djava.io.tmpdir=.",
        }
        if self.executor_cores is not None:
            settings["spark.executor.cores"] = str(self.executor_cores)
        for name in ("PYTHONPATH", "METAPIPE_SANDBOX"):
            if os.environ.get(name):
                settings[f"spark.executorEnv.{name}"] = os.environ[name]
        if self.secret_file is not None:
            settings["spark.authenticate.secret"] = read_secret(self.secret_file)
        address = self.driver_host or (address_towards(self.masters[0]) if self.masters else "")
        if address:
            settings |= {"spark.driver.host": address, "spark.driver.bindAddress": address}
        return settings

    def check_masters(self) -> None:
        """Make sure that one of the masters takes connections.

        :raises MetapipeError: E303 within ``CONNECT_LIMIT`` seconds, saying why each does not.
        """
        reasons: dict[tuple[str, int], str] = {}
        answered = threading.Event()

        def call(master: tuple[str, int]) -> None:
            try:
                socket.create_connection(master, timeout=CONNECT_LIMIT - 1).close()
                answered.set()
            except socket.gaierror as error:
                reasons[master] = f"the name does not resolve: {error.strerror}"
            except TimeoutError:
                reasons[master] = "no answer"
            except OSError as error:
                reasons[master] = error.strerror or str(error)
            if len(reasons) == len(self.masters):
                answered.set()

        # In threads that may be left behind, as nothing else bounds the time that resolving a name takes.
        for master in self.masters:
            threading.Thread(target=call, args=(master,), daemon=True).start()
        answered.wait(CONNECT_LIMIT)
        if len(reasons) == len(self.masters) or not answered.is_set():
            shown = "; ".join(f"{host}:{port} {reasons.get((host, port), 'no answer')}" for host, port in self.masters)
            if self.masters:
                raise MetapipeError("E303", f"the Spark master cannot be reached ({shown})")


def cluster_from(environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that the environment describes, None when it describes none.

    :raises MetapipeError: E702 naming the variable that is wrong, E311 for a secret that is missing or open to others.
    """
    url = environment.get(f"{PREFIX}MASTER", "").strip()
    if not url:
        return None
    masters = () if _OTHERS.fullmatch(url) else masters_in(url, f"{PREFIX}MASTER")
    secret = environment.get(f"{PREFIX}SECRET_FILE", "")
    if masters:
        if not secret:
            raise MetapipeError("E311", f"{PREFIX}SECRET_FILE is not set: no cluster is used without a secret")
        read_secret(Path(secret))
    executor_cores = _whole(environment, "EXECUTOR_CORES", None)
    cores = _whole(environment, "CORES", None)
    if cores is None:
        raise _wrong("CORES", "the number of cores a job takes", "")
    if executor_cores is not None and executor_cores > cores:
        raise _wrong("EXECUTOR_CORES", f"at most {PREFIX}CORES={cores}", str(executor_cores))
    properties = environment.get(f"{PREFIX}PROPERTIES", "")
    return Cluster(
        url=url,
        cores=cores,
        masters=masters,
        executor_cores=executor_cores,
        core_memory_mb=_whole(environment, "CORE_MEMORY_MB", 2048) or 2048,
        secret_file=Path(secret) if masters else None,
        wait=_whole(environment, "WAIT", 3600, lowest=0) or 0,
        driver_host=environment.get(f"{PREFIX}DRIVER_HOST", "").strip(),
        python=environment.get(f"{PREFIX}PYTHON", "") or sys.executable,
        properties=read_properties(Path(properties)) if properties else (),
    )


def masters_in(url: str, what: str) -> tuple[tuple[str, int], ...]:
    """Host and port of each master in ``spark://host:port[,host:port]``.

    :param what: where the text stands, for the message. :raises MetapipeError: E702.
    """
    match = _MASTER.fullmatch(url)
    pairs = (part.rsplit(":", 1) for part in match[1].split(",")) if match else ()
    masters = tuple((host, int(port)) for host, port in pairs)
    if not masters or any(not 0 < port < 65536 for _, port in masters):
        raise MetapipeError("E702", what, expected="spark://host:port[,host:port], k8s://… or yarn", found=url)
    return masters


def read_secret(path: Path) -> str:
    """The secret in a file that is ours and closed to all others.

    :raises MetapipeError: E311.
    """
    try:
        found = path.stat()
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not ASCII text"
        raise MetapipeError("E311", f"the secret of the cluster cannot be read ({reason})", file=path) from error
    if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
        raise MetapipeError(
            "E311",
            "the secret of the cluster is open to others",
            file=path,
            expected="mode 0600",
            found=f"{stat.S_IMODE(found.st_mode):04o}",
        )
    if found.st_uid != os.geteuid():
        raise MetapipeError("E311", "the secret of the cluster belongs to another user", file=path)
    if len(text) < SHORTEST_SECRET or len(text.split()) != 1:
        raise MetapipeError(
            "E311", f"the secret of the cluster is not one word of {SHORTEST_SECRET} letters", file=path
        )
    return text


def read_properties(path: Path) -> tuple[tuple[str, str], ...]:
    """Spark properties of a file: a name, blanks or ``=``, a value on each line; ``#`` begins a comment line.

    :raises MetapipeError: E702 with the line.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MetapipeError("E702", f"{PREFIX}PROPERTIES cannot be read", file=path) from error
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r"(spark\.[\w.-]+)(?:\s*=\s*|\s+)(\S.*)", line)
        if match is None:
            raise MetapipeError("E702", file=path, line=number, expected="'spark.name value'", found=line)
        if _OURS.fullmatch(match[1]):
            raise MetapipeError("E702", f"{match[1]} is set by META-pipe itself", file=path, line=number)
        found[match[1]] = match[2]
    return tuple(sorted(found.items()))


def address_towards(master: tuple[str, int]) -> str:
    """Our own address on the way to a master: the one its workers can reach. Sends nothing.

    :raises MetapipeError: E303 when there is no way.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(master)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise MetapipeError("E303", f"no way to the Spark master {master[0]} ({error.strerror})") from error


def refusal(log: str) -> str:
    """What the JVM's log says about a master that took the connection but not us; empty while it says nothing."""
    if "Failed to connect to master" not in log:
        return ""
    if re.search(r"[Aa]uth|[Ss]ecret|[Ss]asl|crypto|GeneralSecurity|Unable to create cipher", log):
        return f"refuses our secret ({PREFIX}SECRET_FILE)"
    return "does not talk to us: it is no Spark master, has another version, or uses no secret"


def _whole(environment: Mapping[str, str], name: str, otherwise: int | None, lowest: int = 1) -> int | None:
    text = environment.get(f"{PREFIX}{name}", "").strip()
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit()) or int(text) < lowest:
        raise _wrong(name, f"a whole number from {lowest}", text)
    return int(text)


def _wrong(name: str, expected: str, found: str) -> MetapipeError:
    return MetapipeError("E702", f"{PREFIX}{name}", expected=expected, found=found)
