"""A Spark application on this host, and the class-data archive with which its JVM starts quickly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from metapipe.runner.blocks.resources import SessionKind
from metapipe.runner.sessions.application import SparkApplication
from metapipe.runner.sessions.jvm import archive_path

#: Tries of a task whose worker process died; ``local[N]`` without it gives up at the first.
TASK_TRIES = 4


class LocalSession(SparkApplication):
    """Blocks in workers of a Spark application on this host.

    :param slots: blocks at once. :param folder: scratch for the JVM. :param extra: more JVM options.
    :param more: more Spark properties.
    :raises MetapipeError: E302 when Java or Spark does not start.
    """

    name: SessionKind = SessionKind.LOCAL
    remote = False

    def __init__(
        self, slots: int, folder: Path, *, extra: tuple[str, ...] = (), more: Mapping[str, str] | None = None
    ) -> None:
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        settings = {
            "spark.master": f"local[{slots},{TASK_TRIES}]",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            **(more or {}),
        }
        super().__init__(settings, slots, folder, extra=extra)


def prepare_archive(folder: Path) -> Path | None:
    """Make the class-data archive by running one small Spark job; returns its path, None where it cannot be made."""
    archive = archive_path()
    if archive is None:
        return None
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.unlink(missing_ok=True)
    fresh = archive.with_suffix(".new.jsa")
    session = LocalSession(2, folder, extra=(f"-XX:ArchiveClassesAtExit={fresh}",))
    session.try_out()
    session.stop(patience=300.0)  # the JVM writes the archive on its way out
    if not fresh.is_file():
        return None
    fresh.rename(archive)
    return archive
