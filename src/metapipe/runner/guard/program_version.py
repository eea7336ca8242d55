"""Ask a program for its version."""

from __future__ import annotations

import re
import subprocess


def program_version(*command: str, after: str = "") -> str:
    """Run e.g. ``fastp --version`` and return the first dotted number it prints, "" when it cannot be asked.

    :param after: text that stands right before the number, for a program that prints other numbers, too.
    """
    try:
        said = subprocess.run(command, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(re.escape(after.encode()) + rb"(\d+(?:\.\d+)+)", said.stdout + said.stderr)
    return found[1].decode() if found else ""
