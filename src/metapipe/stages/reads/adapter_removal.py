"""Remove adapters from read pairs with fastp, and nothing else.

fastp compares the mates (an insert shorter than the reads shows where both end) and looks for the adapters given when
they do not overlap. All that would make one pair's result depend on other pairs or on the first reads of a file is
switched off: adapter detection, poly-G trimming by instrument name, deduplication. So are its quality and length
filters: META-pipe's rules come afterwards (:mod:`metapipe.stages.reads.read_quality`), in META-pipe's order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from metapipe.errors import MetapipeError
from metapipe.formats.called_bases import called_bases
from metapipe.runner.declare.elements import Record
from metapipe.runner.declare.stage import Task


@dataclass(frozen=True, slots=True)
class Read:
    """One mate as it goes on: ``header`` is the whole line after ``@``."""

    header: bytes
    sequence: bytes
    qualities: bytes

    def cut(self, length: int) -> bytes:
        """Return the first ``length`` bases as a FASTQ record."""
        return b"@%b\n%b\n+\n%b\n" % (self.header, self.sequence[:length], self.qualities[:length])


def read_of(record: Record) -> Read:
    """Return the record as a :class:`Read`."""
    header = f"{record.name} {record.description}" if record.description else record.name
    return Read(header.encode(), record.sequence, record.qualities)


def write_numbered(pairs: Iterable[tuple[Read, Read]], folder: Path) -> tuple[int, bool]:
    """Write the pairs to ``1.fastq`` and ``2.fastq``; return how many, and whether all bases are the user's letters.

    Each header begins with the pair's number: whatever the user's names are, even the same name twice, the way back
    from the program's files to the pair is certain. fastp is given called bases only: to it, U in a read differs from
    T in an adapter, and ``a`` from ``A``.
    """
    count, alike = 0, True
    with (folder / "1.fastq").open("wb") as first, (folder / "2.fastq").open("wb") as second:
        for count, (mate1, mate2) in enumerate(pairs, 1):
            for stream, mate in ((first, mate1), (second, mate2)):
                bases = called_bases(mate.sequence)
                alike = alike and bases == mate.sequence
                stream.write(b"@%d %b\n%b\n+\n%b\n" % (count, mate.header, bases, mate.qualities))
    return count, alike


def fastp_command(folder: Path, adapter_1: str, adapter_2: str) -> list[str | Path]:
    """Return the command that reads :func:`write_numbered`'s files and writes ``{cut,lone}-{1,2}.fastq``."""
    return [
        "fastp",
        *("--in1", folder / "1.fastq", "--in2", folder / "2.fastq"),
        *("--out1", folder / "cut-1.fastq", "--out2", folder / "cut-2.fastq"),
        *("--unpaired1", folder / "lone-1.fastq", "--unpaired2", folder / "lone-2.fastq"),
        *("--adapter_sequence", adapter_1, "--adapter_sequence_r2", adapter_2),
        "--disable_trim_poly_g",
        "--disable_quality_filtering",
        "--disable_length_filtering",
        "--dont_eval_duplication",
        *("--thread", "1"),
        *("--json", folder / "fastp.json", "--html", folder / "fastp.html"),
    ]


@dataclass(frozen=True)
class AdapterCounts:
    """Reads in which an adapter was found, and bases removed with it."""

    reads: int
    bases: int


def remove_adapters(task: Task, adapter_1: str, adapter_2: str, pairs: int) -> AdapterCounts:
    """Run fastp in the task's scratch folder on the ``pairs`` written there.

    :raises MetapipeError: E401 when it fails, E403 when it did not see every pair.
    """
    task.launch(fastp_command(task.scratch, adapter_1, adapter_2), finished="time used")
    report = json.loads((task.scratch / "fastp.json").read_bytes())
    seen = report["summary"]["before_filtering"]["total_reads"]
    if seen != 2 * pairs:
        raise MetapipeError("E403", expected=f"fastp to read {2 * pairs} reads", found=str(seen))
    cutting = report.get("adapter_cutting", {})
    return AdapterCounts(cutting.get("adapter_trimmed_reads", 0), cutting.get("adapter_trimmed_bases", 0))


def read_back(folder: Path, pairs: int) -> Iterator[tuple[Read, Read]]:
    """Yield every pair in its old order; a mate that was all adapter comes back without any base.

    :raises MetapipeError: E403 when the program's files hold something else than a subset in the same order.
    """
    with ExitStack() as stack:
        cut_1, cut_2, lone_1, lone_2 = (
            _Numbered(stack.enter_context((folder / f"{kind}-{mate}.fastq").open("rb")))
            for kind in ("cut", "lone")
            for mate in (1, 2)
        )
        nothing = Read(b"", b"", b"")
        for number in range(1, pairs + 1):
            first = cut_1.take(number) or lone_1.take(number) or nothing
            second = cut_2.take(number) or lone_2.take(number) or nothing
            yield first, second
        for stream in (cut_1, cut_2, lone_1, lone_2):
            stream.expect_end()


def with_letters_of(
    given: Iterable[tuple[Read, Read]], cut: Iterable[tuple[Read, Read]]
) -> Iterator[tuple[Read, Read]]:
    """Yield the cut pairs with the letters they were given with: fastp cuts ends off and changes no base."""
    for whole, rest in zip(given, cut, strict=True):
        first, second = (
            Read(mate.header, mate.sequence[: len(left.sequence)], left.qualities)
            for mate, left in zip(whole, rest, strict=True)
        )
        yield first, second


class _Numbered:
    """A FASTQ file of ours: four lines a record, headers that begin with ascending numbers."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._advance()

    def _advance(self) -> None:
        number, _, self._header = self._stream.readline()[1:].rstrip(b"\n").partition(b" ")
        self._number = int(number) if number else 0

    def take(self, number: int) -> Read | None:
        """Return the read with this number when it is the next one."""
        if self._number != number:
            return None
        sequence, _, qualities = (self._stream.readline().rstrip(b"\n") for _ in range(3))
        read = Read(self._header, sequence, qualities)
        self._advance()
        return read

    def expect_end(self) -> None:
        if self._number:
            raise MetapipeError("E403", "fastp's reads are not in the order given", found=str(self._number))
