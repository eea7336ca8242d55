"""The Java side of a Spark session: finding Java, starting the gateway quickly, the class-data archive.

The gateway is started directly rather than through ``spark-submit``: that saves a second JVM (the launcher), a warning
on every user's standard error (the incubating vector module, which row-free jobs never use), and any trouble with
blanks in paths. Its flags are those of ``org.apache.spark.launcher.JavaModuleOptions`` less that module.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.task import last_words
from metapipe.runner.guard.launcher import die_with_parent

#: Seconds until a JVM that neither ends nor is ready is given up: it takes three seconds of a core, of which a busy
#: machine may give it a twentieth.
START_LIMIT = 180.0
HEAP = "512m"
#: What the JVM says, in the folder of its session.
LOG = "jvm.log"
_OPENED = [
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.io",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "jdk.internal.ref",
    "sun.nio.ch",
    "sun.nio.cs",
    "sun.security.action",
    "sun.util.calendar",
]


@dataclass(frozen=True)
class Gateway:
    """A running JVM that pyspark can talk to."""

    process: subprocess.Popen[bytes]
    port: int
    secret: str

    def has_ended(self) -> bool:
        """Whether it has ended or is ending: its connections break a moment before it can be waited for."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1.0)
        return self.process.poll() is not None

    def stop(self, patience: float = 20.0) -> None:
        """End the JVM (it exits when its standard input closes) and wait for it, or kill it after ``patience`` s."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def java_binary() -> Path | None:
    """The Java that Spark will use: of JAVA_HOME, else the first on the PATH."""
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").is_file():
        return Path(home) / "bin" / "java"
    found = shutil.which("java")
    return None if found is None else Path(found)


def start_gateway(folder: Path, settings: Mapping[str, str], *, extra: tuple[str, ...] = ()) -> Gateway:
    """Start the JVM; ``folder`` holds its configuration and scratch.

    :param settings: Spark properties. :param extra: more JVM options.
    :raises MetapipeError: E302 with the JVM's own last words.
    """
    java = java_binary()
    if java is None:
        raise MetapipeError("E302", "no Java found: install Java 17 or later (Debian: openjdk-17-jre-headless)")
    information, log = folder / "gateway", folder / LOG
    information.unlink(missing_ok=True)  # of an earlier session in the same folder: its port is dead
    temporary = temporary_folder(folder)
    command = [str(java), *java_options(temporary), *extra, "-cp", class_path(), "org.apache.spark.deploy.SparkSubmit"]
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    environment = {
        **os.environ,
        "SPARK_HOME": str(spark_home()),
        "SPARK_CONNECT_MODE": "0",
        "TMPDIR": str(temporary),
        "_PYSPARK_DRIVER_CONN_INFO_PATH": str(information),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "pyspark-shell"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    deadline = time.monotonic() + START_LIMIT
    while not information.is_file():
        if (ended := process.poll() is not None) or time.monotonic() > deadline:
            process.kill()
            process.communicate()
            how = "Java ended before Spark was ready" if ended else f"Spark was not ready within {START_LIMIT:.0f} s"
            raise MetapipeError("E302", f"{how}; its last words: {last_words(log.read_bytes())}")
        time.sleep(0.02)
    content = information.read_bytes()
    port, length = struct.unpack(">ii", content[:8])
    return Gateway(process, port, content[8 : 8 + length].decode())


def spark_home() -> Path:
    """Folder of the pyspark we import; a site's own SPARK_HOME may hold another version."""
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise MetapipeError("E302", "pyspark is not installed")
    return Path(found.origin).parent


def class_path() -> str:
    """Spark's jars one by one: "DIR/*" would list them in directory order, another class path to the archive."""
    return ":".join(sorted(str(jar) for jar in (spark_home() / "jars").glob("*.jar")))


def temporary_folder(folder: Path) -> Path:
    """Make the place for what Java and Spark write beside their work, native libraries and logs of crashes.

    The system's own would keep it when the JVM is killed; this one goes with the folder.
    """
    made = (folder / "tmp").resolve()
    made.mkdir(parents=True, exist_ok=True)
    return made


def java_options(temporary: Path) -> list[str]:
    """Options of a cold start, with the class-data archive where ``prepare_archive`` has made one.

    :param temporary: of :func:`temporary_folder`.
    """
    options = ["-XX:+IgnoreUnrecognizedVMOptions", f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    options += ["-Xshare:auto", "-Xlog:disable", "-XX:-UsePerfData", "-Dio.netty.tryReflectionSetAccessible=true"]
    options += [f"-Djava.io.tmpdir={temporary}"]
    options += [f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"]
    options += [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
    archive = archive_path()
    if archive is not None and archive.is_file():
        options.append(f"-XX:SharedArchiveFile={archive}")
    return options


def archive_path() -> Path | None:
    """Where the class-data archive for this Java and this Spark lies or may be made; None where neither is possible."""
    java = java_binary()
    if java is None:
        return None
    real, spark = java.resolve(), spark_home()
    stamp = f"{real}|{real.stat().st_mtime_ns}|{spark}|{(spark / 'version.py').stat().st_mtime_ns}"
    name = f"spark-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}.jsa"
    folders = (Path(sys.prefix) / "share" / "metapipe", _cache_folder())
    made = [folder / name for folder in folders if (folder / name).is_file()]
    possible = [folder / name for folder in folders if os.access(_existing_parent(folder), os.W_OK)]
    return next(iter(made + possible), None)


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "metapipe"


def _existing_parent(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
