"""The options of the command line that a declaration asks for: derived here once, for all who need them.

The command line is made of them, the check of a declaration looks for two of one name, and the tests of the Galaxy
tools compare what a tool gives to its stage with them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Flag:
    """One option. :param name: with dashes or underscores, without ``--``. :param what: asks for it, in words."""

    name: str
    what: str

    @property
    def text(self) -> str:
        """As a user types it: ``--min-length``."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def attribute(self) -> str:
        """Where argparse leaves its value: ``min_length``."""
        return self.name.replace("-", "_")


@dataclass(frozen=True)
class Flags:
    """The options of one stage, by the name under which the stage declares what they are for.

    :param names: of record inputs and side files: the options that say what the user calls the file.
    """

    records: Mapping[str, Flag]
    side: Mapping[str, Flag]
    names: Mapping[str, Flag]
    databases: Mapping[str, Flag]
    options: Mapping[str, Flag]
    outputs: Mapping[str, Flag]

    def __iter__(self) -> Iterator[Flag]:
        for group in dataclasses.fields(self):
            yield from getattr(self, group.name).values()


def flags_of(stage: type[Any]) -> Flags:
    """The options that a stage's declaration asks for; two of one name are a slip that its check refuses."""
    records = {key: Flag(key, f"input {key!r}") for key in (stage.records.files if stage.records else ())}
    side = {key: Flag(key, f"side file {key!r}") for key in stage.side}
    return Flags(
        records,
        side,
        names={key: Flag(f"{key}-name", f"the name of {flag.what}") for key, flag in {**records, **side}.items()},
        databases={key: Flag(f"db-{key}", f"database {key!r}") for key in stage.databases},
        options={field.name: Flag(field.name, f"option {field.name!r}") for field in dataclasses.fields(stage.options)},
        outputs={key: Flag(f"out-{key}", f"output {key!r}") for key in stage.outputs},
    )
