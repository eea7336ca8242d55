"""What a program may see: bubblewrap around every program a stage starts.

Inside there is no network and no other process; the system's programs and libraries, the program's own environment, the
inputs of this job and its databases can be read, the folders of this attempt can be written, and nothing else exists:
no home, no passwords, no other job. The policy is METAPIPE_SANDBOX: ``require``, ``auto`` (the default: where
bubblewrap works) or ``off``; a host on which it says ``require`` stays stricter than the job it is sent.
"""

from __future__ import annotations

import enum
import functools
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError, warning_line

VARIABLE = "METAPIPE_SANDBOX"

_PROBE_SECONDS = 20.0
#: Names of the root folder that are links into /usr, or folders on older systems.
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
#: Of /etc only what starting a program takes. No passwords, no host names, no keys.
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "perl")
#: Variables a program keeps: where programs are, how many threads, and the marks by which an administrator's
#: `scripts/galaxy down` (and a test) finds every process that belongs to an instance.
_KEPT = ("PATH", "TZ", "LD_LIBRARY_PATH", "METAPIPE_INSTANCE", "METAPIPE_PART", "METAPIPE_TEST_MARK")
_KEPT_THREADS = ("OMP_", "OPENBLAS_NUM_", "MKL_NUM_", "NUMEXPR_NUM_", "GOMP_", "KMP_")
#: A folder with one of these is an environment made for programs, which may be seen as a whole.
_ENVIRONMENT_MARKS = ("conda-meta", "pyvenv.cfg")
_PARTS_OF_PREFIX = ("bin", "lib", "lib64", "libexec", "Cellar")
#: Writable switches of the kernel that user 0 may turn without any capability.
_KERNEL_SWITCHES = ("/proc/sysrq-trigger", "/proc/kcore")


class Policy(enum.StrEnum):
    """Whether programs are sandboxed: the values of METAPIPE_SANDBOX."""

    REQUIRE = "require"
    AUTO = "auto"
    OFF = "off"


@dataclass(frozen=True)
class Room:
    """The places a program may see besides the system's own: those it may read and those it may write."""

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    scratch: Path


@dataclass(frozen=True)
class Bubblewrap:
    """What the probe found: the program and its version, or the reason why it cannot be used (one of both is empty)."""

    path: str
    version: str
    reason: str

    @property
    def works(self) -> bool:
        """Whether programs can be started in it here; ``reason`` says why not."""
        return not self.reason


def policy_of(environment: Mapping[str, str]) -> Policy:
    """The policy in force.

    :raises MetapipeError: E701 when METAPIPE_SANDBOX is none of the three words.
    """
    asked = environment.get(VARIABLE) or Policy.AUTO
    try:
        return Policy(asked)
    except ValueError:
        raise MetapipeError("E701", f"{VARIABLE}: expected one of {', '.join(Policy)}, found '{asked}'") from None


def on_this_host(policy: Policy, environment: Mapping[str, str]) -> Policy:
    """The policy of a job on a host with this environment: what the job says, unless the host requires a sandbox."""
    return Policy.REQUIRE if environment.get(VARIABLE) == Policy.REQUIRE else policy


def is_sandboxed(policy: Policy) -> bool:
    """Whether programs run in a sandbox under this policy on this host.

    :raises MetapipeError: E304 when it is required and cannot be had.
    """
    if policy is Policy.OFF:
        return False
    found = bubblewrap()
    if policy is Policy.REQUIRE and not found.works:
        raise MetapipeError("E304", f"the sandbox is required ({VARIABLE}) but not available: {found.reason}")
    return found.works


def facts(policy: Policy, has_programs: bool) -> dict[str, Any]:
    """For the run report: what was asked for, what programs got, and why not more."""
    if policy is Policy.OFF:
        return {"policy": policy, "program": None, "reason": f"switched off ({VARIABLE})"}
    if not has_programs:
        return {"policy": policy, "program": None, "reason": "the stage starts no program"}
    found = bubblewrap()
    return {"policy": policy, "program": found.version or None, "reason": found.reason or None}


def warning(policy: Policy) -> str:
    """One line for a user whose programs run without the sandbox that would be there by default, else nothing."""
    if policy is Policy.OFF or bubblewrap().works:
        return ""
    reason = bubblewrap().reason
    return warning_line("W304", f"no sandbox: {reason}; programs run without network, but see this user's files")


@functools.cache
def bubblewrap() -> Bubblewrap:
    """Try once per process whether bubblewrap works here: containers and some kernels forbid what it needs."""
    path = shutil.which("bwrap")
    if path is None:
        return Bubblewrap("", "", "bubblewrap is not installed")
    nothing = shutil.which("true") or "true"
    try:
        version = _ask([path, "--version"]).stdout.decode("utf-8", "replace").strip()
        tried = _ask([path, *_WALLS, *_system(), *_kernel(), "--remount-ro", "/dev", "--", nothing])
    except (OSError, subprocess.TimeoutExpired) as error:
        return Bubblewrap(path, "", f"bubblewrap does not start ({type(error).__name__})")
    if tried.returncode:
        words = tried.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {tried.returncode}"]
        return Bubblewrap(path, "", f"bubblewrap does not work here ({words[-1][:200]})")
    return Bubblewrap(path, version or "bubblewrap", "")


def is_setuid() -> bool:
    """Whether bubblewrap is installed in a way that needs privileges a system-call filter would take from it."""
    path = shutil.which("bwrap")
    return path is not None and bool(os.stat(path).st_mode & stat.S_ISUID)


def _ask(argv: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    environment = environment_inside(os.environ, Path("/"))
    return subprocess.run(
        argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_SECONDS, check=False
    )


#: A session, network, process tree, host name and memory segments of its own; no privilege, even as root.
_WALLS = (
    *("--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"),
    *("--cap-drop", "ALL"),
)


def command(argv: Sequence[str], room: Room, cwd: Path, facts_to: int) -> list[str]:
    """The command line that runs ``argv`` in a room.

    :param facts_to: descriptor to which bubblewrap writes, as JSON, the program's process id and exit code. Its own
        failures have no exit code there.
    """
    # Programs fill /tmp and /dev/shm: on the disk with the other files of this attempt, not in memory nobody counts.
    inner_tmp, inner_shm = room.scratch / ".tmp", room.scratch / ".shm"
    for folder in (inner_tmp, inner_shm):
        folder.mkdir(exist_ok=True)
    words = [bubblewrap().path, *_WALLS, *_system()]
    words += ["--bind", str(inner_tmp), "/tmp"]  # noqa: S108  (inside)
    words += [*_kernel(), "--bind", str(inner_shm), "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
    for path in _distinct([*_surroundings(argv), *room.readable]):
        words += ["--ro-bind", os.path.realpath(path), str(path)]
    for path in _distinct(room.writable):
        words += ["--bind", os.path.realpath(path), str(path)]
    return [*words, "--remount-ro", "/", "--chdir", str(cwd), "--json-status-fd", str(facts_to), "--", *argv]


def environment_inside(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The environment of a program: no secret, no address of a service, no path of the user."""
    kept = {name: text for name, text in environment.items() if name in _KEPT or name.startswith(_KEPT_THREADS)}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C", "HOME": str(scratch), "TMPDIR": str(scratch)}


def with_targets(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Paths and the places they lead to; of folders, also the files outside that they link to."""
    found: list[Path] = []
    for path in paths:
        found += [path.absolute(), path.resolve()]
        if path.is_dir():
            found += [entry.resolve() for entry in path.iterdir() if entry.is_symlink()]
    return tuple(path for path in dict.fromkeys(found) if path.exists())


def _distinct(paths: Iterable[Path]) -> list[Path]:
    # Folders before what lies in them: a bind of the folder would hide the other.
    # What lies below /usr can be seen already.
    outside = {path for path in paths if path.exists() and Path("/usr") not in (path, *path.parents)}
    return sorted(outside, key=lambda path: (len(path.parts), path))


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    cpus = "/sys/devices/system/cpu"
    return [*words, "--ro-bind-try", cpus, cpus]


def _kernel() -> list[str]:
    words = ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"]
    for path in filter(os.path.exists, _KERNEL_SWITCHES):
        words += ["--ro-bind", os.devnull, path]
    return [*words, "--dev", "/dev"]


def _surroundings(argv: Sequence[str]) -> Iterator[Path]:
    """Where a program outside /usr keeps its libraries, and the Python that runs us, which programs may be given."""
    yield from (Path(sys.prefix), Path(sys.base_prefix))
    program = Path(argv[0])
    for path in (program, program.resolve(), *_interpreter(program)):
        yield from _prefix(path)
    for folder in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep):
        if folder and Path(folder).is_absolute() and not _is_private(Path(folder)):
            yield Path(folder)


def _interpreter(program: Path) -> Iterator[Path]:
    with program.open("rb") as file:
        line = file.readline(512)
    words = line[2:].split() if line.startswith(b"#!") else []
    if words:
        found = Path(os.fsdecode(words[0]))
        yield from (found, found.resolve())


def _prefix(program: Path) -> Iterator[Path]:
    if Path("/usr") in program.parents or program.parent in (Path("/bin"), Path("/sbin")):
        return
    folder = program.parent
    prefix = folder.parent
    if any((prefix / mark).exists() for mark in _ENVIRONMENT_MARKS):
        yield prefix
        return
    yield program
    if folder.name not in ("bin", "libexec"):
        return
    yield folder
    for name in _PARTS_OF_PREFIX:
        if (prefix / name).is_dir() and not _is_private(prefix / name):
            yield prefix / name


def _is_private(folder: Path) -> bool:
    """A home folder, or one that holds home folders."""
    home = Path(os.path.expanduser("~")).resolve()
    real = folder.resolve()
    return real == home or real in home.parents
