"""``scripts/lab nfs``: proves the shared folder of an instance over real NFS, on a kernel that has it.

The role ``storage`` of ``instance/ansible`` is played on two machines (:mod:`lab_machines.emulated`), the proofs are
tried (:mod:`lab_machines.nfs_proofs`), the role is played again, which must change nothing, and taken away, which must
leave nothing. What it needs of the role ``base``, and Debian's packages of NFS, are in the image: to install them under
software emulation takes minutes.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab_machines import emulated, nfs_proofs, place
from lab_machines.emulated import Emulated
from lab_machines.nfs_proofs import FailedError
from lab_machines.place import RefusedError, replace

_HOME = Path(__file__).resolve().parents[2]
_BUILD = Path(os.environ.get("METAPIPE_BUILD") or _HOME / ".build")
_PLAYS = {
    "there.yml": [{"hosts": "all", "roles": ["storage"]}],
    "absent.yml": [
        {"hosts": "all", "tasks": [{"ansible.builtin.include_role": {"name": "storage", "tasks_from": "absent"}}]}
    ],
}


def prove() -> int:
    """Prove all; return 0 when everything holds, else 1.

    :raises RefusedError: where it cannot be tried.
    """
    place.demand(emulated.PROGRAM)
    told = Told()
    with alone() as folder:
        told.say("installing Ansible, unless it is there …")
        subprocess.run([_HOME / "scripts" / "install", "deploy"], check=True, stdout=subprocess.DEVNULL)
        with place.locked():
            if not emulated.is_made():
                told.say("making Debian 12 with a kernel (once, a few minutes) …")
            emulated.make_image()
        told.say("making two disks …")
        made = emulated.prepare(folder)
        told.say("booting two machines under software emulation …")
        with emulated.running(made):
            told.say(f"both answer: Linux {made.run(made.head, 'uname -r')}, {made.run(made.head, 'nproc')} cores")
            _prove(made, told)
    seconds = time.monotonic() - told.began
    if told.failed:
        print(
            f"NFS does not hold: {len(told.failed)} of {told.tried} failed: {', '.join(told.failed)} ({seconds:.0f} s)"
        )
        return 1
    print(f"NFS holds: {told.tried} of {told.tried} ({seconds:.0f} s)")
    return 0


class Told:
    """What was tried, and how it ended: a line each, with the seconds since the beginning."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.tried = 0
        self.failed: list[str] = []

    def say(self, line: str) -> None:
        print(f"{time.monotonic() - self.began:5.0f} s  {line}", file=sys.stderr, flush=True)

    def prove(self, what: str, proof: Callable[[], str]) -> bool:
        self.tried += 1
        try:
            self.say(f"ok      {what}: {proof()}")
            return True
        except (FailedError, RefusedError) as error:
            self.failed.append(what)
            self.say(f"FAILED  {what}: {error}")
            return False


def _prove(made: Emulated, told: Told) -> None:
    before = _traces(made)
    ansible = _Ansible(made)
    if told.prove("the role ends without a fault", lambda: f"{len(ansible.play('there.yml'))} tasks changed something"):
        nfs_proofs.lay_out(made)
        for what, proof in nfs_proofs.PROOFS:
            told.prove(what, lambda proof=proof: proof(made))  # type: ignore[misc]
        nfs_proofs.clear_away(made)
        told.prove("a second run changes nothing", lambda: nothing(ansible.play("there.yml")))
    told.prove("taken away", lambda: f"{len(ansible.play('absent.yml'))} tasks changed something")
    told.prove("nothing is left", lambda: nothing(left(before, _traces(made))))


def _traces(made: Emulated) -> dict[str, set[str]]:
    return {guest.name: set(made.run(guest, nfs_proofs.TRACES, check=False).splitlines()) for guest in made.guests}


def left(before: dict[str, set[str]], after: dict[str, set[str]]) -> list[str]:
    """What machines have more (+) and less (-) than before."""
    more = [f"{name}: + {line}" for name, lines in after.items() for line in sorted(lines - before[name])]
    return more + [f"{name}: - {line}" for name, lines in before.items() for line in sorted(lines - after[name])]


def nothing(found: list[str]) -> str:
    """The proof that something was found nowhere."""
    if found:
        raise FailedError(f"expected nothing, found {'; '.join(found[:8])}")
    return "nothing"


class _Ansible:
    """The role of this checkout, played on both machines."""

    def __init__(self, made: Emulated) -> None:
        self._folder = made.folder / "ansible"
        shutil.copytree(_HOME / "instance" / "ansible", self._folder)
        for name, plays in _PLAYS.items():
            replace(self._folder / name, json.dumps(plays))
        hosts = {
            guest.name: {
                f"emulated-{guest.name}": {
                    "ansible_host": guest.address,
                    "ansible_ssh_common_args": " ".join(made.options(guest)),
                }
            }
            for guest in made.guests
        }
        children = {"head": {"hosts": hosts["head"]}, "workers": {"hosts": hosts["worker1"]}}
        variables = {"ansible_user": place.USER, "instance_shared": place.SHARED, "instance_storage": "nfs"}
        replace(self._folder / "inventory.json", json.dumps({"all": {"vars": variables, "children": children}}))

    def play(self, playbook: str, **variables: object) -> list[str]:
        """Play it; return host and name of the tasks that changed something."""
        progress = self._folder / "progress.jsonl"
        progress.unlink(missing_ok=True)
        command = [str(_BUILD / "envs" / "deploy" / "bin" / "ansible-playbook"), "-i", "inventory.json"]
        environ = {"METAPIPE_PROGRESS": str(progress), "ANSIBLE_HOME": str(self._folder / "home")}
        environ |= {"ANSIBLE_CONFIG": str(self._folder / "ansible.cfg"), "ANSIBLE_TIMEOUT": "900"}
        with (self._folder / "log").open("a") as log:
            done = subprocess.run(
                [*command, "-e", json.dumps(variables), playbook],
                cwd=self._folder,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        lines = [json.loads(line) for line in progress.read_text().splitlines()] if progress.exists() else []
        results = {
            word: [
                f"{line['host']}: {line['task']} {line['message']}".strip()
                for line in lines
                if line.get("result") == word
            ]
            for word in ("changed", "failed", "unreachable")
        }
        if done.returncode:
            words = [*results["failed"], *results["unreachable"], f"ansible-playbook ended with {done.returncode}"]
            raise FailedError(words[0])
        return results["changed"]


@contextmanager
def alone() -> Iterator[Path]:
    """A new folder for one run at a time; its logs stay until the next one, its disks do not."""
    emulated.IMAGES.mkdir(parents=True, exist_ok=True)
    folder = emulated.IMAGES / "run"
    with (emulated.IMAGES / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError("E701", 78, "scripts/lab nfs runs already; wait for its end") from None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            for path in [*folder.glob("*.img"), folder / "key"]:
                path.unlink(missing_ok=True)
