"""The installed databases: a root folder with ``<name>/<version>/manifest.json``, and how a user's words find one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.manifest import MANIFEST, Manifest, read_manifest
from metapipe.refdb.verify import verify
from metapipe.refdb.versions import newest, version_key
from metapipe.runner.declare.elements import Database


@dataclass(frozen=True)
class Installed:
    """A database folder and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def database(self) -> Database:
        """As a stage sees it."""
        manifest = self.manifest
        return Database(manifest.name, manifest.version, manifest.kind, self.path, manifest.digest)


def root() -> Path:
    """Folder of installed databases: ``$METAPIPE_REFDB``, else ``~/.local/share/metapipe/refdb``."""
    chosen = os.environ.get("METAPIPE_REFDB")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "metapipe" / "refdb"


def home_of(name: str, version: str) -> Path:
    """Where a database of that name and version belongs."""
    return root() / name / version


def installed() -> list[Installed]:
    """All installed databases, by name and version. Folders without a manifest, and hidden ones, are not databases.

    :raises MetapipeError: E203 when a manifest cannot be read.
    """
    found = [
        Installed(path.parent.resolve(), read_manifest(path.parent))
        for path in root().glob(f"*/*/{MANIFEST}")
        if not any(part.startswith(".") for part in path.parent.parts[-2:])
    ]
    return sorted(found, key=lambda entry: (entry.manifest.name, version_key(entry.manifest.version)))


def find(text: str) -> Installed:
    """Find ``name:version``, ``name`` (the newest version) or a database's folder. Only the manifest is read.

    :raises MetapipeError: E202 that lists what is installed, E203 when the manifest cannot be read.
    """
    folder = Path(text)
    if folder.is_dir() and (os.sep in text or (folder / MANIFEST).is_file()):
        return Installed(folder.resolve(), read_manifest(folder))
    name, _, version = text.partition(":")
    versions = {path.parent.name for path in root().glob(f"{_plain(name)}/*/{MANIFEST}")}
    versions = {found for found in versions if not found.startswith(".")}
    if version in versions or (versions and not version):
        path = home_of(name, version or newest(versions))
        return Installed(path.resolve(), read_manifest(path))
    known = sorted(f"{path.parent.parent.name}:{path.parent.name}" for path in root().glob(f"[!.]*/[!.]*/{MANIFEST}"))
    offer = f"one of {', '.join(known)}" if known else "a database: none is installed"
    raise MetapipeError("E202", "database not installed", expected=offer, found=text)


def resolve(text: str, kind: str) -> Database:
    """Find a database, check that it is of the kind a stage needs, and that it is whole.

    :raises MetapipeError: E202 not installed, E204 of another kind, E203 damaged.
    """
    entry = find(text)
    if entry.manifest.kind != kind:
        raise MetapipeError(
            "E204", f"database {entry.manifest.label}", expected=f"kind {kind}", found=entry.manifest.kind
        )
    verify(entry.path, entry.manifest)
    return entry.database


def _plain(name: str) -> str:
    # A user's name must not be taken for a pattern, nor lead out of the root.
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name.replace("/", "_")) or "_"
