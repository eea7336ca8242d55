"""The data table of reference databases as a folder that is looked at whenever the table is used.

Galaxy reads a table's file when a process starts, or when somebody tells it to. A database that ``metapipe refdb`` (or
a hand) installs, replaces or removes would be unknown to every Galaxy that runs: to its web server and to its job
handlers. Tables of this type ask the folder itself, so there is nobody to tell. In ``tool_data_table_conf.xml``::

    <table name="metapipe_databases" type="installed_databases">
        <columns>value, name, version, kind, path, digest</columns>
        <folder path="/where/the/databases/are"/>
    </table>

Every start program of Galaxy's processes imports this module first, which makes the type known.
"""

import hashlib
import json
import os
from pathlib import Path

from galaxy.tool_util.data import TabularToolDataTable, ToolDataTableManager, tool_data_table_types_list


class InstalledDatabases(TabularToolDataTable):
    """A row for each ``<folder>/<name>/<version>/manifest.json`` that can be read, by name and version.

    A row's ``value`` is ``name:version``, its ``digest`` the SHA-256 of the manifest.
    """

    type_key = "installed_databases"

    def configure_and_load(self, config_element, tool_data_path, from_shed_config=False, url_timeout=10.0):
        self._seen = None
        self._rows = []
        self._folder = Path(config_element.find("folder").get("path"))
        super().configure_and_load(config_element, tool_data_path, from_shed_config, url_timeout)

    @property
    def data(self):
        """The rows of now. Looking costs one ``stat`` a database; manifests are read only after a change."""
        manifests = _manifests(self._folder)
        if manifests != self._seen:
            self._rows = [row for row in map(_row, sorted(manifests)) if row is not None]
            self._seen = manifests
            self._update_version()
        return self._rows

    @data.setter
    def data(self, _rows):
        """Galaxy empties a table before it loads it; here that means to look anew."""
        self._seen = None


def _manifests(folder):
    """Map each manifest's path to what changes when it is another; hidden folders are databases in the making."""
    found = {}
    for name in _entries(folder):
        for version in _entries(name.path):
            path = os.path.join(version.path, "manifest.json")
            try:
                seen = os.stat(path)
            except OSError:
                continue
            found[path] = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
    return found


def _entries(folder):
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return []


def _row(manifest):
    try:
        content = Path(manifest).read_bytes()
        entry = json.loads(content)
        name, version, kind = (str(entry[key]) for key in ("name", "version", "kind"))
        title = " ".join(str(entry.get("title") or name).split())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # `metapipe refdb verify` says what is wrong with it
    folder, digest = os.path.dirname(manifest), hashlib.sha256(content).hexdigest()
    return [f"{name}:{version}", f"{title} (version {version})", version, kind, folder, digest]


# The web application's own manager (galaxy.tools.data) takes the list as it is when that module is imported.
tool_data_table_types_list.append(InstalledDatabases)
ToolDataTableManager.tool_data_table_types[InstalledDatabases.type_key] = InstalledDatabases
