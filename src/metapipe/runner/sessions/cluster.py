"""The Spark cluster of this destination: what its variables say, and what that means to Spark.

The variables are those of :mod:`metapipe.runner.sessions.cluster_variables`.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.sessions.cluster_secret import read_secret
from metapipe.runner.sessions.cluster_variables import PREFIX, whole_number, wrong
from metapipe.runner.sessions.masters import Masters, address_towards, masters_in
from metapipe.runner.sessions.spark_properties import FAULTS, read_properties

_OTHERS = re.compile(r"k8s://\S+|yarn")


@dataclass(frozen=True)
class Cluster:
    """A cluster as the environment describes it.

    :param masters: host and port of each standalone master; none for Kubernetes and YARN.
    """

    url: str
    cores: int
    masters: Masters = ()
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
            **FAULTS,
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
    executor_cores = whole_number(environment, "EXECUTOR_CORES", None)
    cores = whole_number(environment, "CORES", None)
    if cores is None:
        raise wrong("CORES", "the number of cores a job takes", "")
    if executor_cores is not None and executor_cores > cores:
        raise wrong("EXECUTOR_CORES", f"at most {PREFIX}CORES={cores}", str(executor_cores))
    properties = environment.get(f"{PREFIX}PROPERTIES", "")
    return Cluster(
        url=url,
        cores=cores,
        masters=masters,
        executor_cores=executor_cores,
        core_memory_mb=whole_number(environment, "CORE_MEMORY_MB", 2048) or 2048,
        secret_file=Path(secret) if masters else None,
        wait=whole_number(environment, "WAIT", 3600, lowest=0) or 0,
        driver_host=environment.get(f"{PREFIX}DRIVER_HOST", "").strip(),
        python=environment.get(f"{PREFIX}PYTHON", "") or sys.executable,
        properties=read_properties(Path(properties)) if properties else (),
    )
