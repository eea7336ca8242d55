"""Trim and filter read pairs by META-pipe 2.x's rules: adapters, mean quality, sliding window, length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.formats.read_counts import ReadBatch, ReadCounts
from metapipe.runner.declare.elements import Exact, FastqPairs, Output, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version
from metapipe.stages.reads.adapter_removal import (
    Read,
    read_back,
    read_of,
    remove_adapters,
    with_letters_of,
    write_numbered,
)
from metapipe.stages.reads.read_quality import QualityRules

#: Limits of one batch of pairs: arrays of this many reads, and of this many cells when reads are long.
BATCH_PAIRS, BATCH_CELLS = 4096, 1 << 22

_SHORTEST_ADAPTER = 8

Pair = tuple[Read, Read]


@dataclass(frozen=True)
class TrimReadsOptions:
    """Options of :class:`TrimReads`. Defaults: META-pipe 2.x and Illumina's TruSeq adapters."""

    mean_quality: int = option(20, "Lowest mean quality of a read (Phred), before the window cuts it", minimum=0)
    window_size: int = option(4, "Bases in the sliding window", minimum=1)
    window_quality: int = option(15, "Lowest mean quality in the window (Phred); a read is cut below", minimum=0)
    min_length: int = option(75, "Shortest read kept after trimming, in bases", minimum=1)
    adapter_1: str = option("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", "Adapter at the end of the first mates")
    adapter_2: str = option("AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT", "Adapter at the end of the second mates")


class TrimReads(Stage):
    """A read whose mate is dropped is kept as a single read. Order and names stay as they are."""

    name = "trim_reads"
    summary = "Remove adapters and bad ends from read pairs, drop bad and short reads"
    example = "metapipe trim_reads --reads-1 a_1.fastq.gz --reads-2 a_2.fastq.gz --outdir trimmed"
    records = FastqPairs()
    outputs = {
        "reads-1": Output("fastq", "First mates of the pairs kept"),
        "reads-2": Output("fastq", "Second mates of the pairs kept"),
        "single": Output("fastq", "Reads kept whose mate was dropped"),
    }
    version = "2"
    options = TrimReadsOptions
    invariance = Exact()
    rate = 5e6
    programs = {"fastp": "fastp"}

    def check(self, options: TrimReadsOptions) -> None:
        """Refuse adapters that are no DNA or too short to be told from chance (E701)."""
        for name, adapter in (("adapter-1", options.adapter_1), ("adapter-2", options.adapter_2)):
            if len(adapter) < _SHORTEST_ADAPTER or set(adapter) - set("ACGT"):
                expected = f"at least {_SHORTEST_ADAPTER} letters A, C, G or T for --{name}"
                raise MetapipeError("E701", expected=expected, found=adapter)

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write pairs and single reads of the block that are left by the rules, cut, with the letters of the file."""
        options = task.options
        before = {name: ReadCounts() for name in ("reads-1", "reads-2")}
        pairs, alike = write_numbered(counted(read_pairs(task), before), task.scratch)
        note = TrimNotes()
        if pairs:
            adapters = remove_adapters(task, options.adapter_1, options.adapter_2, pairs)
            note.adapters.update(reads=adapters.reads, bases=adapters.bases)
        rules = QualityRules(options.mean_quality, options.window_size, options.window_quality, options.min_length)
        streams = [task.output(name) for name in self.outputs]
        cut = read_back(task.scratch, pairs) if pairs else iter(())
        for batch in batches(cut if alike else with_letters_of(read_pairs(task), cut)):
            for stream, records in zip(streams, note.judge(batch, rules), strict=True):
                stream.write(records)
        for name, counts in before.items():
            task.note(name, {"before": counts.as_note(), "after": note.after[name].as_note()})
        task.note("single", {"after": note.after["single"].as_note()})
        task.note("pairs_kept", note.after["reads-1"].reads)
        task.note("single_reads", note.after["single"].reads)
        task.note("pairs", {"before": pairs, "after": note.after["reads-1"].reads})
        task.note("dropped_reads", dict(note.dropped))
        task.note("adapters_removed", dict(note.adapters))
        task.note("quality_trimmed", dict(note.trimmed))

    def tool_versions(self) -> dict[str, str]:
        """The version of fastp, as it prints it."""
        return {"fastp": program_version("fastp", "--version")}


def read_pairs(task: Task) -> Iterator[Pair]:
    """Yield the block's pairs as reads."""
    for first, second in task.pairs():
        yield read_of(first), read_of(second)


def batches(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Group pairs so that arrays of them stay small."""
    batch: list[Pair] = []
    longest = 0
    for pair in pairs:
        longest = max(longest, len(pair[0].sequence), len(pair[1].sequence))
        if batch and (len(batch) == BATCH_PAIRS or (len(batch) + 1) * longest > BATCH_CELLS):
            yield batch
            batch, longest = [], max(len(pair[0].sequence), len(pair[1].sequence))
        batch.append(pair)
    if batch:
        yield batch


def counted(pairs: Iterable[Pair], counts: dict[str, ReadCounts]) -> Iterator[Pair]:
    """Pass the pairs on and count their mates on the way."""
    for batch in batches(pairs):
        for name, mates in zip(counts, zip(*batch, strict=True), strict=True):
            counts[name].add(ReadBatch.of([(mate.sequence, mate.qualities) for mate in mates]))
        yield from batch


class TrimNotes:
    """Decides about pairs and counts what became of them."""

    def __init__(self) -> None:
        self.after = {name: ReadCounts() for name in ("reads-1", "reads-2", "single")}
        self.adapters: Counter[str] = Counter(reads=0, bases=0)
        self.trimmed: Counter[str] = Counter(reads=0, bases=0)
        self.dropped: Counter[str] = Counter(mean_quality=0, too_short=0)

    def judge(self, batch: list[Pair], rules: QualityRules) -> tuple[bytes, bytes, bytes]:
        """Return the FASTQ records of the batch for reads-1, reads-2 and single."""
        kept = []
        for mates in zip(*batch, strict=True):
            reads = ReadBatch.of([(mate.sequence, mate.qualities) for mate in mates])
            lengths, low_mean = rules.kept_lengths(reads)
            stays = lengths > 0
            cut = stays & (lengths < reads.lengths)
            self.trimmed.update(reads=int(cut.sum()), bases=int((reads.lengths - lengths)[cut].sum()))
            low = int((low_mean & (reads.lengths > 0)).sum())
            self.dropped.update(mean_quality=low, too_short=int((~stays).sum()) - low)
            kept.append(lengths.tolist())
        texts: tuple[list[bytes], ...] = ([], [], [])
        counted_reads: tuple[list[tuple[bytes, bytes]], ...] = ([], [], [])
        for pair, remaining in zip(batch, zip(*kept, strict=True), strict=True):
            for which, (mate, length) in enumerate(zip(pair, remaining, strict=True)):
                if length:
                    where = which if all(remaining) else 2
                    texts[where].append(mate.cut(length))
                    counted_reads[where].append((mate.sequence[:length], mate.qualities[:length]))
        for counts, reads_kept in zip(self.after.values(), counted_reads, strict=True):
            counts.add(ReadBatch.of(reads_kept))
        first, second, single = (b"".join(records) for records in texts)
        return first, second, single
