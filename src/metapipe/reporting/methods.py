"""How the result was made: steps, programs, databases, options. Words and versions only, no times and no machines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metapipe.reporting.summaries import Summary


@dataclass(frozen=True)
class Setting:
    """One option as it was used. ``default`` is ``None`` when the declared default is not known."""

    name: str
    value: str
    default: str | None

    @property
    def changed(self) -> bool:
        """Whether the user chose another value than the default; False where no default is known."""
        return self.default is not None and self.default != self.value


@dataclass(frozen=True)
class DatabaseUsed:
    """A database and the digest that pins its content (short form for reading, full form for the record)."""

    name: str
    version: str
    digest: str

    @property
    def short_digest(self) -> str:
        """The first twelve digits of the digest: enough to tell databases apart, short enough for a table."""
        return self.digest.removeprefix("sha256:")[:12]


@dataclass(frozen=True)
class StepUsed:
    """One step of the pipeline as it was run."""

    title: str
    stage: str
    version: str
    programs: tuple[tuple[str, str], ...]
    databases: tuple[DatabaseUsed, ...]
    settings: tuple[Setting, ...]


def steps_used(
    summaries: Mapping[str, Sequence[Summary]],
    defaults: Mapping[str, Mapping[str, Any]],
    titles: Mapping[str, str],
    used: Callable[[str, Mapping[str, Any]], bool] = lambda _program, _options: True,
) -> list[StepUsed]:
    """Return the steps in pipeline order.

    :param defaults: stage → option → declared default, option names as in Python.
    :param titles: stage → the words a biologist uses for it.
    :param used: whether a step with these options used this one of its programs; by default it used them all.
    """
    return [
        StepUsed(
            title=titles[stage],
            stage=stage,
            version=run.version,
            programs=tuple((name, said) for name, said in sorted(run.programs.items()) if used(name, run.options)),
            databases=tuple(
                DatabaseUsed(one.get("name", role), one.get("version", ""), one.get("digest", ""))
                for role, one in sorted(run.databases.items())
            ),
            settings=tuple(settings(run.options, defaults.get(stage, {}))),
        )
        for stage, runs in summaries.items()
        for run in runs
    ]


def settings(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Setting]:
    """Return the options by name; an option may be spelt with dashes or underscores."""
    known = {key.replace("-", "_"): shown(value) for key, value in defaults.items()}
    return [
        Setting(key.replace("_", "-"), shown(value), known.get(key.replace("-", "_")))
        for key, value in sorted(options.items())
    ]


def shown(value: Any) -> str:
    """Return an option's value as a biologist writes it: ``yes``, ``20``, ``1e-5``, ``not set``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "not set"
    if isinstance(value, float):
        return re.sub(r"e([+-])0", r"e\1", f"{value:g}").replace("e+", "e")
    return str(value)
