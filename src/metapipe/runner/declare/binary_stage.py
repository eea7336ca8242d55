"""A stage that is one program: its command is declared, word by word, and no code is written.

No shell is involved. Every item of ``cmd`` is one word of the command line, and stays one whatever an option holds.

It is for stages that a site adds. No stage that META-pipe ships is one: each prepares a program's input (numbers for
names) or judges what it wrote, and so has a ``run`` of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from metapipe.errors import MetapipeError
from metapipe.runner.declare.command_check import check_command
from metapipe.runner.declare.command_words import Placeholder, When, parse_word
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version


class BinaryStage(Stage):
    """Base of stages that run one program once per block.

    Placeholders: ``{in.NAME}`` the block's records as a plain file, ``{out.NAME}`` the path at which the program writes
    an output, ``{db.NAME}`` a database's folder, ``{side.NAME}`` a side file, ``{options.NAME}``, ``{threads}``,
    ``{memory_mb}``, ``{totals.records}`` and ``{totals.residues}`` (of the whole input; declare PinnedGlobals),
    ``{scratch}`` a folder that is removed afterwards. A brace itself is written ``{{`` or ``}}``.

    :cvar cmd: the words; those of ``when(…)`` only when its condition holds.
    :cvar stdin: the input given to the program's standard input, "" for none.
    :cvar stdout: the output that takes the program's standard output, "" for none.
    :cvar accept: exit codes that mean success.
    :cvar finished: words that a run that came to its end leaves on standard error (or on standard output, where no
        output takes it); E403 without them.
    :cvar count: outputs whose records are counted for the summary: FASTA and FASTQ records, else lines that do not
        begin with ``#``.
    :cvar keeps_all: each of these holds exactly one record or line for each record of the block; E403 otherwise.
    :cvar may_lack: outputs that the program does not write when there is nothing to say; E403 for all others.
    :cvar version_cmd: a command that prints the program's version; it goes into the plan hash and the summary.
    """

    cmd: ClassVar[Sequence[str | When]]
    stdin: ClassVar[str] = ""
    stdout: ClassVar[str] = ""
    accept: ClassVar[Sequence[int]] = (0,)
    finished: ClassVar[str] = ""
    count: ClassVar[Sequence[str]] = ()
    keeps_all: ClassVar[bool] = False
    may_lack: ClassVar[Sequence[str]] = ()
    version_cmd: ClassVar[Sequence[str]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name"):
            check_command(cls, own_run=cls.run is not BinaryStage.run)

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002  (a program has no state)
        """Run the command once on the block and take its outputs.

        :raises MetapipeError: what :meth:`.Task.launch` raises; E403 for an output that it should have written.
        """
        taken = task.output_path(self.stdout) if self.stdout else None
        task.launch(
            command_words(self.cmd, task),
            stdin=task.input_file(self.stdin) if self.stdin else None,
            stdout=taken,
            accept=self.accept,
            finished=self.finished or None,
        )
        for name in self.outputs:
            if not task.output_path(name).exists():
                if name not in self.may_lack:
                    raise MetapipeError("E403", f"{self.cmd[0]} did not write the output '{name}'")
                task.output_path(name).touch()
        self.reconcile(task)

    def reconcile(self, task: Task) -> None:
        """Count the records of the block and of the outputs named in ``count``; leave both in the summary."""
        read = 0
        if self.count and self.records is not None:
            source = task.input_file(self.records.files[0])
            read = count_records(source, source.suffix)
            task.note("records", read)
        for name in self.count:
            written = count_records(task.output_path(name), f".{self.outputs[name].suffix}")
            if self.keeps_all and written != read:
                raise MetapipeError(
                    "E403", f"{self.cmd[0]} wrote {written} records to the output '{name}' for the {read} it was given"
                )
            task.note(name, written)

    def tool_versions(self) -> dict[str, str]:
        """What ``version_cmd`` prints, by the name of the program; nothing where none is declared."""
        version = program_version(*self.version_cmd) if self.version_cmd else ""
        return {str(self.cmd[0]): version} if version else {}


def command_words(cmd: Sequence[str | When], task: Task) -> list[str]:
    """The command line of one block; a value that holds a placeholder is not looked at again."""
    words: list[str] = []
    for item in cmd:
        if isinstance(item, str):
            words.append(_word(item, task))
        elif _holds(item.condition, task):
            words += [_word(word, task) for word in item.words]
    return words


def _word(word: str, task: Task) -> str:
    return "".join(part if isinstance(part, str) else _value(part, task) for part in _parsed(word))


_parsed = functools.cache(parse_word)


def _value(placeholder: Placeholder, task: Task) -> str:
    match placeholder:
        case Placeholder("in", name):
            return str(task.input_file(name))
        case Placeholder("out", name):
            return str(task.output_path(name))
        case Placeholder("db", name):
            return str(task.databases[name].path.absolute())
        case Placeholder("side", name):
            return str(task.side[name])
        case Placeholder("options", name):
            return str(getattr(task.options, name))
        case Placeholder("totals", name):
            return str(getattr(task.totals, name))
        case Placeholder(kind):  # threads, memory_mb, scratch
            return str(getattr(task, kind))


def _holds(condition: str, task: Task) -> bool:
    kind, _, name = condition.partition(".")
    if kind == "options":
        return bool(getattr(task.options, name))
    return name in (task.side if kind == "side" else task.databases)


def count_records(path: Path, suffix: str) -> int:
    """Records of a FASTA or FASTQ file, lines without a leading ``#`` of any other."""
    if suffix in (".fasta", ".fa", ".faa", ".fna"):
        return _lines_with(path, b">")[1]
    if suffix in (".fastq", ".fq"):
        return _lines_with(path, b"@")[0] // 4
    lines, comments = _lines_with(path, b"#")
    return lines - comments


def _lines_with(path: Path, mark: bytes) -> tuple[int, int]:
    """Number of lines, and of those that begin with ``mark``."""
    lines = marked = 0
    before = b"\n"
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            marked += (before + piece).count(b"\n" + mark)
            lines += piece.count(b"\n")
            before = piece[-1:]
    return lines + (before != b"\n"), marked
