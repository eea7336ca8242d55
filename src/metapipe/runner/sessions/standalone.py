"""Master and workers of a standalone Spark cluster, run from the installed pyspark as foreground processes.

Closed by default: no start without a secret, every connection authenticated and encrypted, only the address given is
bound, no submission server over HTTP. Spark cannot start without its web pages: they are bound to the loopback
address, behind a filter whose key nobody has.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.task import last_words
from metapipe.runner.guard.launcher import adopt_orphans, die_with_parent, end_descendants
from metapipe.runner.sessions.cluster import Cluster
from metapipe.runner.sessions.cluster_secret import read_secret
from metapipe.runner.sessions.jvm import class_path, java_binary, java_options, spark_home, temporary_folder
from metapipe.runner.sessions.masters import CONNECT_LIMIT, Refusals, check_masters, shown

MASTER_PORT, WORKER_PORT = 7077, 7078
#: Seconds that the JVM of a daemon may take to listen, and to end when asked.
START_LIMIT, STOP_LIMIT = 180.0, 8.0
#: Heap that each executor is given, and a worker has to set aside for each of its cores, MiB.
EXECUTOR_HEAP_MB = 512

_SETTINGS = {
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.network.crypto.cipher": "AES/GCM/NoPadding",
    "spark.io.encryption.enabled": "true",
    # Since Spark 4 on by default, and open to everybody who can reach it.
    "spark.master.rest.enabled": "false",
    "spark.master.ui.decommission.allow.mode": "DENY",
    "spark.ui.killEnabled": "false",
    "spark.ui.filters": "org.apache.spark.ui.JWSFilter",
    # A job that does not say how many cores it wants gets one, not all.
    "spark.deploy.defaultCores": "1",
    # A worker tells every quarter of this that it lives.
    "spark.worker.timeout": "15",
    "spark.worker.cleanup.enabled": "true",
    "spark.worker.cleanup.appDataTtl": "86400",
}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Daemon:
    """A master, or with ``masters`` a worker of them.

    :param host: the one address to listen on. :param cores: of a worker.
    :param folder: of a worker, for the logs of its executors; None: a temporary one.
    """

    host: str
    port: int
    secret_file: Path
    masters: Cluster | None = None
    cores: int = 1
    folder: Path | None = None

    @property
    def name(self) -> str:
        """``master`` or ``worker``, as Spark's own class is called."""
        return "master" if self.masters is None else "worker"

    def run(self, say: Say, warn: Say) -> int:
        """Run until SIGTERM or SIGINT; nothing it started is left then. Returns the exit code.

        :raises MetapipeError: E303 when the master does not answer or refuses the secret, E306 when the port is taken,
            E311 for a secret that cannot be used, E302 when Java does not start or ends by itself.
        """
        secret = read_secret(self.secret_file)
        if self.masters is not None:
            check_masters(self.masters.masters)
        self.check_address()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        adopt_orphans()
        with tempfile.TemporaryDirectory(prefix="metapipe-cluster-") as scratch:
            process = self.start(Path(scratch), secret)
            try:
                self.watch(process, stop, say, warn)
            finally:
                process.terminate()
                try:
                    process.wait(STOP_LIMIT)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                end_descendants()  # executors that outlived their worker
        return 0

    def check_address(self) -> None:
        """Make sure the address is one of this host's and the port free.

        :raises MetapipeError: E701 or E306.
        """
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((self.host, self.port))
        except OSError as error:
            if "in use" in (error.strerror or ""):
                raise MetapipeError("E306", f"{self.host}:{self.port} is in use by another program") from error
            raise MetapipeError("E701", f"cannot listen on {self.host} ({error.strerror})") from error

    def command(self, scratch: Path) -> list[str]:
        """Return the words that start the JVM; its properties are written to ``scratch``, for this user alone.

        :raises MetapipeError: E302 when there is no Java.
        """
        java = java_binary()
        if java is None:
            raise MetapipeError("E302", "no Java found: install Java 17 or later (Debian: openjdk-17-jre-headless)")
        properties = scratch / "spark.conf"
        key = base64.urlsafe_b64encode(secrets.token_bytes(64)).decode()
        settings = {**_SETTINGS, "spark.org.apache.spark.ui.JWSFilter.param.secretKey": key}
        properties.touch(mode=0o600)
        properties.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        words = [str(java), *java_options(temporary_folder(scratch)), "-cp", class_path()]
        words.append(f"org.apache.spark.deploy.{self.name}.{self.name.title()}")
        words += ["--host", self.host, "--port", str(self.port), "--webui-port", "0"]
        words += ["--properties-file", str(properties)]
        if self.masters is not None:
            folder = self.folder or scratch / "executors"
            folder.mkdir(parents=True, exist_ok=True)
            words += ["--cores", str(self.cores), "--memory", f"{self.cores * EXECUTOR_HEAP_MB}m"]
            words += ["--work-dir", str(folder), self.masters.url]
        return words

    def start(self, scratch: Path, secret: str) -> subprocess.Popen[str]:
        """Start the JVM in a session of its own, to be killed when this process dies.

        :param secret: of the cluster, handed over in the environment: every user of the host can read command lines.
        """
        environment = {
            **os.environ,
            "SPARK_HOME": str(spark_home()),
            "SPARK_LOCAL_IP": "127.0.0.1",  # of the web pages alone: --host names the rest
            "SPARK_LOCAL_DIRS": str(scratch),
            "TMPDIR": str(temporary_folder(scratch)),
            # Else Spark looks for folders of its own source tree when it starts an executor.
            "SPARK_SCALA_VERSION": next((spark_home() / "jars").glob("spark-core_*.jar"))
            .name.split("_")[1]
            .split("-")[0],
            # Not on the command line, which every user of the host can read.
            "_SPARK_AUTH_SECRET": secret,
        }
        return subprocess.Popen(
            self.command(scratch),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def watch(self, process: subprocess.Popen[str], stop: threading.Event, say: Say, warn: Say) -> None:
        """Hand on what the JVM says until it ends or ``stop`` is set."""
        said: list[str] = []
        reader = threading.Thread(target=_listen, args=(process, said, warn), daemon=True)
        reader.start()
        deadline, ready, refusals = time.monotonic() + START_LIMIT, False, Refusals()
        while not stop.wait(0.1):
            _reap(process.pid)
            if process.poll() is not None:
                reader.join(1.0)
                words = last_words("\n".join(said).encode())
                raise MetapipeError("E302", f"the Spark {self.name} ended; its last words: {words}")
            if self.masters is not None and (reason := refusals.look("\n".join(said))):
                raise MetapipeError("E303", f"the Spark master {shown(self.masters.masters)} {reason}")
            if not ready and _listens(self.host, self.port):
                ready = True
                say(f"Spark {self.name} ready on {self.host}:{self.port}")
            elif not ready and time.monotonic() > deadline:
                raise MetapipeError("E302", f"the Spark {self.name} was not ready within {START_LIMIT:.0f} s")


def _reap(own: int) -> None:
    """Wait for those that have lost their parent and become our children; ``own`` is waited for elsewhere."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != own:
            os.waitpid(ended.si_pid, 0)


def _listen(process: subprocess.Popen[str], said: list[str], warn: Say) -> None:
    for line in process.stderr or ():
        warn(line.rstrip())
        said.append(line)
        del said[:-200]


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=CONNECT_LIMIT).close()
    except OSError:
        return False
    return True
