"""``metapipe instance new``: a request with comments, from options or a few questions."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from metapipe.commands.instances.places import Places, Say
from metapipe.errors import MetapipeError
from metapipe.instance import flavours

#: Option → the question asked where it was not given, and what counts where nothing is typed.
_QUESTIONS = {
    "name": ("Name of the instance (a-z, 0-9, -)", "marine-lab"),
    "flavour": ("What it is for: {flavours}", flavours.DEFAULT),
    "target": ("Where it runs: here (this machine) or hosts (machines of yours, by SSH)", "here"),
    "admin": ("The administrator's e-mail address", ""),
}
_OF_HOSTS = {
    "head": ("Host that gets Galaxy (name or address)", ""),
    "user": ("User who logs in there and may use sudo", "operator"),
}


def write_request(options: argparse.Namespace, places: Places, say: Say) -> Path:
    """Write a request that is right, and return its file.

    :raises MetapipeError: E701 for what is missing where nobody can be asked, or a file that is there already; E703 for
        a value that a request cannot have.
    """
    ask = _at_the_terminal(say) if sys.stdin.isatty() else None
    answers = dict(vars(options))
    known = ", ".join(flavours.names(places.home))
    questions = {name: (words.format(flavours=known), usual) for name, (words, usual) in _QUESTIONS.items()}
    _complete(answers, questions, ask)
    if answers["target"] == "hosts":
        _complete(answers, _OF_HOSTS, ask)
        if ask is not None and not answers["worker"]:
            answers["worker"] = ask("Hosts that only compute, with blanks between (none)", "").split()
    if ask is not None and not answers["account"]:
        answers["account"] = ask("Who else gets an account, with blanks between (nobody)", "").split()
    file: Path = answers["output"] or Path(f"{answers['name']}.yml")
    if file.exists():
        raise MetapipeError("E701", "--output", expected="a file that is not there yet", found=file.name)
    text = _text(answers)
    with tempfile.NamedTemporaryFile("w", suffix=".yml", dir=file.parent, delete=False) as stream:
        stream.write(text)
    draft = Path(stream.name)
    try:
        places.read(draft)
        draft.chmod(0o644)
        os.replace(draft, file)
    except MetapipeError as error:
        error.file = file.name
        draft.unlink()
        raise
    return file


def _complete(
    answers: dict[str, object], questions: dict[str, tuple[str, str]], ask: Callable[[str, str], str] | None
) -> None:
    missing = [name for name in questions if not answers[name]]
    for name in missing:
        words, usual = questions[name]
        if ask is not None:
            answers[name] = ask(words, usual)
        elif usual and name != "name":
            answers[name] = usual
    unanswered = [f"--{name}" for name in questions if not answers[name]]
    if unanswered:
        raise MetapipeError("E701", f"nobody can be asked here: give {', '.join(unanswered)}")


def _at_the_terminal(say: Say) -> Callable[[str, str], str]:
    def ask(words: str, usual: str) -> str:
        while True:
            answer = input(f"{words}{f' [{usual}]' if usual else ''}: ").strip() or usual
            if answer or words.endswith(")"):
                return answer
            say("this has to be answered")

    return ask


def _text(answers: dict[str, object]) -> str:
    def listed(name: str) -> str:
        values = answers[name]
        return f"[{', '.join(values)}]" if isinstance(values, list) else "[]"

    lines = [
        "# A request for a Galaxy. Every field: docs/instances.md",
        f"name: {answers['name']}",
        f"flavour: {answers['flavour']}   # what it is for",
        f"target: {answers['target']}   # here: this machine; hosts: machines of yours, by SSH",
    ]
    if answers["target"] == "hosts":
        lines += [
            "hosts:",
            f"  head: {answers['head']}   # Galaxy, its database, its pages",
            f"  workers: {listed('worker')}   # these only compute",
            f"  user: {answers['user']}   # logs in by SSH and may use sudo",
        ]
    lines += [
        "# size: {cores: 8, memory_gb: 32, jobs: 2}   # without it: all there is",
        f"admin: {answers['admin']}",
        "# databases: [ec-proteins, pfam-gecco]   # without it: those of the flavour",
        "open:",
    ]
    if answers["target"] == "hosts":
        lines.append("  web: everyone   # who reaches the head reaches its pages")
    lines.append(f"  accounts: {listed('account')}   # nobody else comes in")
    return "\n".join(lines) + "\n"
