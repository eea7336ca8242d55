"""Ask a program for its version."""

from __future__ import annotations

import re
import subprocess


def program_version(*command: str) -> str:
    """Run e.g. ``fastp --version`` and return the first dotted number it prints, "" when it cannot be asked."""
    try:
        said = subprocess.run(command, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(rb"\d+(\.\d+)+", said.stdout + said.stderr)
    return found[0].decode() if found else ""
