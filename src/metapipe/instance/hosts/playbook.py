"""Run one of the playbooks of ``instance/ansible``; say each task, and of a failure the one line that matters."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.instance.folder import InstanceFolder
from metapipe.instance.hosts.inventory import Told
from metapipe.instance.hosts.progress import Progress

Tell = Callable[[str], None]
_POLL_SECONDS = 0.3
_KEPT_VARIABLES = ("PATH", "HOME", "USER", "LANG", "SSH_AUTH_SOCK", "TMPDIR", "TERM")


@dataclass(frozen=True)
class Outcome:
    """What a playbook did: host → number of tasks that changed something."""

    changed: dict[str, int]


def run(checkout: Path, build: Path, folder: InstanceFolder, told: Told, name: str, tell: Tell, *words: str) -> Outcome:
    """Run a playbook to its end.

    :param build: folder of the environments. :param name: of the playbook, without its ending. :param words: more
        options of ansible-playbook.
    :raises MetapipeError: E301 when Ansible is not installed; E331 for a machine that is gone; E332 with the task, the
        host, and its message when a task fails.
    """
    program = build / "envs" / "deploy" / "bin" / "ansible-playbook"
    if not program.exists():
        raise MetapipeError("E301", "Ansible is not installed: run `scripts/install deploy`")
    folder.logs.mkdir(mode=0o700, exist_ok=True)
    progress, log = folder.logs / f"{name}.jsonl", folder.logs / f"{name}.log"
    progress.write_text("")
    command = [str(program), "-i", str(told.inventory), "-e", f"@{told.variables}", "-e", f"@{told.secrets}", *words]
    command.append(str(checkout / "instance" / "ansible" / f"{name}.yml"))
    environ = {key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ}
    environ |= {
        "ANSIBLE_CONFIG": str(checkout / "instance" / "ansible" / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder.path / "ansible" / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
        "METAPIPE_PROGRESS": str(progress),
        "PATH": f"{program.parent}:{environ.get('PATH', os.defpath)}",
    }
    failures: list[dict[str, Any]] = []
    changed: dict[str, int] = {}
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, env=environ, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder.path
        ) as process,
    ):
        ended = threading.Event()

        def wait() -> None:
            process.wait()
            ended.set()

        threading.Thread(target=wait, daemon=True).start()
        try:
            shown = Progress(folder, tell)
            for entry in _events(progress, ended, shown.look):
                shown.take(entry)
                _take(entry, failures, changed)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        raise _error(failures, log)
    return Outcome(changed)


def _events(progress: Path, ended: threading.Event, look: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """Yield the lines that the callback writes, as they come, until the playbook has ended."""
    with progress.open() as stream:
        rest = ""
        while True:
            last = ended.is_set()  # looked at before the file: what was written until then is read below
            rest += stream.read()
            *lines, rest = rest.split("\n")
            for line in lines:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue
            if last:
                return
            look()
            ended.wait(_POLL_SECONDS)


def _take(entry: dict[str, Any], failures: list[dict[str, Any]], changed: dict[str, int]) -> None:
    kind = entry.get("event")
    if kind == "result":
        if entry.get("result") in ("failed", "unreachable"):
            failures.append(entry)
    elif kind == "end":
        for host, counts in entry.get("hosts", {}).items():
            if counts.get("changed"):
                changed[str(host)] = int(counts["changed"])


def _error(failures: list[dict[str, Any]], log: Path) -> MetapipeError:
    if not failures:
        try:
            lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        except OSError:
            lines = []
        error = MetapipeError("E332", f"Ansible ended early: {(lines or ['no message'])[-1][:300]}")
    else:
        first = failures[0]
        host, task = first.get("host", ""), first.get("task", "")
        words = " ".join(str(first.get("message") or "no message").split())[:400]
        if words.startswith("METAPIPE-E"):
            code, _, words = words.removeprefix("METAPIPE-").partition(" ")
            error = MetapipeError(code, words)
        else:
            code = "E331" if first.get("result") == "unreachable" else "E332"
            error = MetapipeError(code, f"{host}: {task}: {words}")
    others = [f"{each.get('host')}: {each.get('task')}" for each in failures[1:10]]
    error.detail = "\n".join([*others, f"the log is {log}"])
    return error
