"""What a stage declares, and what it is given when it runs.

A stage is a class of about thirty lines: which records it reads, which files it writes, how its blocks may be merged,
and one ``run`` method for one block. The runner does the rest (cutting, placing, watching, retrying, merging).
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol

from metapipe.runner.declare.declaration import check_declaration
from metapipe.runner.declare.elements import (
    Completed,
    Database,
    Fasta,
    Fastq,
    FastqPairs,
    Invariance,
    NoOptions,
    Output,
    Record,
    RefDB,
    SideFile,
    Table,
    Totals,
)
from metapipe.runner.declare.fastq_text import FastqText

# ----------------------------------------------------------------------------------------------------- inputs


# ---------------------------------------------------------------------------------------------------- outputs


# ------------------------------------------------------------------------------------------------- invariance


# ---------------------------------------------------------------------------------------------------- options


# ------------------------------------------------------------------------------------------------------- task


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

    @property
    def paired(self) -> bool:
        """Whether both files of ``FastqPairs`` were given; without the second one it is :meth:`records` that reads."""

    def records(self) -> Iterator[Record]:
        """Records of this block in file order (``Fasta``/``Fastq``/``Table``, single reads of ``FastqPairs``)."""

    def pairs(self) -> Iterator[tuple[Record, Record]]:
        """Pairs of this block in file order (``FastqPairs``)."""

    def pair_texts(self) -> Iterator[tuple[FastqText, FastqText]]:
        """The same pairs, many at a time, as FASTQ with the places of everything in it: for work on arrays of reads."""

    def texts(self, name: str) -> Iterator[FastqText]:
        """The reads of one file of ``FastqPairs``, many at a time, whatever stands in the other."""

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
