"""What a stage's ``run`` holds in its hands: the records, outputs and programs of one block."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from metapipe.errors import MetapipeError
from metapipe.runner.blocks.block import Block, ByteRange
from metapipe.runner.declare.elements import Completed, Database, Record, Totals
from metapipe.runner.declare.fastq_text import FastqText, fastq_texts, first_other_name, paired_texts
from metapipe.runner.declare.given import Given
from metapipe.runner.declare.merge import add_counts
from metapipe.runner.declare.records import READERS
from metapipe.runner.guard.launcher import run_program
from metapipe.runner.guard.limits import Allowance, ran_short
from metapipe.runner.guard.sandbox import Policy, Room, environment_inside, is_sandboxed, on_this_host, with_targets

#: Programs of one block that the run report names.
_MOST_COMMANDS = 20
_NO_MEMORY = re.compile(rb"std::bad_alloc|MemoryError|[Cc]annot allocate memory|[Ff]ailed to allocate|[Oo]ut of memory")


@dataclass(frozen=True)
class RecordFiles:
    """What the scan has found of the record input, as far as blocks have to know.

    :param forms: input name -> ``fasta``, ``fastq`` or ``table``, in the order of a block's ranges.
    :param whole: input name -> (path, size) of plain inputs, read without a copy when a block is all of it.
    :param marks: of pairs, what the names in each file end in that is not part of the pair's name.
    """

    forms: Mapping[str, str]
    totals: Totals
    whole: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """What all blocks of one run share; sent to every worker.

    :param stage: ``module:Class`` of the stage, imported on the worker.
    :param given: with the paths of side files as every host sees them. :param multiple: side inputs that are lists.
    :param kept: names of blocks whose parts an earlier run has left.
    :param database_sizes: files and bytes of each database; None when all blocks run on the driver's host.
    :param sandbox: the policy (:mod:`metapipe.runner.guard.sandbox`).
    """

    identifier: str
    stage: str
    given: Given
    records: RecordFiles
    allowance: Allowance
    outputs: tuple[str, ...]
    folder: str
    multiple: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    database_sizes: Mapping[str, tuple[int, int]] | None = None
    sandbox: Policy = Policy.AUTO


def shared_folder(job: Job) -> Path:
    """Where a run keeps what its blocks share."""
    return Path(job.folder) / "shared"


@dataclass
class BlockTask:
    """The :class:`~metapipe.runner.declare.stage.Task` of one block."""

    job: Job
    block: Block
    folder: Path
    scratch: Path
    notes: dict[str, Any] = field(default_factory=dict)
    commands: list[list[str]] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)
    _files: dict[str, BinaryIO] = field(default_factory=dict)
    _read: int = -1

    @property
    def options(self) -> Any:
        """The stage's options, as the run was given them."""
        return self.job.given.options

    @property
    def ordinal(self) -> int:
        """Position of the block in the input, 0-based; halves of a block have that of the whole."""
        return self.block.key[0]

    @property
    def totals(self) -> Totals:
        """Counts over the whole input."""
        return self.job.records.totals

    @property
    def databases(self) -> Mapping[str, Database]:
        """The databases given, by the name the stage declares, with paths as this host sees them."""
        return self.job.given.databases

    @property
    def side(self) -> Mapping[str, Path]:
        """The one path of each side file given; those declared ``multiple`` are in :attr:`side_files`."""
        side = self.job.given.side.items()
        return {name: paths[0] for name, paths in side if paths and name not in self.job.multiple}

    @property
    def side_files(self) -> Mapping[str, Sequence[Path]]:
        """All paths of each side file, in the order given."""
        return {name: [*paths] for name, paths in self.job.given.side.items()}

    @property
    def labels(self) -> Mapping[str, str]:
        """Input name -> file name as the user knows it."""
        return self.job.given.labels

    @property
    def threads(self) -> int:
        """Threads that a program of this block may use."""
        return self.job.allowance.threads

    @property
    def memory_mb(self) -> int:
        """MiB of memory that this block may use."""
        return self.job.allowance.memory_mb

    @property
    def shared(self) -> Path:
        """What :meth:`.Stage.prepare` left for all blocks of the run, to be read only."""
        return shared_folder(self.job)

    @property
    def paired(self) -> bool:
        """Whether the records are pairs of two files."""
        return len(self.job.records.forms) == 2

    def _records_of(self, position: int) -> Iterator[Record]:
        form = list(self.job.records.forms.values())[position]
        return READERS[form](self.block.ranges[position].chunks(), self.block.first_record)

    def records(self) -> Iterator[Record]:
        """Yield the records of the block in file order, and count those that the stage is done with.

        :raises MetapipeError: E201 when the file has changed since the scan.
        """
        self._read = max(self._read, 0)
        for count, record in enumerate(self._records_of(0), 1):
            yield record
            self._read = max(self._read, count)  # counted when the next is asked for: the stage is done with it

    def pairs(self) -> Iterator[tuple[Record, Record]]:
        """Yield the pairs of the block in file order, and count those that the stage is done with.

        :raises MetapipeError: E106 for mates of different names, E201 when a file has changed since the scan.
        """
        self._read = max(self._read, 0)
        for count, (first, second) in enumerate(zip(self._records_of(0), self._records_of(1), strict=True), 1):
            if self.pair_name(first) != self.pair_name(second, 1):
                # The scan compared hashes of names; here the names themselves are at hand.
                raise self._no_mates(first.name, second.name, second.index)
            yield first, second
            self._read = max(self._read, count)

    def pair_texts(self) -> Iterator[tuple[FastqText, FastqText]]:
        """Yield the same pairs, many at a time, as texts with the places of everything in them.

        :raises MetapipeError: as :meth:`pairs`.
        """
        labels = [self.job.given.labels[name] for name in self.job.records.forms]
        mates = [fastq_texts(extent.chunks(), label) for extent, label in zip(self.block.ranges, labels, strict=True)]
        self._read = max(self._read, 0)
        count = 0
        for first, second in paired_texts(mates[0], mates[1], labels[1]):
            odd = first_other_name(first, second, self.job.records.marks or ("", ""))
            if odd is not None:
                raise self._no_mates(first.name(odd), second.name(odd), self.block.first_record + count + odd)
            yield first, second
            count += len(first)
            self._read = max(self._read, count)

    def texts(self, name: str) -> Iterator[FastqText]:
        """Yield the reads of one file, many at a time, and count those of the first that the stage is done with.

        :raises MetapipeError: E201 when the file has changed since the scan.
        """
        position = list(self.job.records.forms).index(name)
        count = 0
        for text in fastq_texts(self.block.ranges[position].chunks(), self.job.given.labels[name]):
            yield text
            count += len(text)
            if not position:
                self._read = max(self._read, count)

    def _no_mates(self, first: str, second: str, index: int) -> MetapipeError:
        one, other = (self.job.given.labels[name] for name in self.job.records.forms)
        expected = f"the mate of '{first}' ({one})"
        return MetapipeError("E106", file=other, line=4 * index + 1, expected=expected, found=second)

    def pair_name(self, mate: Record, which: int = 0) -> str:
        """Name of a mate without what tells mates apart in these files. :param which: 0, 1: file of the mate."""
        return mate.name.removesuffix(self.job.records.marks[which]) if self.job.records.marks else mate.name

    def input_file(self, name: str) -> Path:
        """The block's bytes of an input as a plain file of the scratch folder.

        A link to the user's own file when the block is all of it and it is not compressed, else a copy, made once.
        """
        position = list(self.job.records.forms).index(name)
        extent: ByteRange = self.block.ranges[position]
        whole = self.job.records.whole.get(name)
        suffix = self.job.records.forms[name]
        target = self.scratch / f"{name}.{suffix}"
        if target.exists():
            return target
        if whole is not None and not extent.compressed and extent.offset == 0 and extent.length == whole[1]:
            target.symlink_to(Path(extent.path).resolve())
            return target
        with target.open("wb") as copy:
            extent.copy_to(copy)
        return target

    def output(self, name: str) -> BinaryIO:
        """Return the output's file of this block, opened at the first call and closed with the task.

        :raises KeyError: the stage declares no such output: a bug of the stage.
        """
        if name not in self._files:
            self._files[name] = self._open.enter_context(self.output_path(name).open("wb"))
        return self._files[name]

    def output_path(self, name: str) -> Path:
        """Return where the block's part of the output lies.

        :raises KeyError: the stage declares no such output: a bug of the stage.
        """
        if name not in self.job.outputs:
            raise KeyError(f"stage declares no output {name!r}")
        return self.folder / name

    def launch(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: Path | None = None,
        stdout: Path | None = None,
        accept: Sequence[int] = (0,),
        finished: str | None = None,
    ) -> Completed:
        """Run a program to its end in a sandbox, in the scratch folder, under the limits of the block.

        :raises MetapipeError: E301 when it is not on the PATH, E401 when it fails, E403 when it did not say
            ``finished``, E802 when it had too little memory.
        """
        program = str(argv[0])
        found = shutil.which(program)
        if found is None:
            raise MetapipeError("E301", f"the program '{program}' is not on the PATH")
        for name in self.job.outputs:
            if name in self._files:
                self._files[name].flush()  # the program may append to it
        if len(self.commands) < _MOST_COMMANDS:
            # The attempt's own folder has another name every time.
            own = os.path.commonpath([self.folder, self.scratch])
            self.commands.append([found, *(str(part).replace(own, "{block}") for part in argv[1:])])
        room = self._room() if is_sandboxed(on_this_host(self.job.sandbox, os.environ)) else None
        returncode, output, error = run_program(
            [found, *(str(part) for part in argv[1:])],
            cwd=self.scratch,
            environment=self._environment(),
            stdin=stdin,
            stdout=stdout,
            room=room,
            memory_mb=self.job.allowance.limit_mb,
        )
        # A shell or bubblewrap says 128 + n for a signal n.
        if returncode not in accept and not (returncode < 0 and 128 - returncode in accept):
            words, name = last_words(error), Path(program).name
            if returncode in (-signal.SIGKILL, 128 + signal.SIGKILL) or _NO_MEMORY.search(error) or self._ran_short():
                # Nobody here sends SIGKILL to a program alone: it is the kernel's memory killer.
                raise MetapipeError("E802", f"{name} ran out of memory; its last words: {words}")
            how = f"was killed by signal {-returncode}" if returncode < 0 else f"ended with exit code {returncode}"
            raise MetapipeError("E401", f"{name} {how}; its last words: {words}")
        if finished is not None and finished.encode() not in error + output:
            raise MetapipeError(
                "E403", f"{Path(program).name} ended without saying '{finished}'; its last words: {last_words(error)}"
            )
        return Completed(returncode, output, error)

    def _room(self) -> Room:
        given = [Path(path) for path, _ in self.job.records.whole.values()]
        given += [path for paths in self.job.given.side.values() for path in paths]
        given += [database.path for database in self.job.given.databases.values()]
        if self.shared.is_dir() and self.shared != self.folder:  # the preparation itself writes there
            given.append(self.shared)
        # Not what these two link to: the scratch folder links to the inputs.
        own = (self.scratch, self.scratch.resolve(), self.folder, self.folder.resolve())
        return Room(with_targets(given), own, self.scratch)

    def _environment(self) -> dict[str, str]:
        if on_this_host(self.job.sandbox, os.environ) is Policy.OFF:
            return {**os.environ, "TMPDIR": str(self.scratch), "LC_ALL": "C"}
        return environment_inside(os.environ, self.scratch)

    def _ran_short(self) -> bool:
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return ran_short(used, self.job.allowance.limit_mb)

    def note(self, key: str, value: Any) -> None:
        """Leave a value for the summary; a second one for the same key is added to the first (:func:`.add_counts`)."""
        self.notes[key] = add_counts(self.notes[key], value) if key in self.notes else value

    def close(self) -> None:
        """Close the outputs; a block without records may leave them unopened, and has them all the same.

        :raises MetapipeError: E403 when the stage stopped reading before the block's last record, or never opened an
            output: nothing to write is said by opening it and writing nothing.
        """
        self._open.close()
        if 0 <= self._read < self.block.records:
            raise MetapipeError("E403", f"only {self._read} of {self.block.records} records were read")
        for name in self.job.outputs:
            if self.block.records and not self.output_path(name).exists():
                raise MetapipeError("E403", f"the stage did not open its output '{name}'")
            self.output_path(name).touch()


def last_words(stderr: bytes) -> str:
    """The last non-empty line of a program's standard error, shortened."""
    text = "".join(
        letter if letter.isprintable() or letter == "\t" else "\n" for letter in stderr.decode("utf-8", "replace")
    )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].replace("\t", " ")[:200] if lines else "(none)"
