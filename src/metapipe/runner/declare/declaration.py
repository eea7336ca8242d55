"""Is a stage well declared? Asked when its class is made, so that a slip is one sentence and no riddle at run time."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from metapipe.runner.declare.elements import (
    Fasta,
    Fastq,
    FastqPairs,
    Invariance,
    Output,
    PinnedGlobals,
    RefDB,
    SideFile,
    Table,
    WholeInput,
    default_file_names,
)
from metapipe.runner.declare.flags import flags_of
from metapipe.runner.declare.merge import MergeRule

_STAGE_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_KEY = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_OPTION_TYPES: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}
_CALL = {
    "prepare": "(self, task, folder)",
    "setup": "(self, task)",
    "run": "(self, task, state)",
    "check": "(self, options)",
    "tool_versions": "(self)",
}


def check_declaration(stage: type[Any]) -> None:
    """Check all that a stage class declares.

    :raises TypeError: with one sentence that names the class, the attribute and what to write instead.
    """
    for problem in _problems(stage):
        raise TypeError(f"stage {stage.__module__}.{stage.__qualname__}: {problem}")


def _problems(stage: type[Any]) -> Iterator[str]:
    yield from _texts(stage)
    yield from _inputs(stage)
    yield from _outputs(stage)
    yield from _options(stage.options)
    yield from _way_to_cut(stage)
    yield from _costs(stage)
    yield from _methods(stage)
    yield from _flags(stage)
    yield from _file_names(stage)


def _texts(stage: type[Any]) -> Iterator[str]:
    name = getattr(stage, "name", None)
    if not isinstance(name, str) or not _STAGE_NAME.fullmatch(name):
        yield f"name must be small letters, digits and underscores, as in 'filter_contigs', found {name!r}"
    for attribute in ("summary", "version", "example"):
        value = getattr(stage, attribute, None)
        if not isinstance(value, str) or not (value or attribute == "example"):
            yield f"{attribute} must be a text, found {value!r}"
    if stage.example and not stage.example.startswith(f"metapipe {name} "):
        yield f"example must begin with 'metapipe {name} ', found {stage.example!r}"


def _inputs(stage: type[Any]) -> Iterator[str]:
    records = stage.records
    if records is not None and not isinstance(records, Fasta | Fastq | FastqPairs | Table):
        yield f"records must be Fasta(…), Fastq(…), FastqPairs(…), Table(…) or None, found {_shown(records)}"
    elif isinstance(records, Fasta) and records.alphabet not in ("dna", "aa", "any"):
        yield f"the alphabet of records must be 'dna', 'aa' or 'any', found {records.alphabet!r}"
    if records is not None:
        yield from _keys("records", dict.fromkeys(records.files, records), type(records))
    yield from _keys("side", stage.side, SideFile)
    yield from _keys("databases", stage.databases, RefDB)


def _outputs(stage: type[Any]) -> Iterator[str]:
    outputs = getattr(stage, "outputs", None)
    if not outputs:
        yield 'outputs must name at least one file: outputs = {"table": Output("tabular", "what is in it")}'
        return
    yield from _keys("outputs", outputs, Output)
    for key, output in outputs.items():
        if not isinstance(output.merge, MergeRule):
            yield f"the merge of output {key!r} must be a rule such as Concat(), found {_shown(output.merge)}"
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", output.suffix):
            yield f"the suffix of output {key!r} must be a file extension without its dot, found {output.suffix!r}"


def _keys(attribute: str, declared: Any, kind: type[Any]) -> Iterator[str]:
    """Check a mapping of names to declarations of one kind, each with its help."""
    if not isinstance(declared, Mapping):
        yield f"{attribute} must be a dict of names to {kind.__name__}(…), found {_shown(declared)}"
        return
    for key, value in declared.items():
        if not isinstance(value, kind):
            yield f"{attribute} {key!r} must be {kind.__name__}(…), found {_shown(value)}"
        elif not isinstance(key, str) or not _KEY.fullmatch(key):
            yield f"{attribute}: a name must be small letters and digits with - or _ between, found {key!r}"
        elif not value.help:
            yield f"{attribute} {key!r} has no help; it is what a user reads"


def _options(options: Any) -> Iterator[str]:
    title = getattr(options, "__name__", "options")
    undecorated = [
        name for name, value in getattr(options, "__dict__", {}).items() if isinstance(value, dataclasses.Field)
    ]
    if undecorated or not (isinstance(options, type) and dataclasses.is_dataclass(options)):
        yield f"options must be a dataclass: write @dataclass(frozen=True) above class {title}"
        return
    for field in dataclasses.fields(options):
        default, limits = field.default, field.metadata
        declared = _OPTION_TYPES.get(field.type if isinstance(field.type, str) else field.type.__name__)
        if "help" not in limits or default is dataclasses.MISSING:
            yield f"option {field.name!r} must be declared with option(default, help), both given"
        elif not limits["help"]:
            yield f"option {field.name!r} has no help; it is what a user reads"
        elif declared is None:
            yield f"option {field.name!r} must be a bool, int, float or str, found {field.type}"
        elif type(default) is not declared:
            yield f"option {field.name!r} is a {declared.__name__}, but its default is {default!r}"
        elif default is True:
            yield f"option {field.name!r} is a flag, which can only be switched on: its default must be False"
        elif limits["choices"] and default not in limits["choices"]:
            yield f"the default {default!r} of option {field.name!r} is none of its choices"
        elif not _within(default, limits["minimum"], limits["maximum"]):
            yield f"the default {default!r} of option {field.name!r} is outside its own limits"


def _within(value: Any, lowest: float | None, highest: float | None) -> bool:
    if isinstance(value, str):
        return lowest is None and highest is None
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def _way_to_cut(stage: type[Any]) -> Iterator[str]:
    invariance = getattr(stage, "invariance", None)
    if not isinstance(invariance, Invariance):
        yield (
            "invariance must say why the result does not depend on how the input is cut: Exact(), PinnedGlobals(…), "
            f"MapReduce() or WholeInput(), found {_shown(invariance)}"
        )
    elif isinstance(invariance, PinnedGlobals):
        wrong = set(invariance.totals) - {"records", "residues"}
        if isinstance(invariance.totals, str) or wrong:
            yield f'the totals of PinnedGlobals must be a tuple of "records", "residues", found {invariance.totals!r}'
    elif stage.records is None and not isinstance(invariance, WholeInput):
        yield "a stage without records has nothing to cut: its invariance must be WholeInput()"
    elif isinstance(stage.records, FastqPairs) and not (stage.records.in_step or isinstance(invariance, WholeInput)):
        yield "mates that are not in step cannot be cut: its invariance must be WholeInput()"


def _costs(stage: type[Any]) -> Iterator[str]:
    for attribute, kind, lowest in (("threads", int, 0), ("memory_mb", int, 1), ("fixed_cost", int | float, 0)):
        value = getattr(stage, attribute)
        if not isinstance(value, kind) or value < lowest:
            yield f"{attribute} must be a number from {lowest}, found {value!r}"
    if not isinstance(stage.rate, int | float) or not stage.rate > 0:
        yield f"rate must be residues a second, above 0, found {stage.rate!r}"
    programs: Any = stage.programs
    if not isinstance(programs, Mapping) or not all(
        isinstance(word, str) for pair in programs.items() for word in pair
    ):
        yield f'programs must be a dict such as {{"seqkit": "seqkit"}} (program: Debian package), found {programs!r}'


def _methods(stage: type[Any]) -> Iterator[str]:
    if getattr(stage.run, "__isabstractmethod__", False):
        yield "has no method run(self, task, state)"
    for name, call in _CALL.items():
        try:
            inspect.signature(getattr(stage, name)).bind(*call.strip("()").split(", "))
        except TypeError:
            yield f"{name} must be a method that takes {call}"


def _flags(stage: type[Any]) -> Iterator[str]:
    """No two things may claim one option of the command line: ``min_length`` and ``min-length`` are the same."""
    taken: dict[str, str] = {}
    for flag in flags_of(stage):
        if flag.text in taken:
            yield f"{flag.what} and {taken[flag.text]} are both {flag.text} on the command line"
        taken[flag.text] = flag.what


def _shown(value: Any) -> str:
    return f"the class {value.__name__}: add ()" if isinstance(value, type) else repr(value)


def _file_names(stage: type[Any]) -> Iterator[str]:
    names = [*default_file_names(stage.outputs).values(), "summary.json", "run_report.json"]
    if double := next((name for name in names if names.count(name) > 1), None):
        yield f"two outputs would both be the file {double!r}; give them different labels"
