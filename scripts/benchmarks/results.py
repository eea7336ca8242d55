"""The results on disk: one JSON file a part, with the command, the programs and the machine it was measured on."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measure import load, machine
from benchmarks.place import HOME, Setting

SCHEMA = 1
_ASK = {
    "parallel": (["parallel", "--version"], 0),
    "hmmsearch": (["hmmsearch", "-h"], 1),
    "prodigal": (["prodigal", "-v"], 1),
    "diamond": (["diamond", "version"], 0),
    "fastp": (["fastp", "--version"], 0),
    "cutadapt": (["cutadapt", "--version"], 0),
    "java": (["java", "-version"], 0),
    "bowtie2": (["bowtie2-align-s", "--version"], 0),
    "minimap2": (["minimap2", "--version"], 0),
    "flash": (["flash", "--version"], 0),
    "kraken2": (["kraken2", "--version"], 0),
    "mmseqs": (["mmseqs", "version"], 0),
    "vsearch": (["vsearch", "--version"], -2),  # said on standard error, before a link
}


class Results:
    """The results of one part while it is measured; every :meth:`save` leaves a whole file.

    :param command: what to type to measure it again.
    """

    def __init__(self, name: str, setting: Setting, command: str, programs: Iterable[str] = ()) -> None:
        self.path = setting.results / f"{name}.json"
        self.load_before = load()
        self.setting = setting
        self.head = {"command": command, "programs": versions(programs)}
        self.entries: dict[str, Any] = {}
        self.kept = read(setting.results, name).get("sections", {})

    def save(self, key: str, value: Any, *, finished: bool) -> None:
        """Keep the result of one section, with the conditions it was measured under; other sections stay."""
        self.entries[key] = {
            "measured": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": commit(),
            **self.head,
            "machine": machine(),
            "quick": self.setting.quick,
            "load_before": self.load_before,
            "load_after": load(),
            "finished": finished,
            "results": value,
        }
        whole = {"schema": SCHEMA, "sections": {**self.kept, **self.entries}}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(whole, indent=1) + "\n")
        fresh.replace(self.path)


def read(folder: Path, name: str) -> dict[str, Any]:
    """The results of a part; empty when there are none."""
    path = folder / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def versions(programs: Iterable[str]) -> dict[str, str]:
    """What each program says its version is, and those of the libraries that stand for programs."""
    found = {name: version(name) for name in ("pyspark", "pyhmmer", "pyrodigal", "isal", "numpy")}
    for program in programs:
        if program not in _ASK or shutil.which(program) is None:
            continue
        command, line = _ASK[program]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        said = [text.strip(" #") for text in (ran.stdout + ran.stderr).splitlines() if text.strip(" #")]
        found[program] = said[min(line, len(said) - 1)] if said else "unknown"
    return found


def commit() -> str:
    """The commit the sources are at, with a + when they were changed since."""
    git = ["git", "-c", f"safe.directory={HOME}", "-C", str(HOME)]
    ran = subprocess.run([*git, "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=False)
    return ran.stdout.strip() or "unknown"


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
