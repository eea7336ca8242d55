"""One JSON line for each thing that happens, in the file that METAPIPE_PROGRESS names: what `metapipe instance` shows.

Lines: ``{"event": "play"|"task", "name": …}`` when one begins; ``{"event": "result", "play", "task", "role", "host",
"result", "message", "seconds"}`` for each host, where ``result`` is ok, changed, skipped, failed, ignored or
unreachable and ``message`` is the one line that matters; ``{"event": "end", "hosts": {HOST: {ok, changed, failures,
unreachable, …}}}`` last. A failed item of a loop gives its own line of the result. What is secret (``no_log``) is
hidden by Ansible before it gets here.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: progress
    type: notification
    short_description: one JSON line for each thing that happens
    description: Writes them to the file that the environment variable METAPIPE_PROGRESS names.
"""

#: Where modules and programs say what went wrong, the most telling first.
_WORDS = ("stderr", "module_stderr", "stdout", "module_stdout", "msg")
#: What Ansible itself says when a program failed, and there is something better.
_EMPTY = ("non-zero return code", "MODULE FAILURE", "One or more items failed")
_ERROR = re.compile(r"\b(error|fatal|failed|denied|cannot|could not|METAPIPE-E\d+)\b|^E: ", re.IGNORECASE)
#: What Ansible says first, whatever failed; and what it says of a host that it had reached and that is silent now.
_BEFORE_IT = re.compile(r"^((Task|Module) failed: )+")
_SILENT = re.compile(r"waiting for privilege escalation prompt")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Writes the lines; does nothing when nobody asked for them."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._play = self._task = ""
        self._since = time.monotonic()
        name = os.environ.get("METAPIPE_PROGRESS")
        self._file = open(name, "a", encoding="utf-8") if name else None  # noqa: SIM115

    def _write(self, **words: Any) -> None:
        if self._file is not None:
            self._file.write(json.dumps({**words, "time": round(time.time(), 3)}, ensure_ascii=False) + "\n")
            self._file.flush()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play.get_name().strip()
        self._write(event="play", name=self._play)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        self._task, self._since = _named(task), time.monotonic()
        self._write(event="task", name=self._task, play=self._play, role=_role(task))

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        word = "ignored" if ignore_errors else "failed"
        for failed in _failures(result._result):
            self._result(result, word, _matters(failed))

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._result(result, "skipped")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result(result, "unreachable", _matters(result._result))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write(event="end", hosts={host: stats.summarize(host) for host in sorted(stats.processed)})

    def _result(self, result: Any, word: str, message: str = "") -> None:
        task = result._task
        self._write(
            event="result",
            play=self._play,
            task=_named(task),
            role=_role(task),
            host=result._host.get_name(),
            result=word,
            message=message,
            seconds=round(time.monotonic() - self._since, 3),
        )


def _named(task: Any) -> str:
    """A task's name without that of its role."""
    return str(task.name or task.action).strip()


def _role(task: Any) -> str:
    return task._role.get_name() if task._role else ""


def _failures(result: Any) -> list[Any]:
    """The items of a loop that failed, or what failed itself."""
    items = [item for item in result.get("results") or [] if isinstance(item, dict) and item.get("failed")]
    return items or [result]


def _matters(result: Any) -> str:
    """The one line that says why something failed."""
    found = [line for word in _WORDS if (line := _telling_line(result.get(word)))]
    telling = [line for line in found if not line.startswith(_EMPTY)]
    # What a task says in its own words (assert, fail) stands in msg, and nothing else.
    line = (telling or found or [f"exit code {result.get('rc', 'unknown')}"])[0]
    if _SILENT.search(line):
        return "the host does not answer any longer"
    return _BEFORE_IT.sub("", line)


def _telling_line(words: Any) -> str:
    """The last line that speaks of an error, or else the last one with words."""
    lines = [line.strip() for line in str(words or "").splitlines() if re.search(r"\w\w", line)]
    return next(iter([line for line in lines if _ERROR.search(line)][-1:] or lines[-1:]), "")
