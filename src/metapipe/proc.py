"""What the kernel says of processes in ``/proc``: the one reader of it, for runner, instance and measurements.

A process may end between two looks: whoever asks about one that has gone is told by ``OSError``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: Seconds of one tick of :attr:`Stat.ticks` and :attr:`Stat.started`.
TICK = 1.0 / os.sysconf("SC_CLK_TCK")


class Stat(NamedTuple):
    """A process, by ``/proc/PID/stat``.

    :param state: one letter; ``Z`` and ``X`` have ended. :param ticks: of CPU time, its own and that of all it has
        waited for. :param started: ticks from boot to its start.
    """

    state: str
    parent: int
    session: int
    ticks: int
    started: int


def stat(process: int) -> Stat:
    """State, parent, session, CPU time and start of a process.

    :raises OSError: when it has gone.
    """
    text = Path(f"/proc/{process}/stat").read_bytes()
    # From the third field on: the name before it, in brackets, may hold anything, blanks and brackets too.
    fields = text[text.rindex(b")") + 2 :].split()
    ticks = sum(map(int, fields[11:15]))
    return Stat(fields[0].decode(), int(fields[1]), int(fields[3]), ticks, int(fields[19]))


def process_ids() -> list[int]:
    """All processes of this machine that this one may see."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def descendants(ancestor: int) -> list[int]:
    """Processes below ``ancestor``, itself left out."""
    below: dict[int, list[int]] = {}
    for process in process_ids():
        with contextlib.suppress(OSError):
            below.setdefault(stat(process).parent, []).append(process)
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        next_ones = below.get(waiting.pop(), [])
        found += next_ones
        waiting += next_ones
    return found


def children(process: int) -> list[int]:
    """Direct children, of all threads of the process; none when it has gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{process}/task/{thread}/children").read_text().split())
    return found


def status(*names: str, process: int | None = None, missing: str = "0") -> list[str]:
    """First words of the lines ``NAME:`` of ``/proc/PID/status``, memory in KiB; ``missing`` where there is none.

    :param process: this one when not given. :raises OSError: when it has gone.
    """
    words = dict.fromkeys(names, missing)
    for line in Path(f"/proc/{process or 'self'}/status").read_bytes().splitlines():
        name, _, rest = line.partition(b":")
        if (key := name.decode()) in words:
            words[key] = rest.split()[0].decode()
    return list(words.values())


def resident_bytes(process: int) -> int:
    """Memory of a process that is in RAM, pages that it shares with others included.

    :raises OSError: when it has gone.
    """
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def name_of(process: int) -> str:
    """Name of the program, at most 15 letters.

    :raises OSError: when it has gone.
    """
    return Path(f"/proc/{process}/comm").read_text().strip()


def command_line(process: int) -> bytes:
    """Its words, each ended by a zero.

    :raises OSError: when it has gone.
    """
    return Path(f"/proc/{process}/cmdline").read_bytes()


def environment_of(process: int) -> list[bytes]:
    """Variables it was started with, ``NAME=VALUE``.

    :raises OSError: when it has gone or is another user's.
    """
    return Path(f"/proc/{process}/environ").read_bytes().split(b"\0")


def open_files(process: int | None = None) -> Iterator[tuple[int, str]]:
    """Yield number and target of each descriptor (a path, ``socket:[4711]``), as far as it is still open.

    :param process: this one when not given. :raises OSError: when it has gone or is another user's.
    """
    folder = f"/proc/{process or 'self'}/fd"
    for number in os.listdir(folder):
        with contextlib.suppress(OSError):
            yield int(number), os.readlink(f"{folder}/{number}")


def offset(descriptor: int) -> int:
    """Where the next read of this process's descriptor begins, in bytes.

    :raises OSError: when it is not open.
    """
    return int(Path(f"/proc/self/fdinfo/{descriptor}").read_text().split("pos:", 1)[1].split(None, 1)[0])


def boot_id() -> str:
    """The kernel's id of this boot: process ids and ticks mean something within it only."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
