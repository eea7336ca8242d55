"""What a stage's declaration is made of: inputs, outputs, databases, options, and why a cut changes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metapipe.formats.file_names import unique_file_names
from metapipe.runner.declare.merge import Concat, MergeRule


@dataclass(slots=True)  # not frozen: that makes each of many millions cost twice as much
class Record:
    """One sequence record.

    :param name: text up to the first white space of the header line, without ``>`` or ``@``.
    :param description: rest of the header line (may be empty).
    :param sequence: letters as in the file, line breaks removed; of a table, the whole row.
    :param qualities: FASTQ quality string, same length as ``sequence``; empty for FASTA.
    :param index: 0-based position in the whole input file, the same on any partitioning.
    """

    name: str
    description: str
    sequence: bytes
    qualities: bytes
    index: int


@dataclass(frozen=True)
class Fasta:
    """Block-wise FASTA input. ``alphabet`` is ``dna``, ``aa`` or ``any``; IUPAC codes and lower case are accepted."""

    name: str
    alphabet: str = "dna"
    help: str = "FASTA file, plain or gzip"

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files: one."""
        return (self.name,)


@dataclass(frozen=True)
class Fastq:
    """Block-wise FASTQ input: one file."""

    name: str
    help: str = "FASTQ file, plain or gzip"

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files: one."""
        return (self.name,)


@dataclass(frozen=True)
class FastqPairs:
    """Block-wise paired FASTQ input: two files cut in lock-step, mates checked by name.

    :param or_single: the second file may be left out: the first then holds single reads (``task.paired`` tells).
    :param in_step: False for a stage that puts mates in step itself: mates may be missing, and one file may hold both
        mates of its pairs. Only for ``WholeInput``; it reads ``task.texts()``.
    """

    first: str = "reads-1"
    second: str = "reads-2"
    help: str = "FASTQ file with the {} mates, plain or gzip"
    or_single: bool = False
    in_step: bool = True

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files, first mates first."""
        return (self.first, self.second)

    def given(self, names: Collection[str]) -> tuple[str, ...]:
        """Those of its files that a run is given. :param names: of all record files that it is given."""
        return (self.first,) if self.or_single and self.second not in names else self.files


@dataclass(frozen=True)
class Table:
    """Block-wise tabular input: tab-separated, a header line of ``#`` and the columns, then one record a row.

    A row's name is its first cell, which no other row has; its letters are its bytes. Blocks hold no header line.
    """

    name: str
    columns: tuple[str, ...]
    help: str = "table, plain or gzip"

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files: one."""
        return (self.name,)


@dataclass(frozen=True)
class SideFile:
    """An input that every block may read as a whole (a table, an annotation); never cut.

    :param optional: the option may be left out; ``task.side`` then lacks the name.
    :param multiple: the option may be repeated; ``task.side_files[name]`` holds all paths in the order given.
    """

    format: str
    help: str
    optional: bool = False
    multiple: bool = False


@dataclass(frozen=True)
class RefDB:
    """A reference database the stage needs. ``kind`` is the manifest's kind (``diamond``, ``hmm`` …)."""

    kind: str
    help: str
    optional: bool = False


@dataclass(frozen=True)
class Database:
    """An installed, verified database as a stage sees it. ``path`` is its folder, ``digest`` the manifest's sha256."""

    name: str
    version: str
    kind: str
    path: Path
    digest: str


def bytes_of(databases: Mapping[str, Database], option: str, file: str) -> int | None:
    """Return the size of a file of a database; None where there is none yet to look at."""
    try:
        return (databases[option].path / file).stat().st_size
    except (KeyError, OSError):
        return None


@dataclass(frozen=True)
class Output:
    """One output file.

    :param suffix: file name extension without dot, e.g. ``gff3``.
    :param merge: how the blocks' parts become one file.
    :param label: what a person calls it, e.g. ``Annotation (GFF3)``; its file in ``--outdir`` is named after it, as is
        that of the workflow's output with this label (:mod:`metapipe.formats.file_names`). Empty: the output's own
        name.
    """

    suffix: str
    help: str
    merge: MergeRule = field(default_factory=Concat)
    label: str = ""


def default_file_names(outputs: Mapping[str, Output]) -> dict[str, str]:
    """Map each output to the name of its file in a folder that holds them all.

    >>> default_file_names({"table": Output("tabular", "one row per gene", label="Annotation table")})
    {'table': 'annotation-table.tsv'}
    """
    labels = {key: output.label or key.replace("_", "-") for key, output in outputs.items()}
    names = unique_file_names({labels[key]: output.suffix for key, output in outputs.items()})
    return {key: names[label] for key, label in labels.items()}


class Invariance:
    """Why a stage's result does not depend on how its input is cut. Declared by every stage, tested for every stage."""


@dataclass(frozen=True)
class Exact(Invariance):
    """Each record's result depends on that record (and whole databases) only."""


@dataclass(frozen=True)
class PinnedGlobals(Invariance):
    """Exact once the named totals (``records``, ``residues``) of the whole input are given to every block."""

    totals: tuple[str, ...] = ("records",)


@dataclass(frozen=True)
class MapReduce(Invariance):
    """Blocks give partial results that are summed or reduced."""


@dataclass(frozen=True)
class WholeInput(Invariance):
    """The result needs all records at once: one fat task. The runner adds placement, sandbox and accounting only."""


def option(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] | None = None,
    per_cent: bool = False,
) -> Any:
    """A field of a stage's options dataclass; becomes ``--field-name`` on the command line (a flag when bool).

    :param per_cent: a share in per cent: values above 0 up to 1, which are meant as fractions, are refused.
    """
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "per_cent": per_cent}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class NoOptions:
    """Options of a stage that has none."""


@dataclass(frozen=True)
class Totals:
    """Counts over the whole input, known before any block runs. Pairs count as two records."""

    records: int
    residues: int


@dataclass(frozen=True)
class Completed:
    """How a launched program ended. ``stdout`` is empty when it went to a file; ``stderr`` is the last 64 KiB."""

    returncode: int
    stdout: bytes
    stderr: bytes


#: Threads policy: one slot a task, or one fat task per host that uses every slot (tools with a large fixed cost).
PER_NODE = 0
