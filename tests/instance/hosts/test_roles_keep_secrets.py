"""No role hands a secret on where sudo, a list of processes or a log shows it."""

from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parents[3] / "instance" / "ansible" / "roles"


def tasks_of(file: Path) -> list[dict[str, Any]]:
    """All tasks of a file, those in blocks too."""
    found: list[dict[str, Any]] = []
    pending = list(yaml.safe_load(file.read_text()) or [])
    while pending:
        task = pending.pop()
        pending += [inner for part in ("block", "rescue", "always") for inner in task.get(part, [])]
        found.append(task)
    return found


def test_no_secret_is_a_variable_of_the_environment_or_a_word_of_a_command() -> None:
    """Sudo writes the first into the journal; the second stands in the list of processes."""
    files = sorted(ROLES.glob("*/tasks/*.yml"))
    assert files
    for file in files:
        for task in tasks_of(file):
            command = {**task.get("ansible.builtin.command", {})}
            command.pop("stdin", None)
            assert "secret_" not in str([task.get("environment"), command, task.get("ansible.builtin.shell")]), (
                file,
                task.get("name"),
            )


def test_a_task_that_holds_a_secret_is_not_logged() -> None:
    for file in sorted(ROLES.glob("*/tasks/*.yml")):
        for task in tasks_of(file):
            if "secret_" in str({name: value for name, value in task.items() if name not in ("block", "when")}):
                assert task.get("no_log") is True, (file, task.get("name"))
