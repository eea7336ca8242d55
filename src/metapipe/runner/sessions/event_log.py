"""Spark's own event log, kept on demand: what its history server shows. No run report needs it."""

from __future__ import annotations

import os
from pathlib import Path

from metapipe.errors import MetapipeError

#: Folder in which Spark leaves its event log; set by destinations, or ``--event-log``.
VARIABLE = "METAPIPE_SPARK_EVENT_LOG"


def event_log_settings(folder: Path | None) -> dict[str, str]:
    """Spark properties that keep the event log in ``folder`` (made when it is not there); none without a folder.

    :raises MetapipeError: E501 when it cannot be made or written to: Spark would say so with a page of Java.
    """
    if folder is None:
        return {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MetapipeError(
            "E501", f"cannot make the folder for Spark's event log ({error.strerror})", file=folder
        ) from error
    if not os.access(folder, os.W_OK):
        raise MetapipeError("E501", "the folder for Spark's event log is not writable", file=folder)
    return {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder.resolve().as_uri(),
        # One file of lines that any program can read; a job of ours makes few events.
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }
