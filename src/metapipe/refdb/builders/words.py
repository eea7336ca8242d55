"""Kraken 2's index of the proteins of a database of kind ``taxonomy-reads``, made when the database is built."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.diamond import FASTA, Built
from metapipe.runner.guard.program_version import program_version
from metapipe.taxa.ancestry import read_ancestry
from metapipe.taxa.word_index import BUILDER, FOLDER, build_command, keep_index, write_sources


def index_words(folder: Path, built: Built) -> Built:
    """Add the index to a database that is whole but for it; return what the manifest says of both.

    :raises MetapipeError: E301 without Kraken 2, E401 when it fails.
    """
    if shutil.which(BUILDER) is None:
        raise MetapipeError("E301", f"{BUILDER} is needed (Debian package kraken2)")
    work = folder / ".words"
    write_sources(folder / FASTA, read_ancestry(folder), work)
    command = [str(word) for word in build_command(work)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise MetapipeError("E401", f"{BUILDER}: {(done.stderr or done.stdout).strip()[-300:]}")
    keep_index(work, folder / FOLDER)
    version = program_version(BUILDER, "--version", after="version ") or "unknown"
    return replace(built, tool=f"{built.tool}, kraken2 {version}")
