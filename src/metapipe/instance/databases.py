"""The data table ``metapipe_databases``: which installed databases the tools offer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from metapipe.instance.accounts import read_credentials
from metapipe.instance.secrets import write_private
from metapipe.instance.settings import Settings

TABLE = "metapipe_databases"


@dataclass(frozen=True)
class Row:
    """One row of the table; ``value`` is ``name:version``, ``digest`` the SHA-256 of the manifest."""

    value: str
    name: str
    version: str
    kind: str
    path: str
    digest: str


def installed(refdb: Path) -> list[Row]:
    """Return a row for each ``<refdb>/<name>/<version>/manifest.json`` that can be read, by name and version."""
    rows = []
    for manifest in sorted(refdb.glob("*/*/manifest.json")):
        try:
            text = manifest.read_bytes()
            entry = json.loads(text)
            name, version, kind = (str(entry[key]) for key in ("name", "version", "kind"))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # `metapipe refdb verify` says what is wrong with it
        title = _one_line(str(entry.get("title") or name))
        label = f"{title} (version {version})"
        rows.append(
            Row(f"{name}:{version}", label, version, kind, str(manifest.parent), hashlib.sha256(text).hexdigest())
        )
    return rows


def write_table(settings: Settings) -> int:
    """Write the table's file and return how many databases it offers."""
    rows = installed(settings.refdb)
    lines = ["#value\tname\tversion\tkind\tpath\tdigest"]
    lines += ["\t".join((row.value, row.name, row.version, row.kind, row.path, row.digest)) for row in rows]
    write_private(settings.config / f"{TABLE}.loc", "\n".join(lines) + "\n")
    return len(rows)


def reload_table(settings: Settings) -> None:
    """Let the running Galaxy read the table's file again."""
    from bioblend.galaxy import GalaxyInstance  # only here: BioBlend takes a third of a second to import

    credentials = read_credentials(settings.state)
    GalaxyInstance(credentials.url, key=credentials.admin.api_key).tool_data.reload_data_table(TABLE)


def _one_line(text: str) -> str:
    return " ".join(text.split())
