"""What a run is given: it travels whole, from the command line to the blocks on the workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from metapipe.runner.declare.elements import Database, SideFile


@dataclass(frozen=True)
class Given:
    """Input files, databases and options of one run.

    :param records: files of the record input, by declared name. :param side: side files by name, in the order given.
    :param databases: installed and verified, by name.
    :param labels: names of the input files as the user knows them, for messages and the summary: ``name``, or
        ``name.0``, ``name.1`` … for the files of a list.
    :param options: an instance of the stage's options; None: its defaults.
    """

    records: Mapping[str, Path] = field(default_factory=dict)
    side: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    databases: Mapping[str, Database] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Any = None

    def complete(self, options: type) -> Given:
        """With a label for every file, and with the defaults of ``options`` where none were given.

        Records get absolute paths, as the workers of a cluster do not share our working folder.
        """
        return replace(
            self,
            records={name: path.absolute() for name, path in self.records.items()},
            labels=self._all_labels(),
            options=options() if self.options is None else self.options,
        )

    def _all_labels(self) -> dict[str, str]:
        labels = {name: path.name for name, path in self.records.items()}
        for name, paths in self.side.items():
            labels[name] = paths[0].name if paths else ""
            labels.update({f"{name}.{position}": path.name for position, path in enumerate(paths)})
        return {**labels, **self.labels}

    def side_files(self, declared: Mapping[str, SideFile]) -> Iterator[tuple[str, Path]]:
        """Each side file under the key of its label."""
        for name, paths in self.side.items():
            yield from zip(self.keys_of(name, declared[name]), paths, strict=True)

    def keys_of(self, name: str, declared: SideFile) -> list[str]:
        """Keys of the labels of the files given for one side input."""
        return [f"{name}.{position}" if declared.multiple else name for position in range(len(self.side[name]))]

    @property
    def files(self) -> list[Path]:
        """All input files."""
        return [*self.records.values(), *(path for paths in self.side.values() for path in paths)]
