"""Says as JSON which releases on this host can go: runs on the host's own Python, changes nothing.

Kept are the one in use (the link ``current``), the one before (``previous``), and every one from which a process of
this host runs: as its program, a file it has open or mapped, its working directory, or a word of its command or of its
environment. A job of a Galaxy of two releases ago may go on for days, and each job has its release in its environment.

Usage: unused.py ROOT, the folder with ``releases``, ``current`` and ``previous``
"""

from __future__ import annotations

import glob
import json
import os
import re
import sys

_LINKS = ("cwd", "exe", "root", "fd/*")
_WORDS = ("cmdline", "environ", "maps")


def unused(root: str) -> list[str]:
    """Folders of the releases that nobody needs any longer, in the order of their names."""
    releases = os.path.join(root, "releases")
    there = {entry.name for entry in os.scandir(releases) if entry.is_dir(follow_symlinks=False)}
    links = [os.path.join(root, name) for name in ("current", "previous")]
    kept = {os.path.basename(os.path.realpath(link)) for link in links if os.path.islink(link)}
    return [os.path.join(releases, name) for name in sorted(there - kept - running(releases))]


def running(releases: str) -> set[str]:
    """Names of the releases from which a process of this host runs."""
    places = {os.fsencode(releases), os.fsencode(os.path.realpath(releases))}
    named = re.compile(b"(?:" + b"|".join(map(re.escape, places)) + rb")/([\w.-]+)")
    found: set[bytes] = set()
    for process in glob.glob("/proc/[0-9]*"):
        for name in _WORDS:
            try:
                with open(os.path.join(process, name), "rb") as file:
                    found.update(named.findall(file.read()))
            except OSError:  # it has ended
                continue
        for name in _LINKS:
            for link in glob.glob(os.path.join(process, name)):
                try:
                    found.update(named.findall(os.fsencode(os.readlink(link))))
                except OSError:
                    continue
    return {os.fsdecode(name) for name in found}


if __name__ == "__main__":
    print(json.dumps(unused(sys.argv[1])))  # noqa: T201
