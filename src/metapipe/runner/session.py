"""Where blocks run: in this process's children (inline) or in a Spark application on this host or a cluster.

The only module that imports pyspark, and only when a Spark session is really started. Spark is sent descriptors and
returns rows; it never sees a sequence. A cold start is engineered: serial collector, first-tier compiler only, a
class-data archive made at installation, no web UI (measured: 12.3 CPU-s by default, 2.9 so).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from metapipe.errors import MetapipeError
from metapipe.runner.attempt import Attempt, run_attempt
from metapipe.runner.blocks import Block
from metapipe.runner.plan import launch_order
from metapipe.runner.task import Job

Tick = Callable[[], None]

#: Tries of a task whose worker process died; ``local[N]`` without it gives up at the first.
TASK_TRIES = 4
_LOG_PROPERTIES = """rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = Spark %p: %m%n
"""


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
    """One Spark application of this job's own, gone when the job is."""

    def __init__(self, slots: int, folder: Path, *, extra_java_options: str = "") -> None:
        self.name = "local"
        self._context = _start_context(slots, folder, extra_java_options)

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

    def stop(self) -> None:
        from pyspark import SparkContext

        self._context.stop()
        gateway = SparkContext._gateway
        if gateway is not None:
            process = gateway.proc
            gateway.shutdown()
            process.stdin.close()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            SparkContext._gateway = SparkContext._jvm = None


def _start_context(slots: int, folder: Path, extra_java_options: str) -> Any:
    if java_binary() is None:
        raise MetapipeError("E302", "no Java found: install Java 17 or later (Debian: openjdk-17-jre-headless)")
    from pyspark import SparkConf, SparkContext

    configuration = _configuration_folder(folder)
    os.environ.update(_environment(configuration))
    settings = {
        "spark.app.name": "metapipe",
        "spark.master": f"local[{slots},{TASK_TRIES}]",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder / "spark"),
        "spark.python.worker.faulthandler.enabled": "true",
        "spark.driver.memory": "384m",
        "spark.driver.extraJavaOptions": f"{java_options()} {extra_java_options}".strip(),
    }
    try:
        return SparkContext(conf=SparkConf(loadDefaults=False).setAll(list(settings.items())))
    except Exception as error:
        raise MetapipeError("E302", f"Spark did not start ({_first_line(error)})") from error


def _configuration_folder(folder: Path) -> Path:
    configuration = folder / "spark-conf"
    configuration.mkdir(parents=True, exist_ok=True)
    (configuration / "log4j2.properties").write_text(_LOG_PROPERTIES)
    return configuration


def _environment(configuration: Path) -> dict[str, str]:
    import pyspark

    # A site's own SPARK_HOME may hold another version than the pyspark we import: the two must match.
    home = str(Path(pyspark.__file__).parent)
    return {
        "SPARK_HOME": home,
        "SPARK_CONF_DIR": str(configuration),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }


def java_binary() -> Path | None:
    """The Java that Spark will use: of JAVA_HOME, else the first on the PATH."""
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").is_file():
        return Path(home) / "bin" / "java"
    found = shutil.which("java")
    return None if found is None else Path(found)


def java_options() -> str:
    """Options of a cold start, with the class-data archive where ``prepare_archive`` has made one."""
    options = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xlog:disable", "-XX:-UsePerfData"]
    archive = archive_path()
    if archive is not None and archive.is_file():
        options.append(f"-XX:SharedArchiveFile={archive}")
    return " ".join(options)


def archive_path() -> Path | None:
    """Where the class-data archive for this Java and this Spark lies; None without Java or where none can be used."""
    java = java_binary()
    if java is None:
        return None
    import pyspark

    real = java.resolve()
    stamp = f"{real}|{real.stat().st_mtime_ns}|{pyspark.__version__}|{Path(pyspark.__file__).parent}"
    name = f"spark-{pyspark.__version__}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}.jsa"
    for folder in (Path(sys.prefix) / "share" / "metapipe", _cache_folder()):
        if (folder / name).is_file() or os.access(_existing_parent(folder), os.W_OK):
            # Options are split at blanks on their way to the JVM.
            return None if " " in str(folder) else folder / name
    return None


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "metapipe"


def _existing_parent(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def prepare_archive(folder: Path) -> Path | None:
    """Make the class-data archive by running one small Spark job; returns its path, None where it cannot be made."""
    archive = archive_path()
    if archive is None:
        return None
    archive.parent.mkdir(parents=True, exist_ok=True)
    fresh = archive.with_suffix(".new.jsa")
    archive.unlink(missing_ok=True)
    session = SparkSession(2, folder, extra_java_options=f"-XX:ArchiveClassesAtExit={fresh}")
    session._context.parallelize([1, 2], 2).map(str).collect()
    session.stop()
    if not fresh.is_file():
        return None
    fresh.rename(archive)
    return archive


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
