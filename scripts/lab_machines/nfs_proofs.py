"""What the shared folder of an instance must do, tried on two machines of which one exports it and the other mounts it.

Each proof returns what it saw in a few words, and raises :class:`FailedError` where it does not hold.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lab_machines.emulated import Emulated, Guest
from lab_machines.place import SHARED

#: Where the proofs work: only the user galaxy may come in.
PLACE = f"{SHARED}/galaxy/proofs"
_PROBE = "/var/tmp/nfs_probe.py"
_VERSIONS, _PARTS, _LINES = 20, 10, 60
#: Seconds the server is away while somebody writes.
_AWAY = 8
#: What a machine has that could be the role's: files, and among them the units that are enabled; mounts; exports.
TRACES = """
find /etc /srv /var/lib/metapipe | sort
grep -E ' nfs4? ' /proc/mounts; exportfs -s
"""


class FailedError(Exception):
    """A proof that does not hold: what was expected and found."""


def expect(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise FailedError(f"{what}: expected {expected}, found {found}")


def lay_out(made: Emulated) -> None:
    """Give the proofs their program and their folder."""
    program = Path(__file__).with_name("nfs_probe.py").read_text()
    for guest in made.guests:
        made.run(guest, f"cat >{_PROBE} <<'END-OF-PROGRAM'\n{program}\nEND-OF-PROGRAM\n")
    made.run(made.head, f"mkdir -p {PLACE}", "galaxy")


def clear_away(made: Emulated) -> None:
    made.run(made.head, f"rm -rf {PLACE}", "galaxy")
    for guest in made.guests:
        made.run(guest, f"rm -f {_PROBE}")


def mounted(made: Emulated) -> str:
    """The worker has mounted the head's folder as the role's options say."""
    line = made.run(made.worker, f"grep ' {SHARED} ' /proc/mounts", check=False).split() or ["nothing"] * 4
    expect("source", f"{made.head.address}:{SHARED}", line[0])
    expect("kind", "nfs4", line[2])
    missing = {"rw", "vers=4.2", "hard", "noatime"} - set(line[3].split(","))
    expect("options that are missing", set(), missing)
    return f"{line[2]} {line[3].replace(',local_lock=none', '')}"


def both_see(made: Emulated) -> str:
    """What galaxy writes on one side is read on the other, and is galaxy's on both."""
    for writer, reader in ((made.worker, made.head), (made.head, made.worker)):
        name = f"{PLACE}/of-{writer.name}"
        sums = made.run(writer, f"umask 022; head -c 5000000 /dev/urandom >{name} && md5sum {name}", "galaxy")
        expect(f"what {reader.name} reads", sums, made.run(reader, f"md5sum {name}", "galaxy"))
        expect("owner", "galaxy galaxy 644", made.run(reader, f"stat -c '%U %G %a' {name}", "galaxy"))
    return "5 MB each way, the same bytes and owner"


def strangers(made: Emulated) -> str:
    """Root of a worker is nobody there, others stay outside, and only workers may mount it."""
    worker, denied = made.worker, "Permission denied"
    for user in ("root", "nobody"):
        for script in (f"ls {PLACE}", f"touch {SHARED}/refdb/x", f"touch {SHARED}/x", f"rm {SHARED}/.metapipe"):
            said = made.run(worker, f"LC_ALL=C {script} 2>&1 </dev/null; true", user)
            if denied not in said:
                raise FailedError(f"{user} of the worker, {script}: expected {denied!r}, found {said!r}")
    expect(
        "the mark",
        "root may not, all may read",
        made.run(worker, f"test -s {SHARED}/.metapipe && echo root may not, all may read"),
    )
    mount = f"LC_ALL=C mount -t nfs4 {made.head.address}:{SHARED} /mnt 2>&1; umount /mnt 2>/dev/null; true"
    said = made.run(made.head, mount)
    if "access denied" not in said:
        raise FailedError(f"a mount from another address: expected 'access denied', found {said!r}")
    return "root_squash holds; another address is refused"


def renames(made: Emulated) -> str:
    """A file that is written, synced and renamed over another one is seen whole and in order."""
    seen = []
    for writer, reader in ((made.worker, made.head), (made.head, made.worker)):
        folder = f"{PLACE}/renames-of-{writer.name}"
        made.run(writer, f"mkdir {folder} && python3 {_PROBE} replace {folder} 0", "galaxy")
        words = _both(made, (reader, "follow"), (writer, "replace"), folder, _VERSIONS)
        expect(f"last version {reader.name} reads", f"{_VERSIONS}", words[1])
        seen.append(f"{reader.name} saw {words[3]} of {_VERSIONS + 1} versions in {words[2]} reads")
    return "; ".join(seen)


def commits(made: Emulated) -> str:
    """Folders that are renamed to their names, as our executors' parts, are whole; a later one does not replace one."""
    for writer, reader in ((made.worker, made.head), (made.head, made.worker)):
        folder = f"{PLACE}/parts-of-{writer.name}"
        made.run(writer, f"mkdir {folder}", "galaxy")
        words = _both(made, (reader, "collect"), (writer, "commit"), folder, _PARTS)
        expect(f"parts {reader.name} reads", ["collected", f"{_PARTS}"], words)
    return f"{_PARTS} parts each way, all whole"


def _both(made: Emulated, first: tuple[Guest, str], second: tuple[Guest, str], folder: str, count: int) -> list[str]:
    """Run two programs at the same time; return what the first said."""
    one, two = (
        made.start(guest, "galaxy", "python3", _PROBE, what, folder, str(count)) for guest, what in (first, second)
    )
    said, other = one.communicate()[0], two.communicate()[0]
    for process, words, (guest, what) in ((one, said, first), (two, other, second)):
        if process.returncode:
            reason = (words.strip().splitlines() or ["it said nothing"])[-1]
            raise FailedError(f"{what} on {guest.name}: {reason}")
    return said.split()


def locks(made: Emulated) -> str:
    """Locks of the worker are seen on the head and the other way round: those of POSIX; flock is said."""
    found = []
    for holder, asker in ((made.worker, made.head), (made.head, made.worker)):
        with _holding(made, holder):
            posix, flock = made.run(asker, f"python3 {_PROBE} ask {PLACE}", "galaxy").split()
            found.append(f"{asker.name} finds flock of {holder.name} {flock}")
            expect(f"a POSIX lock of {holder.name} on {asker.name}", "held", posix)
        expect("both locks once it has ended", "free free", made.run(asker, f"python3 {_PROBE} ask {PLACE}", "galaxy"))
    with _holding(made, made.worker):
        said = made.run(made.worker, f"python3 {_PROBE} ask {PLACE}", "galaxy")
        expect("two processes of the worker", "held held", said)
    return "POSIX locks hold between machines; " + ", ".join(found)


class _holding:  # noqa: N801 - is read as a word
    """Somebody holds both kinds of locks."""

    def __init__(self, made: Emulated, guest: Guest) -> None:
        self.process: subprocess.Popen[str] = made.start(guest, "galaxy", "python3", _PROBE, "hold", PLACE)

    def __enter__(self) -> None:
        assert self.process.stdout
        expect("who takes the locks", "holds", self.process.stdout.readline().strip())

    def __exit__(self, *_: object) -> None:
        self.process.communicate("")


def late_files(made: Emulated) -> str:
    """A file that a machine has looked for before it was there is seen later, within a minute."""
    seen = []
    for maker, looker in ((made.worker, made.head), (made.head, made.worker)):
        folder = f"{PLACE}/late-of-{maker.name}"
        made.run(maker, f"mkdir {folder}", "galaxy")
        process = made.start(looker, "galaxy", "python3", _PROBE, "await", folder)
        assert process.stdout
        expect("before", "looks", process.stdout.readline().strip())
        made.run(maker, f"sleep 2; touch {folder}/late", "galaxy")
        word, seconds = process.communicate()[0].split()
        expect("after", "seen", word)
        if float(seconds) > 90:
            raise FailedError(f"a file made by {maker.name}: expected on {looker.name} within 90 s, found {seconds} s")
        seen.append(f"{looker.name} after {seconds} s")
    return ", ".join(seen)


def server_away(made: Emulated) -> str:
    """Who writes while the server is away waits, and goes on when it is back."""
    process = made.start(made.worker, "galaxy", "python3", _PROBE, "go-on", PLACE, str(_LINES))
    assert process.stdout
    expect("the writer", "writes", process.stdout.readline().strip())
    made.run(made.head, "systemctl stop nfs-server")
    time.sleep(_AWAY)
    expect("the writer's end while the server is away", None, process.poll())
    made.run(made.head, "systemctl start nfs-server")
    words = process.communicate()[0].split()
    expect("what it wrote", ["wrote", f"{_LINES}"], words[:2])
    expect("lines", f"{_LINES}", made.run(made.head, f"uniq {PLACE}/lines | wc -l", "galaxy"))
    return f"server away for {_AWAY} s; the slowest of {_LINES} lines took {words[2]} s"


def reboot(made: Emulated) -> str:
    """Both machines start again; the folder is exported and mounted by itself, with what was in it."""
    made.run(made.worker, f"echo kept >{PLACE}/kept && sync", "galaxy")
    before, began = made.boot_ids(), time.monotonic()
    made.run(made.head, "systemctl reboot", check=False)
    made.wait(before=before)
    answered = time.monotonic() - began
    ready = f"for i in $(seq 300); do mountpoint -q {SHARED} && break; sleep 1; done; cat {PLACE}/kept"
    expect(
        "what the worker reads", "kept", made.run(made.worker, f"timeout 300 sh -c '{ready}'", "galaxy", check=False)
    )
    seconds = time.monotonic() - began
    mounted(made)
    for guest, units in ((made.head, "nfs-server"), (made.worker, "srv-metapipe-shared.mount")):
        expect(
            f"units of {guest.name}",
            "active",
            made.run(guest, f"systemctl is-active {units}"),
        )
        expect(f"failed units of {guest.name}", "", made.run(guest, "systemctl --failed --no-legend --plain"))
    return f"both answer after {answered:.0f} s, mounted after {seconds:.0f} s"


#: In this order, with what each of them is called.
PROOFS: tuple[tuple[str, Callable[[Emulated], str]], ...] = (
    ("mounted with the role's options", mounted),
    ("both sides read what the other wrote", both_see),
    ("strangers stay outside", strangers),
    ("files are replaced whole and in order", renames),
    ("parts are committed whole and once", commits),
    ("locks", locks),
    ("late files", late_files),
    ("a writer waits for the server", server_away),
    ("back after a reboot", reboot),
)
