"""Take the reads of a sample in any form, and give them as pairs in step, single reads and orphans, with figures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from metapipe.errors import MetapipeError
from metapipe.formats.byte_rows import keep_freed_memory
from metapipe.formats.read_counts import ReadBatch
from metapipe.runner.declare.elements import FastqPairs, Output, WholeInput, option
from metapipe.runner.declare.fastq_text import FastqText, fastq_texts, first_other_name, paired_texts
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.reads.mates import (
    Bools,
    Disorder,
    Hashes,
    InStep,
    Marks,
    after,
    marks_between,
    pair_hashes,
    side_by_side,
    split_pairs,
    with_mates,
    wrong_pair,
)
from metapipe.stages.reads.read_figures import ReadFigures, as_notes, read_table
from metapipe.stages.reads.trim_reads import batches

FIRST, SECOND = "reads-1", "reads-2"


@dataclass(frozen=True)
class CheckReadsOptions:
    """Options of :class:`CheckReads`."""

    layout: str = option(
        "auto",
        "Of one file: what its reads are; auto: interleaved or single, as its names tell",
        choices=["auto", "interleaved", "single", "merged"],
    )


class CheckReads(Stage):
    """Reads keep their order, names and letters: what is given in step comes out as it is."""

    name = "check_reads"
    summary = "Check reads of any form: pairs in step, interleaved reads split, orphans apart, figures of all"
    example = "metapipe check_reads --reads-1 a_1.fastq.gz --reads-2 a_2.fastq.gz --outdir checked"
    records = FastqPairs(or_single=True, in_step=False)
    outputs = {
        FIRST: Output("fastq", "First mates of the pairs"),
        SECOND: Output("fastq", "Second mates of the pairs, in the same order"),
        "single": Output("fastq", "Single or merged reads"),
        "orphans": Output("fastq", "Reads of pairs whose mate is missing"),
        "table": Output("tabular", "How many reads there are, how long and how good", label="Read figures"),
    }
    options = CheckReadsOptions
    invariance = WholeInput()
    rate = 5e7
    memory_mb = 1024

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write every read to the one output that it belongs to, and the table.

        :raises MetapipeError: E106 for files that are no pairs or not in one order, E107 for a read twice, E701 for a
            layout that does not fit the files.
        """
        keep_freed_memory()
        layout = task.options.layout
        if task.paired and layout != "auto":
            raise MetapipeError("E701", expected=f"one file with --layout {layout}", found="two")
        written = Written(task)
        if task.paired:
            marks, layout = split_two_files(task, written), "paired"
        else:
            marks, layout = split_one_file(task, written, layout)
        task.output("table").write(read_table(written.figures))
        task.note("layout", layout)
        task.note("mates_end_in", " ".join(filter(None, marks)))
        for name, counts in as_notes(written.figures).items():
            task.note(name, counts)
        task.note("pairs", written.figures[FIRST].count)
        task.note("single_reads", written.figures["single"].count)
        task.note("orphan_reads", written.figures["orphans"].count)


class Written:
    """The outputs of reads and what is counted of each."""

    def __init__(self, task: Task) -> None:
        self._streams = {name: task.output(name) for name in (FIRST, SECOND, "single", "orphans")}
        self.figures = {name: ReadFigures() for name in self._streams}

    def pairs(self, first: FastqText, second: FastqText) -> None:
        """Write both mates of some pairs to their outputs."""
        self.reads(FIRST, first)
        self.reads(SECOND, second)

    def reads(self, name: str, text: FastqText, stream: BinaryIO | None = None) -> None:
        """Write reads to an output. :param stream: what to write them to for the time being."""
        if not len(text):
            return
        (stream or self._streams[name]).write(text.cut(text.lengths))
        for some in batches(text, text):
            part = text.some(some)
            self.figures[name].add(ReadBatch.at(part.buffer, part.bases, part.qualities, part.lengths))

    def append(self, name: str, path: Path) -> None:
        """Write to an output what was written elsewhere for the time being."""
        with path.open("rb") as file:
            shutil.copyfileobj(file, self._streams[name])


# ------------------------------------------------------------------------------------------------------ two files


def split_two_files(task: Task, written: Written) -> Marks:
    """Write pairs and orphans of two files; return what tells the mates apart.

    One look at the reads is enough as long as they are in step. From the first on that is not, the names of all that
    follow are compared first.

    :raises MetapipeError: E106 for another order of mates, or not a single pair.
    """
    heads = [next(iter(task.texts(name))) for name in (FIRST, SECOND)]
    marks = marks_between(heads[0], heads[1])
    in_step = InStep(task.texts(FIRST), task.texts(SECOND), marks)
    for first, second in in_step:
        written.pairs(first, second)
    if in_step.broken:
        _split_the_rest(task, written, marks, in_step.pairs)
    if not written.figures[FIRST].count:
        message = f"no read has its mate in {task.labels[FIRST]}"
        raise MetapipeError("E106", message, file=task.labels[SECOND])
    return marks


def _split_the_rest(task: Task, written: Written, marks: Marks, done: int) -> None:
    hashes = [
        np.concatenate([np.zeros(0, np.uint64), *(pair_hashes(text, [mark]) for text in after(task.texts(name), done))])
        for name, mark in zip((FIRST, SECOND), marks, strict=True)
    ]
    try:
        mates = with_mates(*hashes)
    except Disorder as disorder:
        found, at = _name_at(task, SECOND, done + disorder.index)
        expected = f"mates in the order of {task.labels[FIRST]}; sort both files by name"
        raise MetapipeError("E106", file=task.labels[SECOND], line=at, expected=expected, found=found) from None
    waiting = task.scratch / "orphans.fastq"
    with waiting.open("wb") as later:
        first = _chosen(after(task.texts(FIRST), done), mates[0], written, None)
        second = _chosen(after(task.texts(SECOND), done), mates[1], written, later)
        for one, other in paired_texts(first, second, task.labels[SECOND]):
            odd = first_other_name(one, other, marks)
            if odd is not None:  # two names of one hash
                raise MetapipeError("E106", expected=f"the mate of '{one.name(odd)}'", found=other.name(odd))
            written.pairs(one, other)
    written.append("orphans", waiting)


def _chosen(
    texts: Iterator[FastqText], mates: Bools, written: Written, orphans: BinaryIO | None
) -> Iterator[FastqText]:
    """Yield the reads that have mates, and write the others to the orphans: now, or to a file for later."""
    before = 0
    for text in texts:
        has_mate = mates[before : before + len(text)]
        before += len(text)
        written.reads("orphans", text.some(np.flatnonzero(~has_mate)), orphans)
        if has_mate.any():
            yield text.some(np.flatnonzero(has_mate))


# ------------------------------------------------------------------------------------------------------- one file


def split_one_file(task: Task, written: Written, layout: str) -> tuple[Marks, str]:
    """Write the reads of one file; return what tells its mates apart, and its layout.

    :raises MetapipeError: E106 for an interleaved file without a pair or in disorder, E107 for a read twice.
    """
    seen = side_by_side(task.texts(FIRST))
    if layout == "auto":
        layout = "interleaved" if seen.is_interleaved else "single"
    if layout == "interleaved":
        if not seen.pairs:
            raise MetapipeError("E106", "no two mates stand side by side", file=task.labels[FIRST])
        _split_interleaved(task, written, seen.marks)
        return seen.marks, layout
    for text, start in _placed(task):
        twice = np.flatnonzero(split_pairs(text, ("", ""))[1])
        if len(twice):
            _twice(task, text, int(twice[0]), start)
        written.reads("single", text)
    return ("", ""), layout


def _split_interleaved(task: Task, written: Written, marks: Marks) -> None:
    alone: list[Hashes] = []
    for text, start in _placed(task, marks):
        first, second = split_pairs(text, marks)
        mates = text.some(np.flatnonzero(first)), text.some(np.flatnonzero(second))
        wrong = wrong_pair(*mates, marks)
        if wrong is not None:
            _twice(task, text, int(np.flatnonzero(second)[wrong]), start)
        written.pairs(*mates)
        others = np.flatnonzero(~(first | second))
        orphans = text.some(others)
        alone.append(np.stack([pair_hashes(orphans, marks), (others + start).astype(np.uint64)]))
        written.reads("orphans", orphans)
    _refuse_scattered(task, np.concatenate(alone, axis=1))


def _placed(task: Task, marks: Marks = ("", "")) -> Iterator[tuple[FastqText, int]]:
    """Yield the reads many at a time, never cut between two mates, each time with the number of reads before them."""
    held: FastqText | None = None
    before = 0
    for text in task.texts(FIRST):
        text = text if held is None else held.joined(text)
        # The last read waits for its mate, unless it has one already.
        cut = len(text) - (not split_pairs(text, marks)[1][-1])
        if cut:
            yield text.some(slice(cut)), before
        before += cut
        rest = text.some(slice(cut, None))
        held = next(fastq_texts([rest.cut(rest.lengths)], task.labels[FIRST]), None)
    if held is not None:
        yield held, before


def _refuse_scattered(task: Task, alone: Hashes) -> None:
    """Refuse orphans whose mates stand elsewhere in the file. :param alone: hashes of pairs, and numbers of reads."""
    order = np.argsort(alone[0], kind="stable")
    hashes, numbers = alone[0][order], alone[1][order]
    again = numbers[1:][hashes[1:] == hashes[:-1]]
    if len(again):
        found, line = _name_at(task, FIRST, int(again.min()))
        expected = "mates side by side; sort the file by name"
        raise MetapipeError("E106", file=task.labels[FIRST], line=line, expected=expected, found=found)


def _name_at(task: Task, name: str, index: int) -> tuple[str, int]:
    """Name and line of a read by its number in its file."""
    return next(after(task.texts(name), index)).name(0), 4 * index + 1


def _twice(task: Task, text: FastqText, at: int, start: int) -> NoReturn:
    """Refuse the second of two reads side by side that are not the mates of a pair."""
    expected = f"another read than '{text.name(at - 1)}', or its mate"
    line = 4 * (start + at) + 1
    raise MetapipeError("E107", file=task.labels[FIRST], line=line, expected=expected, found=text.name(at))
