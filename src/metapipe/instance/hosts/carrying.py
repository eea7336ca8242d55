"""Carries a folder that was fetched to a host: only what is not there yet, and every byte is compared in the end."""

from __future__ import annotations

import io
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

from metapipe.errors import MetapipeError
from metapipe.instance.hosts import ssh
from metapipe.instance.hosts.probe import MARK, ROOT
from metapipe.instance.offline.contents import Contents
from metapipe.instance.request import Hosts

Tell = Callable[[str], None]
#: Where a host has it, and the file in it that says of what it is whole.
THERE = f"{ROOT}/cache"
COMPLETE = ".complete"
_SUMS = ".sha256"
#: Marks the host as the instance's, so that what an interruption leaves can be taken away; prints what is there.
#: Words: FOLDER NAME MARK.
_LOOK = r"""
set -eu
[ -f "$3" ] || { mkdir -p "${3%/*}" && echo "$2" >"$3.new" && chmod 644 "$3.new" && mv "$3.new" "$3"; }
install -d -m 755 "${1%/*}" "$1"
cd "$1" && find . -type f -printf '%s %P\n'
"""
#: Reads lines up to one that says ``data`` (the first may be a password that sudo did not want), then a tar archive.
_UNPACK = r"""
while IFS= read -r line && [ "$line" != data ]; do :; done
umask 022 && exec tar -x --no-same-owner -f - -C "$1"
"""
#: Words: FOLDER DIGEST. Files that came with other bytes are removed, so that they are sent again.
_CHECK = r"""
cd "$1" || exit
bad=$(sha256sum --check --quiet .sha256 2>/dev/null | sed -n 's/: FAILED.*$//p')
[ -z "$bad" ] || { echo "$bad" | xargs -d '\n' rm -f --; echo "$bad" | head -n 1 >&2; exit 1; }
echo "$2" >.complete.new && mv .complete.new .complete
"""
_SAY_SECONDS = 10.0
_CHECK_SECONDS = 1800.0


def digest(contents: Contents) -> str:
    """Return the digest of all that is carried: a host that has it needs nothing more."""
    return sha256(contents.sums.encode()).hexdigest()


def is_there(hosts: Hosts, address: str, contents: Contents) -> bool:
    """Whether a host has all of it.

    :raises MetapipeError: E331 when it does not answer.
    """
    said = ssh.as_root(hosts, address, ["sh", "-c", 'cat "$1" 2>/dev/null || :', "cat", f"{THERE}/{COMPLETE}"])
    return said.strip() == digest(contents)


def carry(hosts: Hosts, address: str, name: str, folder: Path, contents: Contents, tell: Tell) -> int:
    """Bring a host what it lacks, and take away what does not belong there; return how many bytes were sent.

    :param name: of the instance, which the host bears from then on. :param folder: what was fetched.
    :raises MetapipeError: E331, E332 when the host refuses; E207 when a file arrived with other bytes.
    """
    said = ssh.as_root(hosts, address, ["sh", "-c", _LOOK, "look", THERE, name, MARK])
    send, remove = difference(contents.files, read_listing(said))
    for some in _in_pieces([COMPLETE, *remove]):
        ssh.as_root(hosts, address, ["sh", "-c", 'cd "$1" && shift && rm -f -- "$@"', "rm", THERE, *some])
    _stream(hosts, address, folder, contents, send, tell)
    try:
        words = ["sh", "-c", _CHECK, "check", THERE, digest(contents)]
        ssh.as_root(hosts, address, words, seconds=_CHECK_SECONDS)
    except MetapipeError as error:
        if error.code != "E332":
            raise
        file = error.message.rpartition(": ")[2]
        raise MetapipeError("E207", f"{address}: {file} arrived with other bytes; `up` again sends it again") from error
    return sum(contents.files[each][0] for each in send)


def difference(wanted: Mapping[str, tuple[int, str]], there: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Return what is to be sent and what is to be removed.

    :param wanted: path → size and digest. :param there: path → size.
    """
    send = [name for name, (size, _) in sorted(wanted.items()) if there.get(name) != size]
    return send, sorted(set(there) - set(wanted))


def read_listing(said: str) -> dict[str, int]:
    """Return path → size of the lines ``SIZE PATH``."""
    lines = (line.partition(" ") for line in said.splitlines())
    return {name: int(size) for size, _, name in lines if size.isdecimal() and name}


def pack(into: IO[bytes], folder: Path, names: Iterable[str], sums: str, tell: Callable[[int], None]) -> None:
    """Write files of a folder as a tar archive, the list of their digests last.

    :param tell: called with the bytes written so far, file by file.
    """
    done = 0
    with tarfile.open(fileobj=into, mode="w|") as tar:
        for name in names:
            tar.add(folder / name, arcname=name, recursive=False, filter=_for_everybody)
            done += (folder / name).stat().st_size
            tell(done)
        member = tarfile.TarInfo(_SUMS)
        member.size, member.mode = len(sums.encode()), 0o644
        tar.addfile(member, io.BytesIO(sums.encode()))


def _for_everybody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member


def _stream(hosts: Hosts, address: str, folder: Path, contents: Contents, names: list[str], tell: Tell) -> None:
    total = sum(contents.files[name][0] for name in names)
    said_at = time.monotonic()

    def told(done: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at > _SAY_SECONDS:
            said_at = time.monotonic()
            tell(f"{address}: {done >> 20} of {total >> 20} MB")

    if total:
        tell(f"{address}: {len(names)} files, {total >> 20} MB")
    sudo, given = ssh.with_sudo(hosts, ["sh", "-c", _UNPACK, "unpack", THERE])
    line = ssh.command(hosts, address, sudo)
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe) as process:
        into = process.stdin or io.BytesIO()
        with suppress(BrokenPipeError):  # its last words say why
            into.write(f"{given}data\n".encode())
            pack(into, folder, names, contents.sums, told)
        with suppress(BrokenPipeError):
            into.close()
        said = (process.stderr.read() if process.stderr else b"").decode(errors="replace")
    if process.returncode:
        raise ssh.failure(address, THERE, process.returncode, said)


def _in_pieces(names: list[str], at_a_time: int = 200) -> Iterable[list[str]]:
    return (names[first : first + at_a_time] for first in range(0, len(names), at_a_time))
