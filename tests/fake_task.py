"""A task without a runner: blocks given as bytes, outputs collected in a folder, programs started with subprocess."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from metapipe.errors import MetapipeError
from metapipe.formats.mate_names import marks_of
from metapipe.runner.declare.elements import Completed, Database, FastqPairs, Record, Table, Totals
from metapipe.runner.declare.fastq_text import FastqText, fastq_texts, paired_texts
from metapipe.runner.declare.merge import add_counts
from metapipe.runner.declare.stage import Stage


def read_records(path: Path, first_index: int = 0) -> Iterator[Record]:
    """Records of a well-formed FASTA or four-line FASTQ file, plain or gzip; else rows of a table without header."""
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    lines = content.split(b"\n")
    if content.startswith(b"@"):
        for index in range(len(lines) // 4):
            header, sequence, _, qualities = lines[4 * index : 4 * index + 4]
            name, _, description = header[1:].decode().partition(" ")
            yield Record(name, description, sequence, qualities, first_index + index)
        return
    if content and not content.startswith(b">"):
        for index, row in enumerate(content.splitlines()):
            yield Record(row.split(b"\t")[0].decode(), "", row, b"", first_index + index)
        return
    for index, text in enumerate(content.split(b"\n>") if content else []):
        header, _, sequence = text.removeprefix(b">").partition(b"\n")
        name, _, description = header.decode().partition(" ")
        yield Record(name, description, sequence.replace(b"\n", b""), b"", first_index + index)


class FakeTask:
    """One block of one stage. :meth:`run` gives its outputs; its notes are in :attr:`notes` afterwards."""

    def __init__(
        self,
        stage: Stage,
        folder: Path,
        inputs: Mapping[str, bytes],
        *,
        side: Mapping[str, Path] | None = None,
        side_files: Mapping[str, Sequence[Path]] | None = None,
        databases: Mapping[str, Database] | None = None,
        totals: Totals | None = None,
        first_index: int = 0,
        threads: int = 1,
        memory_mb: int = 2000,
        **options: Any,
    ) -> None:
        self.stage = stage
        self.options = stage.options(**options)
        self.ordinal = 0
        self.databases = dict(databases or {})
        self.side = dict(side or {})
        self.side_files = dict(side_files or {name: [path] for name, path in self.side.items()})
        self.labels = {name: name for name in [*inputs, *self.side]}
        self.threads, self.memory_mb = threads, memory_mb
        self.first_index = first_index
        self.notes: dict[str, Any] = {}
        self._inputs, self._outputs = folder / "in", folder / "out"
        self.scratch, self.shared = folder / "scratch", folder / "shared"
        for part in (self._inputs, self._outputs, self.scratch, self.shared):
            part.mkdir(parents=True)
        for name, content in inputs.items():
            if isinstance(stage.records, Table):  # as the runner does: blocks have no header line
                content = content.partition(b"\n")[2]
            (self._inputs / name).write_bytes(content)
        self._open: dict[str, BinaryIO] = {}
        self._marks: tuple[str, str] | None = None
        if totals is None:
            lengths = [len(record.sequence) for name in inputs for record in read_records(self._inputs / name)]
            totals = Totals(records=len(lengths), residues=sum(lengths))
        self.totals = totals

    @property
    def paired(self) -> bool:
        records = self.stage.records
        return isinstance(records, FastqPairs) and (self._inputs / records.second).exists()

    def records(self) -> Iterator[Record]:
        assert self.stage.records is not None
        return read_records(self.input_file(self.stage.records.files[0]), self.first_index)

    def pairs(self) -> Iterator[tuple[Record, Record]]:
        assert isinstance(self.stage.records, FastqPairs)
        first, second = (read_records(self.input_file(name), self.first_index) for name in self.stage.records.files)
        return zip(first, second, strict=True)

    def pair_texts(self) -> Iterator[tuple[FastqText, FastqText]]:
        assert isinstance(self.stage.records, FastqPairs)
        contents = [self.input_file(name).read_bytes() for name in self.stage.records.files]
        first, second = (fastq_texts([content], name) for content, name in zip(contents, "12", strict=True))
        return paired_texts(first, second, "2")

    def texts(self, name: str) -> Iterator[FastqText]:
        content = self.input_file(name).read_bytes()
        return fastq_texts([gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content], name)

    def pair_name(self, mate: Record, which: int = 0) -> str:
        assert isinstance(self.stage.records, FastqPairs)
        if self._marks is None:
            first, second = (next(read_records(self.input_file(name))).name for name in self.stage.records.files)
            self._marks = marks_of(first, second) or ("", "")
        return mate.name.removesuffix(self._marks[which])

    def input_file(self, name: str) -> Path:
        return self._inputs / name

    def output(self, name: str) -> BinaryIO:
        if name not in self._open:
            self._open[name] = self.output_path(name).open("wb")
        return self._open[name]

    def output_path(self, name: str) -> Path:
        return self._outputs / f"{name}.{self.stage.outputs[name].suffix}"

    def launch(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: Path | None = None,
        stdout: Path | None = None,
        accept: Sequence[int] = (0,),
        finished: str | None = None,
    ) -> Completed:
        done = subprocess.run(
            [str(word) for word in argv],
            input=stdin.read_bytes() if stdin else b"",
            capture_output=True,
            cwd=self.scratch,
            check=False,
        )
        if stdout is not None:
            stdout.write_bytes(done.stdout)
        if done.returncode not in accept:
            raise MetapipeError("E401", done.stderr.decode()[-2000:])
        if finished is not None and finished.encode() not in done.stderr + done.stdout:
            raise MetapipeError("E403", f"{argv[0]} did not say {finished!r}")
        return Completed(done.returncode, b"" if stdout else done.stdout, done.stderr)

    def note(self, key: str, value: Any) -> None:
        self.notes[key] = add_counts(self.notes[key], value) if key in self.notes else value

    def run(self) -> dict[str, bytes]:
        """Set up, run, and return each declared output's bytes (an output never written is empty)."""
        self.stage.check(self.options)
        try:
            self.stage.prepare(self, self.shared)
            self.stage.run(self, self.stage.setup(self))
        finally:
            for stream in self._open.values():
                stream.close()
        paths = {name: self.output_path(name) for name in self.stage.outputs}
        return {name: path.read_bytes() if path.exists() else b"" for name, path in paths.items()}


@pytest.fixture
def fake_task(tmp_path: Path) -> Callable[..., FakeTask]:
    """Make a task: ``fake_task(stage, {"contigs": b">a\\nACGT\\n"}, min_length=0).run()["contigs"]``."""
    made = 0

    def make(stage: Stage, inputs: Mapping[str, bytes], **keywords: Any) -> FakeTask:
        nonlocal made
        made += 1
        return FakeTask(stage, tmp_path / f"task-{made}", inputs, **keywords)

    return make
