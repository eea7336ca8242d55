"""Read a YAML file as a pydantic model; every wrong field is one line with its place, and all are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from metapipe.errors import MetapipeError, printable

Model = TypeVar("Model", bound=BaseModel)

_MOST_BYTES = 1 << 20
#: What pydantic calls a type of YAML → what a reader is told to write.
_WORDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "fields of its own",
    "model_type": "fields of its own",
}


@runtime_checkable
class Consistent(Protocol):
    """A model whose fields may be right each and wrong together."""

    def contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the place and the words of each contradiction; entries of lists are counted from 0."""


def one_of(value: str, choices: Iterable[str]) -> str:
    """Return the value where it is one of the choices; for validators of models.

    :raises PydanticCustomError: that names all of them and, where one is near, that one.
    """
    known = list(choices)
    if value in known:
        return value
    raise PydanticCustomError("one_of", "{expected}", {"expected": _choice_words(known), "near": _near(value, known)})


def read(file: Path, model: type[Model], code: str, context: Mapping[str, Any] | None = None) -> Model:
    """Return what the file says.

    :param code: of the error for a wrong file. :param context: what the validators of the model are given.
    :raises MetapipeError: E201 when it cannot be read, else ``code``: the error is the first wrong field in the order
        of the file, and its ``detail`` holds a line for each of the others.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MetapipeError("E201", file=file, message=error.strerror or "cannot be read") from error
    if len(content) > _MOST_BYTES:
        raise MetapipeError(code, file=file, expected="less than 1 MB")
    return parse(content, file.name, model, code, context)


def parse(content: bytes, name: str, model: type[Model], code: str, context: Mapping[str, Any] | None = None) -> Model:
    """Return what the content of a file says; as :func:`read`, of a file called ``name``."""
    node, data = _load(content, name, code)
    wrong = [(line, f"{field}: given twice, first in line {first}") for field, first, line in _twice(node)]
    try:
        found = model.model_validate(data, context=dict(context or {}))
        if isinstance(found, Consistent):
            wrong += [_place_of(node, place, text) for place, text in found.contradictions()]
    except ValidationError as error:
        wrong += [_line_of(node, entry, model) for entry in error.errors()]
    if wrong:
        errors = [MetapipeError(code, text, file=name, line=line) for line, text in sorted(wrong)]
        errors[0].detail = "\n".join(map(str, errors[1:]))
        raise errors[0]
    return found


def _load(content: bytes, name: str, code: str) -> tuple[yaml.Node | None, Any]:
    loader = None
    try:
        loader = yaml.SafeLoader(content)
        node = loader.get_single_node()
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, yaml.SafeLoader)):
            raise MetapipeError(code, file=name, expected="every value written out", found="an alias (*)")
        return node, None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        text = f"no YAML: {error.problem or error.context or 'cannot be read'}"
        raise MetapipeError(code, text, file=name, line=mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # not text; a date that is none; too deep
        raise MetapipeError(code, f"no YAML: {' '.join(str(error).split())[:200]}", file=name) from error
    finally:
        if loader is not None:
            loader.dispose()


def _line_of(node: yaml.Node | None, entry: ErrorDetails, model: type[BaseModel]) -> tuple[int, str]:
    """Return where an error of pydantic's stands, and its words."""
    place = [part for part in entry["loc"] if isinstance(part, int | str)]
    kind, context = entry["type"], entry.get("ctx", {})
    line, at, last_key = _walk(node, place)
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    if kind == "missing":
        return line, f"{field}: expected, but missing"
    if kind == "extra_forbidden":
        known = _fields_at(model, place[:-1])
        near = _near(str(place[-1]), known)
        return last_key, f"{field}: unknown, {_choice_words(known)}{near}"
    found = f", found {printable(at.value)}" if isinstance(at, yaml.ScalarNode) else ""
    if kind == "literal_error":
        known = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
        near = _near(at.value, known) if isinstance(at, yaml.ScalarNode) else ""
        return line, f"{field}: {_choice_words(known)}{found}{near}"
    if kind == "one_of":
        return line, f"{field}: {context['expected']}{found}{context['near']}"
    words = _WORDS.get(kind) or entry["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    words = words if words.startswith("expected ") else f"expected {words}"
    return line, f"{field}: {words}{found}" if field else f"{words}{found}"


def _place_of(node: yaml.Node | None, place: tuple[str, ...], text: str) -> tuple[int, str]:
    steps = [int(part) if part.isdecimal() else part for part in place]
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in steps)
    return _walk(node, steps)[0], f"{field}: {text}"


def _walk(node: yaml.Node | None, place: list[int | str]) -> tuple[int, yaml.Node | None, int]:
    """Follow a place down the tree; return the line of what is there, it, and the line of its key.

    Of what is missing, the line is that of the fields that lack it.
    """
    line = key_line = 1 if node is None else node.start_mark.line + 1
    for part in place:
        step: tuple[yaml.Node, yaml.Node] | None = None
        if isinstance(node, yaml.MappingNode):
            step = next((pair for pair in node.value if pair[0].value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            step = (node.value[part], node.value[part])
        if step is None:
            return line, None, key_line
        key, node = step
        key_line = line = key.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            line = node.start_mark.line + 1
    return line, node, key_line


def _twice(node: yaml.Node | None, above: str = "") -> Iterator[tuple[str, int, int]]:
    """Yield every field that is given again: its name, its first line, this line. YAML itself would take the last."""
    if isinstance(node, yaml.SequenceNode):
        for number, inner in enumerate(node.value, 1):
            yield from _twice(inner, f"{above}{number}.")
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, inner in node.value:
        line, name = key.start_mark.line + 1, str(key.value)
        if name in first:
            yield f"{above}{name}", first[name], line
        first.setdefault(name, line)
        yield from _twice(inner, f"{above}{name}.")


def _fields_at(model: type[BaseModel], place: list[int | str]) -> list[str]:
    """Return the names of the fields that may stand at a place of the model."""
    for part in place:
        kind = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            model = kind
    return list(model.model_fields)


def _choice_words(known: list[str]) -> str:
    return f"expected {'one of ' if len(known) > 1 else ''}{', '.join(known) or 'nothing'}"


def _near(value: str, known: list[str]) -> str:
    near = difflib.get_close_matches(value, known, 1)
    return f" (did you mean {near[0]}?)" if near else ""
