"""What the rules of a deployed Galaxy (``tpv/rules.yml``) ask of a job: how large its input and its database are."""

import json
from pathlib import Path

from lanes.by_size import letters

MB, GB = 1 << 20, 1 << 30
TABLE = "metapipe_databases"


def input_gb(job):
    """Return about how many GiB its inputs are, uncompressed."""
    return letters(job) / GB


def cores_for(job, most, megabytes):
    """Return a core for each so many megabytes of input: at least one, and not more than ``most``."""
    return max(1, min(most, -int(-letters(job) // (megabytes * MB))))


def database_gb(app, job):
    """Return how many GiB the installed database is that the job names; 0 where it names none.

    A database of the user's own is one of the job's inputs.
    """
    chosen = job.get_param_values(app).get("database")
    if not isinstance(chosen, dict) or not chosen.get("installed"):
        return 0.0
    folder = app.tool_data_tables[TABLE].get_entry("value", chosen["installed"], "path")
    return _bytes_of(Path(folder) / "manifest.json") / GB if folder else 0.0


def attempt(job):
    """Return 2 for a job that ran out of memory and is sent once more, else 1."""
    return 1 + int((getattr(job, "destination_params", None) or {}).get("attempt") or 0)


def _bytes_of(manifest):
    try:
        files = json.loads(manifest.read_text())["files"]
        return sum(file["bytes"] for file in files.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0  # the job itself says what is wrong with it
