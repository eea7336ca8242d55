"""Folders in which a run works: one of its own, one of the job's that outlives it, and what dead runs have left.

Every folder holds a file ``lock`` that its run keeps locked, so a folder whose lock is free belongs to nobody alive.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import STOP

_OWN = "run-"
#: Seconds to wait for the children of a driver that was just killed: they hold its lock until they are gone.
_PATIENCE = 2.0
#: A folder without a lock file is taken for dead after so many seconds, where nothing else can tell.
_UNLOCKED_AGE = 3600.0


@contextlib.contextmanager
def own_folder(workdir: Path) -> Iterator[Path]:
    """A folder for this run alone, gone afterwards; those of dead runs are removed first.

    :raises MetapipeError: E501 when the folder cannot be made.
    """
    made = not workdir.exists()
    with contextlib.ExitStack() as stack:
        try:
            workdir.mkdir(parents=True, exist_ok=True)
            with _alone_in(workdir) as alone:
                for left in workdir.glob(f"{_OWN}*"):
                    _remove_if_dead(left, unlocked_age=0.0 if alone else _UNLOCKED_AGE)
                folder = Path(tempfile.mkdtemp(prefix=_OWN, dir=workdir))
                stack.callback(_remove_own, folder, made or workdir.name.startswith("."))
                stack.enter_context(_locked(folder / "lock"))
        except OSError as error:
            raise MetapipeError("E501", f"cannot make the working folder ({error.strerror})", file=workdir) from error
        yield folder


@contextlib.contextmanager
def _alone_in(workdir: Path) -> Iterator[bool]:
    """While it lasts no other run makes its folder here; false on a file system that cannot say so."""
    descriptor = os.open(workdir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            alone = True
        except OSError:
            alone = False
        yield alone
    finally:
        os.close(descriptor)


def _remove_own(folder: Path, workdir_too: bool) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if workdir_too:
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # only when nothing of another run waits in it


@contextlib.contextmanager
def job_folder(workdir: Path, stage: str, digest: str) -> Iterator[Path]:
    """The folder of one plan's parts. It stays when the run fails with parts done, so that a rerun can go on.

    After a success nothing of this stage stays but folders that a live run is using.

    :raises MetapipeError: E601 when another run is using it, E501 when it cannot be made.
    """
    folder = workdir / f"{stage}-{digest[:16]}"
    lock = _take(folder)
    try:
        shutil.rmtree(folder / "staging", ignore_errors=True)
        (folder / STOP).unlink(missing_ok=True)
        yield folder
    except BaseException:
        parts = folder / "parts"
        if not parts.is_dir() or not any(parts.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)
        for left in workdir.glob(f"{stage}-*"):
            _remove_if_dead(left)
    finally:
        os.close(lock)


def _take(folder: Path) -> int:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue  # a run that has just ended removed it
        except OSError as error:
            raise MetapipeError("E501", f"cannot make the working folder ({error.strerror})", file=folder) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(folder / "lock", descriptor):
                return descriptor
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                os.close(descriptor)
                message = "another run of the same job is using the working folder"
                raise MetapipeError("E601", message, file=folder) from error
            time.sleep(0.1)
        except OSError as error:
            os.close(descriptor)
            raise MetapipeError("E501", f"cannot lock the working folder ({error.strerror})", file=folder) from error
        os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether ``path`` is still the file behind ``descriptor``, not removed or made anew meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    # Renamed into place when locked: a lock file that another run can see is never free by accident.
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        fresh.rename(path)
        yield


def _remove_if_dead(folder: Path, unlocked_age: float = _UNLOCKED_AGE) -> None:
    try:
        with (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except FileNotFoundError:
        with contextlib.suppress(OSError):
            if not unlocked_age or time.time() - folder.stat().st_mtime > unlocked_age:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return  # in use
