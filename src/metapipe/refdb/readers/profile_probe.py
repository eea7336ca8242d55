"""Reads a file of profiles in a process of its own: HMMER ends the process on some damaged files.

HMMER's reader calls ``exit`` for an alphabet it does not know, and writes past its arrays where a file says another
length than it has; neither can be caught. So a user's file is read once by a child, which says where it is:
it is no command, and its standard output is the pipe to its parent.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from metapipe.errors import MetapipeError


def check_profiles(path: Path) -> None:
    """Let a child read all profiles of a file.

    What it refuses is not reported here: whoever reads the file next meets it again.

    :raises MetapipeError: E101 with the line of the profile at which the child died.
    """
    argv = [sys.executable, "-m", "metapipe.refdb.readers.profile_probe", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        label, _, line = (done.stdout.splitlines() or [path.name])[-1].partition("\t")
        number = int(line) if line.isdecimal() else None
        raise MetapipeError("E101", "not a file of HMMER3 profiles: HMMER cannot read it", file=label, line=number)


def _main(path: str) -> None:
    from metapipe.refdb.readers.profiles import parse_profiles, profile_texts

    try:
        for label, line, content in profile_texts(Path(path)):
            sys.stdout.write(f"{Path(label).name}\t{line or ''}\n")
            sys.stdout.flush()
            parse_profiles(content, label, line)
    except MetapipeError:
        return


if __name__ == "__main__":
    _main(sys.argv[1])
