"""Does a declared command fit the stage that declares it? Asked when the class is made, see ``declaration``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metapipe.runner.declare.command_words import Placeholder, When, parse_word
from metapipe.runner.declare.elements import PinnedGlobals

_CONDITIONS = ("options", "side", "db")


def check_command(stage: type[Any], *, own_run: bool) -> None:
    """Check a command and the bindings around it.

    :param own_run: the class has a ``run`` of its own, which may use what no word of the command names.

    :raises TypeError: with one sentence that names the class, the word and what there is.
    """
    for problem in _problems(stage, own_run):
        raise TypeError(f"stage {stage.__module__}.{stage.__qualname__}: {problem}")


def _problems(stage: type[Any], own_run: bool) -> Iterator[str]:
    cmd: Any = getattr(stage, "cmd", None)
    if isinstance(cmd, str) or not isinstance(cmd, Sequence) or not cmd:
        yield f"cmd must be a list of words, one item each, found {cmd!r}"
    for item in cmd:
        if not isinstance(item, str | When):
            yield f"cmd holds {item!r}; every item is a text or when(…)"
    if not isinstance(cmd[0], str) or cmd[0] not in stage.programs:
        yield f"the program {cmd[0]!r} must stand in programs, with the Debian package that has it"
    known = _known(stage)
    for item in cmd:
        yield from _item(item, stage, known)
    yield from _bindings(stage)
    if not own_run:
        yield from _unused(stage, known)


def _known(stage: type[Any]) -> Mapping[str, Sequence[str]]:
    return {
        "in": stage.records.files if stage.records else (),
        "out": tuple(stage.outputs),
        "db": tuple(stage.databases),
        "side": tuple(stage.side),
        "options": tuple(field.name for field in dataclasses.fields(stage.options)),
        "totals": ("records", "residues"),
    }


def _item(item: str | When, stage: type[Any], known: Mapping[str, Sequence[str]]) -> Iterator[str]:
    words, given = ((item,), "") if isinstance(item, str) else (item.words, item.condition)
    if given:
        kind, _, name = given.partition(".")
        if kind not in _CONDITIONS or name not in known[kind]:
            names = ", ".join(f"{kind}.{name}" for kind in _CONDITIONS for name in known[kind])
            yield f"when({given!r}) is no condition; this stage has {names or 'none'}"
        if not words or not all(isinstance(word, str) for word in words):
            yield f"when({given!r}) must be followed by words"
    for word in words:
        try:
            placeholders = [part for part in parse_word(word) if isinstance(part, Placeholder)]
        except ValueError as error:
            yield str(error)
            return
        for placeholder in placeholders:
            yield from _placeholder(placeholder, given, stage, known)


def _placeholder(
    placeholder: Placeholder, given: str, stage: type[Any], known: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    kind, name = placeholder.kind, placeholder.name
    if not name:
        return
    if name not in known[kind]:
        names = ", ".join(f"{{{kind}.{one}}}" for one in known[kind])
        yield f"{placeholder} is not declared; this stage has {names or f'no {{{kind}.…}}'}"
    elif kind == "totals" and not (isinstance(stage.invariance, PinnedGlobals) and name in stage.invariance.totals):
        yield f'{placeholder} needs invariance = PinnedGlobals(("{name}",))'
    elif kind == "options" and isinstance(getattr(stage.options(), name), bool):
        yield f"{placeholder} is a flag: write when('options.{name}', '--the-program's-flag')"
    elif kind == "side" and stage.side[name].multiple:
        yield f"{placeholder} may be several files, which one word cannot hold: write a run method"
    elif kind in ("side", "db") and given != f"{kind}.{name}":
        optional = stage.side[name].optional if kind == "side" else stage.databases[name].optional
        if optional:
            yield f"{placeholder} is optional: write when('{kind}.{name}', …) around its words"


def _bindings(stage: type[Any]) -> Iterator[str]:
    files = stage.records.files if stage.records else ()
    if stage.stdin and stage.stdin not in files:
        yield f"stdin must be the name of an input ({', '.join(files) or 'none'}), found {stage.stdin!r}"
    if stage.stdout and stage.stdout not in stage.outputs:
        yield f"stdout must be the name of an output ({', '.join(stage.outputs)}), found {stage.stdout!r}"
    for attribute in ("count", "may_lack"):
        names = getattr(stage, attribute)
        if isinstance(names, str) or set(names) - set(stage.outputs):
            yield f"{attribute} must be a list of outputs ({', '.join(stage.outputs)}), found {names!r}"
    if packed := [name for name in stage.count if stage.outputs[name].suffix.endswith(".gz")]:
        yield f"the output {packed[0]!r} is compressed, so its records cannot be counted"
    if stage.keeps_all and not (stage.count and stage.records):
        yield "keeps_all needs records, and the outputs that keep all of them in count"
    if isinstance(stage.accept, int) or not all(isinstance(code, int) for code in stage.accept):
        yield f"accept must be a list of exit codes, found {stage.accept!r}"
    if isinstance(stage.version_cmd, str):
        yield f"version_cmd must be a list of words, found {stage.version_cmd!r}"


def _unused(stage: type[Any], known: Mapping[str, Sequence[str]]) -> Iterator[str]:
    words = [word for item in stage.cmd for word in ((item,) if isinstance(item, str) else item.words)]
    used = {str(part) for word in words for part in parse_word(word) if isinstance(part, Placeholder)}
    used |= {f"{{{item.condition}}}" for item in stage.cmd if isinstance(item, When)}
    used |= {f"{{in.{stage.stdin}}}", f"{{out.{stage.stdout}}}"}
    ways = {"in": "or name it in stdin", "out": "or name it in stdout"}
    for kind in ("in", "out", "db", "side", "options"):
        for name in known[kind]:
            if f"{{{kind}.{name}}}" not in used:
                yield f"{{{kind}.{name}}} is declared but not used: put it into cmd {ways.get(kind, '')}".rstrip()
