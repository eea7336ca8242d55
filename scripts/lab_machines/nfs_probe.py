"""Runs on a machine: uses a folder as our runner, its executors and Galaxy use the shared one, and says what it saw.

Usage: nfs_probe.py WHAT FOLDER [COUNT]; each line it says is for a program.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import sys
import time

#: Of a version: enough for many requests to the server.
SIZE = 1 << 18
PATIENCE = 300.0


def content(number: int) -> bytes:
    """A version: its number, the digest of what follows, and what follows."""
    body = number.to_bytes(4, "big") * (SIZE // 4)
    return b"%d %s\n" % (number, hashlib.sha256(body).hexdigest().encode()) + body


def number_of(whole: bytes) -> int:
    """The number of a version; an error when it is not whole."""
    head, _, body = whole.partition(b"\n")
    number, digest = head.split()
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError(f"a version that is not whole: {len(whole)} bytes, of number {number.decode()}")
    return int(number)


def synced(path: str, words: bytes) -> None:
    with open(path, "wb") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())


def replace(folder: str, count: int) -> None:
    """Replace ``answer`` by one version after the other, as results and reports are."""
    for number in range(count + 1):
        synced(f"{folder}/.answer.part", content(number))
        os.replace(f"{folder}/.answer.part", f"{folder}/answer")
        time.sleep(0.05)
    say("replaced", count)


def follow(folder: str, count: int) -> None:
    """Read ``answer`` again and again until the last version is there: always whole, and never older than before."""
    reads, seen = 0, [0]
    until = time.monotonic() + PATIENCE
    while seen[-1] < count and time.monotonic() < until:
        with open(f"{folder}/answer", "rb") as file:
            number = number_of(file.read())
        reads += 1
        if number < seen[-1]:
            raise ValueError(f"version {number} after version {seen[-1]}")
        if number > seen[-1]:
            seen.append(number)
    say("followed", seen[-1], reads, len(seen))


def commit(folder: str, count: int) -> None:
    """Make parts as an executor does: files in a folder of its own, which is then renamed; each second one is late."""
    for number in range(count):
        for attempt in (0, 1):
            staging = f"{folder}/.attempt-{number}-{attempt}"
            os.mkdir(staging)
            synced(f"{staging}/result", content(number))
            synced(f"{staging}/row", b"%d\n" % number)
            try:
                os.rename(staging, f"{folder}/part-{number:03}")
            except OSError as error:
                if attempt == 0 or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                os.unlink(f"{staging}/result")
                os.unlink(f"{staging}/row")
                os.rmdir(staging)
            else:
                if attempt:
                    raise ValueError(f"part {number} was replaced by a later attempt")
    say("committed", count)


def collect(folder: str, count: int) -> None:
    """Read parts as the driver does while they are made: what has its name is whole."""
    seen: set[str] = set()
    until = time.monotonic() + PATIENCE
    while len(seen) < count and time.monotonic() < until:
        for name in sorted(set(os.listdir(folder)) - seen):
            if name.startswith("part-"):
                with open(f"{folder}/{name}/row", "rb") as row, open(f"{folder}/{name}/result", "rb") as result:
                    if int(row.read()) != number_of(result.read()):
                        raise ValueError(f"{name} is another one's")
                seen.add(name)
    say("collected", len(seen))


def hold(folder: str, _count: int) -> None:
    """Hold both kinds of locks until the input ends."""
    with open(f"{folder}/posix", "w+b") as posix, open(f"{folder}/flock", "w+b") as flock:
        fcntl.lockf(posix, fcntl.LOCK_EX)
        fcntl.flock(flock, fcntl.LOCK_EX)
        say("holds")
        sys.stdin.read()


def ask(folder: str, _count: int) -> None:
    """Say of both kinds of locks whether somebody else has one."""
    found = []
    for name, lock in (("posix", fcntl.lockf), ("flock", fcntl.flock)):
        with open(f"{folder}/{name}", "r+b") as file:
            try:
                lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.append("free")
            except BlockingIOError:
                found.append("held")
    say(*found)


def await_file(folder: str, _count: int) -> None:
    """Look for ``late`` before it is there, and say when it was made and how long after that it was seen."""
    name = f"{folder}/late"
    say("there" if os.path.exists(name) else "looks")
    until = time.monotonic() + PATIENCE
    while not os.path.exists(name) and time.monotonic() < until:
        time.sleep(0.1)
    say("seen", round(time.time() - os.stat(name).st_mtime, 1))


def go_on(folder: str, count: int) -> None:
    """Write so many lines, each of them to the disk of whoever has it, and say how long the slowest took."""
    slowest = 0.0
    with open(f"{folder}/lines", "wb") as file:
        for number in range(count):
            began = time.monotonic()
            file.write(b"%08d\n" % number)
            file.flush()
            os.fsync(file.fileno())
            slowest = max(slowest, time.monotonic() - began)
            if number == 0:
                say("writes")
            time.sleep(0.2)
    say("wrote", count, round(slowest, 1))


def say(*words: object) -> None:
    print(*words, flush=True)


if __name__ == "__main__":
    known = {"await": await_file, "go-on": go_on}
    known |= {one.__name__: one for one in (replace, follow, commit, collect, hold, ask)}
    known[sys.argv[1]](sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
