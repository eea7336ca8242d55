"""Properties of Spark: those that decide how soon a fault is seen, and those that a site may add."""

from __future__ import annotations

import re
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.sessions.cluster_variables import PREFIX

#: Ours alone: a properties file that could change them could open the cluster or break the session.
_OURS = re.compile(
    r"spark\.(master|authenticate.*|network\.crypto\..*|io\.encryption\.enabled|submit\.deployMode|cores\.max|task\.cpus"
    r"|executor\.cores|python\.daemon\.module|ui\.enabled)"
)

#: A host that is cut off sends nothing, not even an end of the connection: only missing heartbeats tell. One a second
#: and eight missed is the shortest that a swapping host or a collector's pause does not set off by accident; an
#: executor declared dead wrongly costs its blocks once more and no result, as parts are committed by renaming.
#: ``spark.network.timeout`` stays long: it also bounds calls that may rightly take a while on a busy host.
FAULTS = {
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
