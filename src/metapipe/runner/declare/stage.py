"""What a stage declares, and what it is given when it runs.

A stage is a class of about thirty lines: which records it reads, which files it writes, how its blocks may be merged,
and one ``run`` method for one block. The runner does the rest (cutting, placing, watching, retrying, merging).
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol

from metapipe.formats.file_names import unique_file_names
from metapipe.runner.declare.merge import Concat, MergeRule

# ----------------------------------------------------------------------------------------------------- inputs


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
        return (self.name,)


@dataclass(frozen=True)
class Fastq:
    """Block-wise FASTQ input: one file."""

    name: str
    help: str = "FASTQ file, plain or gzip"

    @property
    def files(self) -> tuple[str, ...]:
        return (self.name,)


@dataclass(frozen=True)
class FastqPairs:
    """Block-wise paired FASTQ input: two files cut in lock-step, mates checked by name."""

    first: str = "reads-1"
    second: str = "reads-2"
    help: str = "FASTQ file with the {} mates, plain or gzip"

    @property
    def files(self) -> tuple[str, ...]:
        return (self.first, self.second)


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


# ---------------------------------------------------------------------------------------------------- outputs


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


# ------------------------------------------------------------------------------------------------- invariance


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


# ---------------------------------------------------------------------------------------------------- options


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


# ------------------------------------------------------------------------------------------------------- task


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


class Task(Protocol):
    """What ``run`` is given for one block."""

    @property
    def options(self) -> Any:
        """The stage's options, an instance of its options dataclass."""

    @property
    def ordinal(self) -> int:
        """Position of the block in the input."""

    @property
    def totals(self) -> Totals:
        """Counts over the whole input."""

    @property
    def databases(self) -> Mapping[str, Database]:
        """The databases given, by the name the stage declares."""

    @property
    def side(self) -> Mapping[str, Path]:
        """Side files given, by name (those declared ``multiple`` are in ``side_files`` only)."""

    @property
    def side_files(self) -> Mapping[str, Sequence[Path]]:
        """Side files given, by name, all paths in the order given."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Input name -> file name as the user knows it (``name`` or ``name.0``, ``name.1`` … when multiple)."""

    @property
    def threads(self) -> int:
        """Threads a program may use."""

    @property
    def memory_mb(self) -> int:
        """Memory the block may use."""

    @property
    def shared(self) -> Path:
        """What :meth:`Stage.prepare` left for all blocks of the run, to be read only."""

    @property
    def scratch(self) -> Path:
        """A folder private to this attempt, removed afterwards."""

    def records(self) -> Iterator[Record]:
        """Records of this block in file order (``Fasta``/``Fastq``/``Table``)."""

    def pairs(self) -> Iterator[tuple[Record, Record]]:
        """Pairs of this block in file order (``FastqPairs``)."""

    def pair_name(self, mate: Record, which: int = 0) -> str:
        """Name of the pair that a mate belongs to: its name without what tells the mates apart in these two files.

        :param which: 0 for a mate of the first file, 1 for one of the second.
        """

    def input_file(self, name: str) -> Path:
        """This block's records of input ``name`` as a plain file (the user's own file when nothing needs copying).

        Of a table, the rows without the header line.
        """

    def output(self, name: str) -> BinaryIO:
        """Output ``name`` of this block, open for writing bytes."""

    def output_path(self, name: str) -> Path:
        """Path at which a program may write output ``name`` of this block."""

    def launch(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: Path | None = None,
        stdout: Path | None = None,
        accept: Sequence[int] = (0,),
        finished: str | None = None,
    ) -> Completed:
        """Run a program to its end, sandboxed, watched and accounted for.

        :param accept: exit codes that mean success; others raise E401.
        :param finished: text that must stand in its standard error or output, else E403 (rc 0 is not proof).
        """

    def note(self, key: str, value: Any) -> None:
        """Leave a JSON value for the stage's summary: numbers and objects of numbers are summed over blocks
        (:func:`~.merge.add_counts`), lists are joined in input order, words must agree. Never a time,
        a host or a path: the summary is a result."""


# ------------------------------------------------------------------------------------------------------ stage

#: Threads policy: one slot a task, or one fat task per host that uses every slot (tools with a large fixed cost).
PER_NODE = 0


class Stage(abc.ABC):
    """Base of all stages. Subclasses set the class attributes and implement :meth:`run`.

    A slip in a declaration is a TypeError of one sentence when the class is made. docs/how-to-add-a-stage.md explains
    every attribute.

    :cvar name: the command, ``metapipe NAME``: small letters, digits, underscores.
    :cvar version: raised by whoever changes results; part of the plan hash, so that no old part is used again.
    :cvar summary: one line for ``--help``. :cvar example: a whole command line, for ``--help``.
    :cvar records: the input that is cut into blocks. :cvar side: files every block reads whole.
    :cvar invariance: why the result is the same however the records are cut.
    :cvar threads: what one block uses; ``PER_NODE``: all slots of a host. :cvar memory_mb: what one block needs.
    :cvar rate: residues a second on one core, a first guess for planning; learned rates are in the run report.
    :cvar fixed_cost: seconds a block costs whatever its size (loading a database); few, large blocks when it is high.
        Where either depends on the database or the options, :meth:`rate_for` and :meth:`fixed_cost_for` say how.
    :cvar programs: programs to be found on the PATH before anything starts, and the Debian packages that have them.
    :cvar empty_ok: an input without any record is a result ("nothing found"), not an error.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    summary: ClassVar[str]
    example: ClassVar[str] = ""
    records: ClassVar[Fasta | Fastq | FastqPairs | Table | None] = None
    side: ClassVar[Mapping[str, SideFile]] = {}
    databases: ClassVar[Mapping[str, RefDB]] = {}
    outputs: ClassVar[Mapping[str, Output]]
    options: ClassVar[type] = NoOptions
    invariance: ClassVar[Invariance]
    threads: ClassVar[int] = 1
    memory_mb: ClassVar[int] = 512
    rate: ClassVar[float] = 1e6
    fixed_cost: ClassVar[float] = 0.0
    programs: ClassVar[Mapping[str, str]] = {}
    empty_ok: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name"):  # else it is a base for stages
            from metapipe.runner.declare.declaration import check_declaration

            check_declaration(cls)

    def prepare(self, task: Task, folder: Path) -> None:  # noqa: B027  (optional hook)
        """Work out once what all blocks of the run read, and leave it as files in ``folder``: ``task.shared`` to them.

        Called before any block, in a child of the driver, with the task of the first block. What it raises ends the
        run. For what depends on the side files alone (an index of them); models are for :meth:`setup`.
        """

    def setup(self, task: Task) -> Any:  # noqa: B027  (optional hook)
        """Load what all blocks of one worker share (models, indexes). Called once per worker process."""

    @abc.abstractmethod
    def run(self, task: Task, state: Any) -> None:
        """Do one block: read ``task.records()``, write ``task.output(...)``. Any exception fails the block."""

    def rate_for(self, databases: Mapping[str, Database], options: Any) -> float:  # noqa: ARG002
        """Residues a second on one core with these databases and options; by default :attr:`rate`. Cheap to ask."""
        return self.rate

    def fixed_cost_for(self, databases: Mapping[str, Database], options: Any) -> float:  # noqa: ARG002
        """Seconds a block costs whatever its size, with these databases and options; by default :attr:`fixed_cost`."""
        return self.fixed_cost

    def tool_versions(self) -> dict[str, str]:
        """Versions of the engines behind this stage, for the run report and the report page."""
        return {}

    def check(self, options: Any) -> None:  # noqa: B027  (optional hook)
        """Check what the options' own limits cannot say; raise E701. Called before anything starts."""
