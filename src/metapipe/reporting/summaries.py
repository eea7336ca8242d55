"""The summaries that the stages leave: read, checked, and put in the order of the pipeline."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from metapipe.errors import MetapipeError

SCHEMA = 1


@dataclass(frozen=True)
class Summary:
    """What one stage says of its run; the shape is the runner's (schema 1). Missing parts are empty."""

    stage: str
    version: str
    inputs: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Any]
    programs: Mapping[str, str]
    databases: Mapping[str, Mapping[str, str]]
    quarantined: int
    results: Mapping[str, Any]


def parse(text: bytes, file: str, stages: Iterable[str]) -> Summary:
    """Read one summary.

    :param file: name of the file as the user knows it.
    :param stages: those that the page speaks of.
    :raises MetapipeError: E111 when it is not a summary of one of ``stages``.
    """
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        _refuse(file, "a stage's summary (JSON)", error.object[:40])
    except json.JSONDecodeError as error:
        found = error.doc[max(0, error.pos - 10) : error.pos + 20] or "nothing"
        raise MetapipeError(
            "E111", file=file, line=error.lineno, expected="a stage's summary (JSON)", found=found
        ) from None
    except (ValueError, RecursionError):
        _refuse(file, "a stage's summary (JSON)", text[:40])
    if not isinstance(value, dict):
        _refuse(file, "a stage's summary, a JSON object", json.dumps(value)[:40])
    if value.get("schema") != SCHEMA:
        _refuse(file, f'a summary with "schema": {SCHEMA}', str(value.get("schema", "no schema")))
    stage = value.get("stage")
    if not isinstance(stage, str) or stage not in set(stages):
        _refuse(file, "the summary of one of " + ", ".join(stages), str(stage))
    if "results" not in value:
        # A run report has the same schema number and stage.
        _refuse(file, 'a summary with "results"', "a run report" if "plan_hash" in value else "no results")
    quarantined = value.get("quarantined", 0)
    if isinstance(quarantined, bool) or not isinstance(quarantined, int) or quarantined < 0:
        _refuse(file, 'a number of records at "quarantined"', str(quarantined))
    return Summary(
        stage=stage,
        version=str(value.get("version", "")),
        inputs=_objects(value, "inputs", file),
        options=_object(value, "options", file),
        programs={key: str(version) for key, version in _object(value, "programs", file).items()},
        databases={
            role: {key: str(word) for key, word in one.items()}
            for role, one in _objects(value, "databases", file).items()
        },
        quarantined=quarantined,
        results=_object(value, "results", file),
    )


def read_all(
    files: Sequence[tuple[Path, str]], stages: Iterable[str], repeated: Collection[str]
) -> dict[str, list[Summary]]:
    """Read summaries given in any order; the same file twice counts once.

    :param files: (path, name as the user knows it).
    :param stages: those that the page speaks of, in pipeline order. :param repeated: those that may run more than once.
    :returns: stage → its summaries, in pipeline order; those of a repeated stage ordered by database.
    :raises MetapipeError: E111 for a file that is no summary, E112 for two different runs of one stage.
    """
    found: dict[str, list[Summary]] = {}
    for path, file in files:
        summary = parse(path.read_bytes(), file, stages)
        others = found.setdefault(summary.stage, [])
        if summary in others:
            continue
        if others and summary.stage not in repeated:
            raise MetapipeError(
                "E112",
                file=file,
                expected=f"one summary of {summary.stage}, all from one analysis",
                found=f"a second {summary.stage}",
            )
        others.append(summary)
    # A repeated stage is sorted by its whole content, so that the order on the command line does not matter.
    return {stage: sorted(found[stage], key=_content) for stage in stages if stage in found}


def _content(summary: Summary) -> str:
    return json.dumps([summary.databases, summary.options, summary.results], sort_keys=True)


def _object(value: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    inner = value.get(key) or {}
    if not isinstance(inner, dict):
        _refuse(file, f'a JSON object at "{key}"', json.dumps(inner)[:40])
    return inner


def _objects(value: Mapping[str, Any], key: str, file: str) -> dict[str, dict[str, Any]]:
    outer = _object(value, key, file)
    for name, inner in outer.items():
        if not isinstance(inner, dict):
            _refuse(file, f'a JSON object at "{key}" "{name}"', json.dumps(inner)[:40])
    return outer


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _refuse(file: str, expected: str, found: str | bytes) -> NoReturn:
    raise MetapipeError("E111", file=file, expected=expected, found=found)
