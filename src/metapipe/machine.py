"""How many cores and how much memory this process may use: one answer for runner, instance and measurements.

A machine has more than a process may take of it: Slurm, systemd and containers put their processes into control groups,
and a limit of the process's own group holds as well as that of any group above it. Both versions of control groups are
read, where `/proc` says they are mounted.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
#: What cgroup version 1 says where there is no limit: the largest multiple of the page size in 63 bits.
_UNLIMITED = 1 << 60


def cores(proc: Path = _PROC) -> int:
    """Cores this process may use at once: those it may run on, or its share of time on them if that is less.

    A share of 1.5 cores counts as 2, as Java counts it: one core's work would not use it up.
    """
    found = len(os.sched_getaffinity(0))
    for folder in _groups(proc, "cpu"):
        share = _share(_word(folder / "cpu.max")) or _share(
            f"{_word(folder / 'cpu.cfs_quota_us')} {_word(folder / 'cpu.cfs_period_us')}"
        )
        if share is not None:
            found = min(found, max(1, math.ceil(share)))
    return found


def memory_mb(proc: Path = _PROC) -> int:
    """Mebibytes of memory this process may use: the machine's, or those of its control groups if that is less."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for folder in _groups(proc, "memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            text = _word(folder / name)
            if text.isdecimal() and int(text) < _UNLIMITED:
                found = min(found, int(text))
    return max(1, found >> 20)


def _groups(proc: Path, controller: str) -> Iterator[Path]:
    """Yield the folder of this process's group of a controller, then those above it, in both versions."""
    places = _mounts(proc, controller)
    for line in _lines(proc / "self" / "cgroup"):
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        version = 2 if number == "0" and not controllers else 1
        if version == 1 and controller not in controllers.split(","):
            continue
        for top, mount in places.get(version, []):
            # Inside a container the group may lie outside of what is mounted; its own is then what is mounted.
            below = Path(path).relative_to(top) if Path(path).is_relative_to(top) else Path()
            folder = mount / below if ".." not in below.parts else mount
            yield folder
            yield from (above for above in folder.parents if above == mount or mount in above.parents)


def _mounts(proc: Path, controller: str) -> dict[int, list[tuple[str, Path]]]:
    """Return, by version, what of the hierarchy is mounted where."""
    found: dict[int, list[tuple[str, Path]]] = {}
    for line in _lines(proc / "self" / "mountinfo"):
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        version = {"cgroup2": 2, "cgroup": 1}.get(kind[0])
        if version == 2 or (version == 1 and controller in kind[2].split(",")):
            place = fields[4].encode().decode("unicode_escape")  # the kernel writes a blank as \040
            found.setdefault(version, []).append((fields[3], Path(place)))
    return found


def _share(text: str) -> float | None:
    """Cores of ``quota period`` (microseconds); ``None`` for no limit (``max`` or a negative quota)."""
    quota, _, period = text.partition(" ")
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _word(file: Path) -> str:
    return " ".join(_lines(file)).strip()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []
