"""Says as JSON what is on this host: read by the checks, runs on the host's own Python, changes nothing.

Usage: look.py ROOT USER UID
"""

from __future__ import annotations

import glob
import grp
import json
import os
import pwd
import shutil
import sys
import time


def listening() -> dict[int, str]:
    """Ports of TCP on which somebody listens, and the name of the program, as far as it can be seen."""
    inodes = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(table):
            with open(table, encoding="ascii") as file:
                for fields in (line.split() for line in file.readlines()[1:]):
                    if fields[3] == "0A":
                        inodes[f"socket:[{fields[9]}]"] = int(fields[1].rsplit(":", 1)[1], 16)
    found = dict.fromkeys(inodes.values(), "a program that cannot be seen")
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            port = inodes.get(os.readlink(link))
            if port is not None:
                with open(f"/proc/{link.split('/')[2]}/comm", encoding="utf-8") as file:
                    found[port] = file.read().strip()
        except OSError:  # it has ended
            continue
    return found


def free_mb(path: str) -> int:
    """Free disk where a folder is or will be."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return shutil.disk_usage(path).free >> 20


def memory_mb() -> int:
    with open("/proc/meminfo", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("MemTotal:")).split()[1]) >> 10


def system() -> str:
    """The system and its release, as ``debian 12``."""
    words = {}
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            for line in file:
                key, _, value = line.strip().partition("=")
                words[key] = value.strip("\"'")
    except FileNotFoundError:
        pass
    return f"{words.get('ID', 'unknown')} {words.get('VERSION_ID', '')}".strip()


def instance() -> str:
    """Name of the instance whose host this is; nothing when it is nobody's."""
    try:
        with open("/etc/metapipe/instance", encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def strangers(root: str, user: str, uid: int) -> list[str]:
    """What would be in the way, or be overwritten: another Galaxy, or a name or number that ours would take."""
    found = [f"the unit {path}" for path in sorted(glob.glob("/etc/systemd/system/galaxy*.*"))]
    found += [f"the folder {path}" for path in ("/srv/galaxy", "/opt/galaxy") if os.path.isdir(path)]
    # What was kept when an instance was taken away is no stranger's.
    kept = set(os.listdir(root)) - {"shared"} if os.path.isdir(root) else set()
    found += [f"files in {root} ({', '.join(sorted(kept)[:3])})"] if kept else []
    found += [f"a user {entry.pw_name} ({entry.pw_uid})" for entry in pwd.getpwall() if mine(entry, user, uid)]
    found += [f"a group {entry.gr_name} ({entry.gr_gid})" for entry in grp.getgrall() if mine(entry, user, uid)]
    return found


def mine(entry: tuple[object, ...], user: str, uid: int) -> bool:
    return entry[0] == user or entry[2] == uid


def main(root: str, user: str, uid: str) -> None:
    ours = instance()
    print(  # noqa: T201
        json.dumps(
            {
                "instance": ours,
                "system": system(),
                "systemd": os.path.isdir("/run/systemd/system"),
                "memory_mb": memory_mb(),
                "disk_mb": free_mb(root),
                "time": time.time(),
                "ports": listening(),
                "strangers": [] if ours else strangers(root, user, int(uid)),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
